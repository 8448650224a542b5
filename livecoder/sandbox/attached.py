"""A command with streams of its own: what it reads and prints passes through as it comes, and nothing is kept.

The caller's descriptors never enter the sandbox: a command could open them again by /proc, for writing.
"""

from __future__ import annotations

import os
import selectors
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from livecoder.sandbox.process import TICK, Running

_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Streams:
    """Where a command's input comes from and its output goes. `stdin` is a descriptor, or None for nothing."""

    stdin: int | None
    out: Callable[[bytes], object]
    err: Callable[[bytes], object]


@runtime_checkable
class Attachable(Protocol):
    """A sandbox that can do this."""

    def attach(self, command: str, streams: Streams) -> int:
        """Run `command` with these streams until it ends; its exit code, 128 + signal when it was killed."""
        ...


def pump(process: Running, streams: Streams) -> None:
    """Pass everything on until the process has ended and its output is read. It is spawned with three pipes."""
    assert process.stdin and process.stdout and process.stderr, "the process is spawned with pipes"
    sinks = {process.stdout.fileno(): streams.out, process.stderr.fileno(): streams.err}
    feed = _Feed(streams.stdin, process.stdin.fileno(), process.stdin.close)
    # Not the default one: what polls faster does not take a regular file, and stdin may be one.
    with selectors.SelectSelector() as selector:
        for fd in sinks:
            selector.register(fd, selectors.EVENT_READ)
        while sinks:
            ended = process.poll() is not None
            if ended:
                feed.close()
            feed.watch(selector)
            ready = selector.select(0 if ended else TICK)
            for key, _ in ready:
                if key.fd not in sinks:
                    feed.go_on(key.fd)
                elif data := os.read(key.fd, _PIECE):
                    sinks[key.fd](data)
                else:
                    selector.unregister(key.fd)
                    del sinks[key.fd]
            if ended and not ready:
                return


class _Feed:
    """The way from the caller's stdin to the command's: read no faster than the command takes it."""

    def __init__(self, source: int | None, target: int, close: Callable[[], None]) -> None:
        self._source = source
        self._target = target
        self._close = close
        self._waiting = b""
        self._watched: int | None = None
        self._open = True
        os.set_blocking(target, False)

    def watch(self, selector: selectors.BaseSelector) -> None:
        """Look at the side that is to move next, and at it alone."""
        if self._open and self._source is None and not self._waiting:
            self.close()
        wanted = None if not self._open else self._target if self._waiting else self._source
        if wanted == self._watched:
            return
        if self._watched is not None:
            selector.unregister(self._watched)
        if wanted is not None:
            selector.register(wanted, selectors.EVENT_WRITE if wanted == self._target else selectors.EVENT_READ)
        self._watched = wanted

    def go_on(self, fd: int) -> None:
        try:
            if fd == self._source:
                self._waiting = os.read(fd, _PIECE)
                if not self._waiting:
                    self._source = None
            elif self._waiting:
                self._waiting = self._waiting[os.write(fd, self._waiting) :]
        except BlockingIOError:
            return
        except OSError:  # the command reads no more, or there is nothing that can be read
            self._source, self._waiting = None, b""

    def close(self) -> None:
        if self._open:
            self._open = False
            self._close()
