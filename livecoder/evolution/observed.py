"""What can be counted of a finished round: the observables that contracts are held to. Pure functions of events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from livecoder import events as e
from livecoder.command import programs
from livecoder.evolution.nudges import edits

CUT_SHORT = {"interrupted", "error_provider", "error_internal", "error_timeout"}
"""Endings after which a round's counts say nothing of the scaffold."""
KINDS = (
    e.SessionStarted,
    e.RoundStarted,
    e.RoundEnded,
    e.ModelReplied,
    e.CommandStarted,
    e.CommandFinished,
    e.ToolUsed,
    e.Nudged,
    e.HookSaid,
    e.HookFailed,
    e.Verified,
)
"""The events that are read here."""


@dataclass(frozen=True, slots=True)
class Round:
    """One round that came to its own end."""

    scaffold: str
    """The generation that its session started from."""
    counts: Mapping[str, float]
    """By observable. `verify` is missing where none was run."""
    good: Mapping[str, int]
    """By `tool:NAME` and the like: how often it was used and worked."""
    bad: Mapping[str, int]
    """The same: how often it failed."""


@dataclass(slots=True)
class _Counting:
    counts: Counter[str] = field(default_factory=Counter[str])
    good: Counter[str] = field(default_factory=Counter[str])
    bad: Counter[str] = field(default_factory=Counter[str])
    seconds: float = 0.0
    verify: int | None = None
    cut_short: bool = True
    commands: dict[int, str] = field(default_factory=dict[int, str])

    def note(self, event: e.Event) -> None:
        match event:
            case e.ModelReplied() if event.purpose == "turn":
                self.counts["turns"] += 1
                self.counts["prompt_bytes"] += event.prompt_bytes
            case e.CommandStarted():
                self.commands[event.step] = event.command
            case e.CommandFinished():
                self._command(event)
            case e.ToolUsed():
                (self.bad if event.exit_code else self.good)[f"tool:{event.name}"] += 1
            case e.Nudged() if event.lesson:
                self.good[f"lesson:{event.lesson}"] += 1
            case e.HookSaid():
                self.good[f"hook:{event.hook}"] += 1
            case e.HookFailed():
                self.bad[f"hook:{event.hook}"] += 1
            case e.Verified():
                self.verify = int(event.exit_code != 0)
            case e.RoundEnded():
                self.cut_short = event.ending in CUT_SHORT
            case _:
                pass

    def _command(self, event: e.CommandFinished) -> None:
        self.seconds += event.seconds
        self.counts["commands"] += 1
        self.counts["failed_commands"] += event.exit_code != 0
        self.counts["cut_outputs"] += event.truncated
        self.counts["timeouts"] += event.timed_out
        command = self.commands.get(event.step, "")
        self.counts["failed_edits"] += bool(event.exit_code) and any(edits(one) for one in programs(command))

    def round(self, scaffold: str) -> Round:
        counts: dict[str, float] = {**self.counts, "seconds": self.seconds}
        if self.verify is not None:
            counts["verify"] = self.verify
        return Round(scaffold, counts, dict(self.good), dict(self.bad))


def rounds(events: Iterable[e.Event]) -> list[Round]:
    """The rounds of one session or of several, one after the other, as far as they came to their own end."""
    found: list[Round] = []
    scaffold, counting = "", _Counting()
    for event in events:
        if isinstance(event, e.SessionStarted | e.RoundStarted):
            _close(found, scaffold, counting)
            counting = _Counting()
        if isinstance(event, e.SessionStarted):
            scaffold = event.scaffold
        counting.note(event)
    _close(found, scaffold, counting)
    return found


def _close(found: list[Round], scaffold: str, counting: _Counting) -> None:
    if not counting.cut_short:
        found.append(counting.round(scaffold))
