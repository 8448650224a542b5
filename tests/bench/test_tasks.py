"""Tasks are complete and fair, and their repositories hold one release and nothing that leads to the other."""

from __future__ import annotations

import io
import re
import tarfile
from collections import Counter
from pathlib import Path, PurePosixPath

import pytest
from tasks import DIFFICULTIES, Places, Task, TaskError, checkout, load, load_all, prepared, unpack

from tests.bench.conftest import DESCRIPTION, OLD
from tests.conftest import git

ROOT = Path(__file__).parents[2]


# ---- the tasks of this checkout


@pytest.mark.parametrize("task", load_all(), ids=lambda task: task.name)
def test_a_task_is_complete(task: Task) -> None:
    assert task.old != task.fixed
    assert task.turn
    assert len({*task.turn, *task.keep}) == len(task.turn) + len(task.keep)
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in task.requires), "every requirement is pinned"
    for file in task.files:
        assert any(PurePosixPath(file).match(glob.replace("**/", "")) or _within(file, glob) for glob in task.tests)


def _within(file: str, glob: str) -> bool:
    return file.startswith(glob.partition("*")[0])


@pytest.mark.parametrize("task", load_all(), ids=lambda task: task.name)
def test_an_issue_leads_to_no_fix(task: Task) -> None:
    assert task.fixed not in task.issue
    assert "://" not in task.issue
    assert not re.search(r"#\d{3}", task.issue)


def test_there_are_enough_tasks_and_pairs() -> None:
    per_package = Counter(task.package for task in load_all())

    assert per_package.total() >= 8
    assert len(per_package) >= 5
    assert sum(number == 2 for number in per_package.values()) >= 3
    assert {task.difficulty for task in load_all()} == set(DIFFICULTIES)


def test_no_task_is_about_what_livecoder_itself_installs() -> None:
    """Its sandbox shows its own environment, and there the fixed release would lie."""
    pins = "".join((ROOT / ".ci" / name).read_text() for name in ("requirements.txt", "requirements-dev.txt"))
    installed = {name.lower().replace("_", "-") for name in re.findall(r"^([\w.-]+)==", pins, re.MULTILINE)}

    assert "tomlkit" in installed
    assert installed.isdisjoint(task.package for task in load_all())


# ---- what is no task


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('old = "1.0"\n', ""), "`old` is missing"),
        (('old = "1.0"', 'old = "1.0"\nurl = "x"'), "unknown keys url"),
        (('old = "1.0"', "old = 1.0"), "`old = 1.0` is no str"),
        (('suite = ["tests"]', 'suite = "tests"'), "`suite = 'tests'`"),
        (('difficulty = "easy"', 'difficulty = "so so"'), "difficulty is one of"),
        (('files = ["tests/test_tally.py"]', 'files = ["tests/other.py"]'), "is in none of `files`"),
        (('old = "1.0"', "old = "), "Invalid value"),
    ],
)
def test_a_bad_description_is_refused(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    (tmp_path / "bad.toml").write_text(DESCRIPTION.replace(*change))

    with pytest.raises(TaskError, match=re.escape(complaint)):
        load("bad", tmp_path)


def test_an_unknown_task_is_answered_with_the_known_ones() -> None:
    with pytest.raises(TaskError, match="black-line-ranges"):
        load("no-such-task")


# ---- the repository


def test_a_checkout_is_one_commit_of_the_old_release(task: Task, places: Places) -> None:
    project = checkout(task, places)

    assert project == places.work / "tally"
    assert set(git(project, "ls-files").split()) == OLD.keys()
    assert git(project, "log", "--all", "--format=%s") == "tally 1.0\n"
    assert git(project, "status", "--porcelain") == ""


def test_nothing_in_or_above_a_repository_leads_to_the_fixed_release(task: Task, places: Places) -> None:
    project = checkout(task, places)

    assert not any(task.fixed in path.name for path in places.work.rglob("*"))
    assert not any(b"test_several" in path.read_bytes() for path in places.work.rglob("*") if path.is_file())
    assert not places.cache.is_relative_to(project.parent)


def test_an_installed_package_is_the_tree_itself_and_leaves_it_clean(environment: Path) -> None:
    (link,) = environment.glob(".venv/lib/python3*/site-packages/tally.pth")

    assert link.read_text() == str(environment / "src")
    assert git(environment, "status", "--porcelain") == ""


def test_preparing_again_begins_anew(task: Task, places: Places) -> None:
    project = checkout(task, places)
    (project / "src/tally.py").write_text("gone wrong\n")
    (project / "notes").touch()

    assert checkout(task, places) == project == prepared(task, places)
    assert git(project, "status", "--porcelain") == ""


def test_what_was_not_made_here_is_left_alone(task: Task, places: Places) -> None:
    mine = places.project(task) / "mine"
    mine.parent.mkdir(parents=True)
    mine.touch()

    with pytest.raises(TaskError, match="was not made here"):
        checkout(task, places)
    assert mine.exists()


def test_what_is_not_prepared_is_not_graded(task: Task, places: Places) -> None:
    with pytest.raises(TaskError, match="not prepared"):
        prepared(task, places)


def test_an_archive_that_reaches_outside_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("evil-1.0/../../outside"), io.BytesIO())

    (tmp_path / "place").mkdir()
    with pytest.raises(tarfile.OutsideDestinationError):
        unpack(tmp_path / "evil.tar.gz", tmp_path / "place/evil")
