"""Changes that were refused or taken back, by the hash of what they say: the engine's memory, out of the agent's reach.

One JSON object a line, appended whole; a line that a crash tore is passed over. What counts as the same change is the
caller's to say.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from livecoder.errors import ScaffoldError
from livecoder.scaffold.files import project_dir, write_whole

KEPT = 500
"""Of one project, the newest. The file is made short again when it has twice as many."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """`essence` is the hash of what the change says; `when` is ISO 8601."""

    essence: str
    target: str
    reason: str
    when: str


def remember(data: Path, project: str, essence: str, target: str, reason: str, when: datetime) -> None:
    """Keep that this change was refused, and why. Raises ScaffoldError when it cannot be written."""
    path = _path(data, project)
    line = json.dumps(asdict(Rejected(essence, target, reason, when.isoformat()))) + "\n"
    known = recall(data, project)
    if len(known) >= 2 * KEPT:
        kept = "".join(json.dumps(asdict(old)) + "\n" for old in known[-KEPT:])
        write_whole(path, (kept + line).encode())
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)
    except OSError as error:
        raise ScaffoldError(f"{path} cannot be written: {error.strerror}", "look at its permissions") from None


def recall(data: Path, project: str) -> list[Rejected]:
    """What was refused in this project, oldest first. Raises ScaffoldError when the file cannot be read."""
    path = _path(data, project)
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ScaffoldError(f"{path} cannot be read: {error.strerror}", "look at its permissions") from None
    return [entry for line in lines if (entry := _entry(line))]


def _entry(line: str) -> Rejected | None:
    try:
        return Rejected(**{key: str(value) for key, value in json.loads(line).items()})
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


def _path(data: Path, project: str) -> Path:
    return project_dir(data, project) / "rejected.jsonl"
