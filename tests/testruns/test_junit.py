"""JUnit reports: pytest's name its tests as pytest does, those of others as well as they can; none is obeyed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.testruns import FAILING, Counts, TestRun
from livecoder.testruns.junit import MOST_BYTES, read
from tests.testruns.conftest import OUTCOMES, PYTEST, SAMPLES, Print

HEAD = '<testsuites name="pytest tests"><testsuite name="pytest">'
TAIL = "</testsuite></testsuites>"


def known(run: TestRun | None) -> TestRun:
    assert run
    return run


def case(attributes: str, inside: str = "") -> TestRun:
    return known(read(f"{HEAD}<testcase {attributes}>{inside}</testcase>{TAIL}".encode()))


# ---- pytest


@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
def test_ids_are_the_node_ids_of_pytest(python_project: Path, printed: Print, tmp_path: Path, family: str) -> None:
    report = tmp_path / "report.xml"
    asked = [f"--junitxml={report}", "-o", f"junit_family={family}", "--continue-on-collection-errors"]
    printed(python_project, [*PYTEST, *asked])
    run = known(read(report.read_bytes()))
    assert run.tests == OUTCOMES and run.complete and run.runner == "pytest"
    assert run.counts == Counts(passed=6, failed=4, errors=2, skipped=2)


INHERITING = {
    "parent.py": "class Parent:\n    def test_one(self): pass\n",
    "test_child.py": "from parent import Parent\nclass TestChild(Parent): pass\n",
    "README.rst": ">>> 1 + 1\n2\n",
    "mod.py": 'def f():\n    """\n    >>> 1 + 1\n    3\n    """\n',
}


def test_inherited_tests_and_doctests_too(tmp_path: Path, printed: Print) -> None:
    for name, text in INHERITING.items():
        (tmp_path / name).write_text(text)
    asked = ["--junitxml=report.xml", "-o", "junit_family=xunit1", "--doctest-modules", "--doctest-glob=*.rst"]
    listed = printed(tmp_path, [*PYTEST, *asked[3:], "--collect-only", "-q"]).split("\n\n")[0].splitlines()
    printed(tmp_path, [*PYTEST, *asked])
    assert set(known(read((tmp_path / "report.xml").read_bytes())).tests) == set(listed)


def test_what_fails_twice_counts_twice_and_is_one_test() -> None:
    run = case('classname="t" name="test_x" file="t.py"', "<failure/><error/>")
    assert run.tests == {"t.py::test_x": "error"} and run.counts == Counts(failed=1, errors=1)


# ---- others


OTHERS = {
    "surefire.xml": {
        "org.example.TextTest::splits": "passed",
        "org.example.TextTest::joins": "failed",
        "org.example.TextTest::wraps": "error",
        "org.example.TextTest::later": "skipped",
    },
    "nextest.xml": {"tiny::tests::good": "passed", "tiny::tests::bad": "failed"},
    "go-junit.xml": {
        "example.org/text/split::TestSplit": "passed",
        "example.org/text/split::TestSplit/empty": "failed",
    },
    "jest-junit.xml": {"top ok": "passed", "suite in bad": "failed", "suite sk": "skipped"},
    "vitest.xml": {
        "vt/a.test.js > top ok": "passed",
        "vt/a.test.js > suite > in ok": "passed",
        "vt/a.test.js > suite > in bad": "failed",
        "vt/a.test.js > suite > sk": "skipped",
        "vt/a.test.js > suite > later": "skipped",
        "vt/b.test.js > b ok": "passed",
        "vt/c.test.js": "failed",
    },
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_runners_reports(name: str) -> None:
    run = known(read((SAMPLES / name).read_bytes()))
    assert run.tests == OTHERS[name] and run.complete


# ---- a stranger's report


BOMB = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
REFUSED = {
    "a document type": f"<!DOCTYPE testsuites>{HEAD}{TAIL}",
    "entities that grow": f'<!DOCTYPE x [<!ENTITY e0 "ha">{BOMB}]>{HEAD}<testcase name="&e9;"/>{TAIL}',
    "a file of the machine": f'<!DOCTYPE x [<!ENTITY f SYSTEM "/etc/passwd">]>{HEAD}<testcase name="&f;"/>{TAIL}',
    "an entity that nobody declared": f'{HEAD}<testcase name="&f;"/>{TAIL}',
    "another document": "<html><testcase name='a'/></html>",
    "half a report": f'{HEAD}<testcase name="a"/>',
    "no XML": "1 passed in 0.1s",
    "nothing": "",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_is_no_report_is_none(text: str) -> None:
    assert read(text.encode()) is None


def test_neither_are_bytes_of_another_encoding_nor_too_many() -> None:
    assert read(f'<?xml version="1.0" encoding="latin-1"?>{HEAD}<testcase name="é"/>{TAIL}'.encode("latin-1")) is None
    assert read(f"{HEAD}{TAIL}".encode() + b" " * MOST_BYTES) is None


def test_depth_is_no_danger() -> None:
    assert read(b"<testsuites>" * 200_000) is None


@given(st.binary() | st.text().map(lambda text: f"{HEAD}{text}{TAIL}".encode()))
def test_whatever_it_holds_it_is_read_or_not(data: bytes) -> None:
    run = read(data)
    assert run is None or run.complete


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='<>&"'), min_size=1)


@given(NAMES, NAMES, st.sampled_from(["failure", "error", "skipped", "system-out"]))
def test_every_id_is_one_printable_line(classname: str, name: str, outcome: str) -> None:
    run = case(f'classname="{classname}" name="{name}&#10;next&#9;"', f"<{outcome}/>")
    for identity, status in run.tests.items():
        assert identity.isprintable() and 0 < len(identity) <= 500
        assert (status in FAILING) == (outcome in ("failure", "error"))


# ---- how long


def test_the_time_of_each_file_is_added_up() -> None:
    cases = [
        ("tests.test_a", "one", "1.5"),
        ("tests.test_a.TestX", "two", "40"),
        ("tests.test_b", "three", "3"),
        ("tests.test_b", "four", "nan"),
        ("tests.test_b", "five", "-7"),
        ("tests.test_b", "six", "1e300"),
        ("tests.test_b", "seven", "a while"),
    ]
    written = "".join(f'<testcase classname="{place}" name="{name}" time="{time}"/>' for place, name, time in cases)
    run = known(read(f"{HEAD}{written}{TAIL}".encode()))
    assert run.seconds == {"tests/test_a.py": 41.5, "tests/test_b.py": 3.0}
    assert run.slowest() == ("tests/test_a.py", 41.5)
    assert case('classname="tests.test_a" name="one"').slowest() == ("", 0.0)
