"""One SQLite file a session (WAL), outside every mount. Secrets are masked before the write; large outputs are blobs.

Commit points (a command is about to run, has run, the round ended, the scaffold changed) are synchronous: they survive
a power cut. Everything else survives a kill.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from livecoder.errors import JournalError
from livecoder.events import (
    CommandFinished,
    CommandStarted,
    Event,
    Result,
    RoundEnded,
    ScaffoldCommitted,
    TextArrived,
    from_json,
    kind,
    to_json,
)
from livecoder.journal.masking import with_masked_values

COMMIT_POINTS = (CommandStarted, CommandFinished, RoundEnded, ScaffoldCommitted, Result)
TABLES = """
CREATE TABLE IF NOT EXISTS event(
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, at REAL NOT NULL, body TEXT NOT NULL, hash TEXT NOT NULL);
"""
MASK = "[secret]"
FILE = "journal.sqlite"
"""What makes a directory a session's."""
BLOBS = "blobs"


class Journal:
    """Append and read. `secrets` are values that never reach the disk."""

    def __init__(self, directory: Path, secrets: Iterable[str] = ()) -> None:
        self.directory = directory
        self._secrets = sorted((s for s in secrets if len(s) >= 8), key=len, reverse=True)
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._db = sqlite3.connect(directory / FILE, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA busy_timeout=2000")
            self._db.executescript(TABLES)
            last = self._db.execute("SELECT hash FROM event ORDER BY seq DESC LIMIT 1").fetchone()
        except sqlite3.Error as error:
            raise JournalError(f"{directory}: {error}", "free some disk space, or remove this session") from None
        self._hash: str = last[0] if last else ""
        self._full = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def append(self, event: Event) -> None:
        """Write one event. Raises JournalError when it cannot be written: then nothing may happen any more."""
        body = json.dumps(with_masked_values(to_json(event), self.masked), separators=(",", ":"))
        digest = chained(self._hash, body)
        try:
            self._synchronous(isinstance(event, COMMIT_POINTS))
            self._db.execute(
                "INSERT INTO event(kind, at, body, hash) VALUES (?, ?, ?, ?)",
                (kind(event), time.time(), body, digest),
            )
        except sqlite3.Error as error:
            raise JournalError(
                f"the journal cannot be written: {error}", f"free some space at {self.directory}"
            ) from None
        self._hash = digest

    def _synchronous(self, full: bool) -> None:
        if full != self._full:
            self._db.execute(f"PRAGMA synchronous={'FULL' if full else 'NORMAL'}")
            self._full = full

    def recording(self, events: Iterable[Event]) -> Iterator[Event]:
        """Pass events on, each on disk before the next one is made. Streamed text is shown, never kept."""
        for event in events:
            if not isinstance(event, TextArrived):
                self.append(event)
            yield event

    def keep(self, output: Path) -> str:
        """Store a full output as a blob; returns its SHA-256. Blobs with a secret in them are masked as well."""
        whole = output.read_bytes()
        for secret in self._secrets:
            whole = whole.replace(secret.encode(), MASK.encode())
        name = hashlib.sha256(whole).hexdigest()
        blob = self.directory / BLOBS / name
        if not blob.exists():
            blob.parent.mkdir(exist_ok=True, mode=0o700)
            scratch = blob.with_suffix(".new")
            scratch.write_bytes(whole)
            scratch.replace(blob)
        return name

    def masked(self, text: str) -> str:
        """The text without secrets, also as JSON inside a text has them."""
        for secret in self._secrets:
            text = text.replace(secret, MASK).replace(json.dumps(secret)[1:-1], MASK)
        return text


def readonly(path: Path) -> sqlite3.Connection:
    """A journal of anybody's, by a path that may have any character in it."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def chained(previous: str, body: str) -> str:
    """The hash of an entry: it binds the entry to all before it."""
    return hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()


def read(directory: Path) -> Iterator[Event]:
    """The events of a session. Raises JournalError where the chain is broken or an entry cannot be read."""
    return (event for _, event in timed(directory))


def timed(directory: Path, kinds: Sequence[type[Event]] = ()) -> Iterator[tuple[float, Event]]:
    """The events with when each was written, in seconds since the epoch; only those of `kinds` where some are given.

    Raises JournalError as `read` does: the chain is followed over all entries, whatever is asked for.
    """
    path = directory / FILE
    if not path.exists():
        raise JournalError(f"{directory.name}: no such session", "`livecoder sessions list` names those there are")
    previous = ""
    wanted = tuple(f'{{"event":"{kind(cls)}",' for cls in kinds)  # the column `kind` is not in the chain
    try:
        with closing(readonly(path)) as db:
            rows = db.execute("SELECT seq, at, body, hash FROM event ORDER BY seq").fetchall()
    except sqlite3.Error as error:
        raise JournalError(f"{path}: {error}", "what was exported of this session before is still good") from None
    for seq, at, body, digest in rows:
        previous = chained(previous, body)
        if previous != digest:
            raise JournalError(f"{path}: entry {seq} was changed after it was written", "do not trust this session")
        if wanted and not body.startswith(wanted):
            continue
        try:
            event = from_json(json.loads(body))
        except (ValueError, KeyError):  # pydantic's ValidationError is a ValueError
            raise JournalError(f"{path}: entry {seq} cannot be read", "a later version may have written it") from None
        yield at, event


def kept(directory: Path, blob: str, head: int, tail: int) -> tuple[bytes, bytes] | None:
    """A full output's first and last bytes, together all of it where it is no longer; None where it is gone."""
    if not re.fullmatch("[0-9a-f]{64}", blob):
        return None
    try:
        with (directory / BLOBS / blob).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            first = file.read(head if size > head + tail else size)
            file.seek(max(size - tail, len(first)))
            return first, file.read()
    except OSError:
        return None
