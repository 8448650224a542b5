"""The named sockets on which programs of the host listen: who connects to one is served outside of the sandbox.

The kernel lists them for our own network; those of other containers are not there.
"""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass, field
from pathlib import Path

_LIST = Path("/proc/net/unix")


@dataclass(slots=True)
class Doors:
    """Looked at before each command. Each is looked up once."""

    _known: dict[str, Path | None] = field(default_factory=dict[str, Path | None])

    def look(self) -> list[Path]:
        """Where they lie, by their real names."""
        bound = _bound()
        for inode in self._known.keys() - bound.keys():
            del self._known[inode]
        for inode in bound.keys() - self._known.keys():
            self._known[inode] = _place(inode, bound[inode])
        return [path for path in self._known.values() if path]


def _bound() -> dict[str, str]:
    """The name of each socket that has one in a file system, by its number."""
    try:
        lines = _LIST.read_text(errors="surrogateescape").splitlines()[1:]
    except OSError:
        return {}
    fields = [line.split(maxsplit=7) for line in lines]
    return {each[6]: each[7] for each in fields if len(each) == 8 and not each[7].startswith("@")}


def _place(inode: str, name: str) -> Path | None:
    """A relative name is one in the working directory of the program that holds the socket."""
    if not name.startswith("/"):
        directory = _holders_directory(inode)
        if not directory:
            return None
        name = f"{directory}/{name}"
    path = Path(name)
    return Path(os.path.realpath(path.parent), path.name)


def _holders_directory(inode: str) -> str:
    for fd in glob.iglob("/proc/[0-9]*/fd/*"):  # noqa: PTH207 (thousands of names, each looked at once)
        try:
            if os.readlink(fd) == f"socket:[{inode}]":  # noqa: PTH115 (the same)
                return os.readlink(f"/proc/{fd.split('/')[2]}/cwd")  # noqa: PTH115 (the same)
        except OSError:  # it has ended, or belongs to somebody else
            continue
    return ""
