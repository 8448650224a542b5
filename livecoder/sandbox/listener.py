"""A container that keeps a network, in which a socket of ours listens on loopback: we could not enter it ourselves.

It makes the socket and hands it out by a socket of files. What runs in there is our own Python with this machine's
libraries: an image need not have anything for it, and has no say in it.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from livecoder.errors import SandboxUnavailable
from livecoder.sandbox import containment, proxy
from livecoder.sandbox.daemon import Daemon
from livecoder.sandbox.mounts import Mount
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.toolchains import SYSTEM

_SECONDS = 60
_LOOK_SECONDS = 0.5
"""Between two looks whether the container still lives."""
_DOOR = "/run/lc/door"
_MAKE = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=64)
with socket.socket(socket.AF_UNIX) as door:
    door.connect(sys.argv[2])
    socket.send_fds(door, [b"!"], [server.fileno()])
    server.close()
    door.recv(1)
"""
_FAILED = "this machine's Python does not run in a container of that image"


class Listening:
    """It has started once it is made. It ends when it is closed, or when we are no more."""

    def __init__(self, daemon: Daemon, place: Path, policy: Policy, terms: containment.Terms) -> None:
        """`place` is a directory of the engine's. Raises SandboxUnavailable."""
        with _door(place / "door") as door:
            python = Path(sys.executable).resolve()  # no link on the way to it is seen in there
            words = (str(python), "-I", "-S", "-c", _MAKE, str(proxy.PORT), f"{_DOOR}/socket")
            shown = [*_programs(python), Mount("--bind", place / "door", Path(_DOOR))]
            self.id = daemon.create(containment.own_program(words, shown, policy, terms))
            try:
                daemon.start(self.id)
                self._line, self.socket = _handed_out(door, daemon, self.id)
            except BaseException as error:
                daemon.remove(self.id)
                if isinstance(error, OSError):
                    raise SandboxUnavailable(_FAILED, error.strerror or str(error)) from None
                raise

    def close(self) -> None:
        """That it is removed is docker's business then. The socket is whoever's who took it."""
        self._line.close()


@contextmanager
def _door(directory: Path) -> Generator[socket.socket]:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "socket").unlink(missing_ok=True)
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(f"/proc/self/fd/{fd}/socket")  # the address of a socket is 107 bytes at most
            door.listen(1)
            yield door
    finally:
        os.close(fd)
        (directory / "socket").unlink(missing_ok=True)
        directory.rmdir()


def _programs(python: Path) -> list[Mount]:
    """This machine's over the image's, and the cache by which its loader finds libraries."""
    prefixes = [Path(sys.base_prefix), *([python.parents[1]] if python.parent.name == "bin" else [])]
    paths = dict.fromkeys((*SYSTEM, *prefixes))  # of a prefix below /usr too: a mount there would not come along
    cache = Path("/etc/ld.so.cache")
    shown = [path for path in paths if path.is_dir() and path.name]
    return [Mount("--ro-bind", path, path) for path in (*shown, *([cache] if cache.exists() else []))]


def _handed_out(door: socket.socket, daemon: Daemon, container: str) -> tuple[socket.socket, socket.socket]:
    """The line to whoever made the socket, and the socket."""
    deadline = time.monotonic() + _SECONDS
    alive = True
    while not select.select([door], [], [], _LOOK_SECONDS if alive else 0)[0]:
        if not alive or time.monotonic() > deadline:
            raise SandboxUnavailable(_FAILED, "it ended without a word" if not alive else "it hangs")
        alive = daemon.runs(container)
    line, _ = door.accept()
    line.settimeout(_SECONDS)
    _, descriptors, *_ = socket.recv_fds(line, 1, 1)
    if not descriptors:
        line.close()
        raise SandboxUnavailable(_FAILED, "it handed out no socket")
    return line, socket.socket(fileno=descriptors[0])
