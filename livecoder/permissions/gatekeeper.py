"""What stands between a command of the model and its run: the user's rules, and the user where somebody can be asked.

An approval comes from `ask` alone, which is the user's terminal; nothing that a model or a command says is heard here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from livecoder.events import Call, Event, PermissionDenied, PermissionGranted
from livecoder.permissions.judge import Judged, judge
from livecoder.permissions.rules import Rule, Words, narrowing
from livecoder.permissions.wrappers import OPAQUE, WRAPPERS, program

Mode: TypeAlias = Literal["plan", "default", "auto", "yolo"]
Scope: TypeAlias = Literal["no", "once", "session", "prefix"]
SHOWN = 80
"""Characters of a command that a reason names."""
RUN_ANYTHING = frozenset({*OPAQUE, *WRAPPERS, "bash", "sh", "dash", "zsh", "ksh", "eval", "source", ".", "lc"})
"""Programs whose bare name, allowed, would allow everything."""
_INTERPRETERS = ("python", "node", "perl", "ruby", "php", "deno", "bun", "lua")


@dataclass(frozen=True, slots=True)
class Question:
    """What the user is asked: the whole command, and the parts of it that rules ask about."""

    command: str
    parts: tuple[Judged, ...]
    prefixes: tuple[tuple[str, ...], ...] = ()
    """What would be allowed from here on by the answer `prefix`; empty: there is no such answer."""
    repeatable: bool = False
    """Whether the same command can be told when it comes again: the answer `session`."""


@dataclass(frozen=True, slots=True)
class Answer:
    scope: Scope
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Permit:
    """`refused` is what the model is told instead of running the command, `said` what it is told beside its output."""

    events: tuple[Event, ...] = ()
    refused: str = ""
    said: str = ""


@dataclass(slots=True)
class Gatekeeper:
    """Judges each command once, before it runs."""

    rules: Sequence[Rule] = ()
    mode: Mode = "auto"
    ask: Callable[[Question], Answer | None] | None = None
    """Asks the user; None where nobody can be asked. An answer of None: the round is being ended."""
    remember: Callable[[tuple[str, ...]], Rule] | None = None
    """Writes a prefix into the user's configuration, as a rule that allows it. Raises ConfigError."""
    network: Callable[[Call], bool] = lambda _: False
    """Whether this command has a network."""
    _session: set[Words] = field(default_factory=set[Words])

    def permit(self, call: Call, step: int) -> Permit:
        permit = self._ruled(call, step) if narrowing(self.rules) else Permit()
        if permit.refused or not call.needs or self.network(call):
            return permit
        reason = f"`needs: {call.needs}` is denied: the user has allowed no host (network.hosts, --network)"
        return Permit((*permit.events, PermissionDenied(step, call.needs, reason)), said=reason)

    def _ruled(self, call: Call, step: int) -> Permit:
        judgement = judge(call.command, self.rules)
        if denied := judgement.of("deny"):
            rule = denied[0].decision.rule
            return _refused(step, denied[0], f"the user's rules deny `{rule}`")
        asked = tuple(each for each in judgement.of("ask") if each.part.words not in self._session)
        if not asked:
            return Permit()
        if self.mode == "yolo":
            return Permit((PermissionGranted(step, _what(asked[0]), "mode"),))
        if self.ask is None or self.mode == "auto":
            return _refused(step, asked[0], f"{_why(asked[0])}, and nobody can be asked here")
        answer = self.ask(_question(call.command, asked))
        if answer is None:
            return Permit(refused="not run: the round was interrupted")
        if answer.scope == "no":
            return _refused(step, asked[0], f"the user says no{f': {answer.reason}' if answer.reason else ''}")
        self._grant(answer.scope, asked)
        return Permit((PermissionGranted(step, _what(asked[0]), answer.scope),))

    def _grant(self, scope: Scope, asked: Sequence[Judged]) -> None:
        if scope == "session":
            self._session |= {each.part.words for each in asked}
        if scope == "prefix" and self.remember is not None:
            self.rules = (*self.rules, *map(self.remember, _prefixes(asked)))


def unrestricted(call: Call, step: int) -> Permit:
    """Without rules and without a network."""
    return Gatekeeper().permit(call, step)


def prefix(judged: Judged) -> tuple[str, ...]:
    """The words that would have to be allowed for this command not to be asked about; () where none would do.

    One more than the rule that asks has, so that they win over it; and never a program's bare name where that would
    allow to run anything.
    """
    words, rule = judged.part.words, judged.decision.rule
    if judged.decision.unread or None in words:
        return ()
    known = tuple(word for word in words if word is not None)
    name = program(known)
    least = 3 if name in RUN_ANYTHING or name.startswith(_INTERPRETERS) else 1
    follows = next((word for word in known[1:2] if word.isalpha()), "")
    length = max(len(rule.words) + 1, least, 2 if follows else 1)
    return known[:length] if len(known) >= length and not any(word.startswith("-") for word in known[:1]) else ()


def _question(command: str, asked: tuple[Judged, ...]) -> Question:
    repeatable = all(None not in each.part.words for each in asked)
    return Question(command, asked, _prefixes(asked), repeatable)


def _prefixes(asked: Sequence[Judged]) -> tuple[tuple[str, ...], ...]:
    found = [prefix(each) for each in asked]
    return tuple(dict.fromkeys(found)) if all(found) else ()


def _refused(step: int, judged: Judged, why: str) -> Permit:
    what = _what(judged)
    return Permit((PermissionDenied(step, what, why),), refused=f"not run: {why} (`{what}`)")


def _why(judged: Judged) -> str:
    decision = judged.decision
    if decision.unread:
        return f"{judged.part.why or 'only running it would tell all its words'}, so it could be `{decision.rule}`"
    return f"the user wants to be asked about `{decision.rule}`"


def _what(judged: Judged) -> str:
    line = " ".join(judged.part.text.split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"
