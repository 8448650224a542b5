"""Undo and redo put back what bash did, and only that; what the user did since is never lost unasked."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livecoder.errors import WorkspaceError
from livecoder.workspace.beneath import Beneath
from livecoder.workspace.shadow import Shadow
from livecoder.workspace.undo import Undo
from livecoder.workspace.workspace import Workspace
from tests.conftest import git
from tests.workspace.conftest import OpenWorkspace, picture

MakeRepository = Callable[..., Path]


def round_of(shadow: Shadow, undo: Undo, work: Callable[[], object], label: str = "a round") -> None:
    before = shadow.checkpoint().tree
    work()
    undo.mark_round(before, shadow.checkpoint().tree, label)


def bash(root: Path, script: str) -> Callable[[], object]:
    return lambda: subprocess.run(["bash", "-ec", script], cwd=root, check=True)


@pytest.fixture
def workspace(make_repository: MakeRepository, open_workspace: OpenWorkspace) -> Workspace:
    """A dirty tree: one file staged and changed again, one untracked, one deleted, one mode changed, one stash."""
    root = make_repository({"a.py": "a\n", "b.py": "b\n", "c.py": "c\n", "run.sh": "#!/bin/sh\n", "d/e.py": "e\n"})
    (root / "b.py").write_text("stashed\n")
    git(root, "stash", "-q")
    (root / "a.py").write_text("staged\n")
    git(root, "add", "a.py")
    (root / "a.py").write_text("staged, then changed\n")
    (root / "untracked.txt").write_bytes(b"\x00\xff binary\r\n")
    (root / "c.py").unlink()
    (root / "run.sh").chmod(0o755)
    (root / "secret").write_text("x\n")
    (root / "secret").chmod(0o600)
    (root / "link").symlink_to("a.py")
    return open_workspace(root)


WRECK = """
rm -r d; echo changed > a.py; rm untracked.txt; chmod -x run.sh; echo more >> secret; mkdir -p new/deep
echo new > new/deep/file; ln -sfn /etc link; echo back > c.py; mv b.py moved.py
"""


def test_a_dirty_tree_comes_back_byte_for_byte_and_the_index_head_and_stash_stay(workspace: Workspace) -> None:
    root, undo = workspace.root, Undo(workspace.shadow)
    before, private = picture(root), picture(root / ".git")
    round_of(workspace.shadow, undo, bash(root, WRECK))
    plan = undo.plan_undo()
    assert plan.created == ("b.py", "d/e.py", "untracked.txt")
    assert plan.modified == ("a.py", "link", "run.sh", "secret")
    assert plan.deleted == ("c.py", "moved.py", "new/deep/file")
    assert plan.conflicts == ()
    undo.apply(plan)
    assert picture(root) == before
    assert not (root / "new").exists()
    assert picture(root / ".git") == private


def test_redo_restores_exactly_what_undo_took(workspace: Workspace) -> None:
    root, undo = workspace.root, Undo(workspace.shadow)
    round_of(workspace.shadow, undo, bash(root, WRECK))
    after = picture(root)
    undo.apply(undo.plan_undo())
    undo.apply(undo.plan_redo())
    assert picture(root) == after
    with pytest.raises(WorkspaceError, match="nothing to redo"):
        undo.plan_redo()


def test_several_rounds_go_back_one_by_one_or_at_once_in_other_processes(
    workspace: Workspace, open_workspace: OpenWorkspace
) -> None:
    root, undo = workspace.root, Undo(workspace.shadow)
    pictures = [picture(root)]
    for number in range(3):
        round_of(workspace.shadow, undo, bash(root, f"echo {number} > a.py; echo {number} > n{number}"), f"r{number}")
        pictures.append(picture(root))

    def fresh() -> Undo:
        return Undo(open_workspace(root).shadow)

    fresh().apply(fresh().plan_undo(1))
    assert picture(root) == pictures[2]
    fresh().apply(fresh().plan_undo(2))
    assert picture(root) == pictures[0]
    with pytest.raises(WorkspaceError, match="0 can be undone"):
        fresh().plan_undo()
    fresh().apply(fresh().plan_redo())
    assert picture(root) == pictures[2]
    assert [r.label for r in fresh().plan_undo(2).rounds] == ["r1", "r0"]
    fresh().apply(fresh().plan_redo())
    assert picture(root) == pictures[3]


def test_a_new_round_drops_what_could_be_redone(workspace: Workspace) -> None:
    undo = Undo(workspace.shadow)
    round_of(workspace.shadow, undo, bash(workspace.root, "echo 1 > a.py"))
    undo.apply(undo.plan_undo())
    round_of(workspace.shadow, undo, bash(workspace.root, "echo 2 > a.py"))
    with pytest.raises(WorkspaceError, match="nothing to redo"):
        undo.plan_redo()


def test_a_round_whose_process_died_ends_with_what_it_left(workspace: Workspace, open_workspace: OpenWorkspace) -> None:
    before = picture(workspace.root)
    Undo(workspace.shadow).begin_round(workspace.shadow.checkpoint().tree, "killed")
    bash(workspace.root, WRECK)()
    undo = Undo(open_workspace(workspace.root).shadow)
    undo.recover()
    undo.recover()
    plan = undo.plan_undo()
    assert [step.label for step in plan.rounds] == ["killed"]
    undo.apply(plan)
    assert picture(workspace.root) == before
    with pytest.raises(WorkspaceError, match="0 can be undone"):
        undo.plan_undo()


def test_a_round_that_died_before_it_changed_anything_is_none(workspace: Workspace) -> None:
    undo = Undo(workspace.shadow)
    round_of(workspace.shadow, undo, bash(workspace.root, "echo 1 > a.py"))
    undo.apply(undo.plan_undo())
    undo.begin_round(workspace.shadow.checkpoint().tree, "killed")
    assert [step.label for step in undo.plan_redo().rounds] == ["a round"]
    undo.begin_round(workspace.shadow.checkpoint().tree, "nothing")
    undo.drop_round()
    assert [step.label for step in undo.plan_redo().rounds] == ["a round"]


def test_what_the_user_changed_since_is_a_conflict_until_forced(workspace: Workspace) -> None:
    root, undo = workspace.root, Undo(workspace.shadow)
    round_of(workspace.shadow, undo, bash(root, "echo agent > a.py; echo agent > b.py; echo agent > new.py"))
    (root / "a.py").write_text("the user's\n")
    (root / "new.py").write_text("the user's, too\n")
    (root / "mine.py").write_text("unrelated\n")
    there = picture(root)
    plan = undo.plan_undo()
    assert plan.conflicts == ("a.py (changed since)", "new.py (changed since)")
    with pytest.raises(WorkspaceError, match=r"would overwrite.*a\.py"):
        undo.apply(plan)
    assert picture(root) == there
    undo.apply(plan, force=True)
    assert (root / "a.py").read_text() == "staged, then changed\n"
    assert not (root / "new.py").exists()
    assert (root / "mine.py").read_text() == "unrelated\n"
    undo.apply(undo.plan_redo())
    assert picture(root) == there


def test_a_plan_that_is_out_of_date_is_refused(workspace: Workspace) -> None:
    undo = Undo(workspace.shadow)
    round_of(workspace.shadow, undo, bash(workspace.root, "echo agent > a.py"))
    plan = undo.plan_undo()
    (workspace.root / "b.py").write_text("just now\n")
    with pytest.raises(WorkspaceError, match="changed since this was planned"):
        undo.apply(plan)


def test_after_a_commit_of_the_user_the_branch_stays_where_it_is(workspace: Workspace) -> None:
    root, undo = workspace.root, Undo(workspace.shadow)
    before = picture(root)
    round_of(workspace.shadow, undo, bash(root, "echo agent > a.py; echo agent > new.py"))
    git(root, "add", "-A")
    git(root, "commit", "-qm", "the agent's work")
    private = picture(root / ".git")
    undo.apply(undo.plan_undo())
    assert picture(root) == before
    assert picture(root / ".git") == private


def test_ignored_files_survive_a_changed_gitignore(
    make_repository: MakeRepository, open_workspace: OpenWorkspace
) -> None:
    root = make_repository({".gitignore": "data/\n.env\n", "a.py": "a\n"})
    (root / "data").mkdir()
    (root / "data/large.bin").write_bytes(b"x" * 3_000_000)
    (root / ".env").write_text("SECRET=1\n")
    shadow = open_workspace(root).shadow
    before = picture(root)
    round_of(shadow, Undo(shadow), bash(root, "echo > .gitignore; echo SECRET=2 > .env"))
    fresh = open_workspace(root).shadow
    undo = Undo(fresh)
    undo.apply(undo.plan_undo())
    assert picture(root) == before


@pytest.mark.parametrize(
    "script",
    [
        "rm .venv/pyvenv.cfg",
        "rm -r nested/.git",
        "truncate -s 100 huge.bin",
        "printf '' > .gitignore; printf '' > .git/info/exclude",
    ],
)
def test_what_no_checkpoint_held_before_the_round_is_never_removed(
    make_repository: MakeRepository, open_workspace: OpenWorkspace, script: str
) -> None:
    root = make_repository({".gitignore": "*.big\n"})
    for path in (".venv/pyvenv.cfg", ".venv/lib/own.py", "nested/own.py"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("the user's\n")
    git(root, "init", "-q", "nested")
    (root / "huge.bin").write_bytes(b"x" * 50_000_001)
    (root / "ignored.big").write_bytes(b"x" * 2_000_000)
    shadow = open_workspace(root).shadow
    before = shadow.checkpoint().tree
    bash(root, script)()
    there = {path: content for path, content in picture(root).items() if path != ".gitignore"}
    fresh = open_workspace(root).shadow
    undo = Undo(fresh)
    undo.mark_round(before, fresh.checkpoint().tree, "careless")
    undo.apply(undo.plan_undo())
    assert {path: content for path, content in picture(root).items() if path != ".gitignore"} == there


def test_large_files_and_repositories_that_a_round_made_stay_and_are_named(workspace: Workspace) -> None:
    undo = Undo(workspace.shadow)
    script = "head -c 50000001 /dev/zero > big.bin; git init -q sub; echo x > sub/x; echo y > y"
    round_of(workspace.shadow, undo, bash(workspace.root, script))
    plan = undo.plan_undo()
    assert plan.kept == ("big.bin", "sub")
    undo.apply(plan)
    assert (workspace.root / "big.bin").exists()
    assert (workspace.root / "sub/x").exists()
    assert not (workspace.root / "y").exists()


def test_a_small_file_that_grew_beyond_every_checkpoint_is_overwritten_by_force_only(workspace: Workspace) -> None:
    undo = Undo(workspace.shadow)
    round_of(workspace.shadow, undo, bash(workspace.root, "head -c 50000001 /dev/zero > b.py"))
    plan = undo.plan_undo()
    assert plan.conflicts == ("b.py (no checkpoint holds what is there now)",)
    undo.apply(plan, force=True)
    assert (workspace.root / "b.py").read_text() == "b\n"


def test_restoring_never_follows_a_link_out_of_the_tree(workspace: Workspace, tmp_path: Path) -> None:
    root, undo, outside = workspace.root, Undo(workspace.shadow), tmp_path / "outside"
    outside.mkdir()
    (outside / "e.py").write_text("not ours\n")
    round_of(workspace.shadow, undo, bash(root, f"rm -r d; ln -s {outside} d; ln -sf {outside}/e.py a.py"))
    undo.apply(undo.plan_undo())
    assert (outside / "e.py").read_text() == "not ours\n"
    assert (root / "d/e.py").read_text() == "e\n"
    assert not (root / "d").is_symlink()
    assert not (root / "a.py").is_symlink()


def test_a_link_swapped_in_after_the_plan_stops_at_that_file(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/x").write_text("not ours\n")
    (workspace.root / "swap").symlink_to(tmp_path / "outside")
    with Beneath(workspace.root) as beneath:
        with pytest.raises(OSError, match=r"Not a directory|symbolic"):
            beneath.write("swap/x", b"evil", executable=False)
        with pytest.raises(OSError, match=r"Not a directory|symbolic"):
            beneath.read("swap/x", 10)
        with pytest.raises(OSError, match="no path beneath"):
            beneath.write("../x", b"evil", executable=False)
        beneath.remove("swap/x")
    assert (tmp_path / "outside/x").read_text() == "not ours\n"


def test_an_obstacle_is_reported_and_the_rest_restored(workspace: Workspace) -> None:
    root, undo = workspace.root, Undo(workspace.shadow)
    script = "rm a.py; mkdir -p a.py/node_modules; echo x > a.py/node_modules/x; rm b.py"
    round_of(workspace.shadow, undo, bash(root, script))
    applied = undo.apply(undo.plan_undo(), force=True)
    assert [line.partition(":")[0] for line in applied.failed] == ["a.py"]
    assert (root / "b.py").read_text() == "b\n"


@pytest.mark.parametrize("was", ["echo precious > place", "ln -s a.py place"])
def test_an_empty_folder_in_a_files_place_gives_way(workspace: Workspace, was: str) -> None:
    root, undo = workspace.root, Undo(workspace.shadow)
    bash(root, was)()
    before = picture(root)
    round_of(workspace.shadow, undo, bash(root, "rm place; mkdir place"))
    assert undo.apply(undo.plan_undo()).failed == ()
    assert picture(root) == before


def test_what_cannot_be_written_leaves_nothing_in_the_tree(tmp_path: Path) -> None:
    """As on a full disk: a part of the file has been written when the rest does not fit."""
    (tmp_path / "large").write_bytes(b"as it was")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
        with Beneath(tmp_path) as beneath, pytest.raises(OSError, match="File too large"):
            beneath.write("large", bytes(100_000), executable=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert list(tmp_path.iterdir()) == [tmp_path / "large"]
    assert (tmp_path / "large").read_bytes() == b"as it was"


KILLED = """
import os, signal, sys
from pathlib import Path
from livecoder.workspace.undo import Undo
from livecoder.workspace.shadow import Shadow
left = int(sys.argv[3])
def fatal(real):
    def call(*arguments, **named):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **named)
    return call
undo = Undo(Shadow(Path(sys.argv[1]), Path(sys.argv[2])))
plan = undo.plan_undo()
for name in ("rename", "unlink", "rmdir", "symlink", "mkdir", "fchmod"):
    setattr(os, name, fatal(getattr(os, name)))
Path.replace = fatal(Path.replace)
undo.apply(plan)
"""


def test_a_restore_killed_at_any_point_is_finished_by_whoever_comes_next(tmp_path: Path) -> None:
    """Real kill -9 before every change that the restore makes to the tree or to its own records."""
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    points = 0
    while True:
        points += 1
        root, state = tmp_path / f"root{points}", tmp_path / f"state{points}"
        lay_out(root, {"a": ("file", b"a"), "d/b": ("file", b"b"), "c": ("file", b"c")})
        shadow = Shadow(root, state)
        before = picture(root)
        round_of(shadow, Undo(shadow), bash(root, "echo 1 > a; rm -r d; ln -sf a c; mkdir n; echo n > n/n; chmod +x a"))
        after = picture(root)
        done = subprocess.run([sys.executable, "-c", KILLED, str(root), str(state), str(points)], env=environment)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
        undo = Undo(Shadow(root, state))
        undo.recover()
        there = picture(root)
        assert there in (before, after)
        undo.apply(undo.plan_redo() if there == before else undo.plan_undo())
        assert picture(root) == (after if there == before else before)
    assert points > 8


NAMES = st.sampled_from(["a", "b", "d", "d/a", "d/e", "d/e/f", "x y", "é"])
FILES = st.dictionaries(NAMES, st.tuples(st.sampled_from(["file", "run", "link"]), st.binary(max_size=6)), max_size=6)


def lay_out(root: Path, files: dict[str, tuple[str, bytes]]) -> None:
    for path in sorted(root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    for name, (kind, content) in sorted(files.items(), reverse=True):
        if (root / name).exists():
            continue  # it is a folder of a longer name
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if kind == "link":
            (root / name).symlink_to(content.hex() or "nowhere")
        else:
            (root / name).write_bytes(content)
            (root / name).chmod(0o755 if kind == "run" else 0o644)


@settings(max_examples=15, deadline=None)
@given(st.lists(FILES, min_size=2, max_size=4), st.data())
def test_undo_then_redo_of_any_rounds_is_exact(states: list[dict[str, tuple[str, bytes]]], data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder, "root")
        root.mkdir()
        shadow = Shadow(root, Path(folder, "state"))
        undo = Undo(shadow)
        lay_out(root, states[0])
        pictures = [picture(root)]
        for state in states[1:]:
            round_of(shadow, undo, lambda state=state: lay_out(root, state))
            pictures.append(picture(root))
        count = data.draw(st.integers(1, len(states) - 1))
        undo.apply(undo.plan_undo(count))
        assert picture(root) == pictures[-1 - count]
        undo.apply(undo.plan_redo())
        assert picture(root) == pictures[-1]


def test_restored_files_keep_permissions_that_no_tree_holds(workspace: Workspace) -> None:
    undo = Undo(workspace.shadow)
    round_of(workspace.shadow, undo, bash(workspace.root, "echo more >> secret"))
    undo.apply(undo.plan_undo())
    assert stat.S_IMODE((workspace.root / "secret").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "script", ["rm secret", "rm secret; echo open > secret", "chmod 644 secret; echo open > secret"]
)
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o700])
def test_what_was_closed_to_others_comes_back_closed(workspace: Workspace, script: str, mode: int) -> None:
    root, undo = workspace.root, Undo(workspace.shadow)
    (root / "secret").chmod(mode)
    round_of(workspace.shadow, undo, bash(root, script))
    undo.apply(undo.plan_undo())
    assert ((root / "secret").read_text(), stat.S_IMODE((root / "secret").stat().st_mode)) == ("x\n", mode)


def test_a_closed_file_of_a_killed_restore_is_closed_too(workspace: Workspace) -> None:
    undo = Undo(workspace.shadow)
    round_of(workspace.shadow, undo, bash(workspace.root, "rm secret a.py"))
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-c", KILLED, str(workspace.root), str(workspace.shadow.directory), "3"]
    assert subprocess.run(words, env=environment).returncode == -signal.SIGKILL
    assert not (workspace.root / "secret").exists()
    Undo(workspace.shadow).recover()
    assert stat.S_IMODE((workspace.root / "secret").stat().st_mode) == 0o600
