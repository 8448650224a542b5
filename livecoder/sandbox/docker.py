"""The sandbox of docker: a room's commands one after another in a container of the user's image.

The container is started by the first command, and replaced when what is to be seen in it has changed (`masked`). A job
has a container of its own in the session's network.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from livecoder.errors import SandboxUnavailable
from livecoder.hosts import Reach
from livecoder.sandbox import Finished, Room, containment, furnish, mounts, owner
from livecoder.sandbox.attached import Streams, pump
from livecoder.sandbox.command import Backend, Commands, Launch, Place, never
from livecoder.sandbox.container import Container, Supervised
from livecoder.sandbox.daemon import Daemon, Image
from livecoder.sandbox.disk import Disk
from livecoder.sandbox.keeper import Network, Site
from livecoder.sandbox.masked import Masked
from livecoder.sandbox.network import VARIABLES, means
from livecoder.sandbox.policy import GIB, Policy
from livecoder.sandbox.ports import listening, visible
from livecoder.sandbox.process import Ending, Running
from livecoder.sandbox.proxy.log import Asked, Log
from livecoder.sandbox.toolchains import STANDARD_PATH, SYSTEM, Toolchains

_SIGSYS = 128 + 31
_BAD_CALL = "The system call filter ended it: programs for another processor, 32-bit ones too, do not run here."
_LOST = "Killed with its container: out of memory (the limit is {memory}), or from outside."
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NOT_TAKEN = frozenset(("PATH", "HOME", "ENV", "BASH_ENV"))


class Docker:
    """Commands in a container. Its process 1 kills everything that a command started, daemons included."""

    name = "docker"

    def __init__(self, room: Room, toolchains: Toolchains, policy: Policy, *, parent: Docker | None = None) -> None:
        """`parent`: the sandbox that this one is a sibling of."""
        self.room = room
        self.protections: tuple[str, ...] = ()
        self._given = toolchains
        self._policy = policy
        self._parent = parent
        self._reach = policy.reach if room.network else Reach()
        self._network = parent._network if parent and room.guest else Network(parent._network.log if parent else Log())
        self._session: _Session | None = None
        self._toolchains = toolchains
        self._masked: Masked | None = None
        self._commands: Commands | None = None
        self._disk: Disk | None = None
        self._container: Container | None = None
        self._made: object = None
        """What it was made from."""
        self._process: Supervised | None = None
        self._counted = (0, 0)

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _open(self) -> None:
        session = self._parent._session if self._parent else None
        self._session = session or _Session.opened(self.room, self._policy)
        self._toolchains = _seen(self._given, self._session.image)
        furnish.furnish(self.room, self._toolchains.engine[0] if self._toolchains.engine else None)
        containment.furnish_for_containers(self.room, self._session.accounts)
        names = self._parent.hidden() if self._parent else None
        self._masked = Masked(self.room, f"{mounts.ROOT}/base", self._toolchains.mounts, names)
        private = (self.room.shared / "tmp", self.room.shared / "home")
        self._disk = Disk(private, self.room.content, self._policy.scratch_bytes)
        limits = containment.own_limits(self._session.daemon, self._policy)
        place = Place(mounts.ROOT, mounts.HOME, VARIABLES if self._reach else (), limits)
        self._commands = Commands(self.room, self._policy, self._toolchains, place)
        network = means(self._reach)
        self.protections = containment.means(self._session.image.name, self._session.daemon, self._policy, network)
        site = Site(self._session.daemon, self._session.accounts, self._session.terms(), self.room, self._policy)
        if self.room.guest:
            self._network.open(site)
        elif self._reach:
            self._network.connect(site)
        if not session:
            self._ready()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._commands = None
        if self._container:
            self._container.close()
        if not self.room.guest:
            self._network.close()
        if self._session and not self._parent:
            self._session.close()

    def run(
        self, command: str, timeout: float, cancelled: Callable[[], bool] = never
    ) -> Generator[str, None, Finished]:
        """See `Sandbox.run`. Raises SandboxUnavailable when the container or the daemon fails."""
        assert self._commands is not None, "the sandbox is entered first"
        backend = Backend(self._spawn, self._kill, self._watch, self._judge)
        return self._commands.run(backend, command, timeout, cancelled)

    def attach(self, command: str, streams: Streams) -> int:
        """See `Attachable.attach`. Raises SandboxUnavailable as `run` does."""
        assert self._commands is not None, "the sandbox is entered first"
        process = self._start(self._commands.prepared(command), attached=True)
        try:
            pump(process, streams)
            process.wait()
        finally:
            self._kill(process)
            for pipe in filter(None, (process.stdout, process.stderr, process.stdin)):
                pipe.close()
        code = process.wait()
        ending = Ending(128 - code if code < 0 else code, 0.0, "exit")
        self._judge(ending, "")
        return ending.exit_code

    @property
    def apart(self) -> str:
        """See `Serving`: once there is a service, all containers of the session are in one network."""
        return ""

    def ports(self) -> tuple[int, ...] | None:
        """See `Serving`."""
        if not self._container or not self._container.alive or not self._container.process:
            return ()
        first = self._container.process
        return listening(first) if visible(first) else None

    def asked(self) -> tuple[Asked, ...]:
        """What commands asked of the network since the last look, those of all siblings too."""
        return self._network.log.taken()

    def forget(self) -> None:
        """See `Sandbox.forget`."""
        assert self._commands is not None, "the sandbox is entered first"
        self._commands.forget()

    def sibling(self, room: Room) -> Docker:
        return Docker(room, self._given, self._policy, parent=self)

    def hidden(self) -> frozenset[Path]:
        """The names of what reads as empty here, for siblings."""
        return self._masked.hidden() if self._masked else frozenset()

    def _ready(self) -> Container:
        """The container with what is to be seen in it now."""
        assert self._session is not None and self._masked is not None, "the sandbox is entered first"
        seen = containment.layered(self.room, mounts.room_mounts(self.room, self._toolchains, self._masked.masks()))
        terms = replace(self._session.terms(), network=self._network.id)
        wanted = (seen, terms, containment.identities(seen))
        if self._container and (not self._container.alive or wanted != self._made):
            self._container.close()
            self._container = None
        if not self._container:
            description = containment.description(self.room, seen, self._policy, terms)
            self._container = Container(self._session.daemon, description, furnish.directory(self.room))
            self._made, self._counted = wanted, (0, 0)
        return self._container

    def _spawn(self, launch: Launch) -> Running:
        return self._start(launch)

    def _start(self, launch: Launch, *, attached: bool = False) -> Supervised:
        assert self._disk is not None, "the sandbox is entered first"
        container = self._ready()
        words = (*(f"{name}={value}" for name, value in launch.variables.items()), *launch.argv)
        (furnish.directory(self.room) / "launch").write_bytes(containment.words(words))
        self._disk.begin()
        self._process = container.run(attached=attached)
        return self._process

    def _kill(self, _process: Running) -> None:
        assert self._process is not None and self._container is not None, "it was spawned here"
        self._container.kill(self._process)

    def _watch(self, _process: Running) -> str:
        return self._disk.exceeded() if self._disk else ""

    def _judge(self, ending: Ending, _output: str) -> str:
        process = self._process
        assert process is not None and self._session is not None, "it was spawned here"
        if process.lost:
            self._session.daemon.knock()
            return "" if ending.cause != "exit" else _LOST.format(memory=self._memory())
        (killed, unborn), self._counted = self._counted, (process.killed, process.unborn)
        told: list[str] = []
        if process.killed > killed:
            told.append(f"Out of memory: processes were killed at the limit of {self._memory()}.")
        if process.unborn > unborn:
            limit = f"{self._policy.processes} (sandbox.pids)"
            told.append(f"Processes or threads could not be started: the limit is {limit}.")
        if ending.exit_code == _SIGSYS and ending.cause == "exit":
            told.append(_BAD_CALL)
        return " ".join(told)

    def _memory(self) -> str:
        return f"{self._policy.memory_bytes / GIB:.3g} GiB (sandbox.memory)"


def identity(policy: Policy) -> str:
    """Of the daemon and the image, as far as how safe a container is depends on them. Raises SandboxUnavailable."""
    daemon, image = _reached(policy)
    daemon.close()
    return f"{daemon.id} {daemon.rootless} {image.id}"


def _reached(policy: Policy) -> tuple[Daemon, Image]:
    if not policy.image:
        remedy = "no image is named: --image NAME, or sandbox.image in your configuration"
        raise SandboxUnavailable("docker cannot be used here", remedy)
    daemon = Daemon()
    try:
        return daemon, daemon.image(policy.image)
    except BaseException:
        daemon.close()
        raise


class _Session:
    """What the rooms of a session share: the daemon and the image."""

    def __init__(self, daemon: Daemon, image: Image, accounts: containment.Accounts, room: Room) -> None:
        self.daemon = daemon
        self.image = image
        self.accounts = accounts
        self._room = room

    @classmethod
    def opened(cls, room: Room, policy: Policy) -> _Session:
        daemon, image = _reached(policy)
        try:
            owner.sweep(daemon)
            return cls(daemon, image, containment.accounts(daemon, image), room)
        except BaseException:
            daemon.close()
            raise

    def terms(self) -> containment.Terms:
        calls = containment.calls(self.daemon, self._room)
        return containment.Terms(self.image.id, self.accounts.user, str(self._room.shared), "", calls)

    def close(self) -> None:
        self.daemon.close()


def _seen(given: Toolchains, image: Image) -> Toolchains:
    """The image's own toolchains, the engine's Python, and what the user's configuration mounts; no other."""
    pairs = [entry.partition("=") for entry in image.environment]
    variables = {name: value for name, _, value in pairs if _NAME.fullmatch(name) and name not in _NOT_TAKEN}
    path = next((value for name, _, value in pairs if name == "PATH"), "")
    directories = [each for each in path.split(":") if each.startswith("/")] or STANDARD_PATH
    engine = [each for each in given.engine[1:] if not any(each.is_relative_to(root) for root in SYSTEM)]
    return replace(
        Toolchains(),
        mounts=tuple(dict.fromkeys((*engine, *given.configured))),
        path=tuple(directories),
        variables=variables,
        engine=given.engine,
    )
