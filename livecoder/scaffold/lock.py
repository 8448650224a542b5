"""One writer at a time, over all processes; the kernel lets go of the lock when its holder dies."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from livecoder.errors import ScaffoldError

LOCK_SECONDS = 30.0


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold the lock file `path`. Raises ScaffoldError when another process holds it for LOCK_SECONDS."""
    deadline = time.monotonic() + LOCK_SECONDS
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
    except OSError as error:
        raise ScaffoldError(f"{path.parent}: {error.strerror}", "make it a directory of yours") from None
    with file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ScaffoldError("another livecoder holds the scaffold's store", "end it, try again") from None
                time.sleep(0.02)
        yield
