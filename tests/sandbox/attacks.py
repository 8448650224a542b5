"""What attacks need: programs to run inside, eyes on the host's processes, a gitdir as the engine makes it."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Generator
from pathlib import Path

from livecoder.sandbox import Finished, Sandbox

SOON = 3.0
"""Seconds: a time limit that is meant to be hit, and leaves a busy machine the time to begin the command."""
PATIENCE = 60.0
"""Seconds for what comes at once on an idle machine, and is waited for."""

Run = Callable[..., Finished]
Open = Callable[..., Sandbox]
Repository = Callable[..., Path]


def finish(chunks: Generator[str, None, Finished]) -> Finished:
    """Drain a command and return how it ended."""
    while True:
        try:
            next(chunks)
        except StopIteration as stop:
            return stop.value


def python(program: str) -> str:
    """A command that runs a program of Python inside."""
    return f"lc python - <<'END_OF_PROGRAM'\n{program}\nEND_OF_PROGRAM"


CALL = """
import ctypes, errno, os, platform
libc = ctypes.CDLL(None, use_errno=True)

def call(number, *arguments):
    "The name of the error of a system call, or its result."
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *arguments)
    return errno.errorcode[ctypes.get_errno()] if result == -1 else result

def attempt(action):
    "The same of a call of Python's."
    try:
        return action()
    except OSError as error:
        return errno.errorcode[error.errno]
"""


def survivors(mark: str) -> list[str]:
    """Host processes that have `mark` on their command line, this test's own aside."""
    found: list[str] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                if mark.encode() in (entry / "cmdline").read_bytes():
                    found.append(entry.name)
            except OSError:
                continue
    return found


def unheard_of() -> str:
    """Seconds to sleep by which a process is known among those of everybody's tests."""
    return f"{10**5 + secrets.randbelow(10**5)}.{secrets.randbelow(10**6):06}"


def appeared(mark: str) -> bool:
    return within(lambda: bool(survivors(mark)))


def gone(mark: str) -> bool:
    return within(lambda: not survivors(mark))


def within(happened: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def private_gitdir(repository: Path, private: Path) -> Path:
    """What the workspace makes: HEAD, refs and index copied, the user's objects as alternates."""
    for name in ("objects/info", "refs/heads", "hooks"):
        (private / name).mkdir(parents=True)
    (private / "objects/info/alternates").write_text("/run/lc/objects/0\n")
    (private / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = false\n")
    (private / "HEAD").write_text("ref: refs/heads/main\n")
    (private / "refs/heads/main").write_bytes((repository / ".git/refs/heads/main").read_bytes())
    (private / "index").write_bytes((repository / ".git/index").read_bytes())
    return private


def snapshot(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()}
