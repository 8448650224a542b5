"""The door to a user's repository: found from any directory in it, opened for one session at a time.

Finding reads files only. The user's gitdir is read by one command, `git ls-files`, and never written.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from livecoder.errors import WorkspaceError
from livecoder.workspace.git import Git
from livecoder.workspace.shadow import Shadow


@dataclass(frozen=True, slots=True)
class Workspace:
    """One worktree of the user's. `gitdir` and `common` differ in a linked worktree."""

    root: Path
    gitdir: Path
    common: Path
    state: Path
    """The engine's directory for this worktree; lies outside it."""
    shadow: Shadow

    @classmethod
    def open(cls, path: Path, state: Path) -> Workspace:
        """The repository around `path`.

        Raises WorkspaceError for a directory that is gone, is in no repository, or in one without a worktree.
        """
        root, gitdir, common = locate(path)
        state.mkdir(parents=True, exist_ok=True)
        if state.resolve().is_relative_to(root):
            raise WorkspaceError(f"{state} lies inside the repository", "put livecoder's own state elsewhere")
        shadow = Shadow(root, state, _tracked(root, gitdir))
        _copy_excludes(common / "info/exclude", shadow.trees.gitdir / "info/exclude")
        return cls(root, gitdir, common, state, shadow)

    @contextmanager
    def lock(self) -> Generator[None, None, None]:
        """One session a worktree; the kernel frees the lock when its process dies.

        Raises WorkspaceError that names the process which has it.
        """
        with (self.state / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                owner = file.read().strip() or "an unknown process"
                remedy = "end that session, or work in another worktree (`git worktree add`)"
                raise WorkspaceError(f"{self.root} is in use by {owner}", remedy) from None
            file.truncate(0)
            file.write(f"process {os.getpid()}, started {datetime.now().astimezone():%Y-%m-%d %H:%M:%S}\n")
            file.flush()
            yield


def looked_at(root: Path, state: Path) -> Shadow:
    """The checkpoints of a worktree that may be gone, for whoever reads them. Raises WorkspaceError for none."""
    if not (state / "shadow.git/HEAD").exists():
        raise WorkspaceError("the checkpoints of this project are gone")
    try:
        tracked = _tracked(*locate(root)[:2])
    except WorkspaceError:
        tracked = frozenset[str]()
    return Shadow(root, state, tracked)


def project_id(root: Path) -> str:
    """A short name for a worktree that stays the same: readable part, then eight hex digits of its real path."""
    real = root.resolve()
    slug = re.sub(r"[^a-z0-9]+", "-", real.name.lower().encode("ascii", "ignore").decode()).strip("-")[:32]
    return f"{slug or 'project'}-{hashlib.sha256(os.fsencode(real)).hexdigest()[:8]}"


def locate(path: Path) -> tuple[Path, Path, Path]:
    """Root, gitdir and common gitdir of the repository around `path`, by reading files; raises WorkspaceError."""
    try:
        start = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise WorkspaceError(f"the directory {path} cannot be used: {error}", "change to one that exists") from None
    for folder in (start, *start.parents):
        if folder.name == ".git" or (_is_gitdir(folder) and not (folder / ".git").exists()):
            remedy = "start in a worktree of it (`git worktree add`, or clone it)"
            raise WorkspaceError(f"{folder} is a bare repository or the inside of one", remedy)
        gitdir = _gitdir(folder / ".git")
        if gitdir is not None:
            return folder, gitdir, _common(gitdir)
    raise WorkspaceError(f"{start} is not in a git repository", "run `git init` first")


def _tracked(root: Path, gitdir: Path) -> frozenset[str]:
    """The paths in the user's index."""
    return frozenset(os.fsdecode(Git(gitdir, root).run("ls-files", "-z")).split("\0")[:-1])


def _gitdir(dot_git: Path) -> Path | None:
    if dot_git.is_file():
        line = os.fsdecode(dot_git.read_bytes()[:4096]).rstrip("\n")
        target = dot_git.parent / line.removeprefix("gitdir: ")
        if not line.startswith("gitdir: ") or not _is_gitdir(target):
            raise WorkspaceError(
                f"{dot_git} does not point to a repository", "run `git worktree repair` or clone again"
            )
        return target.resolve()
    return dot_git.resolve() if _is_gitdir(dot_git) else None


def _is_gitdir(path: Path) -> bool:
    return (path / "HEAD").exists() and ((path / "commondir").exists() or (path / "objects").is_dir())


def _common(gitdir: Path) -> Path:
    pointer = gitdir / "commondir"
    return (gitdir / os.fsdecode(pointer.read_bytes()).strip()).resolve() if pointer.exists() else gitdir


def _copy_excludes(source: Path, target: Path) -> None:
    if source.is_file():
        shutil.copyfile(source, target)
    else:
        target.unlink(missing_ok=True)
