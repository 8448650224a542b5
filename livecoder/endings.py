"""How a round ended, as an outcome, an exit code and a reason: the table of CONVENTIONS in code, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from livecoder.events import Ending, Outcome, RoundEnded, Verified

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


@dataclass(frozen=True, slots=True)
class Judged:
    """What a run amounts to. `reason` is never empty."""

    ending: Ending
    outcome: Outcome
    exit_code: int
    reason: str


def judge(ended: RoundEnded, verified: Verified | None, *, changed: bool, must_change: bool, code: int = 0) -> Judged:
    """`code` overrides the exit code of a provider's failure or a signal; `must_change` is `fix`'s contract."""
    if ended.ending != "success":
        return Judged(ended.ending, "failed", code or CODES[ended.ending], ended.reason)
    if must_change and not changed:
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
