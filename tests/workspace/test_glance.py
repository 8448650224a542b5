"""Branch, last commits and untracked files, of any repository that git can have made, and of others."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.workspace import glance as module
from livecoder.workspace.git import Git
from livecoder.workspace.glance import COMMITS, Commit, Glance, glance
from tests.conftest import git

MakeRepository = Callable[..., Path]


def seen(root: Path) -> Glance:
    return glance(root, root / ".git")


def commit(root: Path, subject: str, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(subject)
    git(root, "add", "-A")
    git(root, "commit", "-qm", subject)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes longer is left out, and a busy machine may take longer."""
    monkeypatch.setattr(module, "SECONDS", 60.0)


def test_the_last_commits_with_the_paths_that_they_changed(make_repository: MakeRepository) -> None:
    root = make_repository({"a.py": "", "b/c.py": ""})
    commit(root, "fix: größe", "b/c.py", "new.py")
    git(root, "rm", "-q", "a.py")
    git(root, "mv", "new.py", "moved.py")
    git(root, "commit", "-qm", "move\n\nwith a body")
    assert seen(root).commits == (
        Commit("move", ("a.py", "moved.py", "new.py")),
        Commit("fix: größe", ("b/c.py", "new.py")),
    )


def test_at_most_twenty_the_newest_first(make_repository: MakeRepository) -> None:
    root = make_repository()
    for number in range(COMMITS + 2):
        commit(root, f"number {number}", f"f{number}")
    subjects = [commit.subject for commit in seen(root).commits]
    assert len(subjects) == COMMITS and subjects[0] == f"number {COMMITS + 1}"


def test_neither_a_merge_nor_the_first_commit_is_told(make_repository: MakeRepository) -> None:
    root = make_repository()
    git(root, "checkout", "-qb", "side")
    commit(root, "aside", "a")
    git(root, "checkout", "-q", "main")
    commit(root, "ahead", "b")
    git(root, "merge", "-q", "--no-edit", "side")
    assert {commit.subject for commit in seen(root).commits} == {"aside", "ahead"}


def test_untracked_files_are_named_as_git_status_does(make_repository: MakeRepository) -> None:
    root = make_repository({"a.py": "", ".gitignore": "*.log\nbuild/\n"})
    for path in ("notes.txt", "scratch/deep/x", "scratch/y", "x.log", "build/z"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    assert seen(root).untracked == ("notes.txt", "scratch/")


@pytest.mark.parametrize(
    ("prepare", "head"),
    [
        ((), "on main"),
        (("checkout", "-qb", "feat/größe"), "on feat/größe"),
        (("checkout", "-q", "--detach"), "on detached at "),
        (("checkout", "-q", "--orphan", "new"), "on new"),
    ],
)
def test_the_branch(make_repository: MakeRepository, prepare: tuple[str, ...], head: str) -> None:
    root = make_repository()
    if prepare:
        git(root, *prepare)
    assert seen(root).head.startswith(head)


def test_a_repository_without_a_commit_has_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "a").touch()
    assert seen(tmp_path) == Glance("on main", (), ("a",))


def test_a_linked_worktree_has_its_own_branch(make_repository: MakeRepository) -> None:
    root = make_repository()
    commit(root, "one", "a")
    git(root, "worktree", "add", "-q", "-b", "other", "../linked")
    found = glance(root.parent / "linked", root / ".git/worktrees/linked")
    assert found.head == "on other" and len(found.commits) == 1


def test_names_that_look_like_something_else_are_paths(make_repository: MakeRepository) -> None:
    root = make_repository()
    commit(root, "odd", "\nx", "a\nb", "\x01y", '"q"', os.fsdecode(b"caf\xe9"))
    assert set(seen(root).commits[0].paths) == {"\nx", "a\nb", "\x01y", '"q"', os.fsdecode(b"caf\xe9")}


def test_a_long_subject_is_cut(make_repository: MakeRepository) -> None:
    root = make_repository()
    commit(root, "x" * 5000, "a")
    assert len(seen(root).commits[0].subject) == 200


def test_more_paths_than_fit_are_left_out(make_repository: MakeRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_repository()
    commit(root, "many", *(f"d/file-{number:04}" for number in range(500)))
    for number in range(300):
        (root / f"untracked-{number:03}").touch()
    monkeypatch.setattr(module, "MAX_BYTES", 4096)
    found = seen(root)
    assert 0 < len(found.commits[0].paths) < 500 and 0 < len(found.untracked) < 300


@pytest.mark.parametrize("name", [".gitignore", ".mailmap", ".gitattributes"])
def test_a_fifo_in_the_place_of_a_file_that_git_reads_holds_nothing_up(
    make_repository: MakeRepository, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    root = make_repository()
    commit(root, "one", "a")
    os.mkfifo(root / name)
    monkeypatch.setattr(module, "SECONDS", 0.5)
    assert [commit.subject for commit in seen(root).commits] == ["one"]


@pytest.mark.parametrize("damage", ["HEAD", "index", "objects"])
def test_what_git_cannot_read_says_nothing(make_repository: MakeRepository, damage: str) -> None:
    root = make_repository()
    if damage == "objects":
        for path in (root / ".git/objects").rglob("*"):
            if path.is_file():
                path.unlink()
    else:
        (root / ".git" / damage).write_bytes(b"\xff" * 5000)
    assert isinstance(seen(root), Glance)


# ---- a glimpse of git's output


def test_a_glimpse_ends_a_command_that_says_more(make_repository: MakeRepository) -> None:
    root = make_repository({"big": "x" * 5_000_000})
    assert Git(root / ".git").glimpse("cat-file", "blob", "HEAD:big", limit=1000, seconds=60) == b"x" * 1000


def test_a_glimpse_of_a_command_that_hangs_is_what_it_said(make_repository: MakeRepository) -> None:
    root = make_repository()
    os.mkfifo(root / "fifo")
    assert Git(root / ".git").glimpse("hash-object", str(root / "fifo"), limit=1000, seconds=0.2) == b""


@pytest.mark.parametrize("stdin", [b"", b"x" * 60_000])
def test_a_glimpse_of_a_command_that_fails_is_empty(make_repository: MakeRepository, stdin: bytes) -> None:
    root = make_repository()
    assert Git(root / ".git").glimpse("no-such-command", stdin=stdin, limit=1000, seconds=60) == b""


@given(st.lists(st.tuples(st.text("ab ", max_size=3), st.lists(st.text("x\n/", min_size=1, max_size=3)))))
def test_subjects_and_paths_are_told_apart_in_any_output(commits: list[tuple[str, list[str]]]) -> None:
    fields: list[str] = []
    for subject, paths in commits:
        fields += ["", subject.ljust(9), *(("\n" if number == 0 else "") + path for number, path in enumerate(paths))]
    assert list(module.parsed(fields)) == [Commit(subject.strip(), tuple(paths)) for subject, paths in commits]
