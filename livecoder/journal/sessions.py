"""Finding sessions on disk: a directory each, named by when it began. What is in them is read elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from livecoder.errors import UsageError
from livecoder.journal.journal import FILE

NAMED = 5
"""Candidates that a message names."""


def found(folders: Iterable[Path]) -> list[Path]:
    """The sessions in these folders, newest first."""
    journals = [path for folder in folders for path in folder.glob(f"*/{FILE}")]
    return sorted((path.parent for path in journals), key=lambda directory: directory.name, reverse=True)


def named(sessions: Sequence[Path], given: str) -> Path:
    """The session of `sessions` whose id is `given`, or alone begins with it; the first one when nothing is given.

    Raises UsageError with the candidates.
    """
    if not sessions:
        raise UsageError("there is no session here yet", "`livecoder sessions list --all` has those of all projects")
    alike = [session for session in sessions if session.name.startswith(given)]
    exact = [session for session in alike if session.name == given]
    if len(alike) == 1 or exact or not given:
        return (exact or alike)[0]
    if alike:
        raise UsageError(f"{len(alike)} sessions begin with {given!r}", _candidates(alike))
    raise UsageError(f"there is no session {given!r} in this project", f"the newest are {_candidates(sessions)}")


def _candidates(sessions: Sequence[Path]) -> str:
    more = f" and {len(sessions) - NAMED} more" if len(sessions) > NAMED else ""
    return ", ".join(session.name for session in sessions[:NAMED]) + more
