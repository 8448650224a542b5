"""Removes what commands left behind, however deep, unreadable or many: nothing recurses and no long path is built.

No command may run there any more.
"""

from __future__ import annotations

import itertools
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove(directory: Path) -> None:
    """The directory with all that is in it. What cannot be removed stays, and is no error."""
    try:
        top = os.open(directory, _FOLDER)
    except OSError:
        return
    try:
        _empty(top)
    finally:
        os.close(top)
    try:
        directory.rmdir()
    except OSError:
        pass


def _empty(top: int) -> None:
    """Folders in folders come up before their parent goes: nothing is ever more than two levels down."""
    mark = secrets.token_hex(8)
    fresh = (f"{mark}-{number}" for number in itertools.count())
    waiting = os.listdir(top)
    while waiting:
        name = waiting.pop()
        try:
            if stat.S_ISDIR(os.stat(name, dir_fd=top, follow_symlinks=False).st_mode):
                waiting += _hollow(top, name, fresh)
                os.rmdir(name, dir_fd=top)
            else:
                os.unlink(name, dir_fd=top)
        except OSError:
            continue


def _hollow(top: int, name: str, fresh: Iterator[str]) -> list[str]:
    """Remove the files of a folder and bring its folders up; returns their new names."""
    os.chmod(name, 0o700, dir_fd=top)
    folder = os.open(name, _FOLDER, dir_fd=top)
    raised: list[str] = []
    try:
        for child in os.listdir(folder):  # noqa: PTH208 (of an open folder)
            try:
                os.unlink(child, dir_fd=folder)
            except IsADirectoryError:
                os.chmod(child, 0o700, dir_fd=folder)
                raised.append(next(fresh))
                os.rename(child, raised[-1], src_dir_fd=folder, dst_dir_fd=top)
    finally:
        os.close(folder)
    return raised
