"""What the user allows every command of a sandbox: as plain values. No paths and no rights of one room."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

MIB = 1024 * 1024
GIB = 1024 * MIB


def three_quarters_of_memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4 * 3


@dataclass(frozen=True, slots=True)
class Policy:
    output_chars: int = 10_000
    """Characters of output that the model sees of one command, marker lines not counted."""
    output_bytes: int = 64 * MIB
    """A command is killed when it has printed this much."""
    file_bytes: int = 8 * GIB
    """The largest file that a command may write (RLIMIT_FSIZE)."""
    open_files: int = 16_384
    """RLIMIT_NOFILE."""
    shared_memory_bytes: int = GIB
    """The size of /dev/shm, which is private to each command."""
    memory_bytes: int = field(default_factory=three_quarters_of_memory)
    """What a session's commands may use together."""
    processes: int = 4096
    """Processes and threads of a session's commands together."""
    scratch_bytes: int = 8 * GIB
    """What a session's /tmp and HOME may hold."""
    image: str = ""
    """What containers are made from, where there are any."""
