"""pytest and unittest, run for real in many ways: what they print says which tests passed and which failed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from livecoder.testruns import Counts
from livecoder.testruns.text import read
from tests.testruns.conftest import FAILING, OUTCOMES, PYTEST, Print

GO_ON = "--continue-on-collection-errors"


@pytest.mark.parametrize("ways", [(), ("-q",), ("-v",), ("--tb=no",), ("-p", "xdist", "-n2"), ("-v", "--no-header")])
def test_every_failing_test_is_named_however_much_is_said(
    python_project: Path, printed: Print, ways: tuple[str, ...]
) -> None:
    run = read(printed(python_project, [*PYTEST, GO_ON, *ways]))
    assert run and run.runner == "pytest"
    assert set(run.failing) == FAILING
    assert run.counts == Counts(passed=6, failed=4, errors=2, skipped=2)
    assert run.named in ("all", "failures") and not run.ended_early


@pytest.mark.parametrize("ways", [(), ("-p", "xdist", "-n2")])
def test_where_it_is_verbose_every_test_is_named(python_project: Path, printed: Print, ways: tuple[str, ...]) -> None:
    run = read(printed(python_project, [*PYTEST, GO_ON, "-v", *ways]))
    assert run and run.complete and run.tests == OUTCOMES


def test_a_summary_of_passed_tests_names_them_too(python_project: Path, printed: Print) -> None:
    run = read(printed(python_project, [*PYTEST, GO_ON, "-rA"]))
    assert run and {name for name, status in run.tests.items() if status == "passed"} == {
        name for name, status in OUTCOMES.items() if status == "passed"
    }


def test_failures_that_are_counted_and_not_named_are_known_to_be_missing(python_project: Path, printed: Print) -> None:
    run = read(printed(python_project, [*PYTEST, GO_ON, "-q", "-rN"]))
    assert run and run.counts.failed == 4 and run.named == "some"


@pytest.mark.parametrize("ways", [("-x", "tests/test_a.py"), (), ("tests/test_a.py", "nowhere.py")])
def test_a_run_that_ended_early_says_so(python_project: Path, printed: Print, ways: tuple[str, ...]) -> None:
    """At the first failure; at a file that cannot be loaded; before it began, at a path that is not there."""
    run = read(printed(python_project, [*PYTEST, *ways]))
    assert run and run.ended_early and not run.complete


def test_the_last_lines_name_what_they_can(python_project: Path, printed: Print) -> None:
    lines = printed(python_project, [*PYTEST, GO_ON, "-q"]).splitlines(keepends=True)
    run = read("".join(lines[-3:]))
    assert run and run.counts.errors == 2 and run.named == "some"
    assert run.tests == {"tests/sub/test_broken.py": "error", "tests/test_a.py::test_no_setup": "error"}


def test_one_that_was_killed_has_not_ended(python_project: Path, printed: Print) -> None:
    output = printed(python_project, [*PYTEST, GO_ON, "-v"]).partition("=== FAILURES")[0]
    run = read(output)
    assert run and run.ended_early and run.tests["tests/test_a.py::test_fails"] == "failed"


def test_no_tests_is_a_run_as_well(python_project: Path, printed: Print) -> None:
    run = read(printed(python_project, [*PYTEST, "tests/test_a.py", "-k", "nothing"]))
    assert run and run.tests == {} and run.counts == Counts()


def test_several_sessions_are_one_run_that_keeps_the_worst(python_project: Path, printed: Print) -> None:
    """As under tox, where each environment has its own."""
    one = printed(python_project, [*PYTEST, GO_ON])
    passing = "py312: commands[0]> pytest -v\n" + printed(
        python_project, [*PYTEST, "-v", "tests/test_a.py", "-k", "test_in or test_warns"]
    )
    run = read(f"{one}py311: exit 1\n{passing}  py311: FAIL code 1\n")
    assert run and set(run.failing) == FAILING
    assert run.counts == Counts(passed=8, failed=4, errors=2, skipped=2)
    assert run.tests["tests/test_a.py::TestOuter::TestInner::test_in"] == "passed"


def test_a_list_of_tests_is_no_run(python_project: Path, printed: Print) -> None:
    assert read(printed(python_project, [*PYTEST, "--collect-only", "-q", "tests/test_a.py"])) is None


# ---- unittest


UNITTEST = '''
import unittest

class Case(unittest.TestCase):
    def test_good(self):
        pass
    def test_told(self):
        """A line of words."""
    def test_bad(self):
        print("FAIL: test_made_up (x.Case)")
        self.assertEqual(1, 2)
    def test_error(self):
        raise ValueError("x")
    @unittest.skip("why")
    def test_skipped(self):
        pass
    @unittest.expectedFailure
    def test_expected(self):
        self.fail()
    @unittest.expectedFailure
    def test_unexpected(self):
        pass
    def test_parts(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertNotEqual(number, 1)

class NoClass(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise RuntimeError("no")
    def test_never(self):
        pass
'''


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("unittest")
    (root / "test_u.py").write_text(UNITTEST)
    (root / "test_broken.py").write_text("import nothing_there\n")
    return root


UNITTEST_FAILING = {
    "test_broken": "error",
    "test_u.NoClass": "error",
    "test_u.Case.test_error": "error",
    "test_u.Case.test_bad": "failed",
    "test_u.Case.test_parts": "failed",
    "test_u.Case.test_unexpected": "failed",
}


def test_unittest_names_what_fails(cases: Path, printed: Print) -> None:
    run = read(printed(cases, [sys.executable, "-m", "unittest"]))
    assert run and run.runner == "unittest" and run.named == "failures"
    assert run.tests == UNITTEST_FAILING
    assert (run.counts.failed, run.counts.errors, run.counts.skipped) == (3, 3, 2)


def test_unittest_names_everything_when_it_is_verbose(cases: Path, printed: Print) -> None:
    run = read(printed(cases, [sys.executable, "-m", "unittest", "-v", "test_u"]))
    assert run and run.complete
    others = {
        "test_u.Case.test_good": "passed",
        "test_u.Case.test_told": "passed",
        "test_u.Case.test_skipped": "skipped",
        "test_u.Case.test_expected": "skipped",
    }
    assert run.tests == {**{k: v for k, v in UNITTEST_FAILING.items() if k != "test_broken"}, **others}


def test_an_older_unittest_gives_the_class_alone() -> None:
    output = (
        f"{'=' * 70}\nFAIL: test_bad (mod.Case)\n{'-' * 70}\nTraceback…\n\nRan 2 tests in 0.1s\n\nFAILED (failures=1)\n"
    )
    run = read(output)
    assert run and run.tests == {"mod.Case.test_bad": "failed"} and run.counts == Counts(passed=1, failed=1)
