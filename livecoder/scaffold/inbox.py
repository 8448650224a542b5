"""What waits for the user: proposals that the gate did not commit. Kept and listed here, decided elsewhere."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from livecoder.errors import ScaffoldError, UsageError
from livecoder.scaffold.files import project_dir, write_whole


@dataclass(frozen=True, slots=True)
class Entry:
    """One proposal that waits. `when` is ISO 8601; an entry that cannot be read says so in `reason`."""

    id: str
    proposal: Mapping[str, Any]
    """As JSON values; it says of itself what kind it is."""
    diff: str
    reason: str
    when: str
    receipts: Mapping[str, str] = field(default_factory=dict[str, str])
    """What its commit will say of where it comes from."""
    tainted: bool = False
    """A stranger's text was in the conversation that it comes from."""

    @property
    def short(self) -> str:
        """What the user types."""
        return self.id.rpartition("-")[2]


def add(
    data: Path,
    project: str,
    proposal: Mapping[str, Any],
    diff: str,
    reason: str,
    when: datetime,
    receipts: Mapping[str, str] | None = None,
    tainted: bool = False,
) -> Entry:
    """Keep a proposal until the user decides. Raises ScaffoldError when it cannot be written."""
    import json

    id = f"{when:%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
    entry = Entry(id, dict(proposal), diff, reason, when.isoformat(), dict(receipts or {}), tainted)
    write_whole(_folder(data, project) / f"{id}.json", json.dumps(asdict(entry), indent=1).encode())
    return entry


def entries(data: Path, project: str) -> list[Entry]:
    """What waits, oldest first."""
    found = sorted(_folder(data, project).glob("[!.]*.json"))
    return [_read(path) for path in found]


def find(data: Path, project: str, name: str) -> Entry:
    """The entry that `name` means: its id, or what stands after its dash. Raises UsageError for none or several."""
    found = [entry for entry in entries(data, project) if name in (entry.id, entry.short)]
    if not found:
        raise UsageError(f"nothing in the inbox is called {name[:80]!r}", "`livecoder scaffold inbox` lists what waits")
    if len(found) > 1:
        raise UsageError(f"{len(found)} entries are called {name}", f"give a whole id, such as {found[0].id}")
    return found[0]


def remove(data: Path, project: str, entry: Entry) -> None:
    """The user has decided. Raises ScaffoldError when it cannot be removed."""
    try:
        (_folder(data, project) / f"{entry.id}.json").unlink(missing_ok=True)
    except OSError as error:
        raise ScaffoldError(f"{entry.id} stays in the inbox: {error.strerror}", "look at its permissions") from None


def _read(path: Path) -> Entry:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(Entry).validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return Entry(path.stem, {}, "", f"unreadable: see {path}", "")


def _folder(data: Path, project: str) -> Path:
    return project_dir(data, project) / "inbox"
