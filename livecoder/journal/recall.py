"""What earlier sessions of a project say: selected events of their journals, newest session first."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from livecoder.events import Event, from_json, kind
from livecoder.journal.journal import readonly

SESSIONS = 20
"""How far back one looks: what is older has had its chance."""


def recall(sessions: Path, kinds: Sequence[type[Event]], limit: int = SESSIONS) -> Iterator[tuple[str, Event]]:
    """`(session, event)` for every event of these kinds. A journal that cannot be read is passed over."""
    for session in sessions_of(sessions, limit):
        for _, event in after(sessions / session, 0, kinds):
            yield session, event


def sessions_of(sessions: Path, limit: int) -> list[str]:
    """The newest sessions that have a journal, newest first."""
    return sorted((path.parent.name for path in sessions.glob("*/journal.sqlite")), reverse=True)[:limit]


def after(directory: Path, seq: int, kinds: Sequence[type[Event]]) -> list[tuple[int, Event]]:
    """The events of these kinds that a session's journal has after its entry `seq`; none where it cannot be read."""
    marks = ",".join("?" for _ in kinds)
    wanted = f"SELECT seq, body FROM event WHERE seq > ? AND kind IN ({marks}) ORDER BY seq"
    try:
        with closing(readonly(directory / "journal.sqlite")) as db:
            rows = db.execute(wanted, [seq, *(kind(cls) for cls in kinds)]).fetchall()
        return [(number, from_json(json.loads(body))) for number, body in rows]
    except (sqlite3.Error, ValueError, KeyError):  # also: an event of another version
        return []
