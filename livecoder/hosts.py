"""Which hosts of a network the user allows: names in one spelling, patterns, addresses. Values; no socket in here."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Range: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

ANY = "*"
"""Every public host."""
WORDS = {
    "registries": (
        *("pypi.org", "files.pythonhosted.org", "registry.npmjs.org", "registry.yarnpkg.com"),
        *("index.crates.io", "static.crates.io", "crates.io", "proxy.golang.org", "sum.golang.org"),
    )
}
"""A word that stands for several hosts: where packages of Python, JavaScript, Rust and Go come from."""
PORTS = (80, 443)
"""What a pattern without a port allows: plain HTTP on the first, TLS on the second."""

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_NAME_CHARS = 253
_DEVIANT = "\u00df\u03c2\u200c\u200d"
"""Letters that the two standards of IDNA turn into different names."""
_LOCAL = (*("localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "arpa", "onion", "test"),)
"""Last labels that no public host has; `ANY` does not cover them."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One entry of the user's list."""

    name: str
    """A canonical name; "" for every public host."""
    below: bool = False
    """The names below `name` are meant, at any depth, and not itself."""
    port: int = 0
    """0: those of `PORTS`."""

    def admits(self, name: str, port: int) -> bool:
        """`name` is canonical. Compared label by label, so that `evilexample.org` is not below `example.org`."""
        if port not in ((self.port,) if self.port else PORTS):
            return False
        if not self.name:
            return "." in name and name.rpartition(".")[2] not in _LOCAL
        return name.endswith(f".{self.name}") if self.below else name == self.name


@dataclass(frozen=True, slots=True)
class Reach:
    """What the commands of a session reach. Empty: nothing."""

    patterns: tuple[Pattern, ...] = ()
    private: tuple[Range, ...] = ()
    """Ranges that are not public and may be reached all the same, by the user's word."""
    upstream: Upstream | None = None
    told: tuple[str, ...] = ()
    """The patterns as the user wrote them."""

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def __str__(self) -> str:
        return "every public host" if ANY in self.told else ", ".join(self.told)

    def pattern(self, name: str, port: int) -> Pattern | None:
        """The first that admits this host. `name` is canonical."""
        return next((each for each in self.patterns if each.admits(name, port)), None)

    def forbids(self, address: Address) -> bool:
        """Whether no connection may be made to this address, whatever name led to it."""
        known = embedded(address)
        if any(known in each for each in self.private if each.version == known.version):
            return False
        closed = known.is_multicast or known.is_reserved or known.is_unspecified or known.is_loopback
        return closed or not known.is_global


@dataclass(frozen=True, slots=True)
class Upstream:
    """The HTTP proxy by which the machine itself reaches the world."""

    host: str
    port: int
    credentials: str = ""
    """`user:password`, or ""."""


def reach(entries: tuple[str, ...], private: tuple[str, ...] = (), upstream: Upstream | None = None) -> Reach:
    """Raises ValueError for what is no pattern or no range."""
    each = [name for entry in entries for name in WORDS.get(entry, (entry,))]
    ranges = tuple(ipaddress.ip_network(text) for text in private)
    return Reach(tuple(map(parsed, each)), ranges, upstream, entries)


def parsed(entry: str) -> Pattern:
    """`*`, `name`, `.name` or `*.name`, each name with `:port` behind it if it is not 80 or 443. Raises ValueError."""
    if entry == ANY:
        return Pattern("")
    name, colon, port = entry.partition(":")
    number = int(port) if re.fullmatch(r"[1-9][0-9]{0,4}", port) else 0
    if colon and not 0 < number < 65536:
        raise ValueError(f"{port!r} is no port")
    bare = name.removeprefix("*").removeprefix(".") if name.startswith(("*.", ".")) else name
    return Pattern(canonical(bare), bare != name, number)


def canonical(name: str) -> str:
    """`name` as it is compared and looked up: lower case, IDNA, without a final dot. Raises ValueError.

    An address is no name, however it is spelled: the last label of a name is no number.
    """
    bare = name.removesuffix(".")
    if any(character in _DEVIANT for character in bare):
        raise ValueError("a letter of it has two readings: write the name in ASCII (xn--…)")
    if not bare.isascii():
        bare = bare.encode("idna").decode("ascii")
    bare = bare.lower()
    labels = bare.split(".")
    if _NUMBER.fullmatch(labels[-1]) or ":" in bare or "[" in bare:
        raise ValueError("an address is no host name")
    if len(bare) > _NAME_CHARS or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError("it is no host name")
    return bare


def embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it stands for one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)
