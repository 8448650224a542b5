"""Runs the scaffold's hooks round a round: in the sandbox, with the repository read-only, for two seconds at most.

What they print has two effects and no other: a remark for the model, and once a round a reason not to finish yet. Only
contents that the user accepted run; one that fails three times is off for the session.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from livecoder.command import programs
from livecoder.errors import ScaffoldError
from livecoder.events import HookFailed, HookRan, HookSaid
from livecoder.loop import Notice, State, Step
from livecoder.model import Assistant
from livecoder.scaffold.files import read_file
from livecoder.scaffold.hooks import SECONDS, Hook, HookEvent, Said, call, said
from livecoder.scaffold.tools import Run

STRIKES = 3
NOT_RUN = "it is not run"
OUTPUT_CHARS = 4_000
"""Of a command's output that a hook is given, its end."""
TASK_CHARS = 4_000
COMMAND_CHARS = 300
COMMANDS = 50
"""Of a round that `before_finish` is given, the last ones."""


@dataclass(slots=True)
class HookWatch:
    """A watcher over the hooks that the session's generation has. `accepted` are the hashes of what the user took."""

    checkout: Path
    hooks: Sequence[Hook]
    accepted: frozenset[str]
    run: Run
    stopped: Callable[[], bool] = lambda: False
    """The round is being ended: what a killed hook left undone is no failure of its own."""
    _failures: Counter[str] = field(default_factory=Counter[str])
    _off: set[str] = field(default_factory=set[str])
    _ran: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """The commands of the round at hand, the last of them."""
    _asked_in: int = 0
    """The round in which `before_finish` was asked: it is asked once."""

    @property
    def at_hand(self) -> tuple[str, ...]:
        """Those whose content the user took, by their event."""
        return tuple(hook.event for hook in self.hooks if hook.digest in self.accepted)

    def at_start(self, task: str, state: State) -> Iterable[Notice]:
        """Before the first turn of a round."""
        self._ran.clear()
        return self._asked("round_start", 0, {"round": state.round, "task": task[:TASK_CHARS]})

    def after_step(self, step: Step, state: State) -> Iterable[Notice]:
        ran = {
            "command": step.started.command[:COMMAND_CHARS],
            "exit_code": step.finished.exit_code,
            "tree_changed": step.tree_changed,
        }
        self._ran = [*self._ran, ran][-COMMANDS:]
        hook = self._hook("after_command")
        if hook is None or not matches(hook.match, step.started.command):
            return
        given = {**ran, "step": step.started.step, "output": step.finished.output[-OUTPUT_CHARS:]}
        yield from self._asked("after_command", step.started.step, given)

    def before_end(self, state: State) -> Notice | None:
        if self._asked_in == state.round:
            return None
        self._asked_in = state.round
        last = next((message for message in reversed(state.messages) if isinstance(message, Assistant)), None)
        given = {"answer": last.text[:TASK_CHARS] if last else "", "commands": self._ran}
        return next(iter(self._asked("before_finish", state.step, given)), None)

    def _hook(self, event: HookEvent) -> Hook | None:
        return next((hook for hook in self.hooks if hook.event == event and event not in self._off), None)

    def _asked(self, event: HookEvent, step: int, given: Mapping[str, Any]) -> Iterable[Notice]:
        hook = self._hook(event)
        if hook is None:
            return
        try:
            answer = self._answer(hook, {"event": event, **given})
        except ScaffoldError as error:
            if not self.stopped():
                yield self._failed(hook, step, str(error))
            return
        if answer.deny and event == "before_finish":
            text = f"not finished yet ({event}): {answer.deny}"
            yield Notice(HookSaid(event, step, answer.deny, "deny"), text, reopens=True)
        elif answer.say:
            # At the end there is no turn left for a remark: it is for the user to read.
            yield Notice(
                HookSaid(event, step, answer.say), "" if event == "before_finish" else f"{event}: {answer.say}"
            )
        else:
            yield Notice(HookRan(event, step))

    def _answer(self, hook: Hook, given: Mapping[str, Any]) -> Said:
        """Raises ScaffoldError when it is not what was accepted, or does not work."""
        if hook.digest not in self.accepted:
            self._off.add(hook.event)
            raise ScaffoldError(f"{NOT_RUN}: nobody accepted this content")
        content = read_file(self.checkout, hook.path).data
        if hashlib.sha256(content).hexdigest() != hook.digest:
            self._off.add(hook.event)
            raise ScaffoldError(f"{NOT_RUN}: it was changed after it was accepted")
        code, output = self.run(call(content, given), SECONDS)
        if code:
            raise ScaffoldError(f"exit {code} (it has {SECONDS:g} s)")
        return said(output)

    def _failed(self, hook: Hook, step: int, reason: str) -> Notice:
        self._failures[hook.event] += 1
        if self._failures[hook.event] >= STRIKES:
            self._off.add(hook.event)
        ran = not reason.startswith(NOT_RUN)
        return Notice(HookFailed(hook.event, step, reason, hook.event in self._off, ran))


def matches(words: str, command: str) -> bool:
    """Whether one of the programs that a command calls begins with these words."""
    wanted = words.split()
    return any(
        [program.name, *program.words[1:]][: len(wanted)] == wanted for program in programs(command) if program.words
    )
