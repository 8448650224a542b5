"""On which ports a process and those that it started listen, seen from outside: nobody is connected to for that."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, runtime_checkable

_LISTENS = "0A"


@runtime_checkable
class Serving(Protocol):
    """A sandbox whose command can be reached by others."""

    @property
    def apart(self) -> str:
        """Why other commands of the session do not reach this one's ports; or ""."""
        ...

    def ports(self) -> tuple[int, ...] | None:
        """On which ports of TCP the running command listens now, with all that it started; None: it cannot be told."""
        ...


def visible(root: int) -> bool:
    """Whether it can be told: that of another machine, or of another user, cannot."""
    return bool(_link(Path(f"/proc/{root}/ns/net")))


def listening(root: int) -> tuple[int, ...]:
    """The ports of process `root` and its descendants, in order. What has ended has none."""
    found: set[int] = set()
    tables: dict[str, dict[str, int]] = {}
    for process in _family(Path(f"/proc/{root}")):
        network = _link(process / "ns/net")
        if network not in tables:
            tables[network] = {**_table(process / "net/tcp"), **_table(process / "net/tcp6")}
        found |= {port for inode, port in tables[network].items() if inode in _sockets(process)}
    return tuple(sorted(found))


def _family(process: Path) -> Iterator[Path]:
    yield process
    for thread in _entries(process / "task"):
        for child in _read(thread / "children").split():
            yield from _family(Path("/proc", child))


def _table(path: Path) -> dict[str, int]:
    """Ports by the number of the socket that listens."""
    rows = (line.split() for line in _read(path).splitlines()[1:])
    return {row[9]: int(row[1].rpartition(":")[2], 16) for row in rows if len(row) > 9 and row[3] == _LISTENS}


def _sockets(process: Path) -> set[str]:
    links = (_link(fd) for fd in _entries(process / "fd"))
    return {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}


def _entries(directory: Path) -> list[Path]:
    try:
        return list(directory.iterdir())
    except OSError:  # the process has ended
        return []


def _link(path: Path) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115 (its text is no path)
    except OSError:
        return ""


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
