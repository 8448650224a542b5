"""The parts of a scaffold by the names that people type: a tool, a lesson, a hook, a prompt, or a knob. Names only."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields

from livecoder.scaffold.changes import SETTINGS, allowed
from livecoder.scaffold.knobs import Knobs

KINDS = {"tools": "tool", "lessons": "lesson", "hooks": "hook", "prompts": "prompt"}


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a scaffold, or with `key` one knob of its settings."""

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
    paths = (name, f"tools/{name}", f"lessons/{name}.toml", f"hooks/{name}", f"prompts/{name}.md")
    found = [Part(path) for path in paths if allowed(path)]
    if name in {field.name for field in fields(Knobs)}:
        found.append(Part(SETTINGS, name))
    path, _, key = name.partition("#")
    return [Part(path, key)] if path == SETTINGS and key else found


def value(part: Part, data: bytes | None) -> object:
    """What a part is in a file with this content: the knob's value, or the whole content; None when it is not there."""
    if data is None or not part.key:
        return data
    try:
        values: Mapping[str, object] = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return data
    return values.get(part.key)
