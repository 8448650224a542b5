"""Cases: the first successful calls of a tool, kept so that the gate and every revision can replay them.

They lie beside the store, out of the agent's reach. Recording and replaying belong to the gate.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from livecoder.errors import ScaffoldError
from livecoder.scaffold.files import project_dir, write_whole
from livecoder.scaffold.reserved import name_problem

MAX_CASES = 3


@dataclass(frozen=True, slots=True)
class Case:
    """One call that succeeded, and all that is needed to make it again."""

    tree: str
    """The workspace just before, as a checkpoint's id."""
    arguments: tuple[str, ...]
    stdin: str
    cwd: str
    """Relative to the workspace."""
    exit_code: int
    output: str
    effect: str
    """A hash of what the call changed in the workspace."""
    deterministic: bool
    """False when a second replay gave another output: then only exit code and effect are compared."""


def load(data: Path, project: str, tool: str) -> tuple[Case, ...]:
    """The tool's cases; none for a tool without. Raises ScaffoldError when they cannot be read."""
    from pydantic import TypeAdapter, ValidationError

    path = _path(data, project, tool)
    try:
        return TypeAdapter(tuple[Case, ...]).validate_json(path.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValidationError):
        raise ScaffoldError(f"the cases of {tool} cannot be read", f"remove {path}: the next uses are kept") from None


def recorded_at(data: Path, project: str, tool: str) -> datetime:
    """When the tool's cases were last written: their outputs are those of the tool as it was then."""
    return datetime.fromtimestamp(_path(data, project, tool).stat().st_mtime, UTC)


def save(data: Path, project: str, tool: str, cases: Sequence[Case]) -> None:
    """Replace the tool's cases, whole or not at all. Raises ScaffoldError for more than MAX_CASES."""
    if len(cases) > MAX_CASES:
        raise ScaffoldError(f"{len(cases)} cases for {tool}", f"keep the first {MAX_CASES}")
    write_whole(_path(data, project, tool), json.dumps([asdict(case) for case in cases], indent=1).encode())


def _path(data: Path, project: str, tool: str) -> Path:
    if problem := name_problem(tool):
        raise ScaffoldError(f"{tool[:60]!r} is no tool", problem)
    return project_dir(data, project) / "cases" / f"{tool}.json"
