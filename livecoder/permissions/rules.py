"""The user's rules, and which of them decides on one simple command."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

Verdict: TypeAlias = Literal["allow", "ask", "deny"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
"""From the mildest to the strictest."""
ANY = "*"
"""How a rule is written that begins every command."""

Words: TypeAlias = tuple[str | None, ...]
"""The words of a simple command as bash will have them; None stands for what only running it tells: any words, or none.
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """Commands that begin with `words` are allowed, asked about or denied; no words: every command."""

    words: tuple[str, ...]
    verdict: Verdict
    source: str
    """Where it stands, for people."""

    def __str__(self) -> str:
        return shlex.join(self.words) if self.words else ANY


DEFAULT = Rule((), "allow", "default: the sandbox is the boundary")


@dataclass(frozen=True, slots=True)
class Decision:
    """`rule` decided; with `unread`, because it may apply: the command has words that only running it tells."""

    verdict: Verdict
    rule: Rule
    unread: bool = False


def written(text: object) -> tuple[str, ...]:
    """The words of a rule as a configuration has it: "git push" or ["git", "push"]. Raises ValueError."""
    if isinstance(text, str):
        words = shlex.split(text)
    elif isinstance(text, list | tuple) and all(isinstance(word, str) for word in text):  # pyright: ignore[reportUnknownVariableType] (TOML)
        words = [str(word) for word in text]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] (the same)
    else:
        raise ValueError("neither text nor a list of words")
    if not words or not all(words):
        raise ValueError("a rule has no empty word")
    return () if words == [ANY] else tuple(words)


def strictest(verdicts: Iterable[Verdict]) -> Verdict:
    """Of no verdicts: allow."""
    worst: Verdict = "allow"
    for verdict in verdicts:
        if VERDICTS.index(verdict) > VERDICTS.index(worst):
            worst = verdict
    return worst


def narrowing(rules: Sequence[Rule]) -> bool:
    """Whether any command at all may be asked about or denied."""
    return any(rule.verdict != "allow" for rule in rules)


def decide(words: Words, rules: Sequence[Rule]) -> Decision:
    """The longest rule that applies, of equal ones the strictest; a stricter one that may apply is asked about."""
    known = [(rule, _applies(rule, words)) for rule in (DEFAULT, *rules)]
    best = max((rule for rule, applies in known if applies), key=_weight)
    possible = [rule for rule, applies in known if applies is None and _weight(rule) > _weight(best)]
    stricter = [rule for rule in possible if VERDICTS.index(rule.verdict) > VERDICTS.index(best.verdict)]
    if best.verdict == "allow" and stricter:
        return Decision("ask", max(stricter, key=_weight), unread=True)
    return Decision(best.verdict, best)


def _weight(rule: Rule) -> tuple[int, int]:
    return len(rule.words), VERDICTS.index(rule.verdict)


def _applies(rule: Rule, words: Words) -> bool | None:
    """Whether a command begins with the rule's words; None where only running it would tell."""
    if rule.verdict == "allow":
        return words[: len(rule.words)] == rule.words
    return _narrows(rule.words, words)


def _narrows(wanted: Sequence[str], words: Words) -> bool | None:
    """As `_applies`, but a program's path makes no other program of it, and options with their values may stand between
    the words: `git -C dir push` begins with `git push`."""
    if not wanted:
        return True
    first = words[0] if words else ""
    if first is None:
        return None
    if wanted[0] not in (first, first.rpartition("/")[2]):
        return False
    rest, value = list(wanted[1:]), False
    for word in words[1:]:
        if not rest:
            break
        if word is None:
            return None
        if word == rest[0]:
            rest.pop(0)
            value = False
        elif word.startswith("-"):
            value = True
        elif value:
            value = False
        else:
            return False
    return not rest
