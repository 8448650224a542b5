"""Whose container it is: a label by which those of an engine that was killed are found and removed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from livecoder.sandbox.daemon import Daemon

LABEL = "livecoder.owner"
_BEGAN = 19
"""The field of /proc/PID/stat with the time that a process began at, counted from the one behind the name."""


class Owner(NamedTuple):
    boot: str
    processes: str
    """The name space that `pid` counts in."""
    pid: int
    began: str

    @classmethod
    def parsed(cls, text: str) -> Owner | None:
        match text.split("/"):
            case [boot, processes, pid, began] if pid.isdecimal():
                return cls(boot, processes, int(pid), began)
            case _:
                return None

    def __str__(self) -> str:
        return "/".join(map(str, self))


def ourselves() -> Owner:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    processes = os.stat("/proc/self/ns/pid").st_ino  # noqa: PTH116 (a name that is no file's)
    return Owner(boot, str(processes), os.getpid(), _began(os.getpid()))


def sweep(daemon: Daemon) -> None:
    """Remove the containers whose engine is no more. One that counts processes elsewhere cannot be told to be gone."""
    here = ourselves()
    for container, label in daemon.labelled(LABEL).items():
        owner = Owner.parsed(label)
        if not owner:
            continue
        if owner.boot != here.boot or (owner.processes == here.processes and _began(owner.pid) != owner.began):
            daemon.remove(container)


def _began(pid: int) -> str:
    """In ticks since boot; "" where there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(") ")[2].split()[_BEGAN]
    except OSError:
        return ""
