"""What a change did to the tests: failing before and passing now, the other way round, and what nobody can know."""

from __future__ import annotations

from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from livecoder.testruns import Counts, Named, Status, TestRun
from livecoder.testruns.compare import Change, compare


def run(*, named: Named = "all", early: bool = False, **tests: Status) -> TestRun:
    """`run(a="failed")`; every test stands in the file f.py."""
    return TestRun("pytest", {f"f.py::{name}": status for name, status in tests.items()}, Counts(), named, early)


def of(name: str, status: Status, named: Named = "all") -> TestRun:
    return TestRun("pytest", {name: status}, Counts(), named)


def test_test_by_test() -> None:
    before = run(a="failed", b="failed", c="passed", d="passed", e="skipped", f="error", g="passed")
    after = run(a="passed", b="failed", c="failed", d="passed", e="error", f="passed", h="failed")
    assert compare(before, after) == Change(
        fixed=("f.py::a", "f.py::f"),
        broken=("f.py::c", "f.py::e"),
        new_failing=("f.py::h",),
        still_failing=("f.py::b",),
        gone=("f.py::g",),
    )


def test_where_only_failures_are_named_the_others_passed() -> None:
    before, after = run(named="failures", a="failed", b="failed"), run(named="failures", b="failed", c="failed")
    assert compare(before, after) == Change(("f.py::a",), broken=("f.py::c",), still_failing=("f.py::b",))


def test_a_skipped_test_is_not_fixed() -> None:
    assert compare(run(a="failed"), run(a="skipped")) == Change()


def test_a_run_that_ended_early_proves_nothing_by_silence() -> None:
    failing, early = run(named="failures", a="failed"), run(named="failures", early=True, b="failed")
    assert compare(failing, early) == Change(broken=("f.py::b",))
    assert compare(early, failing) == Change(fixed=("f.py::b",), unclear=("f.py::a",))
    assert compare(run(early=True, b="passed"), run(a="failed", b="failed")) == Change(
        broken=("f.py::b",), unclear=("f.py::a",)
    )


def test_neither_does_one_that_does_not_name_all_its_failures() -> None:
    some = run(named="some", b="failed")
    assert compare(some, run(a="failed", b="passed")) == Change(fixed=("f.py::b",), unclear=("f.py::a",))
    assert compare(run(a="failed"), some) == Change(new_failing=("f.py::b",))


def test_tests_of_a_file_that_did_not_load_failed_before() -> None:
    """A new test that imports what only the change brings is the usual case."""
    broken = of("f.py", "error")
    assert compare(broken, run(a="passed", b="failed")) == Change(fixed=("f.py::a",), still_failing=("f.py::b",))
    assert compare(broken, run(named="failures")) == Change(fixed=("f.py",))


def test_a_file_that_no_longer_loads_is_broken_and_its_tests_are_not_gone() -> None:
    assert compare(run(a="passed", b="passed"), of("f.py", "error")) == Change(broken=("f.py",))


def test_the_same_holds_for_a_class_a_package_and_a_suite() -> None:
    for place, test in (("m.Case", "m.Case.test_x"), ("example.org/a", "example.org/a::TestX"), ("s", "s > t")):
        assert compare(of(place, "error"), of(test, "passed")) == Change(fixed=(test,))
    assert compare(of("f.py::t", "failed"), of("f.py::t[1]", "passed")) == Change(gone=("f.py::t",))
    assert compare(of("it works", "failed"), of("it works. always", "passed")) == Change(gone=("it works",))


STATUSES: st.SearchStrategy[Status] = st.sampled_from(["passed", "failed", "error", "skipped"])
NAMES = st.sampled_from(["f.py", "f.py::a", "f.py::b", "g.py::C::a", "g.py::C", "m", "m.C.x", "s > t", "s"])
RUNS = st.builds(
    TestRun,
    runner=st.just("x"),
    tests=st.dictionaries(NAMES, STATUSES),
    counts=st.just(Counts()),
    named=st.sampled_from(["all", "failures", "some"]),
    ended_early=st.booleans(),
)


@given(RUNS, RUNS)
def test_every_failing_test_is_told_exactly_once(before: TestRun, after: TestRun) -> None:
    change = compare(before, after)
    told = [*change.broken, *change.new_failing, *change.still_failing, *change.unclear]
    assert sorted(told) == sorted(after.failing)
    assert not set(change.fixed) & set(after.failing) and not set(change.gone) & set(after.tests)


@given(RUNS, RUNS)
def test_nothing_is_claimed_that_the_runs_do_not_tell(before: TestRun, after: TestRun) -> None:
    change = compare(before, after)
    for name in change.fixed:
        assert after.tests.get(name) == "passed" or (after.named == "failures" and not after.ended_early)
    for name in change.still_failing:
        assert before.failing and name in after.failing
    assert not change.gone or (before.complete and after.complete)
    assert not change.new_failing or before.complete


@given(RUNS)
def test_a_run_differs_from_itself_in_nothing(each: TestRun) -> None:
    change = compare(each, each)
    assert change == Change(still_failing=each.failing)


# ---- in words


def test_a_line_for_people_and_models() -> None:
    names = tuple(f"t.py::{letter}" for letter in "abcdefg")
    assert Change().text() == "0 fixed; 0 newly failing"
    assert Change(fixed=names[:2], still_failing=names[:3]).text() == (
        "2 fixed: t.py::a, t.py::b; 0 newly failing; 3 failed before and fail now"
    )
    assert Change(fixed=names, broken=names[:1]).text(2) == (
        "7 fixed: t.py::a, t.py::b and 5 more; 1 newly failing: t.py::a"
    )
    assert Change(new_failing=names[:1], still_failing=names[:1], unclear=names[:1], gone=names[:1]).text() == (
        "0 fixed; 0 newly failing; 1 new and failing: t.py::a; 1 failed before and fails now; "
        "1 failing now, not known before: t.py::a; 1 no longer run: t.py::a"
    )


@given(st.integers(0, 30), st.integers(0, 8))
def test_it_is_one_line_and_never_names_more_than_it_may(count: int, most: int) -> None:
    names = tuple(f"t.py::test{number}" for number in range(count))
    text = Change(*([names] * len(fields(Change)))).text(most)
    assert "\n" not in text and text.count("t.py::") <= 5 * most
