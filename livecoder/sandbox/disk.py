"""The disk that a session's commands fill: their /tmp and HOME, which have a limit, and the file systems beneath.

Nothing is walked as long as the free space alone shows that the limit cannot have been reached.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from livecoder.sandbox.policy import GIB, MIB

LEFT_FREE = 256 * MIB
"""What a command must leave of a file system, in bytes, where it found twice as much."""


class Disk:
    """Asked again and again while a command runs; `begin` when it starts. What lay there before is not its doing."""

    def __init__(self, private: tuple[Path, ...], workspace: Path, most: int) -> None:
        """`private` directories lie on one file system and may hold `most` bytes together."""
        self._private = private
        self._most = most
        self._places = (private[0], workspace)
        self._used = self._free = 0
        """As they were at the last walk."""
        self._walk()
        self._allowed = most
        self._floors: dict[Path, int] = {}

    def begin(self) -> None:
        if self._used > self._most:
            self._walk()  # a command must be able to make room
        self._allowed = max(self._most, self._used)
        self._floors = {place: min(LEFT_FREE, _free(place) // 2) for place in self._places}

    def exceeded(self) -> str:
        """Why the command must end now, in a sentence; or ""."""
        for place, floor in self._floors.items():
            if _free(place) < floor:
                return f"Killed because the disk is nearly full: less than {floor // MIB} MiB are left on it."
        if self._used + self._free - _free(self._private[0]) <= self._allowed:
            return ""
        self._walk()
        if self._used <= self._allowed:
            return ""
        limit = f"{self._most / GIB:.3g} GiB"
        return f"Killed because /tmp and HOME together hold more than {limit} (sandbox.scratch); remove files there."

    def _walk(self) -> None:
        self._free = _free(self._private[0])
        self._used = sum(_sizes(self._private))


def _free(place: Path) -> int:
    status = os.statvfs(place)
    return status.f_bavail * status.f_frsize


def _sizes(directories: tuple[Path, ...]) -> Iterator[int]:
    """Bytes that each file takes, one with several names once."""
    waiting: list[str | Path] = list(directories)
    seen: set[int] = set()
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(status.st_mode):
                        waiting.append(entry.path)
                    if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
                        if status.st_ino in seen:
                            continue
                        seen.add(status.st_ino)
                    yield status.st_blocks * 512
        except OSError:  # a command works there
            continue
