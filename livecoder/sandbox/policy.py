"""What the user allows every command of a sandbox: sizes, as plain values. No paths and no rights of one room."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Policy:
    output_chars: int = 10_000
    """Characters of output that the model sees of one command, marker lines not counted."""
    output_bytes: int = 64 * MIB
    """A command is killed when it has printed this much."""
    file_bytes: int = 8 * 1024 * MIB
    """The largest file that a command may write (RLIMIT_FSIZE)."""
    open_files: int = 16_384
    """RLIMIT_NOFILE."""
    shared_memory_bytes: int = 1024 * MIB
    """The size of /dev/shm, which is private to each command."""
