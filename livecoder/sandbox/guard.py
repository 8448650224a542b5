"""What a room's commands may use of the machine: memory, processes, disk.

The kernel limits the first two where we may make control groups; the rest is watched. No process is started here.
"""

from __future__ import annotations

import itertools
import platform

from livecoder.sandbox import Room, watchdog
from livecoder.sandbox.cgroups import Group, Hits, Limits, session_group
from livecoder.sandbox.disk import Disk
from livecoder.sandbox.policy import GIB, Policy
from livecoder.sandbox.process import Process
from livecoder.sandbox.spawner import Spawner

_NUMBERS = itertools.count(1)


def own_limits(policy: Policy) -> str:
    """What a command's first process sets for itself. Before Linux 5.14 all processes of the user would count."""
    major, minor = (int(part) for part in platform.release().split(".")[:2])
    return f"ulimit -u {policy.processes}" if (major, minor) >= (5, 14) else ":"


class Guard:
    """Of one room. Those of a session's rooms share its limits, and each knows what its own commands hit."""

    def __init__(self, room: Room, policy: Policy, parent: Guard | None = None) -> None:
        self.reason = ""
        """Why there is no control group."""
        self._limits = Limits(policy.memory_bytes, policy.processes)
        self._disk = Disk((room.shared / "tmp", room.shared / "home"), room.content, policy.scratch_bytes)
        self._session = parent._session if parent else None
        self._owner = self._session is None
        self._own: Group | None = None
        self._hits = Hits()

    @property
    def means(self) -> str:
        """How the limits are kept."""
        how = "held by control groups" if self._own else f"watched, for control groups cannot be made ({self.reason})"
        return f"memory at most {self._memory()} and processes at most {self._processes()}, {how}"

    def enter(self, spawner: Spawner) -> None:
        try:
            self._session = self._session or session_group(self._limits)
            self._limits = self._session.limits
            self._own = self._session.make(f"room-{next(_NUMBERS)}", self._limits)
            if self._own.takes_threads:
                spawner.here(self._own.admit)
        except OSError as error:
            self.reason = error.strerror or str(error)
            self.close()

    def close(self) -> None:
        """When the spawner is closed: the group is empty then."""
        if self._own:
            self._own.remove()
        if self._session and self._owner:
            self._session.remove()
        self._own = self._session = None

    def admit(self, pid: int) -> None:
        """A command begins, as process `pid`."""
        self._disk.begin()
        if self._own and not self._own.takes_threads:
            self._own.admit(pid)

    def watch(self, process: Process) -> str:
        """Why the command must end now, in a sentence; or ""."""
        if self._own:
            return self._disk.exceeded()
        match watchdog.exceeded(process.pid, self._limits):
            case "memory":
                return f"Killed because it used more memory than its limit, {self._memory()}."
            case "processes":
                return f"Killed because it had more processes and threads than its limit, {self._processes()}."
            case _:
                return self._disk.exceeded()

    def verdict(self, output: str) -> str:
        """What the kernel did to the command that has ended, in a sentence; or "". Without a group we must guess."""
        if not self._own:
            return self._unborn() if "Resource temporarily unavailable" in output else ""
        before, self._hits = self._hits, self._own.hits()
        told: list[str] = []
        if self._hits.killed > before.killed:
            told.append(f"Out of memory: processes were killed at the limit of {self._memory()}.")
        if self._hits.unborn > before.unborn:
            told.append(self._unborn())
        return " ".join(told)

    def _unborn(self) -> str:
        return f"Processes or threads could not be started: the limit is {self._processes()}."

    def _memory(self) -> str:
        return f"{self._limits.memory / GIB:.3g} GiB (sandbox.memory)"

    def _processes(self) -> str:
        return f"{self._limits.pids} (sandbox.pids)"
