"""The first message of a TLS connection (RFC 8446, 4.1.2), read for the host that it asks for (RFC 6066, 3)."""

from __future__ import annotations

_HANDSHAKE, _CLIENT_HELLO, _SERVER_NAME, _HOST_NAME = 22, 1, 0, 0
HELLO_BYTES = 64 * 1024


class NoHello(ValueError):
    """What arrived is no ClientHello."""


def server_name(data: bytes) -> str | None:
    """The host that is asked for, "" where none is; None where `data` is only its beginning. Raises NoHello."""
    message = b""
    rest = data
    while len(message) < 4 or len(message) < 4 + int.from_bytes(message[1:4]):
        if rest and (rest[0] != _HANDSHAKE or rest[1:2] not in (b"", b"\x03")):
            raise NoHello
        if message and message[0] != _CLIENT_HELLO:
            raise NoHello
        size = int.from_bytes(rest[3:5])
        if len(rest) < 5 or len(rest) < 5 + size:
            if len(data) > HELLO_BYTES:
                raise NoHello
            return None
        message += rest[5 : 5 + size]
        rest = rest[5 + size :]
    if message[0] != _CLIENT_HELLO:
        raise NoHello
    return _named(_Reader(message[4 : 4 + int.from_bytes(message[1:4])]))


def _named(hello: _Reader) -> str:
    hello.take(2 + 32)  # version, random
    for width in (1, 2, 1):  # session, ciphers, compression
        hello.block(width)
    if hello.empty:
        return ""
    extensions = _Reader(hello.block(2))
    names: list[bytes] = []
    while not extensions.empty:
        kind, body = int.from_bytes(extensions.take(2)), _Reader(extensions.block(2))
        if kind == _SERVER_NAME:
            listed = _Reader(body.block(2))
            while not listed.empty:
                names.append(listed.block(2) if listed.take(1)[0] == _HOST_NAME else b"\0")
    if len(names) > 1:
        raise NoHello
    return names[0].decode("latin-1") if names else ""


class _Reader:
    """Takes bytes from the front. Raises NoHello where there are too few."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def empty(self) -> bool:
        return not self._data

    def take(self, count: int) -> bytes:
        if len(self._data) < count:
            raise NoHello
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    def block(self, width: int) -> bytes:
        """What has its length, of `width` bytes, in front."""
        return self.take(int.from_bytes(self.take(width)))
