"""How a round and a run end, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from livecoder.events.conversation import PermissionDenied, Usage
from livecoder.events.testing import ChangedTests, RanTests

Ending: TypeAlias = Literal[
    "success",
    "error_unsolved",
    "error_max_turns",
    "error_max_budget_usd",
    "error_max_tokens",
    "error_timeout",
    "error_no_progress",
    "error_verify",
    "error_blocked",
    "error_provider",
    "error_internal",
    "interrupted",
]
Outcome: TypeAlias = Literal["verified", "claimed", "failed"]


@dataclass(frozen=True, slots=True)
class RoundEnded:
    """The loop's own ending, before verify: the agent's words decide nothing yet."""

    round: int
    ending: Ending
    answer: str
    reason: str
    turns: int


@dataclass(frozen=True, slots=True)
class Verified:
    command: str
    exit_code: int
    base_exit_code: int | None
    where: Literal["copy", "in place"]
    why_in_place: str
    weakened: tuple[str, ...]
    """Test files that the change deleted, or in which tests went away or are skipped now."""
    output: str
    seconds: float
    tests: RanTests | None = None
    """Of the run on the final tree; None where nothing could be read of them."""
    changed: ChangedTests | None = None
    """From the base to the final tree; None where one of the two runs tells nothing."""
    base_tests: RanTests | None = None
    """Of the run on the base."""

    @property
    def unseen(self) -> str:
        """What speaks against a pass: the base ran tests, and on the final tree none is seen to have run; or ""."""
        before = self.base_tests.count if self.base_tests else 0
        if not before or (self.tests and self.tests.count):
            return ""
        return f"no test is seen to have run; on the base there {'was 1' if before == 1 else f'were {before:,}'}"


@dataclass(frozen=True, slots=True)
class PatchMade:
    files: int
    added: int
    removed: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BranchCommit:
    """`subject` is its author's own text, with whatever it holds; figures are against the first parent."""

    id: str
    subject: str
    files: int
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class BranchMade:
    """A new branch of the user's; the commits, oldest first, lie on `base`, which the session found."""

    name: str
    commit: str
    base: str
    commits: tuple[BranchCommit, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """The last event of every run once a session exists."""

    session: str
    subtype: Ending
    is_error: bool
    exit_code: int
    result: str
    reason: str
    num_turns: int
    duration_ms: int
    duration_api_ms: int
    total_cost_usd: float
    cost_known: bool
    usage: Usage
    outcome: Outcome
    patch: PatchMade
    verify: Verified | None
    denials: tuple[PermissionDenied, ...]
    scaffold_before: str
    scaffold_after: str
    tools_created: tuple[str, ...]
    reflection: str
    evolve_cost_usd: float
    prompt_bytes: int = 0
    tools_used: tuple[str, ...] = field(default=())
    branch: BranchMade | None = None
    """None where none was asked for, or it could not be made."""
