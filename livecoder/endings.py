"""What is known of a round, and how it ended: outcome, exit code and reason. The table of CONVENTIONS in code."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from math import inf

from livecoder.errors import ProviderError
from livecoder.events import (
    BranchMade,
    CommandStarted,
    Ending,
    Event,
    Outcome,
    PatchMade,
    PermissionDenied,
    Reflected,
    Result,
    RoundEnded,
    ToolCreated,
    ToolUsed,
    Usage,
    UserSaid,
    Verified,
)
from livecoder.learning import Learning
from livecoder.loop import LAST_QUESTION, State
from livecoder.opening import Opened
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
UNSETTLED = PatchMade(0, 0, 0, ())
"""Stands for what a round made until that is known, which a full disk or a repository that is gone may prevent."""
HARMLESS = "test configuration changed"
"""Named in the report; a change of configuration alone may well be the task."""
NAMED = 3
"""Newly failing tests that the reason names."""
TAMPERED = "was changed in place by a command"
"""How the reason for a verify in place ends where the round itself took the clean copy away."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a session has cost so far."""

    usage: Usage = field(default_factory=Usage)
    cost_usd: float = 0.0
    api_seconds: float = 0.0
    prompt_bytes: int = 0
    learning_usd: float = 0.0

    @classmethod
    def of(cls, state: State, learning_usd: float) -> Bill:
        return cls(state.usage, state.cost_usd, state.api_seconds, state.prompt_bytes, learning_usd)

    def since(self, start: Bill) -> Bill:
        return Bill(
            Usage(
                self.usage.input_tokens - start.usage.input_tokens,
                self.usage.cached_tokens - start.usage.cached_tokens,
                self.usage.output_tokens - start.usage.output_tokens,
            ),
            self.cost_usd - start.cost_usd,
            self.api_seconds - start.api_seconds,
            self.prompt_bytes - start.prompt_bytes,
            self.learning_usd - start.learning_usd,
        )


@dataclass(slots=True)
class Facts:
    """What is known of the round at hand: its result is made of this and the session's state."""

    task: Task
    ended: RoundEnded
    before: str
    """The tree as the round found it."""
    deadline: float = inf
    """On the monotonic clock; for all that comes of the round, learning too."""
    bill: Bill = field(default_factory=Bill)
    """What there was on it when the round began."""
    began: float = field(default_factory=time.monotonic)
    code: int = 0
    """The exit code of a failure or a signal; 0: the table of endings says it."""
    made: PatchMade = UNSETTLED
    verified: Verified | None = None
    priced: bool = True
    asked: bool = False
    """The last question was asked: the answer was there by then."""
    declined: bool = False
    """The user's Ctrl-C ended that question: nothing is learnt from this round."""
    denials: list[PermissionDenied] = field(default_factory=list[PermissionDenied])
    ran: int = 0
    """Commands that were run."""
    created: list[str] = field(default_factory=list[str])
    used: list[str] = field(default_factory=list[str])
    reflection: str = "off"
    branch: BranchMade | None = None
    unpublished: str = ""
    """Why the branch that was asked for could not be made."""

    @property
    def unsettled(self) -> str:
        """What is to be said first where it is not known what the round made."""
        return "what the round changed is in the tree and not in its patch: " if self.made is UNSETTLED else ""

    def book(self, error: ProviderError, state: State) -> None:
        """Half a reply is none, and was paid for."""
        state.usage += Usage(*error.tokens)
        state.cost_usd += error.cost_usd or 0.0
        self.priced = self.priced and error.cost_usd is not None

    def note(self, event: Event) -> None:
        match event:
            case RoundEnded():
                self.ended = event
            case UserSaid() if event.why == LAST_QUESTION:
                self.asked = True
            case PermissionDenied():
                self.denials.append(event)
            case CommandStarted():
                self.ran += 1
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
    if facts.denials and not facts.ran and verified is None:
        first = facts.denials[0]
        return Judged("error_blocked", "failed", 5, f"no command could be run: {first.reason} (`{first.what}`)")
    if must_change and not facts.made.files:
        return Judged("error_unsolved", "failed", 1, "the agent ended without changing a file")
    if verified is None:
        return Judged("success", "claimed", code, ended.reason) if not code else _signalled(code)
    weakened = [line for line in verified.weakened if not line.startswith(HARMLESS)]
    if verified.exit_code != 0:
        reason = f"verify exits {verified.exit_code}: {verified.command}{_newly_failing(verified)}"
        return Judged("error_verify", "failed", 6, reason)
    if weakened:
        return Judged("error_verify", "failed", 6, f"verify passes, but tests were weakened: {weakened[0]}")
    if code:
        return _signalled(code)
    if verified.unseen:  # by a program that ended before its tests, as often as by another way to print
        return Judged("success", "claimed", 0, f"verify passes, but {verified.unseen}")
    if verified.where == "copy":
        return Judged("success", "verified", 0, f"verify passes: {verified.command}")
    in_place = f"verify passes, but only in place: {verified.why_in_place}"
    if verified.why_in_place.endswith(TAMPERED):
        return Judged("error_verify", "failed", 6, in_place)
    return Judged("success", "claimed", 0, in_place)


def _newly_failing(verified: Verified) -> str:
    """The first tests that the change broke, or brought along failing, to end the reason with."""
    if verified.changed is None:
        return ""
    found = (verified.changed.broken, verified.changed.new_failing)
    count, first = sum(names.count for names in found), [name for names in found for name in names.first][:NAMED]
    more = f" and {count - len(first)} more" if count > len(first) else ""
    return f" (newly failing: {', '.join(first)}{more})" if first else ""


def _signalled(code: int) -> Judged:
    return Judged("interrupted", "failed", code, "a signal ended the run")


def result(facts: Facts, opened: Opened, learning: Learning, *, must_change: bool) -> Result:
    """Every figure is the round's own."""
    judged = judge(facts, must_change=must_change)
    if facts.unpublished and not judged.exit_code:
        judged = Judged("error_unsolved", "failed", 1, f"the branch was not made: {facts.unpublished}")
    bill = Bill.of(opened.state, learning.aside.usd).since(facts.bill)
    return Result(
        session=opened.id,
        subtype=judged.ending,
        is_error=judged.exit_code != 0,
        exit_code=judged.exit_code,
        result=facts.ended.answer,
        reason=judged.reason,
        num_turns=facts.ended.turns,
        duration_ms=round((time.monotonic() - facts.began) * 1000),
        duration_api_ms=round(bill.api_seconds * 1000),
        total_cost_usd=bill.cost_usd,
        cost_known=facts.priced,
        usage=bill.usage,
        outcome=judged.outcome,
        patch=facts.made,
        verify=facts.verified,
        denials=tuple(facts.denials),
        scaffold_before=opened.generation,
        scaffold_after=learning.generation,
        tools_created=tuple(facts.created),
        reflection=facts.reflection,
        evolve_cost_usd=bill.learning_usd,
        prompt_bytes=bill.prompt_bytes,
        tools_used=tuple(facts.used),
        branch=facts.branch,
    )
