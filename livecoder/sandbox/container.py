"""One container and its process 1, `supervisor`, which runs a room's commands in it: what is said over named pipes.

The pipes lie in the room's files, which commands see read-only. Process 1 ends, and with it the container, when we
close our end or are no more. What a container is made of is not known here.
"""

from __future__ import annotations

import itertools
import os
import select
import time
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from livecoder.errors import SandboxUnavailable
from livecoder.sandbox.daemon import Daemon
from livecoder.sandbox.process import TimeoutExpired

_START_SECONDS = 60.0
_LOOK_SECONDS = 0.5
"""Between two looks whether a container that starts still lives."""
_KILL_SECONDS = 0.2
"""What the supervisor has to end a command before the daemon ends the container."""
_END_SECONDS = 10.0
_LOST = -9
_LINE = 4096
_BEGUN = b"begun\n"
_MUTE = "its container ended at once, without a word"


class Supervised:
    """A command in a container; see `process.Running`."""

    def __init__(self, container: Container, pipes: tuple[Path, ...]) -> None:
        """`pipes` for its output or, attached, for its output, input and errors."""
        self.returncode: int | None = None
        self.killed = self.unborn = 0
        """Counted since the container began; see `supervisor`."""
        self.lost = False
        """The container ended before the command was reported to have done so."""
        self._container = container
        self._pipes = pipes
        for pipe in pipes:
            os.mkfifo(pipe, 0o600)
        ends: list[IO[bytes]] = []
        for number, pipe in enumerate(pipes):
            # The input also for reading, so that it can be opened before the command has.
            way = os.O_RDWR if number == 1 else os.O_RDONLY
            ends.append(os.fdopen(os.open(pipe, way | os.O_NONBLOCK | os.O_CLOEXEC), "wb" if number == 1 else "rb", 0))
        self.stdout, self.stdin, self.stderr = (*ends, None, None) if len(ends) == 1 else ends

    def poll(self) -> int | None:
        if self.returncode is None:
            self._container.listen(self, 0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.returncode is None:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutExpired("a command in a container", timeout or 0)
            self._container.listen(self, left)
        return self.returncode

    def ended(self, code: int, killed: int, unborn: int) -> None:
        self.returncode, self.killed, self.unborn = code, killed, unborn
        self._forget()

    def vanished(self) -> None:
        self.returncode, self.lost = _LOST, True
        self._forget()

    def _forget(self) -> None:
        for pipe in self._pipes:
            pipe.unlink(missing_ok=True)


class Container:
    """It has started once it is made. Leaving it to itself without `close` is safe: it ends when we do."""

    def __init__(self, daemon: Daemon, description: dict[str, Any], directory: Path) -> None:
        """`directory` is what commands see as /run/lc. Raises SandboxUnavailable."""
        self.alive = True
        self._daemon = daemon
        self._pipes = directory / "pipe"
        self._numbers = itertools.count(1)
        for old in self._pipes.iterdir():
            old.unlink()
        self._status, self._control = self._make("status", os.O_RDONLY), self._make("control", os.O_RDWR)
        self.id = ""
        try:
            self.id = daemon.create(description)
            daemon.start(self.id)
            self._await_first_word()
        except BaseException:
            self.close()
            raise

    @cached_property
    def process(self) -> int:
        """The number of its process 1 where the daemon runs, which stays the same; 0 where it has ended."""
        return self._daemon.process(self.id)

    def _make(self, name: str, way: int) -> int:
        os.mkfifo(self._pipes / name, 0o600)
        return os.open(self._pipes / name, way | os.O_NONBLOCK | os.O_CLOEXEC)

    def _await_first_word(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        word = ""
        while not word and time.monotonic() < deadline:
            if select.select([self._status], [], [], _LOOK_SECONDS)[0]:
                word = os.read(self._status, _LINE).decode("utf-8", "replace").strip() or _MUTE
            elif not self._daemon.runs(self.id):
                word = _MUTE
        if word != "ready":
            raise SandboxUnavailable("the image cannot be used", word or "its container does not begin to run")
        for name in ("status", "control"):
            (self._pipes / name).unlink()

    def run(self, *, attached: bool = False) -> Supervised:
        """Start what lies in `launch`. One at a time."""
        number = str(next(self._numbers))
        names = (number, f"{number}.in", f"{number}.err") if attached else (number,)
        process = Supervised(self, tuple(self._pipes / name for name in names))
        os.write(self._control, f"{number}\n".encode())
        if attached:
            select.select([self._status], [], [])
            # Not a byte more: its end may be reported already.
            self.alive = bool(os.read(self._status, len(_BEGUN)))
        return process

    def listen(self, process: Supervised, seconds: float | None) -> None:
        """Tell `process` of its end, if that is reported within this time."""
        if self.alive and not select.select([self._status], [], [], seconds)[0]:
            return
        line = os.read(self._status, _LINE) if self.alive else b""
        if line:
            process.ended(*map(int, line.split()[1:]))
        else:
            self.alive = False
            process.vanished()

    def kill(self, process: Supervised) -> None:
        """End the command with all that it has started; when the supervisor cannot, end the container."""
        if process.poll() is not None:
            return
        os.write(self._control, b"kill\n")
        self.listen(process, _KILL_SECONDS)
        if process.returncode is None:
            self._daemon.kill(self.id)
            self.listen(process, _END_SECONDS)
        if process.returncode is None:
            process.vanished()

    def close(self) -> None:
        """End it. That it is removed is docker's business then, unless it does not end."""
        if self._control >= 0:
            os.close(self._control)
            ended = self.id and self._ended()
            os.close(self._status)
            self._control = self._status = -1
            if self.id and not ended:
                self._daemon.remove(self.id)
        self.alive = False

    def _ended(self) -> bool:
        if not self.alive:
            return False
        deadline = time.monotonic() + 1
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self._status], [], [], left)[0] and not os.read(self._status, _LINE):
                return True
        return False
