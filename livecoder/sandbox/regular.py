"""Reading a file where a command may have put anything under its name."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def read_regular(path: Path, cap: int) -> bytes | None:
    """At most `cap` bytes of a regular file that is not a link; None for anything else. A pipe does not block."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return None
        with os.fdopen(fd, "rb", closefd=False) as file:
            return file.read(cap)
    finally:
        os.close(fd)
