"""The one way from a sandbox to a network: a proxy that connects to the hosts that the user allows, and to no others.

It listens inside a session's network, on a socket of the engine's: when the engine ends, however it does, there is no
proxy and no network. Every connection carries one request.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import NoReturn, Self

from livecoder.hosts import PORTS, Reach, canonical
from livecoder.sandbox.proxy.dial import Closed, Resolve, Unreachable, authorization, dial, looked_up
from livecoder.sandbox.proxy.hello import NoHello, server_name
from livecoder.sandbox.proxy.log import Log
from livecoder.sandbox.proxy.relay import Way, relay
from livecoder.sandbox.proxy.request import HEAD_BYTES, Malformed, Request, read

PORT = 3128
CONNECTIONS = 64
"""At a time; further ones wait to be accepted."""
_LAST_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Patience:
    """In seconds."""

    head: float = 20.0
    """From the connection to the end of the request's head, and of the TLS handshake's first message."""
    idle: float = 300.0
    """Without a byte either way."""


class Refused(Exception):
    """Told to whoever asked."""


class Proxy:
    """A context manager; leaving it closes every connection. Takes over `listener`."""

    def __init__(
        self,
        listener: socket.socket,
        reach: Reach,
        log: Log,
        resolve: Resolve = looked_up,
        patience: Patience = Patience(),
    ) -> None:
        self._listener = listener
        self._reach = reach
        self._log = log
        self._resolve = resolve
        self._patience = patience
        self._slots = threading.Semaphore(CONNECTIONS)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._threads: set[threading.Thread] = set()

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._closed = True
            for connection in self._open:
                _shut(connection)
            threads = set(self._threads)
        _shut(self._listener)
        self._slots.release()
        until = time.monotonic() + _LAST_SECONDS
        for thread in threads:
            thread.join(max(until - time.monotonic(), 0))

    def _start(self, work: Callable[..., None], *arguments: socket.socket) -> None:
        """On a thread of its own. Nobody waits long for one: a name that is looked up cannot be interrupted."""

        def run() -> None:
            try:
                work(*arguments)
            finally:
                with self._lock:
                    self._threads.discard(thread)

        thread = threading.Thread(target=run, name="livecoder-proxy", daemon=True)
        with self._lock:  # whoever leaves joins each that is in the set, and only a thread that runs can be joined
            thread.start()
            self._threads.add(thread)

    def _accept(self) -> None:
        with self._listener:
            while True:
                self._slots.acquire()
                try:
                    client, _ = self._listener.accept()
                except OSError:
                    return
                try:
                    self._start(self._serve, client)
                except RuntimeError:  # there are no threads left
                    client.close()
                    self._slots.release()

    def _serve(self, client: socket.socket) -> None:
        try:
            with client:
                if self._keep(client):
                    self._answer(client)
        except OSError:  # a side went away
            pass
        finally:
            self._drop(client)
            self._slots.release()

    def _keep(self, connection: socket.socket) -> bool:
        """Remember it, to be closed with the proxy; False where that is closed already."""
        with self._lock:
            if not self._closed:
                self._open.add(connection)
            return not self._closed

    def _drop(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def _answer(self, client: socket.socket) -> None:
        try:
            request, early = self._request(client)
        except Malformed as error:
            self._log.refused(error.asked or "an empty request", str(error))
            return _tell(client, b"400 Bad Request", str(error))
        pattern = self._reach.pattern(request.host, request.port)
        try:
            if not pattern:
                place = request.host if request.port in PORTS else request.place
                self._refuse(request, "the user does not allow it", f'network.hosts = ["{place}"]')
            if request.tunnel and request.port == 80 and not pattern.port:
                self._refuse(request, "plain HTTP is asked for by its address, not by CONNECT")
            server = dial(request, self._reach, self._resolve)
        except Closed as error:
            self._log.refused(request.place, str(error))
            return _tell(client, b"403 Forbidden", f"{request.place} is refused: {error}")
        except Refused as error:
            return _tell(client, b"403 Forbidden", str(error))
        except Unreachable as error:
            self._log.allowed(request.place, f"it could not be reached: {error}")
            return _tell(client, b"502 Bad Gateway", f"{request.place} could not be reached: {error}")
        try:
            with server:
                if self._keep(server):
                    self._converse(client, server, request, early, raw=bool(pattern.port))
        finally:
            self._drop(server)
        return None

    def _refuse(self, request: Request, why: str, setting: str = "") -> NoReturn:
        self._log.refused(request.place, why, setting)
        raise Refused(f"{request.place} is refused: {why}")

    def _request(self, client: socket.socket) -> tuple[Request, bytes]:
        """The request, and what came behind its head. Raises Malformed, OSError where it does not come."""
        data = b""
        until = time.monotonic() + self._patience.head
        while b"\r\n\r\n" not in data:
            if len(data) > HEAD_BYTES:
                raise Malformed("the header is too long", data.split(b"\r\n")[0])
            more = _received(client, until)
            if not more:
                raise Malformed("the request has no end", data.split(b"\r\n")[0]) if data else OSError("no request")
            data += more
        head, _, early = data.partition(b"\r\n\r\n")
        return read(head + b"\r\n\r\n"), early

    def _converse(
        self, client: socket.socket, server: socket.socket, request: Request, early: bytes, raw: bool
    ) -> None:
        """`raw`: the user named this port, so that anything may be spoken there; else a tunnel is for TLS."""
        back = Way(server, client)
        if not request.tunnel:
            self._log.allowed(request.place)
            early = early[: request.body_bytes]
            left = request.body_bytes - len(early)
            out = Way(client, server, self._head(request) + early, left, ended=not left)
        else:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            if not raw:
                early = self._hello(client, request, early)
            self._log.allowed(request.place)
            out = Way(client, server, early)
        relay(out, back, self._patience.idle)

    def _head(self, request: Request) -> bytes:
        if upstream := self._reach.upstream:
            return request.head(f"http://{request.authority}".encode() + request.path, *authorization(upstream))
        return request.head(request.path)

    def _hello(self, client: socket.socket, request: Request, data: bytes) -> bytes:
        """The beginning of a TLS handshake that asks for the very host. Raises OSError where it does not."""
        until = time.monotonic() + self._patience.head
        try:
            while (name := server_name(data)) is None:
                more = _received(client, until)
                if not more:
                    raise OSError("the tunnel was not used")
                data += more
            if name and canonical(name) != request.host:
                raise NoHello
        except ValueError:
            self._log.refused(request.place, "what was sent is no TLS handshake with this host")
            raise OSError("refused") from None
        return data


def _received(connection: socket.socket, until: float) -> bytes:
    """Raises OSError when the time is over."""
    connection.settimeout(max(until - time.monotonic(), 0.001))
    return connection.recv(HEAD_BYTES)


def _tell(client: socket.socket, status: bytes, text: str) -> None:
    body = f"livecoder: {text}\n".encode()
    head = b"HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    client.settimeout(5)
    client.sendall(head % (status, len(body)) + body)
    client.shutdown(socket.SHUT_WR)
    client.recv(HEAD_BYTES)  # what is unread at the close would take the answer away with it


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:  # it is not connected any more
        pass
