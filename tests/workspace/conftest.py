"""Fixtures of the workspace's tests: an opened workspace, and a full picture of a directory to compare with."""

from __future__ import annotations

import hashlib
import os
import resource
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from livecoder.workspace.gitdir import PrivateGit
from livecoder.workspace.workspace import Workspace

OpenWorkspace = Callable[[Path], Workspace]


@pytest.fixture
def open_workspace(tmp_path: Path) -> OpenWorkspace:
    """Open the workspace of a path, each root with the same state directory every time."""

    def open_(path: Path) -> Workspace:
        name = hashlib.sha256(os.fsencode(path)).hexdigest()[:8]
        return Workspace.open(path, tmp_path / "state" / name)

    return open_


def cpu_seconds() -> float:
    """Processor time of this process and its ended children: unlike the clock it does not see a busy machine."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def picture(root: Path, without: tuple[str, ...] = (".git",)) -> dict[str, tuple[str, bytes]]:
    """Every file beneath `root` by path: its kind and permissions, and its bytes or the link's target."""
    found: dict[str, tuple[str, bytes]] = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in without]
        for name in names + [name for name in folders if Path(folder, name).is_symlink()]:
            path = Path(folder, name)
            about = path.lstat()
            content = os.fsencode(path.readlink()) if stat.S_ISLNK(about.st_mode) else path.read_bytes()
            found[os.path.relpath(path, root)] = (stat.filemode(about.st_mode), content)
    return found


def inside(root: Path, private: PrivateGit, script: str) -> str:
    """Run a script where the private gitdir lies over the user's and the objects at their places, read-only."""
    bwrap = ["bwrap", "--dev-bind", "/", "/", "--tmpfs", "/run", "--bind", str(private.gitdir), str(private.mount)]
    for number, store in enumerate(private.objects):
        bwrap += ["--ro-bind", str(store), f"/run/lc/objects/{number}"]
    command = [*bwrap, "--chdir", str(root), "bash", "-exc", script]
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere", "GIT_CONFIG_GLOBAL": "/dev/null"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "error:" not in done.stderr
    return done.stdout
