"""One network for the containers of a session that must reach each other, with loopback and nothing else.

A container in which no command runs keeps it, whatever becomes of the others. Where the user allows hosts, it is one in
which a proxy of ours listens (`listener`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from livecoder.errors import SandboxUnavailable
from livecoder.sandbox import Room, containment, furnish, mounts, proxy
from livecoder.sandbox.container import Container
from livecoder.sandbox.daemon import Daemon
from livecoder.sandbox.listener import Listening
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.proxy.log import Log
from livecoder.sandbox.toolchains import Toolchains


@dataclass(frozen=True, slots=True)
class Site:
    """Where a network is made: the daemon, and the room whose commands are to be in it."""

    daemon: Daemon
    accounts: containment.Accounts
    terms: containment.Terms
    """That name no network."""
    room: Room
    policy: Policy


class Network:
    """Closed at first: each container then has a network of its own."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self._keeper: Container | Listening | None = None
        self._proxy: proxy.Proxy | None = None

    @property
    def id(self) -> str:
        """The container whose network is joined, or ""."""
        return self._keeper.id if self._keeper else ""

    def open(self, site: Site) -> None:
        """Raises SandboxUnavailable."""
        if self._keeper:
            return
        place = _place(site.room)
        keeper = Room(site.room.workspace, place / "lc/nothing", place, read_only=True)
        furnish.furnish(keeper, None)
        containment.furnish_for_containers(keeper, site.accounts)
        seen = containment.layered(keeper, mounts.room_mounts(keeper, Toolchains(), ()))
        description = containment.description(keeper, seen, site.policy, site.terms)
        self._keeper = Container(site.daemon, description, furnish.directory(keeper))

    def connect(self, site: Site) -> None:
        """Open it with the proxy in there. Raises SandboxUnavailable."""
        try:
            keeper = Listening(site.daemon, _place(site.room), site.policy, site.terms)
        except SandboxUnavailable as error:
            remedy = "leave --network out, or use --sandbox bubblewrap"
            raise SandboxUnavailable(f"the network cannot be filtered here: {error.line()}", remedy) from None
        self._keeper = keeper
        self._proxy = proxy.Proxy(keeper.socket, site.policy.reach, self.log).__enter__()

    def close(self) -> None:
        if self._proxy:
            self._proxy.__exit__(None, None, None)
            self._proxy = None
        if self._keeper:
            self._keeper.close()
            self._keeper = None


def _place(room: Room) -> Path:
    """With the room that it belongs to: a job that opens it may be the first to end."""
    return room.shared / "network"
