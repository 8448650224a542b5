"""What runs of tests came to, as parts of other events. Names are the first few of a counted whole.

They come from reports and outputs that the code under test wrote: they inform, and decide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Names:
    count: int = 0
    first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RanTests:
    """One run. `failed` and `errors` count what the runner counts, `failing` the tests of which it says so."""

    runner: str
    passed: int
    failed: int
    errors: int
    skipped: int
    failing: Names
    named: Literal["all", "failures", "some"]
    """Which tests the run names: each, each failing one, or only some."""
    ended_early: bool = False

    @property
    def count(self) -> int:
        """How many tests were run; what was skipped was not."""
        return self.passed + self.failed + self.errors


@dataclass(frozen=True, slots=True)
class ChangedTests:
    """What became of the tests between two runs. Those in a file that could not be loaded count as failing."""

    fixed: Names = field(default_factory=Names)
    broken: Names = field(default_factory=Names)
    """Failing in the later run, not in the first."""
    new_failing: Names = field(default_factory=Names)
    """Failing in the later run, not there in the first."""
    still_failing: Names = field(default_factory=Names)
    unclear: Names = field(default_factory=Names)
    """Failing in the later run; the first does not tell."""
    gone: Names = field(default_factory=Names)
    """There in the first run only; known where both name every test."""


@dataclass(frozen=True, slots=True)
class FailuresHidden:
    """Step `step` ended with exit 0 though tests failed in it: a pipe hides that, or what came after them."""

    step: int
    tests: RanTests
