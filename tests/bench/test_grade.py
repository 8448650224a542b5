"""A grade is what both releases' tests say, whatever the solver did to the tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from grade import Grade, baseline, fixed_verdicts, grade, junit_name, verdict
from tasks import Places, Task

from tests.bench.conftest import FIXED
from tests.conftest import git

SEVERAL = "tests/test_tally.py::test_several"
KNOWN_DEFECT = "tests/test_tally.py::test_known_defect"
NEGATIVE = "tests/test_tally.py::test_negative"
NOTHING, ONE = "tests.test_tally::test_nothing", "tests.test_tally::test_one"
FIX = FIXED["src/tally.py"]


@pytest.fixture
def graded(task: Task, project: Path, shared_places: Places) -> Grade:
    return grade(task, project, shared_places)


def test_the_old_release_is_not_solved(graded: Grade) -> None:
    assert not graded.solved
    assert (graded.turned, graded.unturned, graded.broken) == ((), (SEVERAL, KNOWN_DEFECT), ())


def test_the_fixed_release_shows_that_the_task_is_one(task: Task, project: Path, shared_places: Places) -> None:
    before = baseline(task, project, shared_places)

    assert before.graded == {SEVERAL: "failed", KNOWN_DEFECT: "failed", NEGATIVE: "passed"}
    assert before.suite == dict.fromkeys([NOTHING, ONE, "tests.test_tally::test_known_defect"], "passed")
    assert set(fixed_verdicts(task, project, shared_places).values()) == {"passed"}


def test_a_fix_solves_it_though_a_test_of_the_old_release_asked_for_the_bug(
    task: Task, project: Path, shared_places: Places
) -> None:
    (project / "src/tally.py").write_text(FIX)

    graded = grade(task, project, shared_places)
    assert graded.solved
    assert (graded.turned, graded.unturned, graded.broken) == ((SEVERAL, KNOWN_DEFECT), (), ())


def test_half_a_fix_turns_no_test_of_which_one_case_fails(task: Task, project: Path, shared_places: Places) -> None:
    (project / "src/tally.py").write_text(
        "def total(numbers):\n    return 6 if len(numbers) == 3 else max([0, *numbers])\n"
    )

    assert grade(task, project, shared_places).unturned == (SEVERAL, KNOWN_DEFECT)


def test_a_test_that_passes_in_one_of_two_runs_is_not_broken(task: Task, project: Path, shared_places: Places) -> None:
    (project / "src/tally.py").write_text(
        "import pathlib\n\nseen = pathlib.Path(__file__).with_name('seen')\nfirst = not seen.exists()\nseen.touch()\n\n"
        "def total(numbers):\n    return None if first and not numbers else sum(numbers)\n"
    )
    assert grade(task, project, shared_places).broken == ()


def test_what_a_fix_breaks_is_named(task: Task, project: Path, shared_places: Places) -> None:
    (project / "src/tally.py").write_text("def total(numbers):\n    return abs(sum(numbers)) if numbers else None\n")

    graded = grade(task, project, shared_places)
    assert not graded.solved
    assert (graded.turned, graded.broken) == ((SEVERAL, KNOWN_DEFECT), (NOTHING, NEGATIVE))


def test_a_tree_that_cannot_be_imported_breaks_all(task: Task, project: Path, shared_places: Places) -> None:
    (project / "src/tally.py").write_text("def\n")

    graded = grade(task, project, shared_places)
    assert graded.unturned == (SEVERAL, KNOWN_DEFECT)
    assert graded.broken == (NOTHING, ONE, NEGATIVE)


def test_the_solvers_tests_count_for_nothing(task: Task, project: Path, shared_places: Places) -> None:
    (project / "src/tally.py").write_text("def total(numbers):\n    return sum(numbers) or None\n")
    (project / "tests/test_tally.py").write_text("def test_nothing(): pass\n")
    (project / "tests/conftest.py").write_text("collect_ignore_glob = ['*']\n")

    assert grade(task, project, shared_places).broken == (NOTHING,)


def test_the_tree_is_left_as_it_was(task: Task, project: Path, shared_places: Places) -> None:
    (project / "src/tally.py").write_text(FIX)
    (project / "tests/test_mine.py").write_text("def test_mine(): open('written', 'w')\n")

    grade(task, project, shared_places)
    assert git(project, "status", "--porcelain") == " M src/tally.py\n?? tests/test_mine.py\n"


def test_the_baseline_is_never_what_a_solver_made(task: Task, project: Path, places: Places) -> None:
    (project / "src/tally.py").write_text(FIX)

    assert baseline(task, project, places).graded[SEVERAL] == "failed"


def test_the_baseline_is_run_once(task: Task, project: Path, places: Places) -> None:
    baseline(task, project, places)
    (kept,) = (places.cache / "baselines").iterdir()
    kept.write_text(kept.read_text().replace("failed", "told by the cache"))

    assert baseline(task, project, places).graded[SEVERAL] == "told by the cache"


@pytest.mark.parametrize(
    ("outcomes", "word"),
    [
        ({}, "missing"),
        ({"a.T::b": "passed"}, "passed"),
        ({"a.T::b[1]": "passed", "a.T::b[2]": "failed"}, "failed"),
        ({"a.T::b[1]": "passed", "a.T::b[2]": "skipped"}, "passed"),
        ({"a.T::b[1]": "skipped"}, "skipped"),
        ({"a.T::bc": "passed", "a.T::b": "failed"}, "failed"),
        ({"a.T::bc": "passed", "b.T::b": "passed"}, "missing"),
    ],
)
def test_the_verdict_on_a_test_is_that_on_all_its_cases(outcomes: dict[str, str], word: str) -> None:
    assert verdict("a.py::T::b", outcomes) == word


def test_a_case_is_judged_alone() -> None:
    assert verdict("a.py::b[1]", {"a::b[1]": "passed", "a::b[2]": "failed"}) == "passed"


@pytest.mark.parametrize(
    ("test", "name"),
    [
        ("tests/test_a.py::test_b", "tests.test_a::test_b"),
        ("tests/x/test_a.py::TestB::test_c[d/e.py::f]", "tests.x.test_a.TestB::test_c[d/e.py::f]"),
    ],
)
def test_pytests_ids_are_found_in_junits_names(test: str, name: str) -> None:
    assert junit_name(test) == name
