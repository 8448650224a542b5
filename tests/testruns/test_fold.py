"""Folding a runner's output: what passed is counted, what failed is whole, other text is untouched."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from livecoder.testruns.fold import fold, folded
from livecoder.testruns.text import recognised
from tests.testruns.conftest import PYTEST, Print, sample
from tests.testruns.printing import ANCHORS, FAILING, OUTPUTS, PASSING

# ---- for any text


@given(st.text() | st.lists(st.sampled_from(PASSING), max_size=30).map("\n".join) | OUTPUTS)
def test_text_that_is_no_test_output_stays_as_it_is(output: str) -> None:
    assume(not recognised(output))
    assert folded(output) == output


@given(OUTPUTS)
def test_no_line_that_tells_of_a_failure_is_ever_folded(output: str) -> None:
    kept = [line for piece in fold(output) if not piece.folded for line in piece.text.split("\n")]
    assert [line for line in kept if line in FAILING] == [line for line in output.split("\n") if line in FAILING]


@given(OUTPUTS)
def test_the_pieces_are_the_output_with_its_line_numbers(output: str) -> None:
    lines = output.split("\n")
    pieces = fold(output)
    assert [number for piece in pieces for number in range(piece.first, piece.last + 1)] == [*range(1, len(lines) + 1)]
    for piece in pieces:
        if piece.folded:
            assert "\n" not in piece.text and f"[{piece.last - piece.first + 1} " in piece.text
            assert len(piece.text) < sum(map(len, lines[piece.first - 1 : piece.last]))
        else:
            assert piece.text == "\n".join(lines[piece.first - 1 : piece.last])


@settings(max_examples=300)  # the run of a runner that is known is one in ten of them
@given(OUTPUTS)
def test_what_is_folded_is_not_folded_again(output: str) -> None:
    assert len(folded(output)) <= len(output) and folded(folded(output)) == folded(output)


def test_a_failure_between_two_long_runs_of_passing_tests_stands_out() -> None:
    noise = ["test tests::good ... ok"] * 50
    lines = ["running 101 tests", *noise, "test tests::bad ... FAILED", *noise, ANCHORS[8]]
    assert folded("\n".join(lines)).split("\n") == [
        "running 101 tests",
        "[50 passing lines folded]",
        "test tests::bad ... FAILED",
        "[50 passing lines folded]",
        ANCHORS[8],
    ]


# ---- what real runners print

MANY = """
import pytest

@pytest.mark.parametrize("number", range(400))
def test_good(number):
    pass

def test_bad():
    print("\\n".join(f"tests/test_{n}.py::test_captured PASSED" for n in range(9)))
    assert [1, 2] == [1, 3]
"""


@pytest.mark.parametrize("ways", [("-v",), (), ("-q",), ("-v", "-p", "xdist", "-n2"), ("-rA", "--tb=no")])
def test_pytest_is_short_and_its_failures_are_whole(tmp_path: Path, printed: Print, ways: tuple[str, ...]) -> None:
    (tmp_path / "test_many.py").write_text(MANY)
    output = printed(tmp_path, [*PYTEST, *ways])
    short = folded(output)
    assert len(short.splitlines()) < 60 and "passing lines folded]" in short
    details = output.partition("= FAILURES =")[2]
    assert details.rpartition("short test summary")[0] in short or "-rA" in ways
    assert "FAILED test_many.py::test_bad" in short and "1 failed, 400 passed in" in short


CASES = """
import unittest

class Case(unittest.TestCase):
    def test_bad(self):
        self.fail("no")
""" + "\n".join(f'    def test_{n}(self):\n        """A docstring."""' for n in range(60))


def test_unittest_is_folded_with_its_docstrings(tmp_path: Path, printed: Print) -> None:
    (tmp_path / "test_cases.py").write_text(CASES)
    short = folded(printed(tmp_path, [sys.executable, "-m", "unittest", "-v"])).splitlines()
    assert short[0] == "[120 passing lines folded]" and short[1] == "test_bad (test_cases.Case.test_bad) ... FAIL"
    assert "AssertionError: no" in short and short[-1] == "FAILED (failures=1)"


SUITES = """
const { describe, it } = require('node:test');
for (let i = 0; i < 20; i++) describe(`suite ${i}`, () => { it('a', () => {}); it('b', () => {}); });
describe('last', () => { it('good', () => {}); it('bad', () => { throw new Error('no'); }); });
"""


@pytest.mark.parametrize("reporter", ["tap", "spec"])
def test_node_keeps_the_suite_of_what_failed(tmp_path: Path, printed: Print, reporter: str) -> None:
    (tmp_path / "a.test.js").write_text(SUITES)
    short = folded(printed(tmp_path, ["node", "--test", f"--test-reporter={reporter}"]))
    lines = short.splitlines()
    folds = [number for number, line in enumerate(lines) if line.endswith("passing lines folded]")]
    assert folds and "suite 0" not in short and "suite 19" not in short
    assert lines[folds[0] + 1] in ("# Subtest: last", "▶ last")
    assert ("not ok 2 - bad" if reporter == "tap" else "✖ bad") in short


def test_other_runners() -> None:
    passing = "".join(f"ok  \texample.org/text/part{n}\t0.003s\n" for n in range(9))
    assert folded(f"{passing}{sample('go.txt')}").splitlines()[0] == "[9 passing lines folded]"
    verbose = folded(sample("go-verbose.txt"))
    assert "[6 passing lines folded]" in verbose and "split_test.go:14" in verbose and "ExampleJoin" not in verbose
    files = "".join(f"PASS jt/{n}.test.js\n  suite\n    ✓ works (2 ms)\n\n" for n in range(9))
    lines = folded(f"{files}{sample('jest-verbose.txt')}").splitlines()
    assert lines[0] == "[35 passing lines folded]" and any("✕ in bad" in line for line in lines)
    for name in ("jest.txt", "mocha.txt", "vitest.txt"):
        assert folded(sample(name)) == sample(name)


WARNED = """
=============================== warnings summary ===============================
test_a.py::test_one
  mod.py:3: DeprecationWarning: utcnow() is old
    now = utcnow()

test_a.py::test_two
  mod.py:90: DeprecationWarning: utcnow() is old
    now = utcnow()

test_a.py::test_three
  mod.py:7: UserWarning: something else

-- Docs: https://docs.pytest.org/en/stable/how-to/capture-warnings.html
2 passed, 3 warnings in 0.1s
"""


def test_a_warning_is_said_once() -> None:
    short = folded(WARNED)
    assert short.count("utcnow() is old") == 1 and "[4 repeated lines folded]" in short
    assert "something else" in short and "-- Docs" in short
