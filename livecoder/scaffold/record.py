"""Where livecoder last put each branch of the store, kept beside the repository: so that any other move of one is seen.

A move is written down before it is made and again when it is done, so that a crash between the two is no surprise.
Values and one small file; no git in here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from livecoder.scaffold.files import write_whole

MAIN = "refs/heads/main"
PROJECTS = "refs/heads/project/"
SEEDS = "refs/seeds/"


@dataclass(frozen=True, slots=True)
class Record:
    """Refs with their commits, and the move that had begun when this was written: refs with where they go."""

    refs: Mapping[str, str]
    moving: Mapping[str, str] = field(default_factory=dict[str, str])

    def agrees(self, found: Mapping[str, str]) -> bool:
        """Whether the refs are where they belong. While one moves nobody can tell who does not hold the lock."""
        return not self.moving and ours(found) == self.refs

    def settled(self, found: Mapping[str, str]) -> dict[str, str]:
        """Where the refs belong: a move that had begun is done when any of its refs has moved, else it never was."""
        moved = any(found.get(ref) == commit for ref, commit in self.moving.items())
        return {**self.refs, **(self.moving if moved else {})}


def ours(refs: Mapping[str, str]) -> dict[str, str]:
    """Those of `refs` that are livecoder's; others are nobody's business."""
    return {ref: commit for ref, commit in refs.items() if ref == MAIN or ref.startswith((PROJECTS, SEEDS))}


def load(path: Path) -> Record | None:
    """None where there is none, or none that can be read: then the refs as they are found are all there is."""
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(Record).validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def save(path: Path, record: Record) -> None:
    """Raises ScaffoldError when it cannot be written."""
    write_whole(path, json.dumps(asdict(record), indent=1, sort_keys=True).encode())
