"""No sandbox: `--sandbox none`, the user's explicit choice. The same commands, bounds and `lc`, no protection."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from collections.abc import Callable, Generator
from dataclasses import replace
from types import TracebackType
from typing import Self

from livecoder.sandbox import Finished, Room, furnish
from livecoder.sandbox.command import Backend, Commands, Launch, Place, never
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.process import Ending, Process, Running
from livecoder.sandbox.toolchains import Toolchains


class Host:
    """Runs bash directly. A daemon that leaves its process group survives; a copy is used where it lies."""

    name = "none"
    protections: tuple[str, ...] = ()

    def __init__(self, room: Room, toolchains: Toolchains, policy: Policy) -> None:
        self.room = room
        self._toolchains = toolchains
        self._policy = policy
        self._commands: Commands | None = None
        self._backend = Backend(self._spawn, _kill, _unwatched, _unjudged)

    def __enter__(self) -> Self:
        room = replace(self.room, workspace=self.room.content)
        furnish.furnish(room, self._toolchains.engine[0] if self._toolchains.engine else None)
        root = furnish.directory(room)
        for name, target in (("in", room.scratch / "in"), ("out", room.shared / "out"), ("base", room.base)):
            if target and not (root / name).exists():
                (root / name).symlink_to(target)
        variables = (("LC_ROOT", str(root)), ("TMPDIR", str(room.shared / "tmp")))
        place = Place(str(root), str(room.shared / "home"), variables)
        self._commands = Commands(room, self._policy, self._toolchains, place)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._commands = None

    def run(
        self, command: str, timeout: float, cancelled: Callable[[], bool] = never
    ) -> Generator[str, None, Finished]:
        """See `Sandbox.run`."""
        assert self._commands is not None, "the sandbox is entered first"
        return self._commands.run(self._backend, command, timeout, cancelled)

    def forget(self) -> None:
        """See `Sandbox.forget`."""
        assert self._commands is not None, "the sandbox is entered first"
        self._commands.forget()

    def sibling(self, room: Room) -> Host:
        return Host(room, self._toolchains, self._policy)

    def _spawn(self, launch: Launch) -> Process:
        process = subprocess.Popen(
            launch.argv,
            cwd=self.room.content,
            env=launch.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        resource.prlimit(process.pid, resource.RLIMIT_CORE, (0, 0))
        return process


def _kill(process: Running) -> None:
    assert isinstance(process, subprocess.Popen), "it was spawned here"
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _unwatched(_process: Running) -> str:
    return ""


def _unjudged(_ending: Ending, _output: str) -> str:
    """There is no sandbox that could fail, or do anything to a command."""
    return ""
