"""What is known of a round, and how it ended: outcome, exit code and reason. The table of CONVENTIONS in code."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from livecoder.events import (
    Ending,
    Event,
    Outcome,
    PatchMade,
    PermissionDenied,
    Reflected,
    RoundEnded,
    ToolCreated,
    ToolUsed,
    Verified,
)
from livecoder.task import Task

CODES: dict[Ending, int] = {
    "success": 0,
    "error_unsolved": 1,
    "error_max_turns": 53,
    "error_max_budget_usd": 53,
    "error_max_tokens": 53,
    "error_no_progress": 53,
    "error_timeout": 124,
    "error_verify": 6,
    "error_blocked": 5,
    "error_provider": 75,
    "error_internal": 70,
    "interrupted": 130,
}
SIGNAL_CODES = {"interrupt": 130, "terminate": 143, "hangup": 129}
HARMLESS = "test configuration changed"
"""Named in the report; a change of configuration alone may well be the task."""


@dataclass(slots=True)
class Facts:
    """What is known of the round at hand: its result is made of this and the session's state."""

    task: Task
    ended: RoundEnded
    before: str
    """The tree as the round found it."""
    spent: float
    api: float
    began: float = field(default_factory=time.monotonic)
    code: int = 0
    """The exit code of a failure or a signal; 0: the table of endings says it."""
    made: PatchMade = field(default_factory=lambda: PatchMade(0, 0, 0, ()))
    verified: Verified | None = None
    priced: bool = True
    denials: list[PermissionDenied] = field(default_factory=list[PermissionDenied])
    created: list[str] = field(default_factory=list[str])
    used: list[str] = field(default_factory=list[str])
    reflection: str = "off"

    def note(self, event: Event) -> None:
        match event:
            case RoundEnded():
                self.ended = event
            case PermissionDenied():
                self.denials.append(event)
            case ToolCreated():
                self.created.append(event.name)
            case ToolUsed() if event.name not in self.used:
                self.used.append(event.name)
            case Reflected():
                self.reflection = event.state
            case _:
                pass


@dataclass(frozen=True, slots=True)
class Judged:
    """What a run amounts to. `reason` is never empty."""

    ending: Ending
    outcome: Outcome
    exit_code: int
    reason: str


def judge(facts: Facts, *, must_change: bool) -> Judged:
    """`must_change` is `fix`'s contract: a round without a change has failed."""
    ended, verified, code = facts.ended, facts.verified, facts.code
    if ended.ending != "success":
        return Judged(ended.ending, "failed", code or CODES[ended.ending], ended.reason)
    if must_change and not facts.made.files:
        return Judged("error_unsolved", "failed", 1, "the agent ended without changing a file")
    if verified is None:
        return Judged("success", "claimed", code, ended.reason) if not code else _signalled(code)
    weakened = [line for line in verified.weakened if not line.startswith(HARMLESS)]
    if verified.exit_code != 0:
        return Judged("error_verify", "failed", 6, f"verify exits {verified.exit_code}: {verified.command}")
    if weakened:
        return Judged("error_verify", "failed", 6, f"verify passes, but tests were weakened: {weakened[0]}")
    return Judged("success", "verified", code, f"verify passes: {verified.command}") if not code else _signalled(code)


def _signalled(code: int) -> Judged:
    return Judged("interrupted", "failed", code, "a signal ended the run")
