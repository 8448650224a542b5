"""What waits for the user: proposals that the gate did not commit. Kept and listed here, decided elsewhere."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from livecoder.scaffold.files import project_dir, write_whole


@dataclass(frozen=True, slots=True)
class Entry:
    """One proposal that waits. `when` is ISO 8601; an entry that cannot be read says so in `reason`."""

    id: str
    proposal: Mapping[str, Any]
    diff: str
    reason: str
    when: str


def add(data: Path, project: str, proposal: Mapping[str, Any], diff: str, reason: str, when: datetime) -> Entry:
    """Keep a proposal until the user decides. Raises ScaffoldError when it cannot be written."""
    import json

    id = f"{when:%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
    entry = Entry(id, dict(proposal), diff, reason, when.isoformat())
    write_whole(_folder(data, project) / f"{id}.json", json.dumps(asdict(entry), indent=1).encode())
    return entry


def entries(data: Path, project: str) -> list[Entry]:
    """What waits, oldest first."""
    found = sorted(_folder(data, project).glob("[!.]*.json"))
    return [_read(path) for path in found]


def _read(path: Path) -> Entry:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(Entry).validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return Entry(path.stem, {}, "", f"unreadable: see {path}", "")


def _folder(data: Path, project: str) -> Path:
    return project_dir(data, project) / "inbox"
