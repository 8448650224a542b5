"""The report and what was printed are held against each other: what one overwrote or cut short, the other tells."""

from __future__ import annotations

from pathlib import Path

from livecoder.testruns import TestRun
from livecoder.testruns.reading import read
from tests.testruns.conftest import FAILING, OUTCOMES, PYTEST, Print

GO_ON = "--continue-on-collection-errors"


def both(folder: Path, printed: Print, report: Path, *commands: tuple[str, ...]) -> TestRun:
    """What is read after these runs of pytest, one after another, that all write the same report."""
    asked = [f"--junitxml={report}", "-o", "junit_family=xunit1"]
    output = "".join(printed(folder, [*PYTEST, *asked, *command]) for command in commands)
    run = read(output, report.read_bytes())
    assert run
    return run


def test_where_they_agree_the_report_names_every_test(python_project: Path, printed: Print, tmp_path: Path) -> None:
    run = both(python_project, printed, tmp_path / "x.xml", (GO_ON, "-q", "-rN"))
    assert run.tests == OUTCOMES and run.complete


def test_a_report_that_was_overwritten_gives_way(python_project: Path, printed: Print, tmp_path: Path) -> None:
    run = both(python_project, printed, tmp_path / "x.xml", (GO_ON, "-q"), ("-q", "tests/test_a.py", "-k", "test_in"))
    assert set(run.failing) == FAILING and not run.complete and run.counts.passed == 7


def test_what_was_printed_says_that_the_run_ended_early(python_project: Path, printed: Print, tmp_path: Path) -> None:
    run = both(python_project, printed, tmp_path / "x.xml", ("-x", "tests/test_a.py"))
    assert run.tests["tests/test_a.py::TestOuter::TestInner::test_in"] == "passed" and run.ended_early


def test_a_report_alone_may_be_the_last_of_several(python_project: Path, printed: Print, tmp_path: Path) -> None:
    run = both(python_project, printed, tmp_path / "x.xml", ("-qq", "tests/test_a.py", "-k", "test_in or test_warns"))
    assert len(run.tests) == 2 and run.named == "some"


def test_a_report_that_is_none_changes_nothing() -> None:
    assert read("1 failed, 2 passed in 0.1s\n", b"<html/>") == read("1 failed, 2 passed in 0.1s\n")
    assert read("nothing of tests\n", b"") is None and read("nothing of tests\n", b"<x") is None
