"""Tests that the engine runs: with a report where pytest can give one, compared test by test, told in events."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from looping import Rounds, observed, of, say
from placing import Place, never, placed

from livecoder.events import BaseRan, ChangedTests, FailuresHidden, Names, RanTests, Verified
from livecoder.loop import drained
from livecoder.tested import NAMES, HiddenFailures, LastRuns, changed_tests, ran_tests
from livecoder.testruns import Counts, TestRun
from livecoder.testruns.compare import Change
from livecoder.verify import BaseRuns, verify

PYTEST = f"PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 {sys.executable} -m pytest -p no:cacheprovider"
MODULE = "def add(a, b):\n    return a - b\n\ndef double(a):\n    return a * 2\n"
TESTS = """
from mod import add, double

def test_add():
    assert add(1, 2) == 3

def test_double():
    assert double(2) == 4

def test_never():
    assert add(1, 1) == 3
"""


@pytest.fixture
def place(tmp_path: Path, make_repository: Callable[..., Path]) -> Iterator[Place]:
    root = make_repository({"mod.py": MODULE, "test_mod.py": TESTS, "conftest.py": "", "check": f"{PYTEST} -q\n"})
    with placed(tmp_path, root) as there:
        yield there


def change(place: Place) -> None:
    """`add` is repaired, `double` is broken, and a new test that fails comes with it."""
    (place.root / "mod.py").write_text(MODULE.replace("a - b", "a + b").replace("a * 2", "a * 3"))
    (place.root / "test_new.py").write_text("def test_new():\n    assert False\n")


def verified(place: Place, command: str) -> Verified:
    change(place)
    return verify(command, place.rooms, place.trees(), (), never)


EXPECTED = ChangedTests(
    fixed=Names(1, ("test_mod.py::test_add",)),
    broken=Names(1, ("test_mod.py::test_double",)),
    new_failing=Names(1, ("test_new.py::test_new",)),
    still_failing=Names(1, ("test_mod.py::test_never",)),
)


# ---- verify


def test_verify_says_what_became_of_each_test(place: Place) -> None:
    found = verified(place, f"{PYTEST} -q")
    assert (found.exit_code, found.base_exit_code, found.changed) == (1, 1, EXPECTED)
    failing = Names(3, ("test_mod.py::test_double", "test_mod.py::test_never", "test_new.py::test_new"))
    assert found.tests == RanTests("pytest", 1, 3, 0, 0, failing, "all")


@pytest.mark.parametrize("command", ["sh check", f"{PYTEST} -q -rN --tb=no", f"{PYTEST} -q | tail -1"])
def test_the_report_names_what_is_not_printed(place: Place, command: str) -> None:
    assert verified(place, command).changed == EXPECTED


def test_what_was_asked_of_pytest_is_not_seen_in_its_output(place: Place) -> None:
    found = verified(place, PYTEST)
    assert "3 failed, 1 passed" in found.output and "junit" not in found.output


KNOWN_FROM_TEXT = dataclasses.replace(
    EXPECTED, broken=Names(2, ("test_mod.py::test_double", "test_new.py::test_new")), new_failing=Names()
)
"""Where passing tests are not named, nobody knows that one is new."""


def test_who_does_without_reports_is_read_by_what_is_printed(place: Place) -> None:
    assert verified(place, f"{PYTEST} -q -p no:junitxml").changed == KNOWN_FROM_TEXT


def test_also_where_only_pytest_is_told_so(place: Place) -> None:
    """Our wish is a mistake to it then: the command runs again as it is."""
    (place.root / "check").write_text(f"echo once >> ran; cat ran; {PYTEST} -q -p no:junitxml\n")
    found = verified(place, "sh check")
    assert found.exit_code == 1 and found.changed == EXPECTED
    assert found.output.count("once") == 1 and "unrecognized" not in found.output


def test_a_report_of_the_users_own_is_written_as_ever(place: Place) -> None:
    own = verified(place, f"{PYTEST} -q --junitxml=own.xml; grep -c testcase own.xml")
    assert own.exit_code == 0 and own.changed == KNOWN_FROM_TEXT


CONFIGURED = {
    "pytest.ini": "[pytest]\naddopts = --junitxml=own.xml\n",
    "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "--junitxml=own.xml"\n',
}


@pytest.mark.parametrize("name", CONFIGURED)
def test_so_is_one_that_the_project_has_configured(place: Place, name: str) -> None:
    (place.root / name).write_text(CONFIGURED[name])
    found = verified(place, f"{PYTEST} -q; grep -c testcase own.xml")
    assert found.exit_code == 0 and found.tests and found.tests.failed == 3


def test_options_of_the_commands_own_environment_stand(place: Place) -> None:
    found = verified(place, f"PYTEST_ADDOPTS=-x {PYTEST} -q")
    assert found.tests and found.tests.ended_early and found.tests.failed == 1


def test_two_runs_in_one_command_are_told_together(place: Place) -> None:
    found = verified(place, f"{PYTEST} -q test_mod.py; {PYTEST} -q test_new.py")
    assert found.tests and found.tests.failed == 3 and found.tests.named == "failures"
    assert found.changed and found.changed.fixed == EXPECTED.fixed


FORGED = {
    "a link": "ln -s /etc/passwd /run/lc/in/junit.xml",
    "a pipe": "mkfifo /run/lc/in/junit.xml",
    "a folder": "mkdir /run/lc/in/junit.xml",
    "no XML": "echo hello > /run/lc/in/junit.xml",
    "too much": "head -c 17M /dev/zero > /run/lc/in/junit.xml",
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_what_is_no_report_is_as_good_as_absent(place: Place, forge: str) -> None:
    found = verified(place, f"{forge}; echo '1 failed, 2 passed in 0.1s'; exit 1")
    assert found.tests and (found.tests.failed, found.tests.passed, found.tests.named) == (1, 2, "some")


def test_a_command_that_runs_no_tests_says_nothing_of_any(place: Place) -> None:
    found = verified(place, "test -f mod.py")
    assert found.tests is None and found.changed is None


def test_a_long_output_is_read_beyond_its_view(place: Place) -> None:
    lines = 'for n in $(seq 3000); do echo "test part::number_$n ... ok"; done'
    result = "test result: ok. 3000 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.07s"
    found = verified(place, f"echo; echo 'running 3000 tests'; {lines}; echo '{result}'")
    assert len(found.output) < 60_000 and found.tests == RanTests("cargo test", 3000, 0, 0, 0, Names(), "all")


# ---- in the session


def test_the_sessions_own_commands_are_asked_for_nothing(place: Place) -> None:
    asked = drained(place.rooms.sandbox.run('echo "[$PYTEST_ADDOPTS]"', 20, never))
    assert asked.output == "[]\n" and asked.report is None
    with place.rooms.copy(place.base) as copy:
        assert copy.run('echo "[$PYTEST_ADDOPTS]"', 20).output == "[]\n"


def played(place: Place, *commands: str, last: LastRuns | None = None) -> tuple[list[BaseRan], list[str]]:
    runs = BaseRuns(place.rooms, place.base, 60.0, never, last or LastRuns())
    rounds = Rounds(place.rooms.sandbox, watchers=[runs], timeout=60.0)
    events, _ = rounds.play([say(*commands), "done"])
    return of(BaseRan, events), observed(rounds.state.messages)


def test_a_run_on_the_base_says_what_its_tests_were(place: Place) -> None:
    (ran,), (text,) = played(place, f"lc base '{PYTEST} -q test_mod.py'")
    failing = Names(2, ("test_mod.py::test_add", "test_mod.py::test_never"))
    assert ran.tests == RanTests("pytest", 1, 2, 0, 0, failing, "all") and ran.changed is None
    assert "from the base" not in text


def test_a_pipe_does_not_hide_which_tests_failed_on_the_base(place: Place) -> None:
    _, (text,) = played(place, f"lc base '{PYTEST} -q test_mod.py | tail -n 1'")
    assert text.endswith("[exit 0]\nfailed there: test_mod.py::test_add, test_mod.py::test_never")


TEXT_CHANGE = ChangedTests(fixed=EXPECTED.fixed, broken=EXPECTED.broken, still_failing=EXPECTED.still_failing)
LINE = (
    "from the base to step {}: 1 fixed: test_mod.py::test_add; 1 newly failing: test_mod.py::test_double; "
    "1 failed before and fails now"
)


def test_it_is_compared_with_the_last_run_of_the_same_command(place: Place) -> None:
    change(place)
    command = f"{PYTEST} -q test_mod.py"
    (ran,), texts = played(place, command, "echo between", f"lc base {command}")
    assert ran.changed == TEXT_CHANGE
    assert LINE.format(1) in texts[2]


def test_also_in_one_step_and_whatever_is_cut_of_it(place: Place) -> None:
    change(place)
    (ran,), texts = played(place, f"cd . && {PYTEST} -q test_mod.py 2>&1 | tail -5; lc base '{PYTEST} -q test_mod.py'")
    assert ran.changed == TEXT_CHANGE and LINE.format(1) in texts[0]


def test_a_new_test_that_the_base_cannot_even_load_is_fixed(place: Place) -> None:
    (place.root / "mod.py").write_text(f"{MODULE}\ndef triple(a):\n    return a * 3\n")
    (place.root / "test_new.py").write_text("from mod import triple\n\ndef test_new():\n    assert triple(1) == 3\n")
    (ran,), _ = played(place, f"{PYTEST} -v test_new.py; lc base --with test_new.py {PYTEST} -v test_new.py")
    assert ran.changed == ChangedTests(fixed=Names(1, ("test_new.py::test_new",)))


def test_of_another_command_nothing_is_compared(place: Place) -> None:
    (ran,), _ = played(place, f"{PYTEST} -q -k add test_mod.py", f"lc base '{PYTEST} -q test_mod.py'")
    assert ran.tests and ran.changed is None


def test_the_last_run_may_be_of_an_earlier_round(place: Place) -> None:
    change(place)
    last = LastRuns()
    played(place, f"{PYTEST} -q test_mod.py", last=last)
    (ran,), _ = played(place, f"lc base '{PYTEST} -q test_mod.py'", last=last)
    assert ran.changed == TEXT_CHANGE


def test_what_was_forgotten_is_not_compared(place: Place) -> None:
    assert LastRuns().of("pytest") is None and LastRuns().of("") is None


# ---- events


def test_events_hold_the_first_names_and_the_whole_number() -> None:
    names = tuple(f"t.py::test_{number}" for number in range(NAMES + 9))
    found = changed_tests(Change(fixed=names))
    assert found == ChangedTests(fixed=Names(NAMES + 9, names[:NAMES]))
    run = TestRun("pytest", dict.fromkeys(names, "failed"), Counts(failed=len(names)), "all", ended_early=True)
    told = ran_tests(run)
    assert told and told.failing == Names(NAMES + 9, names[:NAMES]) and told.ended_early
    assert ran_tests(None) is None and changed_tests(None) is None


# ---- an exit code that does not tell


@pytest.mark.parametrize("hides", ["| tail -3", "; echo over", "|| true"])
def test_failures_behind_exit_0_are_an_event_and_no_more_words_for_the_model(place: Place, hides: str) -> None:
    rounds = Rounds(place.rooms.sandbox, watchers=[HiddenFailures()], timeout=120.0)
    events, _ = rounds.play([say(f"{PYTEST} -q {hides}"), "done"])
    (hidden,) = of(FailuresHidden, events)
    assert (hidden.step, hidden.tests.failed, hidden.tests.passed) == (1, 2, 1)
    (text,) = observed(rounds.state.messages)
    assert "2 failed, 1 passed" in text and text.endswith("\n[exit 0]")


@pytest.mark.parametrize(
    "command",
    [
        f"{PYTEST} -q",
        f"{PYTEST} -q -k double | tail -3",
        f"{PYTEST} -q >log; echo over",
        f"{PYTEST} -q >log || cat log >&2; exit 3",
        "echo '1 failed, 2 passed in 0.01s'",
    ],
    ids=["the exit code tells", "none failed", "nothing was printed", "another exit code", "no tests were run"],
)
def test_nothing_is_said_where_nothing_is_hidden_or_known(place: Place, command: str) -> None:
    events, _ = Rounds(place.rooms.sandbox, watchers=[HiddenFailures()], timeout=120.0).play([say(command), "done"])
    assert not of(FailuresHidden, events)
