"""A test run read from what was printed: each runner's reader looks for its own lines in a stranger's text.

Never raises. Its time is bounded: so much of the end is read, and so much of each line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from typing import TypeAlias

from livecoder.testruns import Found, Named, TestRun
from livecoder.testruns.runners import cargo, go, jest, mocha, node, pytest, tap, unittest, vitest

MOST = 2 * 1024 * 1024
"""Characters that are read, from the end, where runners sum up; and lines, if there are more."""
MOST_LINES = 100_000
_WIDTH = 2000

Reader: TypeAlias = Callable[[Sequence[str]], TestRun | None]
READERS: tuple[Reader, ...] = (
    pytest.read,
    unittest.read,
    cargo.read,
    go.read,
    jest.read,
    vitest.read,
    mocha.read,
    tap.read,
    node.read,
)


def recognised(output: str) -> tuple[TestRun, ...]:
    """A run for each runner that printed something here."""
    lines = [line[:_WIDTH] for line in output[-MOST:].split("\n")]
    found = [run for reader in READERS if (run := reader(lines[-MOST_LINES:]))]
    if len(output) > MOST or len(lines) > MOST_LINES:
        return tuple(replace(run, named="some") for run in found)
    return tuple(found)


def read(output: str) -> TestRun | None:
    """All that was run, as one; None where nothing looks like tests."""
    runs = recognised(output)
    return reduce(_together, runs) if runs else None


def _together(one: TestRun, other: TestRun) -> TestRun:
    found = Found()
    for run in (one, other):
        for name, status in run.tests.items():
            found.add(name, status)
    words = (one.named, other.named)
    named: Named = "some" if "some" in words else "failures" if "failures" in words else "all"
    early = one.ended_early or other.ended_early
    return TestRun(f"{one.runner}, {other.runner}", found.tests, one.counts + other.counts, named, early)
