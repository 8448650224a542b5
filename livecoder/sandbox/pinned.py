"""Which bytes a scaffold's tools may have: those of the store, and those that this session's commands left there.

A file that became another one while no command ran was changed by somebody else. Its launcher refuses to run it, until
a command of the session writes it anew.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from livecoder.sandbox.regular import read_regular

FOREIGN = "its bytes are not those that the scaffold's store has, and no command of this session wrote them"
_MOST_BYTES = 1024 * 1024
"""Of one file; a tool has far less, and what is longer is told by its first part and its size."""
_MOST_FILES = 500


@dataclass(frozen=True, slots=True)
class _Look:
    signature: tuple[int, ...]
    digest: str
    withheld: str


class Pins:
    """Shared by all rooms of a session that show the scaffold at `root`. Safe to use from any thread.

    `known` has the SHA-256 of each tool by its name, in hex; `withheld` says why a content may not run at all, or "".
    """

    def __init__(self, root: Path, known: Mapping[str, str], withheld: Callable[[bytes], str] = lambda _: "") -> None:
        self.root = root
        self._known = dict(known)
        self._withheld = withheld
        self._foreign: dict[str, str] = {}
        self._looks: dict[str, _Look] = {}
        self._writers = 0
        self._lock = threading.Lock()
        self._check()

    @contextmanager
    def writing(self) -> Generator[None]:
        """While a command runs that can write the scaffold: what it changes is the session's own."""
        with self._lock:
            if not self._writers:
                self._check()
            self._writers += 1
        try:
            yield
        finally:
            with self._lock:
                self._writers -= 1
                if not self._writers:
                    self._take()

    def refused(self) -> dict[str, str]:
        """Why the launcher of a tool must not run it, by name."""
        with self._lock:
            withheld = {name: look.withheld for name, look in self._looks.items() if look.withheld}
            return withheld | dict.fromkeys(self._foreign, FOREIGN)

    def foreign(self) -> frozenset[str]:
        """The tools that somebody else changed."""
        with self._lock:
            return frozenset(self._foreign)

    def wrote(self, name: str, data: bytes | None) -> None:
        """The engine itself put this content there, or took the tool away."""
        with self._lock:
            self._foreign.pop(name, None)
            self._known.pop(name, None)
            if data is not None:
                self._known[name] = hashlib.sha256(data).hexdigest()

    def _check(self) -> None:
        """Nothing of the session ran since the last look: whatever differs was changed from outside."""
        for name, digest in self._survey().items():
            if self._known.get(name) == digest:
                self._foreign.pop(name, None)
            else:
                self._foreign[name] = digest

    def _take(self) -> None:
        """What is there now is the session's, but for what is foreign still: of that the old bytes stay known."""
        found = self._survey()
        self._foreign = {name: digest for name, digest in self._foreign.items() if found.get(name) == digest}
        own = {name: digest for name, digest in found.items() if name not in self._foreign}
        self._known = {name: digest for name, digest in self._known.items() if name in self._foreign} | own

    def _survey(self) -> dict[str, str]:
        """The digest of each file; one is read only when its inode looks different."""
        looks: dict[str, _Look] = {}
        tools = self.root / "tools"
        try:
            with os.scandir(tools) as entries:
                statuses = [
                    (entry.name, entry.stat(follow_symlinks=False))
                    for entry, _ in zip(entries, range(_MOST_FILES), strict=False)
                ]
        except OSError:
            statuses = []
        for name, status in statuses:
            if not stat.S_ISREG(status.st_mode):
                continue
            signature = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            look = self._looks.get(name)
            if look is None or look.signature != signature:
                data = read_regular(tools / name, _MOST_BYTES) or b""
                digest = hashlib.sha256(data).hexdigest() if status.st_size <= _MOST_BYTES else f"{signature}"
                look = _Look(signature, digest, self._withheld(data))
            looks[name] = look
        self._looks = looks
        return {name: look.digest for name, look in looks.items()}
