"""What commands asked of the network and what the proxy answered, counted: bounded, whatever they ask."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

DISTINCT = 100
"""Questions that are told apart between two looks; the rest is counted together."""


@dataclass(frozen=True, slots=True)
class Asked:
    place: str
    """`host:port`; of a request that could not be read its beginning, safe to show."""
    allowed: bool
    why: str
    """Why it was refused, or what went wrong though it was allowed."""
    setting: str
    """What would allow it, as the user writes it; or ""."""
    count: int


@runtime_checkable
class Networked(Protocol):
    """A sandbox whose commands may have a network."""

    def asked(self) -> tuple[Asked, ...]:
        """What commands asked of it since the last look."""
        ...


class Log:
    """Written by the proxy's threads, read between commands."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, bool, str, str], int] = {}

    def allowed(self, place: str, trouble: str = "") -> None:
        self._note((place, True, trouble, ""))

    def refused(self, place: str, why: str, setting: str = "") -> None:
        self._note((place, False, why, setting))

    def taken(self) -> tuple[Asked, ...]:
        """What was asked since the last look."""
        with self._lock:
            counts, self._counts = self._counts, {}
        return tuple(Asked(*key, count) for key, count in counts.items())

    def _note(self, key: tuple[str, bool, str, str]) -> None:
        with self._lock:
            if key not in self._counts and len(self._counts) >= DISTINCT:
                key = ("further hosts", key[1], "", "")
            self._counts[key] = self._counts.get(key, 0) + 1
