"""What reflection reads of a session: the journal's events in few lines, within a budget of characters.

Never in here: hidden tests, anything of verify beyond its exit code, full outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from livecoder import events as e
from livecoder.evolution.firstwrong import Wrong, first_wrong, stopped

COMMAND = 300
OUTPUT = 400
SAID = 400
ANSWER = 1_500


@dataclass(slots=True)
class _Part:
    """A step with all that belongs to it; `step` is 0 for what was asked or said, which is not left out for it."""

    step: int
    lines: list[str]

    @property
    def size(self) -> int:
        return sum(len(line) + 1 for line in self.lines)


@dataclass(slots=True)
class _Told:
    """A session in lines: what it had, what happened, how it ended."""

    stopped: frozenset[int]
    """Steps that the user's interrupt ended."""
    head: list[str] = field(default_factory=list[str])
    parts: list[_Part] = field(default_factory=list[_Part])
    tail: list[str] = field(default_factory=list[str])
    commands: dict[int, str] = field(default_factory=dict[int, str])
    said: str = ""
    """By the model with its latest commands: what it had understood by then stands nowhere else."""


def digest(events: Sequence[e.Event], budget: int) -> str:
    """The task, each step, where it first went wrong, and the ending.

    When it is too long the steps farthest from its ends and from what went wrong are left out, and it says so.
    """
    told = _Told(stopped(events))
    for event in events:
        _tell(told, event)
    wrong = first_wrong(events)
    fixed = [*told.head, *(_where(wrong) if wrong else ()), *told.tail]
    steps = [part.step for part in told.parts if part.step]
    anchors = {*steps[:1], *steps[-1:], *((wrong.step, wrong.seen) if wrong else ())}
    parts = _fitting(told.parts, anchors, budget - sum(len(line) + 1 for line in fixed))
    dropped = len(steps) - sum(1 for part in parts if part.step)
    left_out = [f"({dropped} of {len(steps)} steps are left out)"] if dropped else []
    lines = [line for part in parts for line in part.lines]
    return "\n".join([*told.head, *left_out, *lines, *(_where(wrong) if wrong else ()), *told.tail])


def _fitting(parts: Sequence[_Part], anchors: set[int], room: int) -> list[_Part]:
    """The parts without those that there is no room for; what was asked goes last, from the middle."""
    kept = list(parts)
    size = sum(part.size for part in kept)
    while kept and size > room:
        steps = [part for part in kept if part.step]
        out = max(steps, key=lambda part: min(abs(part.step - anchor) for anchor in anchors)) if steps else None
        out = out or kept[len(kept) // 2]
        kept.remove(out)
        size -= out.size
    return kept


def _where(wrong: Wrong) -> list[str]:
    return [f"## first wrong step: {wrong.step} ({wrong.why})"]


def _tell(told: _Told, event: e.Event) -> None:
    match event:
        case e.SessionStarted():
            told.head.append(f"tools at its start: {', '.join(event.tools) or 'none'}")
        case e.RoundStarted():
            told.parts.append(_Part(0, ["## asked", _short(event.task, 2000)]))
        case e.CommandStarted():
            told.commands[event.step] = event.command
        case e.ModelReplied() if event.purpose == "turn" and event.calls:
            told.said = event.text.strip()
        case e.CommandFinished():
            said = [f"it said: {_short(told.said, SAID)}"] if told.said else []
            told.said = ""
            told.parts.append(_Part(event.step, [*said, _step(told.commands.get(event.step, ""), event, told.stopped)]))
        case e.UserSaid() if event.why in ("steering", "undo"):
            told.parts.append(_Part(0, ["## the user said meanwhile", _short(event.text, 400)]))
        case e.RoundEnded():
            told.tail.append(f"## ended: {event.ending} after {event.turns} turns: {_short(event.answer, ANSWER)}")
        case e.PatchMade() if event.names:
            told.tail.append(f"changed: {_short(', '.join(event.names), SAID)}")
        case e.Verified():
            weakened = f", {len(event.weakened)} test files weakened" if event.weakened else ""
            before = f"(before: {event.base_exit_code})"
            told.tail.append(f"verify `{event.command}`: exit {event.exit_code} {before}{weakened}")
        case _:
            note = _note(event)
            if note and told.parts:
                told.parts[-1].lines.append(f"   {note}")


def _note(event: e.Event) -> str:
    """What else happened at a step, in a line; "" for what reflection has no use for."""
    match event:
        case e.FailuresHidden():
            return f"its exit code hides failing tests: {event.tests.failed + event.tests.errors}"
        case e.ToolCreated() | e.ToolRevised():
            return f"tool {event.name} written: {event.summary}"
        case e.ToolUsed():
            return f"tool {event.name} used: exit {event.exit_code}"
        case e.ToolBroken():
            return f"tool {event.name} broken: {_short(event.reason, 160)}"
        case e.ScaffoldEdited():
            return f"it changed its own {event.path}{' (removed)' if event.removed else ''}"
        case e.Nudged() if event.pattern == "lesson":
            return f"lesson shown: {_short(event.text.removeprefix('learnt earlier here '), 80)}"
        case e.Nudged():
            return f"advised: {event.pattern}"
        case e.HookSaid():
            return f"hook {event.hook}: {event.effect}: {_short(event.text, 120)}"
        case e.ProposalRefused():
            return f"{event.target} not kept: {_short(event.reason, 200)}"
        case e.LimitWarned():
            return f"warned: {event.limit}"
        case e.JobEnded():
            return f"job {event.name}: exit {event.exit_code}"
        case _:
            return ""


def _step(command: str, event: e.CommandFinished, stopped: frozenset[int]) -> str:
    by_user = event.step in stopped
    size = f"{event.output_lines} lines{', cut' if event.truncated else ''}"
    wrong = f"\n   {_short(event.output[-OUTPUT:], OUTPUT)}" if event.exit_code and not by_user else ""
    ended = f"{'stopped by the user' if by_user else f'exit {event.exit_code}'}, {event.seconds:.1f} s, {size}"
    return f"step {event.step}: {_short(command, COMMAND)}\n   {ended}{wrong}"


def _short(text: str, width: int) -> str:
    flat = text.strip().replace("\n", "\n   ")
    return flat if len(flat) <= width else f"{flat[: width - 1]}…"
