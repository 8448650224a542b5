"""A stranger's text is read whatever it holds: nothing raises, and what comes out can be shown on one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.testruns import Counts
from livecoder.testruns.text import MOST, MOST_LINES, read, recognised
from tests.testruns.printing import FAILING, OTHERS, OUTPUTS, PASSING


@given(OUTPUTS | st.text())
def test_ids_are_single_printable_lines(output: str) -> None:
    for run in recognised(output):
        for name in run.tests:
            assert name.isprintable() and name == name.strip() and 0 < len(name) <= 500


@given(OUTPUTS)
def test_the_whole_is_the_sum_of_its_runners(output: str) -> None:
    runs, whole = recognised(output), read(output)
    assert (whole is None) == (not runs)
    if whole:
        assert set(whole.tests) == {name for run in runs for name in run.tests}
        assert set(whole.failing) == {name for run in runs for name in run.failing}
        assert whole.complete == all(run.complete for run in runs)
        assert whole.counts.failed == sum(run.counts.failed for run in runs)


NO_ANCHOR = [*PASSING, *FAILING, *OTHERS]
"""`ok  pkg`, `PASS` and the like say nothing by themselves."""


@given(st.lists(st.sampled_from([line for line in NO_ANCHOR if "short test" not in line]), max_size=20))
def test_words_alone_are_no_run(lines: list[str]) -> None:
    assert read("\n".join(lines)) is None


@pytest.mark.parametrize("much", ["x\n" * MOST_LINES, "x" * MOST + "\n"])
def test_of_an_endless_output_the_end_is_read(much: str) -> None:
    run = read(f"FAILED a.py::a - no\n{much}FAILED a.py::b - no\n1 failed, 2 passed in 0.1s\n")
    assert run and run.failing == ("a.py::b",) and run.counts == Counts(2, 1) and run.named == "some"
