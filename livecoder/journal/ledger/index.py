"""The facts of each session in one SQLite file, so that a journal is read once. Can be thrown away at any moment.

A session is read again when its journal looks different, and all of them when the schema's number changes or the file
is damaged. Where it cannot be written, the journals are read instead.
"""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from livecoder.events import Event, from_json, kind
from livecoder.journal.ledger.facts import READ, Facts, facts
from livecoder.journal.ledger.ledger import Ledger

if TYPE_CHECKING:
    from pydantic import TypeAdapter

SCHEMA = 2
"""Raised whenever `Facts`, or how they are read from events, changes."""
SESSIONS = 500
"""How far back the ledger looks."""
NAME = "ledger.sqlite"

_TABLE = "CREATE TABLE IF NOT EXISTS session(name TEXT PRIMARY KEY, signature TEXT NOT NULL, facts TEXT NOT NULL)"


def read_ledger(sessions: Path, patience: float = 5.0) -> Ledger:
    """What the journals below the directory `sessions` say, by way of the index beside it.

    `patience` is how many seconds one waits for another process that writes it.
    """
    names = sorted((path.parent for path in sessions.glob("*/journal.sqlite")), reverse=True)[:SESSIONS]
    wanted = {path.name: path for path in reversed(names)}
    index = sessions.parent / NAME
    for _ in range(2):
        try:
            return Ledger(_through(index, wanted, patience))
        except (sqlite3.Error, ValueError, OSError):  # pydantic's ValidationError is a ValueError
            _remove(index)
    return Ledger(found for path in wanted.values() if (found := _read(path)))


def _through(index: Path, wanted: Mapping[str, Path], patience: float) -> list[Facts]:
    if not wanted:
        return []
    with closing(sqlite3.connect(index, isolation_level=None, timeout=patience)) as db:
        if db.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:
            db.executescript(f"DROP TABLE IF EXISTS session; {_TABLE}; PRAGMA user_version={SCHEMA}")
        known = {name: (signature, text) for name, signature, text in db.execute("SELECT * FROM session")}
        now = {name: _signature(path) for name, path in wanted.items()}
        fresh = {name: _written(_read(wanted[name])) for name in now if known.get(name, ("", ""))[0] != now[name]}
        gone = known.keys() - wanted.keys()
        if fresh or gone:
            _keep(db, [(name, now[name], text) for name, text in fresh.items()], gone)
    texts = [fresh[name] if name in fresh else known[name][1] for name in wanted]
    return [_reader().validate_json(text) for text in texts if text]


def _keep(db: sqlite3.Connection, rows: Iterable[tuple[str, str, str]], gone: Iterable[str]) -> None:
    try:
        db.execute("BEGIN IMMEDIATE")
        db.executemany("DELETE FROM session WHERE name = ?", [(name,) for name in gone])
        db.executemany("INSERT OR REPLACE INTO session VALUES (?, ?, ?)", rows)
        db.execute("COMMIT")
    except sqlite3.OperationalError:  # locked, or no space: the next run reads these journals again
        pass


def _read(directory: Path) -> Facts | None:
    """None for a journal that cannot be read, and for a session that never began."""
    try:
        return facts(directory.name, list(_events(directory)))
    except (sqlite3.Error, ValueError, KeyError):  # also: an event of another version
        return None


def _events(directory: Path) -> Iterator[Event]:
    marks = ",".join("?" for _ in READ)
    with closing(sqlite3.connect(f"file:{directory / 'journal.sqlite'}?mode=ro", uri=True)) as db:
        query = f"SELECT body FROM event WHERE kind IN ({marks}) ORDER BY seq"
        for (body,) in db.execute(query, [kind(cls) for cls in READ]):
            yield from_json(json.loads(body))


def _signature(directory: Path) -> str:
    journal, log = directory / "journal.sqlite", directory / "journal.sqlite-wal"
    status = journal.stat()
    # A log that is empty, or not there, is the same: a reader may leave an empty one behind.
    return f"{status.st_size} {status.st_mtime_ns} {log.stat().st_size if log.exists() else 0}"


def _written(found: Facts | None) -> str:
    return json.dumps(dataclasses.asdict(found), separators=(",", ":")) if found else ""


def _remove(index: Path) -> None:
    for path in (index, index.with_name(f"{index.name}-journal")):
        try:
            path.unlink(missing_ok=True)
        except OSError:  # then it is not used
            pass


@lru_cache(maxsize=1)
def _reader() -> TypeAdapter[Facts]:
    from pydantic import TypeAdapter

    return TypeAdapter(Facts)
