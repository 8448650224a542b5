"""The user's `.env*` files, which commands see as empty: those of the start, wherever they lie now. Names alone.

A command may move the directory of such a file, never the file itself, over which there is a mount.
"""

from __future__ import annotations

import itertools
import os
import stat
import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

from livecoder.sandbox import Room

Identity: TypeAlias = tuple[int, int]
"""Device and inode."""

_SKIPPED = frozenset(
    (".git", "node_modules", ".venv", "venv", "target", "dist", "build", "__pycache__", ".tox", "vendor")
)
_EXAMPLES = (".example", ".sample", ".template")
_DEPTH = 4
_MOST = 500


class Mask(NamedTuple):
    """A file of the user's that reads as empty: where it lies, and where a command sees it."""

    file: Path
    seen: Path


class Dotenv:
    """The files to mask in one room. `names`, from another room's, are masked as well where the room has them."""

    def __init__(self, room: Room, base: str, names: Collection[Path] = ()) -> None:
        """`base` is where commands see `room.base`."""
        self._room = room
        self._places = [(room.content, room.workspace), *((path, path) for path in room.extra)]
        if room.base:
            self._places.append((room.base, Path(base)))
        walks = itertools.chain.from_iterable(_walk(real, _DEPTH) for real, _ in self._places)
        found = [*itertools.islice(walks, _MOST), *(real / name for real, _ in self._places for name in names)]
        self._files = {path: self._identity(path) for path in found}
        self._lock = threading.Lock()  # a room for a copy may be opened while a command of this one starts

    def masks(self) -> tuple[Mask, ...]:
        """Every name that is to be masked now. Cheap while nothing was moved."""
        with self._lock:
            return self._masks()

    def _masks(self) -> tuple[Mask, ...]:
        now = {path: self._identity(path) for path in self._files}
        lost = {known for path, known in self._files.items() if known and now[path] != known}
        self._files = now
        if lost:
            # Anywhere: a command may have moved them to where nobody looks for secrets at the start.
            for real, _ in self._places:
                self._files |= _below(real, lost)
        return tuple(mask for path, identity in self._files.items() if identity for mask in self._seen(path))

    def names(self) -> frozenset[Path]:
        """The files' names in their places, for another room on the same content or on a copy of it."""
        return frozenset(path.relative_to(self._place(path)) for path in self._files)

    def _seen(self, path: Path) -> Iterator[Mask]:
        """Wherever the file is seen: the workspace may be the base as well, and lies over a further directory."""
        for real, seen in self._places:
            if path.is_relative_to(real):
                at = seen / path.relative_to(real)
                if path.is_relative_to(self._room.content) or not at.is_relative_to(self._room.workspace):
                    yield Mask(path, at)

    def _place(self, path: Path) -> Path:
        return next(real for real, _ in self._places if path.is_relative_to(real))

    def _identity(self, path: Path) -> Identity | None:
        """Of a regular file under its own name: what a link names is unseen, or in the tree with a name of its own."""
        real = self._place(path)
        try:
            status = path.lstat()
            # A directory on the way that became a link would make a mount point of something else.
            if path.parent.resolve() != real.resolve() / path.relative_to(real).parent:
                return None
        except (OSError, RuntimeError):
            return None
        return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def _walk(directory: Path, depth: int) -> Iterator[Path]:
    """`.env*` files a few levels deep, outside dependency folders; examples and templates are no secrets."""
    below: list[Path] = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in _SKIPPED:
                        below.append(Path(entry.path))
                elif _secret(entry.name) and entry.is_file(follow_symlinks=False):
                    yield Path(entry.path)
    except OSError:
        return
    if depth:
        for path in below:
            yield from _walk(path, depth - 1)


def _secret(name: str) -> bool:
    return name.startswith(".env") and not name.endswith(_EXAMPLES)


def _below(directory: Path, wanted: Collection[Identity]) -> dict[Path, Identity | None]:
    """Where the wanted files are below a directory, at any depth and under any name."""
    inodes = {inode for _, inode in wanted}
    found: dict[Path, Identity | None] = {}
    pending = [directory]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(Path(entry.path))
                    elif entry.inode() in inodes:
                        status = entry.stat(follow_symlinks=False)
                        if (identity := (status.st_dev, status.st_ino)) in wanted:
                            found[Path(entry.path)] = identity
        except OSError:
            continue
    return found
