"""The first wrong step, by planted sessions: tests that got worse, edits that were taken back, failures that stayed."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.events import (
    CheckpointTaken,
    CommandFinished,
    CommandStarted,
    Event,
    FailuresHidden,
    Names,
    RanTests,
    RoundEnded,
    Verified,
)
from livecoder.evolution.firstwrong import first_wrong


@dataclass(frozen=True)
class Did:
    """One step: its command, how it ended, what it printed, and the tree that it left ("" for the same)."""

    command: str
    code: int = 0
    output: str = ""
    tree: str = ""


def session(*steps: Did, first: int = 1, found: str = "start") -> list[Event]:
    events: list[Event] = [CheckpointTaken(1, 0, found)]
    for number, did in enumerate(steps, first):
        events.append(CommandStarted(number, number, f"c{number}", did.command, 120.0))
        size = len(did.output)
        events.append(
            CommandFinished(number, number, f"c{number}", did.code, 0.1, did.output, size, 1, False, False, "/repo")
        )
        if did.tree:
            events.append(CheckpointTaken(1, number, did.tree))
    return [*events, RoundEnded(1, "success", "Done.", "", len(steps))]


def verified(code: int, before: int | None = 0) -> Verified:
    return Verified("pytest -q", code, before, "copy", "", (), "hidden", 1.0)


PASS = Did("pytest -q", 0, "5 passed")
GOOD = [PASS, Did("sed -i s/a/b/ x.py", tree="t1"), PASS]


@pytest.mark.parametrize(
    ("steps", "wrong"),
    [
        (GOOD, None),
        ([], None),
        # tests passed and fail now: the first change in between
        ([PASS, Did("cat x"), Did("edit x", tree="t1"), Did("edit y", tree="t2"), Did("pytest -q", 1, "1 failed")], 3),
        # more tests fail than did
        ([Did("pytest -q", 1, "1 failed, 4 passed"), Did("edit x", tree="t1"), Did("pytest -q", 1, "3 failed")], 2),
        # the reproduction fails, the fix lets it pass
        ([Did("pytest -q", 1, "1 failed"), Did("edit x", tree="t1"), PASS], None),
        # quieter flags are the same tests, another selection is not
        ([PASS, Did("edit x", tree="t1"), Did("pytest -x --tb=short", 1, "1 failed"), Did("pytest", 0)], 2),
        ([Did("pytest a.py"), Did("edit x", tree="t1"), Did("pytest b.py", 1, "1 failed"), Did("pytest b.py")], None),
        # edit and test in one command
        ([PASS, Did("edit x && pytest -q", 1, "2 failed", "t1"), Did("edit x", tree="t2"), PASS], 2),
        # an edit that was taken back
        ([Did("cat x"), Did("edit x", tree="t1"), Did("edit y", tree="t2"), Did("git checkout .", tree="start")], 2),
        # tests that fail from first to last say nothing of a step
        ([Did("pytest -q", 1, "1 failed"), Did("edit x", tree="t1"), Did("pytest -q", 1, "1 failed")], None),
        # a command that never worked
        ([Did("frobnicate --all", 127, "command not found"), *GOOD], 1),
        ([Did("python -c 'import x'", 1, "no module"), Did("python -m venv v")], None),
        # a question whose answer is no
        ([Did("grep -rn nothing .", 1), Did("diff a b", 1), Did("test -f x", 1)], None),
        # the earliest of several
        ([Did("frobnicate", 127), PASS, Did("edit x", tree="t1"), Did("pytest -q", 1, "1 failed")], 1),
        # unittest and cargo are tests too
        (
            [Did("python3 -m unittest"), Did("edit", tree="t"), Did("python3 -m unittest", 1, "FAILED (failures=2)")],
            2,
        ),
        ([Did("cargo test"), Did("edit", tree="t"), Did("cargo test", 101, "1 failed")], 2),
    ],
)
def test_where_it_first_went_wrong(steps: list[Did], wrong: int | None) -> None:
    found = first_wrong(session(*steps))
    assert (found.step if found else None) == wrong
    assert first_wrong(session(*steps)) == found


def test_a_command_that_the_user_stopped_did_nothing_wrong() -> None:
    slow = Did("sleep 500", 137)
    stopped = [*session(slow)[:-1], RoundEnded(1, "interrupted", "", "interrupted by the user", 1)]
    assert first_wrong(stopped) is None
    assert first_wrong(session(slow)) is not None


def test_failing_tests_behind_a_pipe_are_failures() -> None:
    piped = Did("pytest -q | tail -3", 0, "1 failed, 4 passed")
    events = session(Did("pytest -q | tail -3", 0, "5 passed"), Did("edit x", tree="t1"), piped)
    assert first_wrong(events) is None
    tests = RanTests("pytest", 4, 1, 0, 0, Names(1, ("t.py::a",)), "failures")
    found = first_wrong([*events[:-1], FailuresHidden(3, tests), events[-1]])
    assert found is not None and (found.step, found.seen) == (2, 3)


def test_it_says_why_and_where_it_showed() -> None:
    found = first_wrong(session(PASS, Did("edit x", tree="t1"), Did("ls"), Did("pytest -q", 1, "2 failed")))
    assert found is not None and (found.step, found.seen) == (2, 4)
    assert found.why == "tests passed at step 1 and are worse at step 4"


def test_verify_speaks_where_nothing_else_does() -> None:
    events = session(Did("cat x"), Did("edit x", tree="t1"), Did("edit y", tree="t2"))
    assert first_wrong([*events, verified(0)]) is None
    assert first_wrong([*events, verified(1, before=1)]) is None
    assert first_wrong([*events, verified(1, before=None)]) is None
    found = first_wrong([*events, verified(1)])
    assert found is not None and found.step == 2 and "hidden" not in found.why


def test_what_the_user_changed_between_rounds_is_nobodys_fault() -> None:
    second = session(Did("pytest -q", 1, "1 failed"), Did("edit x", tree="t1"), first=2, found="by the user")
    assert first_wrong([*session(PASS), *second]) is None


@given(
    st.lists(
        st.builds(
            Did,
            st.sampled_from(["pytest -q", "edit x", "ls", "cd a && make test", "x <<'E'\n\x00é\nE", "'"]),
            st.integers(0, 130),
            st.sampled_from(["", "2 failed", "9999999999999 failed", "errors=3"]),
            st.sampled_from(["", "start", "t1", "t2"]),
        ),
        max_size=12,
    )
)
def test_whatever_happened_it_names_a_step_or_none(steps: list[Did]) -> None:
    found = first_wrong(session(*steps))
    assert found is None or 1 <= found.step <= found.seen <= len(steps)
