"""The table of endings: what a round amounts to, by exit code, outcome and reason. The agent's words decide nothing."""

from __future__ import annotations

import dataclasses
from typing import get_args

import pytest

from livecoder.endings import CODES, SIGNAL_CODES, TAMPERED, Bill, Facts, judge
from livecoder.events import (
    ChangedTests,
    Ending,
    Names,
    PatchMade,
    PermissionDenied,
    RanTests,
    Reflected,
    RoundEnded,
    ToolCreated,
    ToolUsed,
    Usage,
    Verified,
    Warned,
)
from livecoder.task import Task

TASK = Task("fix it")


def facts(
    ending: Ending = "success", verify: int | None = None, weakened: tuple[str, ...] = (), files: int = 1, code: int = 0
) -> Facts:
    ended = RoundEnded(1, ending, "All is well.", f"because of {ending}", 3)
    found = Facts(TASK, ended, "tree", code=code, made=PatchMade(files, 1, 1, ("a",) * files))
    if verify is not None:
        found.verified = Verified("pytest -q", verify, 1, "copy", "", weakened, "", 1.0)
    return found


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("error_unsolved", 1),
        ("error_blocked", 5),
        ("error_verify", 6),
        ("error_max_turns", 53),
        ("error_max_budget_usd", 53),
        ("error_max_tokens", 53),
        ("error_no_progress", 53),
        ("error_internal", 70),
        ("error_provider", 75),
        ("error_timeout", 124),
        ("interrupted", 130),
    ],
)
def test_every_ending_but_success_is_a_failure_with_its_code(ending: Ending, code: int) -> None:
    judged = judge(facts(ending), must_change=False)
    assert (judged.ending, judged.outcome, judged.exit_code) == (ending, "failed", code)
    assert judged.reason == f"because of {ending}"


def test_the_table_has_every_ending() -> None:
    assert set(CODES) == set(get_args(Ending))


def test_without_a_verify_command_success_is_a_claim() -> None:
    judged = judge(facts(), must_change=False)
    assert (judged.ending, judged.outcome, judged.exit_code) == ("success", "claimed", 0)


def test_verify_decides() -> None:
    good, bad = judge(facts(verify=0), must_change=False), judge(facts(verify=2), must_change=False)
    assert (good.ending, good.outcome, good.exit_code, good.reason) == (
        "success",
        "verified",
        0,
        "verify passes: pytest -q",
    )
    assert (bad.ending, bad.outcome, bad.exit_code, bad.reason) == (
        "error_verify",
        "failed",
        6,
        "verify exits 2: pytest -q",
    )


def test_the_reason_names_the_first_tests_that_newly_fail() -> None:
    found = facts(verify=1)
    assert found.verified
    broken, new = Names(2, ("t.py::a", "t.py::b")), Names(7, ("t.py::c", "t.py::d"))
    changed = ChangedTests(fixed=Names(1, ("t.py::x",)), broken=broken, new_failing=new)
    found.verified = dataclasses.replace(found.verified, changed=changed)
    judged = judge(found, must_change=False)
    assert judged.exit_code == 6
    assert judged.reason == "verify exits 1: pytest -q (newly failing: t.py::a, t.py::b, t.py::c and 6 more)"


def test_what_failed_before_as_well_is_no_reason_of_the_change() -> None:
    found = facts(verify=1)
    assert found.verified
    changed = ChangedTests(still_failing=Names(1, ("t.py::a",)))
    found.verified = dataclasses.replace(found.verified, changed=changed)
    assert judge(found, must_change=False).reason == "verify exits 1: pytest -q"


def test_a_verify_that_passes_is_verified_whatever_its_tests_are_said_to_be() -> None:
    found = facts(verify=0)
    assert found.verified
    changed = ChangedTests(broken=Names(1, ("t.py::a",)))
    found.verified = dataclasses.replace(found.verified, changed=changed)
    judged = judge(found, must_change=False)
    assert (judged.outcome, judged.exit_code, judged.reason) == ("verified", 0, "verify passes: pytest -q")


@pytest.mark.parametrize("now", [None, RanTests("pytest", 0, 0, 0, 3, Names(), "all")])
def test_a_verify_that_passes_without_the_tests_that_the_base_ran_is_a_claim(now: RanTests | None) -> None:
    three = RanTests("pytest", 1, 2, 0, 1, Names(), "all")
    judged = judge(ran(now, three), must_change=False)
    assert (judged.ending, judged.outcome, judged.exit_code) == ("success", "claimed", 0)
    assert judged.reason == "verify passes, but no test is seen to have run; on the base there were 3"
    skipped = dataclasses.replace(three, passed=0, failed=0)
    for tests, base in ((three, three), (three, None), (None, None), (now, skipped)):
        assert judge(ran(tests, base), must_change=False).outcome == "verified"


def ran(tests: RanTests | None, base: RanTests | None) -> Facts:
    found = facts(verify=0)
    assert found.verified
    found.verified = dataclasses.replace(found.verified, tests=tests, base_tests=base)
    return found


def test_tests_that_were_weakened_verify_nothing() -> None:
    judged = judge(facts(verify=0, weakened=("tests/a.py: deleted",)), must_change=False)
    assert (judged.outcome, judged.exit_code) == ("failed", 6)
    assert judged.reason == "verify passes, but tests were weakened: tests/a.py: deleted"
    harmless = ("test configuration changed: pyproject.toml",)
    assert judge(facts(verify=0, weakened=harmless), must_change=False).outcome == "verified"


def test_what_passes_in_place_alone_is_a_claim() -> None:
    found = facts()
    found.verified = Verified("pytest -q", 0, None, "in place", "the dependencies take 9.9 GB", (), "", 1.0)
    judged = judge(found, must_change=False)
    assert (judged.ending, judged.outcome, judged.exit_code) == ("success", "claimed", 0)
    assert judged.reason == "verify passes, but only in place: the dependencies take 9.9 GB"


def test_who_changed_the_dependencies_and_so_made_it_run_in_place_has_verified_nothing() -> None:
    found = facts()
    found.verified = Verified("pytest -q", 0, None, "in place", f"venv/x.py {TAMPERED}", (), "", 1.0)
    judged = judge(found, must_change=False)
    assert (judged.ending, judged.outcome, judged.exit_code) == ("error_verify", "failed", 6)
    assert judged.reason == f"verify passes, but only in place: venv/x.py {TAMPERED}"


def test_what_a_round_cost_is_what_the_session_did_less_what_it_had_before() -> None:
    start = Bill(Usage(10, 4, 1), 0.5, 2.0, 100, 0.25)
    now = Bill(Usage(15, 6, 3), 0.75, 3.0, 160, 0.5)
    assert now.since(start) == Bill(Usage(5, 2, 2), 0.25, 1.0, 60, 0.25)


def test_a_fix_without_a_change_is_none() -> None:
    judged = judge(facts(files=0, verify=0), must_change=True)
    assert (judged.ending, judged.outcome, judged.exit_code) == ("error_unsolved", "failed", 1)
    assert judge(facts(files=0), must_change=False).outcome == "claimed"


@pytest.mark.parametrize(("cause", "code"), [("hangup", 129), ("interrupt", 130), ("terminate", 143)])
def test_a_signal_has_its_own_code_whenever_it_came(cause: str, code: int) -> None:
    assert SIGNAL_CODES[cause] == code
    for found in (facts("interrupted", code=code), facts(code=code), facts(verify=0, code=code)):
        judged = judge(found, must_change=False)
        assert (judged.exit_code, judged.outcome, judged.ending) == (code, "failed", "interrupted")


def test_a_provider_that_refused_for_good_keeps_its_code() -> None:
    assert judge(facts("error_provider", code=4), must_change=False).exit_code == 4


def test_facts_are_gathered_from_events() -> None:
    found = facts()
    denied, ended = PermissionDenied(1, "network", "no"), RoundEnded(1, "error_timeout", "", "late", 2)
    used = ToolUsed("edit", 1, (), "", "/", 0, "t")
    for event in (denied, used, used, ToolCreated("count", "x", 1, 1), Reflected("pending"), Warned("x"), ended):
        found.note(event)
    assert (found.denials, found.used, found.created) == ([denied], ["edit"], ["count"])
    assert (found.reflection, found.ended) == ("pending", ended)
