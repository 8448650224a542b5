"""What became of an earlier session's change: how many of its lines the next session still finds, or that it is undone.

The one measure of a task without a verify command that nobody has to type anything for.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from livecoder.errors import WorkspaceError
from livecoder.events import CheckpointTaken, Lasted, PatchMade
from livecoder.journal.recall import recall
from livecoder.workspace.diff import product
from livecoder.workspace.shadow import Shadow

SESSIONS = 5
"""How far back a change is looked for."""


def lasted(sessions: Path, current: str, shadow: Shadow, found: str) -> list[Lasted]:
    """The latest change of an earlier session, held against the tree `found` by the session `current`.

    Nothing when there is none, when a later session has told of it already, or when its checkpoints are gone.
    """
    trees: dict[str, list[str]] = {}
    changed: set[str] = set()
    told: set[str] = set()
    for session, event in recall(sessions, (CheckpointTaken, PatchMade, Lasted), SESSIONS):
        match event:
            case Lasted():
                told.add(event.session)
            case CheckpointTaken() if session != current:
                trees.setdefault(session, []).append(event.tree)
            case PatchMade() if session != current and event.files:
                changed.add(session)
            case _:
                pass
    session = max(changed, default="")
    if not session or session in told or session not in trees:
        return []
    try:
        return [_held(session, shadow, trees[session][0], trees[session][-1], found)]
    except WorkspaceError:
        return []


def _held(session: str, shadow: Shadow, before: str, after: str, found: str) -> Lasted:
    changes = shadow.trees.changes(before, product(shadow, before, after))
    there = shadow.trees.entries(found)
    blobs = [entry.blob for path, pair in changes.items() for entry in (*pair, there.get(path)) if entry]
    texts = {blob: _lines(content) for blob, content in shadow.trees.blobs(blobs)}
    nothing = Counter[bytes]()
    lines = kept = 0
    for path, (old, new) in changes.items():
        now = there.get(path)
        added = (texts[new.blob] if new else nothing) - (texts[old.blob] if old else nothing)
        lines += added.total()
        kept += (added & texts[now.blob]).total() if now else 0
    undone = bool(changes) and all(there.get(path) == old for path, (old, _) in changes.items())
    return Lasted(session, lines, kept, undone)


def _lines(content: bytes) -> Counter[bytes]:
    """The lines of a text that say something; none of a binary file."""
    lines = content.splitlines() if b"\0" not in content[:8000] else []
    return Counter(stripped for line in lines if (stripped := line.strip()))
