"""Advice by evidence: a pattern seen in the steps, named once a session. No pattern, no advice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from livecoder.command import Program, programs
from livecoder.events import Nudged
from livecoder.evolution.shape import command_shape
from livecoder.loop import Notice, State, Step

EVERY_STEP = (
    "would a tool of your own in $SCAFFOLD/tools save steps from here on? Being able to use bash is no reason not to"
)
ADVICE = {
    "repeated command": "the same command shape at steps {steps}: one call of a tool in $SCAFFOLD/tools could do it",
    "failed edits": "edits failed at steps {steps}: a script that asserts that the old text occurs exactly once, and "
    "shows the nearest lines when not, is worth keeping in $SCAFFOLD/tools",
    "cut outputs": "outputs were cut at steps {steps}: `lc out N A:B` shows what is missing, and several in one reply "
    "cost no turn more",
}
LIMITS = {"failed edits": 2, "cut outputs": 2}
EDITORS = {"edit", "patch", "ed"}
COMPOUND = 3
"""Programs in a command below which its repetition is no pattern: `sed` is not a tool."""


@dataclass(slots=True)
class Nudges:
    """A watcher. `mode` is "evidence", "every_step" (for comparison) or "never"."""

    mode: str
    repeats: int = 3
    encouraged: Callable[[], bool] = lambda: True
    _seen: defaultdict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    _said: set[str] = field(default_factory=set[str])

    def after_step(self, step: Step, state: State) -> Iterable[Notice]:
        if self.mode == "never" or not self.encouraged():
            return []
        if self.mode == "every_step":
            return [Notice(Nudged("every step", (step.started.step,), EVERY_STEP), EVERY_STEP)]
        return [notice for pattern, key in _patterns(step) if (notice := self._count(pattern, key, step.started.step))]

    def before_end(self, state: State) -> None:
        return None

    def _count(self, pattern: str, key: str, step: int) -> Notice | None:
        steps = self._seen[pattern, key]
        steps.append(step)
        if pattern in self._said or len(steps) < LIMITS.get(pattern, self.repeats):
            return None
        self._said.add(pattern)
        text = ADVICE[pattern].format(steps=", ".join(map(str, steps)))
        return Notice(Nudged(pattern, tuple(steps), text), text)


def _patterns(step: Step) -> Iterable[tuple[str, str]]:
    called = programs(step.started.command)
    if len(called) >= COMPOUND:
        yield "repeated command", command_shape(called)
    if step.finished.exit_code and any(edits(program) for program in called):
        yield "failed edits", ""
    if step.finished.truncated:
        yield "cut outputs", ""


def edits(program: Program) -> bool:
    replaces = program.heredoc is not None and ".replace(" in program.heredoc.body
    in_place = program.name in ("sed", "perl") and any(w.startswith("-") and "i" in w for w in program.words[1:3])
    applies = program.name == "git" and "apply" in program.words
    return program.name in EDITORS or replaces or in_place or applies
