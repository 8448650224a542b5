"""Bytes both ways between two sockets, no faster than the other side takes them, until one ends or nothing moves."""

from __future__ import annotations

import selectors
import socket
from dataclasses import dataclass

_PIECE = 64 * 1024


@dataclass(slots=True)
class Way:
    """One direction."""

    source: socket.socket
    target: socket.socket
    waiting: bytes = b""
    """Read, and not written yet."""
    budget: int | None = None
    """Bytes that may still be read; None: all."""
    ended: bool = False
    """Nothing more is read."""

    @property
    def over(self) -> bool:
        return self.ended and not self.waiting

    def read(self) -> None:
        piece = _PIECE if self.budget is None else min(_PIECE, self.budget)
        self.waiting = self.source.recv(piece)
        if self.budget is not None:
            self.budget -= len(self.waiting)
        if not self.waiting or self.budget == 0:
            self.ended = True
        if not self.waiting:
            self.target.shutdown(socket.SHUT_WR)

    def write(self) -> None:
        self.waiting = self.waiting[self.target.send(self.waiting) :]


def relay(out: Way, back: Way, idle_seconds: float) -> None:
    """Until `back` is over. Raises OSError where a side breaks off."""
    for end in (out.source, out.target):
        end.setblocking(False)
    with selectors.DefaultSelector() as selector:
        while not back.over:
            _watch(selector, out, back)
            ready = {(key.fd, bit) for key, mask in selector.select(idle_seconds) for bit in (1, 2) if mask & bit}
            if not ready:
                return
            for way in (out, back):
                if way.waiting and (way.target.fileno(), selectors.EVENT_WRITE) in ready:
                    way.write()
                elif not way.waiting and not way.ended and (way.source.fileno(), selectors.EVENT_READ) in ready:
                    way.read()


def _watch(selector: selectors.BaseSelector, *ways: Way) -> None:
    """What can move next: the target of what waits, else the source."""
    wanted: dict[socket.socket, int] = {way.source: 0 for way in ways}
    for way in ways:
        if way.waiting:
            wanted[way.target] |= selectors.EVENT_WRITE
        elif not way.ended:
            wanted[way.source] |= selectors.EVENT_READ
    for end, events in wanted.items():
        known = selector.get_map().get(end.fileno())
        if known and not events:
            selector.unregister(end)
        elif known and known.events != events:
            selector.modify(end, events)
        elif events and not known:
            selector.register(end, events)
