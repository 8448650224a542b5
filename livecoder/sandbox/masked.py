"""What commands see as empty files: the user's `.env*` files, and the sockets and pipes of programs of the host.

Found at the start, and known wherever they lie later. A command may move the directory of such a file, never the file
itself, over which there is a mount.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

from livecoder.errors import SandboxUnavailable
from livecoder.sandbox import Room
from livecoder.sandbox.doors import Doors

Identity: TypeAlias = tuple[int, int]
"""Device and inode."""

_SKIPPED = frozenset(
    (".git", "node_modules", ".venv", "venv", "target", "dist", "build", "__pycache__", ".tox", "vendor")
)
_EXAMPLES = (".example", ".sample", ".template")
_DEPTH = 4
_MOST = 1000


class Mask(NamedTuple):
    """A file that reads as empty: where it lies, and where a command sees it."""

    file: Path
    seen: Path


class Masked:
    """The files to mask in one room. `names`, from another room's, are masked as well where the room has them."""

    def __init__(
        self, room: Room, base: str, shown: Collection[Path] = (), names: Collection[Path] | None = None
    ) -> None:
        """`base` is where commands see `room.base`, `shown` what they see of the host besides the room.

        A room that got `names` looks for no sockets itself: those that it would find may be the session's own.
        """
        self._room = room
        self._shown = shown
        self._doors = Doors() if names is None else None
        self._places = [(room.content, room.workspace), *((path, path) for path in room.extra)]
        if room.base:
            self._places.append((room.base, Path(base)))
        self._elsewhere: tuple[Mask, ...] = ()
        self._files: dict[Path, Identity | None] = {}
        self._lock = threading.Lock()  # a room for a copy may be opened while a command of this one starts
        wanted = _Wanted(secrets=not room.show_dotenv, doors=names is None)
        for real, _ in self._places:
            self._know(_walk(real, _DEPTH, wanted))
            self._know(real / name for name in (*room.masked, *(names or ())))

    def masks(self) -> tuple[Mask, ...]:
        """Every name that is to be masked now. Cheap while nothing was moved."""
        with self._lock:
            if self._doors:
                self._look(self._doors)
            return (*self._masks(), *self._elsewhere)

    def _know(self, paths: Iterable[Path]) -> None:
        for path in paths:
            self._files[path] = self._identity(path)
            if len(self._files) > _MOST:
                what = f"{self._room.content} has more than {_MOST:,} .env files or sockets, too many to hide"
                raise SandboxUnavailable(what, "remove some, or let them be read with sandbox.show_dotenv = true")

    def _look(self, doors: Doors) -> None:
        """For programs that began to listen since the last command."""
        listening = doors.look()
        here = [path for path in listening if any(path.is_relative_to(real) for real, _ in self._places)]
        self._know(path for path in here if path not in self._files)
        there = [path for path in listening if any(path.is_relative_to(root) for root in self._shown)]
        self._elsewhere = tuple(Mask(path, path) for path in there if path.is_socket())

    def _masks(self) -> tuple[Mask, ...]:
        now = {path: self._identity(path) for path in self._files}
        lost = {known for path, known in self._files.items() if known and now[path] != known}
        self._files = now
        if lost:
            # Anywhere: a command may have moved them to where nobody looks at the start.
            for real, _ in self._places:
                self._files |= _below(real, lost)
        return tuple(mask for path, identity in self._files.items() if identity for mask in self._seen(path))

    def hidden(self) -> frozenset[Path]:
        """The files' names in their places as they are now, for another room on the same content or on a copy of it."""
        self.masks()  # the last command may have moved some
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
        """Of a file under its own name: what a link names is unseen, or in the tree with a name of its own."""
        real = self._place(path)
        try:
            status = path.lstat()
            # A directory on the way that became a link would make a mount point of something else.
            if path.parent.resolve() != real.resolve() / path.relative_to(real).parent:
                return None
        except (OSError, RuntimeError):
            return None
        named = stat.S_ISDIR(status.st_mode) or stat.S_ISLNK(status.st_mode)
        return None if named else (status.st_dev, status.st_ino)


class _Wanted(NamedTuple):
    secrets: bool
    doors: bool

    def file(self, entry: os.DirEntry[str]) -> bool:
        """Examples and templates are no secrets."""
        if entry.is_file(follow_symlinks=False):
            return self.secrets and entry.name.startswith(".env") and not entry.name.endswith(_EXAMPLES)
        return self.doors and not entry.is_symlink()  # a socket, a pipe, a device


def _walk(directory: Path, depth: int, wanted: _Wanted) -> Iterator[Path]:
    """A few levels deep, outside dependency folders."""
    below: list[Path] = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in _SKIPPED:
                        below.append(Path(entry.path))
                elif wanted.file(entry):
                    yield Path(entry.path)
    except OSError:
        return
    if depth:
        for path in below:
            yield from _walk(path, depth - 1, wanted)


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
