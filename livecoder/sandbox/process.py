"""One process from its start to its last byte: read without blocking, ended by time, by cancellation or by size.

Knows neither sandbox nor text; whoever spawned the process says how everything it started is killed.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import IO, Literal, Protocol

Process = subprocess.Popen[bytes]
TimeoutExpired = subprocess.TimeoutExpired
Cause = Literal["exit", "timeout", "interrupt", "output", "watch"]

TICK = 0.04
"""Seconds between two looks at the clock and at `cancelled()`."""
_REST = 10
"""A look of `watch` is followed by a rest this many times as long."""
_READ = 64 * 1024
_AFTERLIFE = 1024 * 1024
"""Bytes still read once the process has ended: a full pipe, not what an escaped daemon goes on writing."""


class Running(Protocol):
    """What is read and waited for here: a child process, or one that something else started and reports on."""

    @property
    def stdin(self) -> IO[bytes] | None: ...

    @property
    def stdout(self) -> IO[bytes] | None: ...

    @property
    def stderr(self) -> IO[bytes] | None: ...

    @property
    def returncode(self) -> int | None: ...

    def poll(self) -> int | None:
        """Its exit code once it has ended, minus the signal that killed it; None before."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """The same when it has ended. Raises TimeoutExpired after `timeout` seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    seconds: float
    bytes: int
    cancelled: Callable[[], bool]
    watch: Callable[[], str] = lambda: ""
    """Why the process must end now, in a sentence; or ""."""


@dataclass(frozen=True, slots=True)
class Ending:
    """`exit_code` is 128 + signal when a signal ended the process; `cause` says who ended it."""

    exit_code: int
    seconds: float
    cause: Cause
    why: str = ""
    """What `watch` said."""


class _Clock:
    """Says when it is enough. `received` is kept up to date by who reads."""

    def __init__(self, limits: Limits) -> None:
        self.received = 0
        self.why = ""
        self._limits = limits
        self._deadline = time.monotonic() + limits.seconds
        self._next_look = time.monotonic() + TICK

    def enough(self) -> Cause | None:
        now = time.monotonic()
        if self._limits.cancelled():
            return "interrupt"
        if now > self._deadline:
            return "timeout"
        if now > self._next_look:
            self.why = self._limits.watch()
            self._next_look = time.monotonic() + max(TICK, _REST * (time.monotonic() - now))
        if self.why:
            return "watch"
        return "output" if self.received >= self._limits.bytes else None


def follow(
    process: Running, limits: Limits, feed: Callable[[bytes], str], kill: Callable[[Running], None]
) -> Generator[str, None, Ending]:
    """Give everything that the process prints to `feed` and yield what that answers. Leaves nothing running."""
    started = time.monotonic()
    pipe = process.stdout
    assert pipe is not None, "the process is spawned with a pipe"
    clock = _Clock(limits)
    try:
        cause = yield from _read(process, pipe.fileno(), clock, feed)
    finally:
        kill(process)
        code = process.wait()
        pipe.close()
    return Ending(128 - code if code < 0 else code, time.monotonic() - started, cause, clock.why)


def _read(process: Running, fd: int, clock: _Clock, feed: Callable[[bytes], str]) -> Generator[str, None, Cause]:
    os.set_blocking(fd, False)
    after = 0
    with selectors.DefaultSelector() as selector:
        selector.register(fd, selectors.EVENT_READ)
        while True:
            ended = process.poll() is not None
            if cause := clock.enough():
                return "exit" if ended else cause
            if not selector.select(0 if ended else TICK):
                if ended:
                    return "exit"
                continue
            data = os.read(fd, _READ)
            if not data:
                break
            clock.received += len(data)
            after += len(data) if ended else 0
            if text := feed(data):
                yield text
            if after > _AFTERLIFE:
                return "exit"
    return _wait(process, clock)


def _wait(process: Running, clock: _Clock) -> Cause:
    """Output is closed; the process may go on without it."""
    while True:
        try:
            process.wait(TICK)
            return "exit"
        except subprocess.TimeoutExpired:
            if cause := clock.enough():
                return cause
