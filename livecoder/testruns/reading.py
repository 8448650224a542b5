"""One run from its two witnesses: the report, which names every test, and what was printed, which tells how it went."""

from __future__ import annotations

from dataclasses import replace

from livecoder.testruns import TestRun, junit, text


def read(output: str, report: bytes | None = None) -> TestRun | None:
    """The run that the report tells of, where what was printed agrees; else what was printed; else None.

    A command that runs pytest more than once overwrites the report, and only the last run is in it: then the counts
    differ. Where nothing was printed that could be held against it, the report may be such a remainder too.
    """
    printed = text.read(output)
    reported = junit.read(report) if report else None
    if reported is None:
        return printed
    if printed is None:
        return replace(reported, named="some")
    if not _agree(reported, printed):
        return printed
    return replace(reported, ended_early=printed.ended_early)


def _agree(reported: TestRun, printed: TestRun) -> bool:
    """A test that passes and fails while it is torn down is printed as both, and reported as the latter."""
    one, other = reported.counts, printed.counts
    same = (one.failed, one.errors, one.skipped) == (other.failed, other.errors, other.skipped)
    return same and one.passed <= other.passed <= one.passed + one.errors
