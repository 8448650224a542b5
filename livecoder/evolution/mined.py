"""The miner's index of a project on disk: made from the journals, brought up to date by what is new in them.

It saves time and nothing else: without it, or with one that cannot be read, the journals are read from the beginning.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from livecoder.events import CommandFinished, CommandStarted
from livecoder.evolution.miner import Call, Mined, called, counted
from livecoder.journal.recall import after, sessions_of
from livecoder.scaffold.files import write_whole

VERSION = 1
"""Raised when a shape is made in another way: then everything is counted again."""
SESSIONS = 200
"""How far back it looks."""


@dataclass(frozen=True, slots=True)
class Index:
    """What was counted, and the last entry of each session's journal that was."""

    seen: Mapping[str, int] = field(default_factory=dict[str, int])
    shapes: Mapping[str, Mined] = field(default_factory=dict[str, Mined])
    version: int = VERSION


def place(sessions: Path) -> Path:
    """Where the index of a project lies, beside its sessions."""
    return sessions.parent / "shapes.json"


def load(sessions: Path) -> Index:
    """An empty one where there is none, or none that can be used."""
    from pydantic import TypeAdapter, ValidationError

    try:
        found = TypeAdapter(Index).validate_json(place(sessions).read_bytes())
    except (OSError, ValidationError):
        return Index()
    return found if found.version == VERSION else Index()


def updated(index: Index, sessions: Path) -> Index:
    """The index with what the journals say since. A session that is gone takes its counts with it."""
    there = sessions_of(sessions, SESSIONS)
    if not index.seen.keys() <= set(there):
        index = Index()
    seen, calls = dict(index.seen), list[Call]()
    for session in reversed(there):
        last, found = _calls(sessions / session, seen.get(session, 0))
        if last:
            seen[session] = last
            calls += found
    return Index(seen, counted(index.shapes, calls))


def refresh(sessions: Path) -> Index:
    """Bring the index on disk up to date. Raises ScaffoldError when it cannot be written."""
    before = load(sessions)
    now = updated(before, sessions)
    if now != before:
        shapes = {
            shape: {"uses": mined.uses, "successes": mined.successes, "sets": sorted(mined.sets)}
            for shape, mined in now.shapes.items()
        }
        text = json.dumps({"version": now.version, "seen": dict(now.seen), "shapes": shapes})
        write_whole(place(sessions), text.encode())
    return now


def _calls(directory: Path, since: int) -> tuple[int, list[Call]]:
    """The procedures in a journal after its entry `since`, and the last entry that was read; 0 for none."""
    commands: dict[int, str] = {}
    last, found = 0, list[Call]()
    for seq, event in after(directory, since, (CommandStarted, CommandFinished)):
        if isinstance(event, CommandStarted):
            commands[event.step] = event.command
        elif isinstance(event, CommandFinished) and event.step in commands:
            last = seq  # a command that has not finished yet is read again
            if call := called(commands.pop(event.step), event.exit_code):
                found.append(call)
    return last, found
