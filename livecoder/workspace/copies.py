"""Clean copies: a checkpoint written out, with the dependency folders as they were before the first command.

The caller mounts a copy at the workspace's own path, so that editable installs and absolute paths resolve to it. A copy
never shares an inode with the user's files, as what runs in it may write.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from livecoder.errors import WorkspaceError
from livecoder.workspace.beneath import Beneath
from livecoder.workspace.scan import CACHES, shown
from livecoder.workspace.shadow import Shadow
from livecoder.workspace.trees import Trees

MAX_BYTES = 4_000_000_000
"""More dependencies than this are not copied: verify then runs in place and says so."""
COPIED_BYTES = 200_000_000
"""Up to this much is copied at the session's start instead of linked: what a copy holds cannot be changed in place."""
BUILT = frozenset({"target"})
"""Folders of build output. Their tools write into files, so that links to them would be worthless."""
BUILT_BYTES = 1_000_000_000
TIMEOUT = 120.0
"""Seconds for one copy of the dependencies."""
STOPPED = "copying it was interrupted"
_LOOK_SECONDS = 0.05
_Inode: TypeAlias = tuple[int, int, int, int, int, int]
_COMMAND_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class CleanCopy:
    """`why_in_place` is empty when the copy at `path` is faithful; else it says what it cannot be, and none is made."""

    path: Path
    why_in_place: str = ""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What no checkpoint holds of a worktree (dependency folders, large files, nested repositories), kept aside."""

    kept: Path
    inodes: dict[str, _Inode]
    problem: str = ""

    @classmethod
    def snapshot(cls, shadow: Shadow, dest: Path, copied_bytes: int = COPIED_BYTES) -> Dependencies:
        """Keep them in `dest`, an empty directory, before the first command.

        Build output and, up to `copied_bytes`, other folders are copied; the rest is hard-linked, which costs no space.
        A command that replaces a linked file leaves the kept one alone; one that writes *into* it changes both, which
        the inodes' times tell later. Build output too large to copy is left out: the copy builds it again.
        """
        dest.mkdir(parents=True, exist_ok=True)
        found = shadow.scan()
        skipped = shadow.trees.skipped(shadow.checkpoint().tree)
        copied: list[str] = []
        linked: list[str] = []
        for path in sorted(path for path in skipped | set(found.dependencies) if _is_worth(shadow.root / path)):
            size = sum(inode[1] for inode in _inodes(shadow.root / path).values())
            if path.rpartition("/")[2] not in BUILT:
                (copied if size <= copied_bytes else linked).append(path)
                copied_bytes -= size if size <= copied_bytes else 0
            elif size <= BUILT_BYTES:
                copied.append(path)
        problem = _copy(shadow.root, copied, dest, "-a", "--reflink=auto") or _link(shadow.root, linked, dest)
        inodes = _inodes(dest)
        size = sum(inode[1] for inode in inodes.values())
        if size > MAX_BYTES:
            problem = f"the dependencies take {size / 1e9:.1f} GB"
        return cls(dest, inodes, problem)

    def changed_in_place(self) -> str:
        """A file that a command wrote into since the snapshot, or empty.

        Known limit: who writes into a linked file, sets its times back and then unlinks the workspace's name for it
        goes unseen, because unlinking alone changes an inode's change time too.
        """
        now = _inodes(self.kept)
        for path, then in self.inodes.items():
            there = now.get(path)
            same = there is not None and there[:4] == then[:4]
            if there is None or not same or (there[4] != then[4] and there[5] >= then[5]):
                return path
        return ""


def never() -> bool:
    """Nobody cancels."""
    return False


def materialise(trees: Trees, tree: str, dest: Path, cancelled: Callable[[], bool] = never) -> None:
    """Write a tree into an empty directory: bytes, links and executable bits, nothing filtered.

    Once `cancelled()` is true the rest is left out.
    """
    dest.mkdir(parents=True, exist_ok=True)
    if any(dest.iterdir()):
        raise WorkspaceError(f"{dest} is not empty", "give an empty directory")
    places: dict[str, list[tuple[str, str]]] = {}
    for path, entry in trees.entries(tree).items():
        places.setdefault(entry.blob, []).append((path, entry.mode))
    with Beneath(dest) as beneath:
        for blob, content in trees.blobs(places):
            if cancelled():
                return
            for path, mode in places[blob]:
                if mode == "120000":
                    beneath.symlink(path, content)
                else:
                    beneath.write(path, content, executable=mode == "100755")


def clean_copy(
    trees: Trees, tree: str, dependencies: Dependencies, dest: Path, cancelled: Callable[[], bool] = never
) -> CleanCopy:
    """The tree and real copies of the dependencies in `dest`, an empty directory.

    Dependencies are large: copying them may take longer than whoever presses Ctrl-C will wait.
    """
    if dependencies.problem:
        return CleanCopy(dest, dependencies.problem)
    changed = dependencies.changed_in_place()
    if changed:
        return CleanCopy(dest, f"{shown(changed)} was changed in place by a command")
    materialise(trees, tree, dest, cancelled)
    tops = sorted(entry.name for entry in dependencies.kept.iterdir())
    problem = _copy(dependencies.kept, tops, dest, "-a", "--reflink=auto", cancelled=cancelled)
    return CleanCopy(dest, STOPPED if cancelled() else problem)


def _is_worth(path: Path) -> bool:
    """Caches are made anew, and of what is neither file nor folder no copy can be used."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    return path.name not in CACHES and (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _link(source: Path, paths: list[str], dest: Path) -> str:
    if not _copy(source, paths, dest, "-al"):
        return ""
    for path in paths:  # another file system, or files that may not be linked
        shutil.rmtree(dest / path, ignore_errors=True)
    return _copy(source, paths, dest, "-a", "--reflink=auto")


def _copy(source: Path, paths: list[str], dest: Path, *how: str, cancelled: Callable[[], bool] = never) -> str:
    """Copy with GNU cp, which is several times faster than Python on a folder of packages. Why it failed, or empty."""
    if not paths or cancelled():
        return ""
    command = ["cp", *how, "--parents", "--", *paths, str(dest)]
    environment = {"PATH": _COMMAND_PATH, "LC_ALL": "C"}
    with tempfile.TemporaryFile() as said:
        try:
            copying = subprocess.Popen(command, cwd=source, env=environment, stdin=subprocess.DEVNULL, stderr=said)
        except OSError as error:
            return f"the dependencies could not be copied: {error.strerror}"
        stopped = _watched(copying, cancelled)
        if stopped or copying.returncode == 0:
            return stopped
        said.seek(0)
        lines = said.read().decode("utf-8", "replace").strip().splitlines()
    return f"the dependencies could not be copied: {lines[-1] if lines else copying.returncode}"


def _watched(copying: subprocess.Popen[bytes], cancelled: Callable[[], bool]) -> str:
    """Wait for it to end; why it was killed, or empty."""
    until = time.monotonic() + TIMEOUT
    try:
        while not cancelled() and time.monotonic() < until:
            with suppress(subprocess.TimeoutExpired):
                copying.wait(_LOOK_SECONDS)
                return ""
        return STOPPED if cancelled() else f"copying the dependencies took more than {TIMEOUT:.0f} s"
    finally:
        copying.kill()
        copying.wait()


def _inodes(root: Path) -> dict[str, _Inode]:
    """Mode, size, time, inode, change time and links of every file; of a single file under the name "".

    Others may work in these folders: what goes meanwhile was not there.
    """
    found: dict[str, _Inode] = {}
    top = os.fspath(root)
    with suppress(FileNotFoundError):
        if not stat.S_ISDIR(os.lstat(top).st_mode):
            return {"": _inode(top)}
    for folder, _, names in os.walk(top):
        for name in names:
            path = f"{folder}/{name}"
            with suppress(FileNotFoundError):
                found[path[len(top) + 1 :]] = _inode(path)
    return found


def _inode(path: str) -> _Inode:
    about = os.lstat(path)
    return (about.st_mode, about.st_size, about.st_mtime_ns, about.st_ino, about.st_ctime_ns, about.st_nlink)
