"""What lies in a worktree, found by `scandir` and `lstat` alone: no git, no file is opened, no link is followed."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Stat: TypeAlias = tuple[int, int, int, int, int]
"""mode, size, mtime_ns, ctime_ns, inode. The change time is what a command cannot set back."""

CACHES = frozenset(
    (
        *("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".eggs"),
        *(".gradle", ".turbo", ".parcel-cache", ".nyc_output"),
    )
)
INSTALLED: dict[str, tuple[str, ...]] = {
    "node_modules": (),
    ".tox": (),
    ".nox": (),
    ".venv": ("pyvenv.cfg",),
    "venv": ("pyvenv.cfg",),
    "env": ("pyvenv.cfg",),
    "target": ("CACHEDIR.TAG", ".rustc_info.json", "maven-status", "classes"),
}
"""Folders that a package manager fills, with what must lie in them where the name alone is too common to tell."""
DEPENDENCY_FOLDERS = CACHES | INSTALLED.keys()


@dataclass(frozen=True, slots=True)
class Scan:
    """Paths are relative, with `/`, undecodable bytes as surrogates."""

    files: dict[str, Stat]
    """Regular files and symbolic links."""
    left_out: dict[str, str]
    """Path and reason of what a checkpoint cannot hold: nested repositories, sockets, unreadable folders."""
    dependencies: tuple[str, ...]
    """Dependency folders, none of them inside another."""


def scan(root: Path, tracked_folders: frozenset[str]) -> Scan:
    """Everything outside `.git` and dependency folders. A folder with tracked files in it is always looked into.

    Raises OSError when the root itself cannot be read.
    """
    files: dict[str, Stat] = {}
    left_out: dict[str, str] = {}
    dependencies: list[str] = []
    top = os.fspath(root)
    pending = [""]
    while pending:
        folder = pending.pop()
        entries = _entries(top, folder, left_out)
        if folder and _is_repository(entries):
            left_out[folder[:-1]] = "a repository of its own"
            if folder[:-1] not in tracked_folders:
                continue
        for entry in entries:
            path = folder + entry.name
            if entry.name.lower() == ".git":
                continue
            if entry.is_dir(follow_symlinks=False):
                if _is_dependency(entry) and path not in tracked_folders:
                    dependencies.append(path)
                else:
                    pending.append(path + "/")
            else:
                _add(entry, path, files, left_out)
    return Scan(files, left_out, tuple(sorted(dependencies)))


def shown(path: str) -> str:
    """The path as text that any terminal and any JSON takes."""
    return os.fsencode(path).decode("utf-8", "replace")


def covered(path: str, by: frozenset[str]) -> bool:
    """True when the path, or a folder that it lies in, is one of `by`."""
    while path:
        if path in by:
            return True
        path = path.rpartition("/")[0]
    return False


def _entries(top: str, folder: str, left_out: dict[str, str]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(f"{top}/{folder}") as found:
            return list(found)
    except PermissionError:
        if not folder:
            raise
        left_out[folder[:-1]] = "cannot be read"
    except (FileNotFoundError, NotADirectoryError):
        if not folder:
            raise  # a root that is gone is not an empty one; anything else went away while we looked
    return []


def _add(entry: os.DirEntry[str], path: str, files: dict[str, Stat], left_out: dict[str, str]) -> None:
    try:
        found = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return
    mode = found.st_mode
    if stat.S_ISREG(mode):
        files[path] = (mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
    elif not stat.S_ISLNK(mode):
        left_out[path] = "neither file nor folder"
    elif entry.name.lower() == ".gitmodules":
        left_out[path] = "a link that git refuses"
    else:
        files[path] = (mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def _is_repository(entries: list[os.DirEntry[str]]) -> bool:
    """A `.git` of whatever kind, or the three names by which git knows a bare repository."""
    names = {entry.name for entry in entries}
    return any(name.lower() == ".git" for name in names) or {"HEAD", "objects", "refs"} <= names


def _is_dependency(entry: os.DirEntry[str]) -> bool:
    if entry.name in CACHES:
        return True
    marks = INSTALLED.get(entry.name)
    return marks is not None and (not marks or any(Path(entry.path, mark).exists() for mark in marks))
