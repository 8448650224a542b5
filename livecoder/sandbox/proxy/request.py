"""The head of a request to the proxy, read strictly: what two programs could read in two ways is refused.

A connection carries one request, and of its body exactly the bytes that it announces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from livecoder.hosts import canonical

HEAD_BYTES = 32 * 1024

_LINE = re.compile(rb"([A-Z]{1,20}) ([!-~\x80-\xff]{1,16384}) HTTP/1\.[01]")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}):[ \t]*([\t\x20-\x7e\x80-\xff]*)")
_ABSOLUTE = re.compile(rb"http://([^/?#]*)([^#]*)", re.I)
_AUTHORITY = re.compile(r"([^:@\\]+)(?::([1-9][0-9]{0,4}))?")
_LENGTH = re.compile(rb"[0-9]{1,15}")
_ONE_HOP = (b"connection", b"keep-alive", b"te", b"trailer", b"upgrade", b"http2-settings")
"""What concerns this connection alone (RFC 9110, 7.6.1), besides what `Connection` names and `Proxy-…`."""
SHOWN_CHARS = 100


class Malformed(Exception):
    """`asked` is what was asked for, as far as it could be read, safe to show."""

    def __init__(self, why: str, asked: bytes = b"") -> None:
        super().__init__(why)
        self.asked = re.sub(r"[^!-~]", "?", asked.decode("latin-1"))[:SHOWN_CHARS]


@dataclass(frozen=True, slots=True)
class Request:
    host: str
    """Canonical."""
    port: int
    tunnel: bool
    """CONNECT; else one request in plain HTTP."""
    method: bytes = b""
    path: bytes = b""
    fields: tuple[tuple[bytes, bytes], ...] = ()
    """What is handed on of the header, without `Host`."""
    body_bytes: int = 0

    @property
    def place(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def authority(self) -> str:
        """As in an address of plain HTTP."""
        return self.host if self.port == 80 else self.place

    def head(self, target: bytes, *further: tuple[bytes, bytes]) -> bytes:
        """What is sent on, with our own `Host`, so that both sides mean the same."""
        fields = ((b"Host", self.authority.encode()), *self.fields, *further, (b"Connection", b"close"))
        lines = [b"%s %s HTTP/1.1" % (self.method, target), *(b"%s: %s" % field for field in fields)]
        return b"\r\n".join([*lines, b"", b""])


def read(head: bytes) -> Request:
    """`head` ends with an empty line. Raises Malformed."""
    first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    line = _LINE.fullmatch(first)
    if not line:
        raise Malformed("this is no request of HTTP/1.1 to a proxy", first)
    method, target = line[1], line[2]
    fields: list[tuple[bytes, bytes]] = []
    for each in lines:
        field = _FIELD.fullmatch(each)
        if not field:
            raise Malformed("a line of the header is malformed", target)
        fields.append((field[1], field[2].rstrip(b" \t")))
    if method == b"CONNECT":
        return _tunnel(target, fields)
    return _plain(method, target, fields)


def _tunnel(target: bytes, fields: list[tuple[bytes, bytes]]) -> Request:
    host, port = _place(target, 0, target)
    if not port:
        raise Malformed("CONNECT names no port", target)
    if _values(fields, b"transfer-encoding") or any(value != b"0" for value in _values(fields, b"content-length")):
        raise Malformed("CONNECT has no body", target)
    return Request(host, port, tunnel=True)


def _plain(method: bytes, target: bytes, fields: list[tuple[bytes, bytes]]) -> Request:
    absolute = _ABSOLUTE.fullmatch(target)
    if not absolute:
        raise Malformed("a proxy is asked for http://HOST/… or by CONNECT", target)
    host, port = _place(absolute[1], 80, target)
    named = _values(fields, b"host")
    if len(named) != 1 or _place(named[0], 80, target) != (host, port):
        raise Malformed("the Host field names another host than the address", target)
    if _values(fields, b"transfer-encoding"):
        raise Malformed("a body needs a Content-Length here", target)
    lengths = _values(fields, b"content-length")
    if len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
        raise Malformed("the Content-Length is malformed", target)
    dropped = {b"host", *_ONE_HOP}
    dropped |= {name.strip().lower() for value in _values(fields, b"connection") for name in value.split(b",")}
    dropped -= {b"content-length"}
    kept = tuple(f for f in fields if f[0].lower() not in dropped and not f[0].lower().startswith(b"proxy-"))
    path = absolute[2] if absolute[2].startswith(b"/") else b"/" + absolute[2]
    return Request(host, port, False, method, path, kept, int(lengths[0]) if lengths else 0)


def _place(authority: bytes, default: int, target: bytes) -> tuple[str, int]:
    """The canonical name and the port."""
    try:
        text = authority.decode("utf-8")
        parts = _AUTHORITY.fullmatch(text)
        if not parts:
            raise ValueError("an address is no host name" if text.startswith("[") else "it is no host name")
        port = int(parts[2] or default)
        if port > 65535:
            raise ValueError("its port is none")
        return canonical(parts[1]), port
    except ValueError as error:  # of UTF-8 and IDNA too
        why = "it is no host name" if isinstance(error, UnicodeError) else str(error)
        raise Malformed(why, target) from None


def _values(fields: list[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    return [value for key, value in fields if key.lower() == name]
