"""A repository is found from anywhere in it, or refused with a reason; one session at a time works in a worktree."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from livecoder.errors import WorkspaceError
from livecoder.workspace.workspace import Workspace, locate, looked_at, project_id
from tests.conftest import git
from tests.workspace.conftest import OpenWorkspace, picture

MakeRepository = Callable[..., Path]


def test_the_root_is_found_from_a_folder_and_through_a_symlink(make_repository: MakeRepository, tmp_path: Path) -> None:
    root = make_repository({"a/b/c.py": "x = 1\n"})
    (tmp_path / "link").symlink_to(root / "a")
    assert locate(root / "a/b")[0] == root
    assert locate(tmp_path / "link" / "b")[0] == root


def test_outside_a_repository_the_remedy_is_git_init(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError) as caught:
        locate(tmp_path)
    assert "git init" in caught.value.remedy
    assert caught.value.exit_code == 3


def test_a_bare_repository_and_the_inside_of_a_gitdir_are_refused(
    make_repository: MakeRepository, tmp_path: Path
) -> None:
    root = make_repository()
    git(tmp_path, "clone", "-q", "--bare", str(root), "bare.git")
    for place in (tmp_path / "bare.git", root / ".git", root / ".git/refs"):
        with pytest.raises(WorkspaceError, match="bare repository or the inside"):
            locate(place)


def test_a_directory_that_is_gone_is_refused(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    with pytest.raises(WorkspaceError, match="cannot be used"):
        locate(gone)


def test_a_deleted_current_directory_is_refused(tmp_path: Path) -> None:
    program = (
        "import os, sys, pathlib\n"
        "from livecoder.workspace.workspace import locate\n"
        "from livecoder.errors import WorkspaceError\n"
        "os.mkdir('d'); os.chdir('d'); os.rmdir('../d')\n"
        "try: locate(pathlib.Path('.'))\n"
        "except WorkspaceError as error: sys.exit(error.exit_code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env={"PYTHONPATH": os.pathsep.join(sys.path)})
    assert done.returncode == 3


@pytest.mark.parametrize("name", [b"with space", b"new\nline", b"caf\xe9", b"-dash"])
def test_odd_directory_names_work(tmp_path: Path, name: bytes, open_workspace: OpenWorkspace) -> None:
    root = tmp_path / os.fsdecode(name)
    root.mkdir()
    git(root, "init", "-q")
    odd = root / os.fsdecode(name)
    odd.write_text("x\n")
    workspace = open_workspace(root)
    tree = workspace.shadow.checkpoint().tree
    assert list(workspace.shadow.trees.entries(tree)) == [os.fsdecode(name)]


def test_a_repository_without_a_commit_works(tmp_path: Path, open_workspace: OpenWorkspace) -> None:
    git(tmp_path, "init", "-q", "new")
    workspace = open_workspace(tmp_path / "new")
    empty = workspace.shadow.checkpoint().tree
    assert workspace.shadow.trees.entries(empty) == {}
    (tmp_path / "new/first.py").write_text("x = 1\n")
    full = workspace.shadow.checkpoint().tree
    assert set(workspace.shadow.trees.changes(empty, full)) == {"first.py"}
    (tmp_path / "new/first.py").unlink()
    assert workspace.shadow.checkpoint().tree == empty


def test_a_linked_worktree_has_its_own_root(make_repository: MakeRepository, open_workspace: OpenWorkspace) -> None:
    root = make_repository()
    git(root, "worktree", "add", "-q", "../linked")
    linked = open_workspace(root.parent / "linked")
    assert linked.root == root.parent / "linked"
    assert linked.common == root / ".git"
    assert linked.gitdir == root / ".git/worktrees/linked"
    assert project_id(linked.root) != project_id(root)
    with open_workspace(root).lock(), linked.lock():
        pass  # two worktrees of one repository are two workspaces


def test_a_submodule_is_a_workspace_of_its_own(make_repository: MakeRepository, open_workspace: OpenWorkspace) -> None:
    library = make_repository({"lib.py": "x = 1\n"}, "library")
    root = make_repository({"main.py": "import lib\n"}, "main")
    git(root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "sub")
    git(root, "commit", "-qm", "sub")
    inside = open_workspace(root / "sub")
    assert inside.root == root / "sub"
    assert set(inside.shadow.trees.entries(inside.shadow.checkpoint().tree)) == {"lib.py"}
    outside = open_workspace(root).shadow.checkpoint()
    assert outside.left_out == ("sub (a repository of its own)",)


def test_a_git_file_that_points_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /nowhere\n")
    with pytest.raises(WorkspaceError, match="does not point to a repository"):
        locate(tmp_path)


def test_the_engines_state_must_not_lie_in_the_repository(make_repository: MakeRepository) -> None:
    root = make_repository()
    with pytest.raises(WorkspaceError, match="inside the repository"):
        Workspace.open(root, root / "state")


def test_opening_and_checkpointing_leave_the_users_gitdir_untouched(
    make_repository: MakeRepository, open_workspace: OpenWorkspace
) -> None:
    root = make_repository({"a.py": "x = 1\n"})
    (root / "a.py").write_text("x = 2\n")
    (root / ".git/index.lock").write_text("somebody's")
    before = picture(root / ".git")
    open_workspace(root).shadow.checkpoint()
    assert picture(root / ".git") == before


def test_project_ids_are_short_stable_and_distinct(tmp_path: Path) -> None:
    first, second = tmp_path / "My Project!", tmp_path / "b" / "My Project!"
    first.mkdir()
    second.mkdir(parents=True)
    assert project_id(first) == project_id(first)
    assert project_id(first).startswith("my-project-")
    assert project_id(first) != project_id(second)


def test_checkpoints_can_be_looked_at_when_their_repository_is_gone(
    make_repository: MakeRepository, tmp_path: Path
) -> None:
    root, state = make_repository({"a.py": "x = 1\n"}), tmp_path / "state"
    workspace = Workspace.open(root, state)
    tree = workspace.shadow.checkpoint().tree
    assert looked_at(root, state).tracked == workspace.shadow.tracked == {"a.py"}
    root.rename(tmp_path / "moved")
    assert looked_at(root, state).trees.entries(tree).keys() == {"a.py"}


def test_where_no_checkpoints_are_none_are_made(make_repository: MakeRepository, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="are gone"):
        looked_at(make_repository(), tmp_path / "state")
    assert not (tmp_path / "state").exists()


HOLD_LOCK = """
import sys, time
from pathlib import Path
from livecoder.workspace.workspace import Workspace
with Workspace.open(Path(sys.argv[1]), Path(sys.argv[2])).lock():
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_session_is_refused_until_the_first_is_gone_even_by_kill(
    make_repository: MakeRepository, tmp_path: Path
) -> None:
    root, state = make_repository(), tmp_path / "state"
    command = [sys.executable, "-c", HOLD_LOCK, str(root), str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={"PYTHONPATH": os.pathsep.join(sys.path)}) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        workspace = Workspace.open(root, state)
        with pytest.raises(WorkspaceError) as caught, workspace.lock():
            pass
        assert f"process {holder.pid}, started 20" in str(caught.value)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with workspace.lock():
            assert f"process {os.getpid()}" in (state / "lock").read_text()
