"""The parts of a scaffold by the names that people type: a tool, lesson, hook or prompt, a prompt's section, or a knob.

Names and texts only: where a history has them is for `history` to find.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields

from livecoder.scaffold.changes import SETTINGS, allowed
from livecoder.scaffold.knobs import Knobs

SYSTEM = "prompts/system.md"
KINDS = {"tools": "tool", "lessons": "lesson", "hooks": "hook", "prompts": "prompt"}

_SECTION = r"[a-z][a-z-]{0,29}"


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a scaffold; with `key` one knob of its settings, or one section of a prompt."""

    path: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.path}#{self.key}" if self.key else self.path

    @property
    def kind(self) -> str:
        """As the subject of a commit names it: "tool", "lesson", "hook", "prompt" or "knob"."""
        return KINDS.get(self.path.partition("/")[0], "knob")

    @property
    def name(self) -> str:
        """As people type it: without folder and ending."""
        return self.key or self.path.rpartition("/")[2].removesuffix(".toml").removesuffix(".md")


def parse(text: str) -> Part:
    """The inverse of `str(part)`."""
    path, _, key = text.partition("#")
    return Part(path, key)


def candidates(name: str) -> list[Part]:
    """What a name can mean, the likeliest first; empty for one that no part can have."""
    file, _, key = name.partition("#")
    paths = (file, f"tools/{file}", f"lessons/{file}.toml", f"hooks/{file}", f"prompts/{file}.md")
    found = [Part(path) for path in paths if allowed(path)]
    if "#" in name:
        return [Part(part.path, key) for part in found if part.path == SETTINGS or part.kind == "prompt"]
    knob = [Part(SETTINGS, name)] if name in {field.name for field in fields(Knobs)} else []
    section = [Part(SYSTEM, name)] if re.fullmatch(_SECTION, name) else []
    return [*found, *knob, *section]


def value(part: Part, data: bytes | None) -> object:
    """What a part is in a file with this content: a knob's value, a section's text, or all of it; None for absent."""
    if data is None or not part.key:
        return data
    text = data.decode("utf-8", "replace")
    if part.path != SETTINGS:
        _, mark, rest = text.partition(f"{{# section: {part.key} #}}\n")
        return re.split(rf"^\{{# section: {_SECTION} #\}}\n", rest, maxsplit=1, flags=re.M)[0] if mark else None
    try:
        values: Mapping[str, object] = tomllib.loads(text)
    except (ValueError, RecursionError):
        return data
    return values.get(part.key)
