"""One network of its own for the commands of a session that must reach each other, with loopback and nothing else.

It is kept by two descriptors of ours, not by a process: it is gone when we are, however we end. Where the user allows
hosts, a proxy of ours listens in there.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager

from livecoder.errors import SandboxUnavailable
from livecoder.hosts import Reach
from livecoder.sandbox import proxy
from livecoder.sandbox.proxy.log import Log
from livecoder.sandbox.spawner import Invocation, Spawner, discard, located

_SECONDS = 20
_BARE = ("--unshare-user", "--die-with-parent", "--cap-drop", "ALL", "--ro-bind", "/", "/")
_KINDS = ("user", "net")
_HERE = "localhost,127.0.0.1,::1"
_ADDRESS = f"http://127.0.0.1:{proxy.PORT}"
VARIABLES = (
    *((name, _ADDRESS) for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")),
    *(("NO_PROXY", _HERE), ("no_proxy", _HERE), ("NODE_USE_ENV_PROXY", "1")),
)
"""By which programs find the proxy."""


def means(reach: Reach) -> str:
    """In words for the user."""
    return f"network: {reach} alone, by a proxy" if reach else "no network"


_LISTEN = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=64)
socket.send_fds(socket.socket(fileno=int(sys.argv[2])), [b"!"], [server.fileno()])
print(flush=True)
"""


class Network:
    """Closed at first: each command then has a network of its own."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.reason = ""
        """Why it could not be opened."""
        self._kept: list[int] = []
        self._proxy: proxy.Proxy | None = None

    @property
    def within(self) -> tuple[str, ...]:
        """The words that make bubblewrap join the network, while it is open."""
        if not self._kept:
            return ()
        # By our own descriptors: what bubblewrap inherits, the command would inherit too.
        names = [f"--{kind}=/proc/{os.getpid()}/fd/{fd}" for kind, fd in zip(_KINDS, self._kept, strict=True)]
        return (located("nsenter"), *names, "--preserve-credentials")

    def open(self, spawner: Spawner) -> None:
        """Where that fails `reason` says why, and nothing changes."""
        if self._kept or self.reason:
            return
        try:
            self._make(spawner)
            with _running(spawner, Invocation(_BARE, ("echo",), self.within)):
                pass
        except (OSError, ValueError, SandboxUnavailable) as error:
            self.close()
            self.reason = str(error)

    def connect(self, spawner: Spawner, reach: Reach) -> None:
        """Open it and let the proxy listen in there. Raises SandboxUnavailable."""
        try:
            self._make(spawner)
            # Whoever makes the socket joins the network: no other proof is needed that it can be joined.
            self._proxy = proxy.Proxy(self._listener(spawner), reach, self.log).__enter__()
        except (OSError, ValueError, SandboxUnavailable) as error:
            self.close()
            raise SandboxUnavailable(f"the network cannot be filtered here: {error}", "leave --network out") from None

    def _listener(self, spawner: Spawner) -> socket.socket:
        """A socket of ours that listens on loopback in there: a process of ours goes in, makes it and hands it out."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.settimeout(_SECONDS)
            words = (sys.executable, "-I", "-S", "-c", _LISTEN, str(proxy.PORT), str(theirs.fileno()))
            invocation = Invocation(_BARE, words, self.within, inherited=(theirs.fileno(),))
            with _running(spawner, invocation):
                _, (fd,), *_ = socket.recv_fds(ours, 1, 1)
        return socket.socket(fileno=fd)

    def close(self) -> None:
        if self._proxy:
            self._proxy.__exit__(None, None, None)
            self._proxy = None
        for fd in self._kept:
            os.close(fd)
        self._kept = []

    def _make(self, spawner: Spawner) -> None:
        """Bubblewrap itself makes it and brings loopback up; then we take it over."""
        if not located("nsenter"):
            raise OSError("nsenter (of util-linux) is not installed")
        with _running(spawner, Invocation((*_BARE, "--unshare-net"), ("sh", "-c", "echo; sleep 60"))) as child:
            for kind in _KINDS:
                self._kept.append(os.open(f"/proc/{child}/ns/{kind}", os.O_RDONLY))


@contextmanager
def _running(spawner: Spawner, invocation: Invocation) -> Generator[int]:
    """The pid of a program that has printed an empty line; it is ended on leaving."""
    started = spawner.start(invocation)
    output = started.process.stdout
    assert output is not None
    try:
        said = os.read(output.fileno(), 4096) if select.select([output], [], [], _SECONDS)[0] else b"it hangs"
        if said != b"\n":
            raise OSError(said.decode("utf-8", "replace").strip())
        yield json.loads(os.read(started.status, 4096).splitlines()[0])["child-pid"]
    finally:
        discard(started)
