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
    names = sorted((path.parent for path in sessions.glob("*/journal.sqlite")), reverse=True)
    marks = ",".join("?" for _ in kinds)
    for directory in names[:limit]:
        try:
            with closing(readonly(directory / "journal.sqlite")) as db:
                rows = db.execute(
                    f"SELECT body FROM event WHERE kind IN ({marks}) ORDER BY seq", [kind(cls) for cls in kinds]
                ).fetchall()
            events = [from_json(json.loads(body)) for (body,) in rows]
        except (sqlite3.Error, ValueError, KeyError):  # also: an event of another version
            continue
        for event in events:
            yield directory.name, event
