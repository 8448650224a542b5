"""What a run of tests came to, read from its JUnit report or from what the runner printed. Pure: text in, values out.

No process, no sandbox, no event and no file enters. All that is read here was written by the code under test, which may
forge it: it informs people and models, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

Status: TypeAlias = Literal["passed", "failed", "error", "skipped"]
Named: TypeAlias = Literal["all", "failures", "some"]
"""Which of its tests a run names: each of them, each failing one, or only some."""

FAILING: tuple[Status, ...] = ("failed", "error")
_RANK: dict[Status, int] = {"skipped": 0, "passed": 1, "failed": 2, "error": 3}
_LONGEST = 500
"""Characters of an id."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the runner counted. Expected failures count as skipped, unexpected successes as the runner judges them."""

    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.errors + other.errors,
            self.skipped + other.skipped,
        )


@dataclass(frozen=True, slots=True)
class TestRun:
    """One run. A file that could not be loaded stands among `tests` by its own name, as an error."""

    __test__: ClassVar[bool] = False  # the name is no test's

    runner: str
    tests: Mapping[str, Status]
    counts: Counts
    named: Named
    ended_early: bool = False
    """Not all that was asked for was run: what is not named may be as it was."""
    seconds: Mapping[str, float] = field(default_factory=dict[str, float], compare=False)
    """That each file's tests took, where a report tells."""

    @property
    def complete(self) -> bool:
        """Every test was run and is named, not only the failing ones."""
        return self.named == "all" and not self.ended_early

    def slowest(self) -> tuple[str, float]:
        """The file whose tests took longest, and how long; ("", 0) where that is not known."""
        return max(self.seconds.items(), key=lambda each: each[1], default=("", 0.0))

    @property
    def failing(self) -> tuple[str, ...]:
        return tuple(name for name, status in self.tests.items() if status in FAILING)


class Found:
    """Tests as they are met. What is met twice keeps its worst status."""

    def __init__(self) -> None:
        self.tests: dict[str, Status] = {}

    def add(self, name: str, status: Status) -> None:
        known = one_line(name)
        if known:
            before = self.tests.get(known, status)
            self.tests[known] = before if _RANK[before] > _RANK[status] else status

    def how_many(self, *statuses: Status) -> int:
        return sum(status in statuses for status in self.tests.values())

    def counts(self) -> Counts:
        """For a runner that does not count by itself."""
        return Counts(*(self.how_many(status) for status in ("passed", "failed", "error", "skipped")))

    def named(self, counts: Counts, failures: int | None = None) -> Named:
        """Held against what the runner counted; `failures` is how many it named, where one test can fail twice."""
        failures = self.how_many(*FAILING) if failures is None else failures
        if failures < counts.failed + counts.errors:
            return "some"
        others = self.how_many("passed") >= counts.passed and self.how_many("skipped") >= counts.skipped
        return "all" if others else "failures"


def one_line(text: str) -> str:
    """`text` as an id: one printable line of bounded length."""
    text = text.strip()[:_LONGEST].rstrip()
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)
