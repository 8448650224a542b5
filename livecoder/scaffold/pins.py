"""Pins: the parts of a project's scaffold that the user wants as they are. No commit to its branch changes one.

They lie beside the store, out of the agent's reach: a pin is the user's word, not a part of the scaffold.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from livecoder.errors import ScaffoldError
from livecoder.scaffold.files import project_dir, write_whole
from livecoder.scaffold.parts import Part, parse

MAX_PINS = 500


class Pinned(ScaffoldError):
    """A commit would change what the user has pinned; nothing was committed."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self.parts = tuple(parts)
        names = [part.name for part in self.parts]
        super().__init__(f"pinned by the user: {', '.join(names)}", f"`livecoder scaffold pin --remove {names[0]}`")


def pinned(data: Path, project: str) -> tuple[Part, ...]:
    """What the user has pinned, by name. Raises ScaffoldError when that cannot be read: then nothing may change."""
    from pydantic import TypeAdapter, ValidationError

    path = _path(data, project)
    try:
        found = TypeAdapter(list[str]).validate_json(path.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValidationError):
        raise ScaffoldError("the pins of this project cannot be read", f"correct or remove {path}") from None
    return tuple(map(parse, sorted(found)))


def pin(data: Path, project: str, part: Part) -> bool:
    """False when it was pinned already. Raises ScaffoldError."""
    now = pinned(data, project)
    if part in now:
        return False
    if len(now) >= MAX_PINS:
        raise ScaffoldError(f"there are {MAX_PINS} pins already", "`livecoder scaffold pin --remove NAME`")
    _write(data, project, (*now, part))
    return True


def unpin(data: Path, project: str, part: Part) -> bool:
    """False when it was not pinned. Raises ScaffoldError."""
    now = pinned(data, project)
    if part not in now:
        return False
    _write(data, project, [each for each in now if each != part])
    return True


def _write(data: Path, project: str, parts: Iterable[Part]) -> None:
    write_whole(_path(data, project), json.dumps(sorted(map(str, parts)), indent=1).encode())


def _path(data: Path, project: str) -> Path:
    return project_dir(data, project) / "pins.json"
