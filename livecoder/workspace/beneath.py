"""File operations on names beneath one directory that never follow a symbolic link, not even one swapped in mid-way.

Every path is walked component by component with O_NOFOLLOW from a directory descriptor that stays open.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeAlias

Kind: TypeAlias = Literal["file", "folder", "link", "other"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Beneath:
    """The files under `root`, by relative path. Failures are OSErrors; a symlink on the way is one of them."""

    def __init__(self, root: Path) -> None:
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._root)

    def read(self, path: str, limit: int) -> bytes:
        """At most `limit` bytes of a regular file."""
        with self._parent(path) as (folder, name):
            # O_NONBLOCK: a fifo that took the file's place must not block us.
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        with os.fdopen(file, "rb") as opened:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise OSError(f"{path} is no regular file")
            return opened.read(limit)

    def names(self, folder: str, limit: int) -> dict[str, Kind]:
        """At most `limit` names in a folder (the root is ""), in no order, with what each one is."""
        with self._parent(f"{folder}/x" if folder else "x") as (here, _), os.scandir(here) as found:
            return {entry.name: _kind(entry) for entry in islice(found, limit)}

    def link_target(self, path: str) -> bytes:
        with self._parent(path) as (folder, name):
            return os.fsencode(os.readlink(name, dir_fd=folder))

    def write(self, path: str, content: bytes, executable: bool, permissions: int | None = None) -> None:
        """Put a regular file there at once: whoever looks sees the old file or the new one.

        Bits other than "executable" are those of `permissions`, or stay as they are.
        """
        with self._parent(path, create=True) as (folder, name), _beside(path, folder, name) as temporary:
            kept = _permissions(folder, name) if permissions is None else permissions
            fresh = 0o600 if kept is not None else 0o777 if executable else 0o666
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            file = os.open(temporary, flags, fresh, dir_fd=folder)
            with os.fdopen(file, "wb") as opened:
                opened.write(content)
                if kept is not None:
                    os.fchmod(file, kept | (kept & 0o444) >> 2 if executable else kept & ~0o111)

    def symlink(self, path: str, target: bytes) -> None:
        with self._parent(path, create=True) as (folder, name), _beside(path, folder, name) as temporary:
            os.symlink(os.fsdecode(target), temporary, dir_fd=folder)

    def remove(self, path: str) -> None:
        """Remove a file and the directories that it leaves empty. Nothing happens when it is gone already."""
        with suppress(FileNotFoundError, NotADirectoryError):
            with self._parent(path) as (folder, name):
                os.unlink(name, dir_fd=folder)
            while "/" in path:
                path = path.rpartition("/")[0]
                with self._parent(path) as (folder, name):
                    try:
                        os.rmdir(name, dir_fd=folder)
                    except OSError:
                        return  # not empty: it is still somebody's

    @contextmanager
    def _parent(self, path: str, create: bool = False) -> Generator[tuple[int, str], None, None]:
        *folders, name = path.split("/")
        if name in ("", ".", "..") or ".." in folders:
            raise OSError(f"{path} is no path beneath the root")
        here = os.dup(self._root)
        try:
            for folder in folders:
                if create:
                    with suppress(FileExistsError):
                        os.mkdir(folder, dir_fd=here)
                deeper = os.open(folder, _FOLDER, dir_fd=here)
                os.close(here)
                here = deeper
            yield here, name
        finally:
            os.close(here)


def _kind(entry: os.DirEntry[str]) -> Kind:
    if entry.is_symlink():
        return "link"
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if entry.is_file(follow_symlinks=False) else "other"


def _permissions(folder: int, name: str) -> int | None:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return stat.S_IMODE(found.st_mode) if stat.S_ISREG(found.st_mode) else None


@contextmanager
def _beside(path: str, folder: int, name: str) -> Generator[str, None, None]:
    """A temporary name for `path`; what is made under it takes the place of `name`, and is gone if it cannot.

    Always the same one, so that a second attempt after a kill cleans up the first.
    """
    temporary = f".livecoder-{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}"
    _unlink(temporary, folder)
    try:
        yield temporary
        try:
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except IsADirectoryError:
            os.rmdir(name, dir_fd=folder)  # an empty folder, which no tree holds, gives way
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        _unlink(temporary, folder)
        raise


def _unlink(name: str, folder: int) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
