"""A socket of ours that listens on loopback in the network of containers, which we cannot enter ourselves.

A container that joins the network makes it and hands it out by a socket of files, then ends. What runs in there is our
own Python with this machine's libraries: an image need not have anything for it, and has no say in it.
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
"""
_FAILED = "this machine's Python does not run in a container of that image"


def listening(daemon: Daemon, place: Path, policy: Policy, terms: containment.Terms) -> socket.socket:
    """`place` is a directory of the engine's; `terms` name the network that is joined. Raises SandboxUnavailable."""
    with _door(place / "door") as door:
        python = Path(sys.executable).resolve()  # no link on the way to it is seen in there
        words = (str(python), "-I", "-S", "-c", _MAKE, str(proxy.PORT), f"{_DOOR}/socket")
        shown = [*_programs(python, place), Mount("--bind", place / "door", Path(_DOOR))]
        maker = daemon.create(containment.own_program(words, shown, policy, terms))
        try:
            daemon.start(maker)
            return _handed_out(door, daemon, maker)
        except OSError as error:
            raise SandboxUnavailable(_FAILED, error.strerror or str(error)) from None
        finally:
            daemon.remove(maker)


@contextmanager
def _door(directory: Path) -> Generator[socket.socket]:
    directory.mkdir(exist_ok=True)
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


def _programs(python: Path, place: Path) -> list[Mount]:
    """This machine's over the image's, and the cache by which its loader finds libraries."""
    prefixes = [Path(sys.base_prefix), *([python.parents[1]] if python.parent.name == "bin" else [])]
    own = [path for path in dict.fromkeys(prefixes) if not any(path.is_relative_to(root) for root in SYSTEM)]
    found = [Mount("--ro-bind", path, path) for path in (*SYSTEM, *own) if path.is_dir()]
    cache = place / "lc/etc/ld.so.cache"
    return [*found, *([Mount("--ro-bind", cache, Path("/etc/ld.so.cache"))] if cache.exists() else [])]


def _handed_out(door: socket.socket, daemon: Daemon, maker: str) -> socket.socket:
    deadline = time.monotonic() + _SECONDS
    alive = True
    while not select.select([door], [], [], _LOOK_SECONDS if alive else 0)[0]:
        if not alive or time.monotonic() > deadline:
            raise SandboxUnavailable(_FAILED, "it ended without a word" if not alive else "it hangs")
        alive = daemon.runs(maker)
    connection, _ = door.accept()
    with connection:
        connection.settimeout(_SECONDS)
        _, descriptors, *_ = socket.recv_fds(connection, 1, 1)
    if not descriptors:
        raise SandboxUnavailable(_FAILED, "it handed out no socket")
    return socket.socket(fileno=descriptors[0])
