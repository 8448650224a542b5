"""One network of its own for the commands of a session that must reach each other, with loopback and nothing else.

It is kept by two descriptors of ours, not by a process: it is gone when we are, however we end.
"""

from __future__ import annotations

import json
import os
import select
from collections.abc import Generator
from contextlib import contextmanager

from livecoder.errors import SandboxUnavailable
from livecoder.sandbox.spawner import Invocation, Spawner, discard, located

_SECONDS = 5
_BARE = ("--unshare-user", "--die-with-parent", "--cap-drop", "ALL", "--ro-bind", "/", "/")
_KINDS = ("user", "net")


class Network:
    """Closed at first: each command then has a network of its own."""

    def __init__(self) -> None:
        self.reason = ""
        """Why it could not be opened."""
        self._kept: list[int] = []

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
        if not located("nsenter"):
            self.reason = "nsenter (of util-linux) is not installed"
            return
        try:
            self._make(spawner)
            with _running(spawner, Invocation(_BARE, ("echo",), self.within)):
                pass
        except (OSError, ValueError, SandboxUnavailable) as error:
            self.close()
            self.reason = str(error)

    def close(self) -> None:
        for fd in self._kept:
            os.close(fd)
        self._kept = []

    def _make(self, spawner: Spawner) -> None:
        """Bubblewrap itself makes it and brings loopback up; then we take it over."""
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
