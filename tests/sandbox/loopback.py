"""Servers on loopback that remember what reached them, and a filtering proxy in front of names that lead to them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from livecoder.hosts import Upstream, reach
from livecoder.sandbox.proxy import Patience, Proxy
from livecoder.sandbox.proxy.log import Asked, Log

LOOPBACK = ("127.0.0.0/8",)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nserved\n"


@dataclass
class Server:
    """`received` grows: all bytes of each connection so far."""

    listener: socket.socket
    received: list[bytearray] = field(default_factory=list[bytearray])

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])


@contextmanager
def _serving(serve: Callable[[socket.socket, bytearray], None]) -> Generator[Server]:
    """On leaving every connection has been served to its end."""
    made = Server(socket.create_server(("127.0.0.1", 0)))
    threads: list[threading.Thread] = []

    def served(connection: socket.socket, data: bytearray) -> None:
        with connection:
            try:
                serve(connection, data)
            except OSError:  # the other side went away
                pass

    def accept() -> None:
        while True:
            try:
                connection, _ = made.listener.accept()
            except OSError:
                return
            made.received.append(bytearray())
            threads.append(threading.Thread(target=served, args=(connection, made.received[-1])))
            threads[-1].start()

    threads.append(threading.Thread(target=accept))
    threads[0].start()
    try:
        yield made
    finally:
        made.listener.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(20)
        made.listener.close()


@contextmanager
def server(answer: bytes = ANSWER, *, until: bytes = b"\r\n\r\n") -> Generator[Server]:
    """Answers when it has read `until`, then reads to the end. Without an answer it echoes."""

    def serve(connection: socket.socket, data: bytearray) -> None:
        while until not in data and (more := connection.recv(65536)):
            data += more
            if not answer:
                connection.sendall(more)
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_WR)
        while more := connection.recv(65536):
            data += more

    with _serving(serve) as made:
        yield made


@contextmanager
def accepting(answer: bytes = b"served\n") -> Generator[Server]:
    """Stands in for the machine's own proxy and for every host behind it: opens a tunnel, reads once, answers.

    So that ports can be asked for on which a test cannot listen. `received` is what came through the tunnels.
    """

    def serve(connection: socket.socket, data: bytearray) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        data += connection.recv(65536)
        connection.sendall(answer if data else b"")

    with _serving(serve) as made:
        yield made


@dataclass
class Filter:
    """A running proxy; `lookups` are the names that it looked up."""

    port: int
    log: Log
    lookups: list[str]

    def ask(self, data: bytes, *, finish: bool = True) -> bytes:
        """All that it answers on one connection."""
        with self.connect() as connection:
            try:
                connection.sendall(data)
                if finish:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has answered and closed already
            return drained(connection)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 20)

    def asked(self) -> list[tuple[str, bool, str]]:
        return [(each.place, each.allowed, each.why) for each in self.taken()]

    def taken(self) -> tuple[Asked, ...]:
        return self.log.taken()


def drained(connection: socket.socket) -> bytes:
    data = b""
    try:
        while more := connection.recv(65536):
            data += more
    except ConnectionResetError:
        pass
    return data


@contextmanager
def filtering(
    *hosts: str,
    names: Mapping[str, list[str]] | None = None,
    private: tuple[str, ...] = LOOPBACK,
    upstream: Upstream | None = None,
    patience: Patience = Patience(),  # noqa: B008 (frozen)
) -> Generator[Filter]:
    """`names`: the addresses of each name, one more at each look; without it every name is 127.0.0.1."""
    lookups: list[str] = []

    def resolve(name: str, port: int) -> list[str]:
        lookups.append(name)
        return names[name] if names else ["127.0.0.1"]

    listener, log = socket.create_server(("127.0.0.1", 0), backlog=64), Log()
    port = int(listener.getsockname()[1])
    with Proxy(listener, reach(hosts, private, upstream), log, resolve, patience):
        yield Filter(port, log, lookups)
