"""Control groups of either version: the kernel's own limits on memory and processes, where we may make groups.

A session has a group below which each sandbox has one of its own, so that what was hit is known of each. Version 1
takes the thread that starts the processes; moving a process, all that version 2 offers, costs milliseconds each time.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_NAME = re.compile(r"livecoder-(\d+)-\w+")
_LEAVING_SECONDS = 5.0


class Limits(NamedTuple):
    memory: int
    """In bytes."""
    pids: int
    """Processes and threads."""


class Hits(NamedTuple):
    """How often the limits were hit since the group was made."""

    killed: int = 0
    """Processes ended because memory was out."""
    unborn: int = 0
    """Processes and threads that could not be started."""


class _Version(NamedTuple):
    """What a version of control groups calls things."""

    members: str
    memory: str
    swap: str
    memory_events: str


_ONE = _Version("tasks", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.oom_control")
_TWO = _Version("cgroup.procs", "memory.max", "memory.swap.max", "memory.events")


@dataclass(frozen=True, slots=True)
class Group:
    """A group in each of the two hierarchies, which are one and the same in version 2."""

    version: _Version
    memory: Path
    pids: Path
    limits: Limits

    @property
    def takes_threads(self) -> bool:
        return self.version is _ONE

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.memory,) if self.memory == self.pids else (self.memory, self.pids)

    def make(self, name: str, limits: Limits) -> Group:
        """A group below this one. Raises OSError where that is not allowed, and leaves nothing behind then."""
        made = Group(self.version, self.memory / name, self.pids / name, limits)
        try:
            for path in made.paths:
                path.mkdir()
            (made.memory / self.version.memory).write_text(str(limits.memory))
            if (swap := made.memory / self.version.swap).exists():
                swap.write_text(str(limits.memory) if self.version is _ONE else "0")
            (made.pids / "pids.max").write_text(str(limits.pids))
        except OSError:
            made.remove()
            raise
        return made

    def open_to_groups(self) -> Group:
        """In version 2 a group has either members or limited groups below it."""
        if self.version is _TWO:
            (self.memory / "cgroup.subtree_control").write_text("+memory +pids")
        return self

    def admit(self, identity: int = 0) -> None:
        """A process, or a thread of ours where groups take these; 0 is who calls."""
        for path in self.paths:
            (path / self.version.members).write_text(str(identity))

    def hits(self) -> Hits:
        return Hits(
            _count(self.memory / self.version.memory_events, "oom_kill"), _count(self.pids / "pids.events", "max")
        )

    def kill(self) -> None:
        """All that is in it and in the groups below."""
        for path in self.paths:
            for each in _with_those_below(path):
                for pid in _members(each):
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        continue

    def remove(self) -> None:
        """With the groups below it, as soon as the last killed process has left."""
        until = time.monotonic() + _LEAVING_SECONDS
        for path in self.paths:
            for each in _with_those_below(path):
                while not _removed(each) and time.monotonic() < until:
                    time.sleep(0.01)


def session_group(limits: Limits, process: Path = Path("/proc/self")) -> Group:
    """A new group for a session of ours. Raises OSError, with the reason, where there can be none."""
    home = _home(process)
    for stale in {path.name for place in home.paths for path in place.glob("livecoder-*")}:
        if (owner := _NAME.fullmatch(stale)) and not Path("/proc", owner[1]).exists():
            left = Group(home.version, home.memory / stale, home.pids / stale, limits)
            left.kill()
            left.remove()
    least = Limits(*map(min, limits, home.limits))
    try:
        return home.make(f"livecoder-{os.getpid()}-{secrets.token_hex(2)}", least).open_to_groups()
    except PermissionError as error:
        raise PermissionError(error.errno, f"{error.strerror}{_way_out(home)}", error.filename) from None


def surroundings(process: Path = Path("/proc/self")) -> str:
    """The groups that our own lie in, on which it depends whether we may make some; "" where there are none."""
    try:
        lines = (process / "cgroup").read_text().splitlines()
    except OSError:
        return ""
    return "\n".join(line.rpartition("/")[0] for line in lines)


def _way_out(home: Group) -> str:
    """A login session is systemd's own and not the user's, whose own manager has groups to make more in."""
    managed = home.version is _TWO and Path(f"/run/user/{os.getuid()}/systemd").is_dir()
    return "; started by `systemd-run --user --scope livecoder` they can" if managed else ""


def _home(process: Path) -> Group:
    """Where we may make groups: below our own group in version 1; beside it in version 2, since it has members.

    Its limits are those that we ourselves are under, which would not hold beside it.
    """
    mounted = _mounted(process)
    if unified := mounted.get("unified"):
        place = unified.own if unified.own == unified.top else unified.own.parent
        handed_on = (place / "cgroup.subtree_control").read_text().split()
        if {"memory", "pids"} <= set(handed_on):
            return Group(_TWO, place, place, Limits(*(_limit(unified.own / f"{name}.max") for name in Limits._fields)))
    if "memory" in mounted and "pids" in mounted:
        return Group(_ONE, mounted["memory"].own, mounted["pids"].own, Limits(sys.maxsize, sys.maxsize))
    raise OSError(errno.ENOTSUP, "no control groups for memory and processes are handed to us")


class _Hierarchy(NamedTuple):
    top: Path
    own: Path


def _mounted(process: Path) -> dict[str, _Hierarchy]:
    """The hierarchies that we can see and our own group in each, by controller; version 2 as `unified`."""
    lines = [line.split(":", 2) for line in (process / "cgroup").read_text().splitlines()]
    own = {name: path for _, names, path in lines for name in (names.split(",") if names else ["unified"])}
    found: dict[str, _Hierarchy] = {}
    for line in (process / "mountinfo").read_text().splitlines():
        fields, rest = (part.split() for part in line.split(" - ", 1))
        root, top, kind = Path(fields[3]), Path(fields[4]), rest[0]
        names = {"cgroup": rest[2].split(","), "cgroup2": ["unified"]}.get(kind, [])
        for name in own.keys() & set(names):
            path = Path(own[name])
            found[name] = _Hierarchy(top, top / path.relative_to(root) if path.is_relative_to(root) else top)
    return found


def _limit(path: Path) -> int:
    try:
        text = path.read_text().strip()
    except OSError:
        return sys.maxsize
    return int(text) if text.isdecimal() else sys.maxsize


def _count(path: Path, key: str) -> int:
    """The number beside `key`; 0 where the kernel does not count."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{key} ")), 0)


def _with_those_below(path: Path) -> list[Path]:
    """The innermost first. None where another session has just removed the group, or it is in one hierarchy only."""
    try:
        return [*(below for below in path.iterdir() if below.is_dir()), path]
    except OSError:
        return []


def _members(group: Path) -> list[int]:
    try:
        return [int(pid) for pid in (group / "cgroup.procs").read_text().split()]
    except OSError:  # it has just been removed
        return []


def _removed(path: Path) -> bool:
    try:
        path.rmdir()
    except OSError as error:
        return error.errno != errno.EBUSY
    return True
