"""A connection to an allowed host: its name is looked up once, and exactly an address that was checked is used."""

from __future__ import annotations

import base64
import ipaddress
import socket
from collections.abc import Callable
from typing import TypeAlias

from livecoder.hosts import Address, Reach, Upstream
from livecoder.sandbox.proxy.request import HEAD_BYTES, Request

Resolve: TypeAlias = Callable[[str, int], list[str]]
"""The addresses of a name, as text. Raises OSError."""
CONNECT_SECONDS = 15
_ADDRESSES = 4
"""That are tried of one name."""


class Closed(Exception):
    """The host is allowed, and lies where nothing may be reached."""


class Unreachable(Exception):
    """The host is allowed, and no connection came about."""


def looked_up(name: str, port: int) -> list[str]:
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def dial(request: Request, reach: Reach, resolve: Resolve = looked_up) -> socket.socket:
    """A connected socket; with an upstream proxy a tunnel through it, or for plain HTTP the proxy itself.

    Raises Closed or Unreachable.
    """
    try:
        return _through(request, reach.upstream) if reach.upstream else _direct(request, reach, resolve)
    except (OSError, UnicodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise Unreachable(reason) from None


def _direct(request: Request, reach: Reach, resolve: Resolve) -> socket.socket:
    addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in resolve(request.host, request.port)]
    open_ones = [address for address in addresses if not reach.forbids(address)][:_ADDRESSES]
    if not open_ones:
        raise Closed("its address is private, of this machine or of no host") if addresses else OSError("no address")
    failed = OSError()
    for address in open_ones:
        try:
            return _connected(address, request.port, reach)
        except OSError as error:
            failed = error
    raise failed


def _connected(address: Address, port: int, reach: Reach) -> socket.socket:
    """To this address and no other; nothing is looked up again."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(CONNECT_SECONDS)
        connection.connect((str(address), port))
        # A public address of this very machine leads to servers that listen for it alone.
        own = connection.getsockname()[0] == connection.getpeername()[0]
        if own and not any(address in each for each in reach.private if each.version == address.version):
            raise Closed("its address is this machine's own")
    except BaseException:
        connection.close()
        raise
    return connection


def _through(request: Request, upstream: Upstream) -> socket.socket:
    """The address is the upstream proxy's to find; here it cannot be checked."""
    connection = socket.create_connection((upstream.host, upstream.port), CONNECT_SECONDS)
    try:
        if request.tunnel:
            place = request.place.encode()
            fields = [(b"Host", place), *authorization(upstream)]
            lines = [b"CONNECT %s HTTP/1.1" % place, *(b"%s: %s" % field for field in fields)]
            connection.sendall(b"\r\n".join([*lines, b"", b""]))
            _accepted(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def authorization(upstream: Upstream) -> list[tuple[bytes, bytes]]:
    if not upstream.credentials:
        return []
    return [(b"Proxy-Authorization", b"Basic " + base64.b64encode(upstream.credentials.encode()))]


def _accepted(connection: socket.socket) -> None:
    """Read the proxy's answer to CONNECT and not a byte more. Raises OSError where it refuses."""
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte or len(answer) > HEAD_BYTES:
            raise OSError("the proxy of HTTPS_PROXY gave no answer")
        answer += byte
    status = answer.split(b"\r\n", 1)[0].split(b" ")
    if len(status) < 2 or status[1] != b"200":
        said = b" ".join(status[1:]).decode("latin-1")[:80]
        raise OSError(f"the proxy of HTTPS_PROXY says: {said}")
