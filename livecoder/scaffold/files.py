"""Reading a scaffold's files without trusting them, and writing small files whole or not at all.

The agent owns its checkout: any name in it may be a symlink, a FIFO or a huge file by the time the engine looks, so
folders and files are opened one by one relative to the root and never followed out of it.
"""

from __future__ import annotations

import itertools
import os
import re
import stat
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from livecoder.errors import ScaffoldError

MAX_BYTES = 64 * 1024
"""Of one file. A tool that needs more is no tool any more."""
MAX_FILES = {"lessons": 1_000}
MOST_FILES = 200
"""Of any other folder."""

Part = TypeVar("Part")

_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


@dataclass(frozen=True, slots=True)
class File:
    """One regular file, read whole. `path` is relative to the scaffold, with slashes."""

    path: str
    data: bytes
    executable: bool


def read_file(root: Path, path: str) -> File:
    """Read `root/path`. Raises ScaffoldError unless it is a regular file, small, reached by no symlink."""
    with opened(root, path) as descriptor:
        found = os.fstat(descriptor)
        data = b"" if found.st_size > MAX_BYTES else _read(descriptor)
        if found.st_size > MAX_BYTES or len(data) > MAX_BYTES:
            raise ScaffoldError(f"{path} is larger than {MAX_BYTES // 1024} KiB", "make it smaller")
        return File(path, data, bool(found.st_mode & stat.S_IXUSR))


@contextmanager
def opened(root: Path, path: str) -> Generator[int]:
    """A descriptor of the regular file `root/path`. Raises ScaffoldError for anything else under that name."""
    *folders, name = path.split("/")
    with _folder(root, folders) as folder:
        try:
            # Without O_NONBLOCK a FIFO would hold the engine until somebody writes to it.
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        except (OSError, ValueError) as error:
            raise ScaffoldError(f"{path} cannot be read: {_why(error)}", "give a regular file") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ScaffoldError(f"{path} is not a regular file", "give a regular file")
        yield descriptor
    finally:
        os.close(descriptor)


def entries(root: Path, folder: str) -> list[tuple[str, os.stat_result]]:
    """What lies in `root/folder`, by name, symlinks not followed; hidden names and `__pycache__` are left out.

    A folder that is missing is empty. Raises ScaffoldError when it is no folder or holds too many.
    """
    folders = folder.split("/")
    most = MAX_FILES.get(folders[-1], MOST_FILES)
    try:
        (root / folder).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return []
    with _folder(root, folders) as descriptor, os.scandir(descriptor) as found:
        # Bounded before the stat calls: a folder may hold a million names.
        names = [entry.name for entry in itertools.islice(found, most * 2)]
        names = sorted(name for name in names if not name.startswith(".") and name != "__pycache__")
        if len(names) > most:
            raise ScaffoldError(f"{folder}/ holds more than {most} files", "retire what is not used")
        return [(name, status) for name in names if (status := _lstat(name, descriptor))]


def each(root: Path, folder: str, read: Callable[[str], Part]) -> tuple[list[Part], list[str]]:
    """What `read` makes of each name in `root/folder`; beside it why it raised ScaffoldError for the others."""
    parts: list[Part] = []
    problems: list[str] = []
    try:
        names = [name for name, _ in entries(root, folder)]
    except ScaffoldError as error:
        return [], [error.line()]
    for name in names:
        try:
            parts.append(read(name))
        except ScaffoldError as error:
            problems.append(error.line())
    return parts, problems


def write_whole(path: Path, data: bytes) -> None:
    """Write `path` so that a crash leaves the old content or the new, never a part. Raises ScaffoldError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise ScaffoldError(f"{path} cannot be written: {error.strerror}", "look at its permissions") from None


def put(root: Path, path: str, data: bytes | None, *, executable: bool = False) -> None:
    """Write `root/path` whole, or take it away for None, where the agent may have put anything: no link is followed.

    Raises ScaffoldError when its folder is none.
    """
    *folders, name = path.split("/")
    scratch = f".{name}.new"
    with _folder(root, folders) as folder:
        try:
            if data is None:
                _unlink(name, folder)
                return
            _unlink(scratch, folder)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(scratch, flags, 0o600, dir_fd=folder), "wb") as file:
                file.write(data)
                os.fchmod(file.fileno(), 0o755 if executable else 0o644)
            os.rename(scratch, name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError as error:
            raise ScaffoldError(f"{path} cannot be written: {error.strerror}", "give a plain folder") from None


def _unlink(name: str, folder: int) -> None:
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        pass


def project_dir(data: Path, project: str) -> Path:
    """Where a project's inbox and cases lie. Raises ScaffoldError for an id that could name anything else."""
    return data / "projects" / checked_project(project)


def checked_project(project: str) -> str:
    """The id itself. Raises ScaffoldError for one that is no plain word."""
    if not _PROJECT.fullmatch(project):
        raise ScaffoldError(f"{project[:80]!r} is no project id", "letters, digits, - and _, at most 80")
    return project


@contextmanager
def _folder(root: Path, names: list[str]) -> Generator[int]:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    try:
        descriptor = os.open(root, flags)
    except OSError as error:
        raise ScaffoldError(f"{root} cannot be opened: {error.strerror}", "name a scaffold directory") from None
    try:
        for name in names:
            try:
                below = os.open(name, flags | os.O_NOFOLLOW, dir_fd=descriptor)
            except OSError as error:
                raise ScaffoldError(f"{name}/ is not a folder: {error.strerror}", "make it a plain folder") from None
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> bytes:
    pieces: list[bytes] = []
    left = MAX_BYTES + 1
    while left and (piece := os.read(descriptor, left)):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _lstat(name: str, folder: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:  # gone since it was listed
        return None


def _why(error: OSError | ValueError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
