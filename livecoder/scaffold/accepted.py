"""What the user took by content: SHA-256 hashes in files of theirs, beside the store.

A changed byte is another content.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from livecoder.scaffold.files import write_whole


@dataclass(frozen=True, slots=True)
class Accepted:
    """One such file, a hash a line, in hex."""

    path: Path

    def hashes(self) -> frozenset[str]:
        """None when the file cannot be read."""
        try:
            return frozenset(self.path.read_text(encoding="ascii").split())
        except (OSError, UnicodeDecodeError):
            return frozenset()

    def add(self, digest: str) -> None:
        """Raises ScaffoldError when that cannot be written."""
        known = self.hashes()
        if digest not in known:
            self._write({*known, digest})

    def remove(self, digest: str) -> None:
        self._write(self.hashes() - {digest})

    def _write(self, hashes: Iterable[str]) -> None:
        write_whole(self.path, "".join(f"{one}\n" for one in sorted(hashes)).encode())
