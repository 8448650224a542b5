"""A scaffold as the loop uses it: knobs, tools, lessons and prompts of one checkout.

A broken file never stops the agent: the seed's version of it is used instead, and the problem is kept to be told.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from livecoder.errors import ScaffoldError
from livecoder.scaffold.changes import SETTINGS, allowed
from livecoder.scaffold.files import entries, read_file
from livecoder.scaffold.hidden import hidden
from livecoder.scaffold.knobs import Knobs, load_knobs
from livecoder.scaffold.lessons import Lesson, read_lessons
from livecoder.scaffold.seed import seed_dir
from livecoder.scaffold.tools import Tool, read_tools


@dataclass(frozen=True, slots=True)
class Scaffold:
    """One checkout, read and checked. `prompts` holds the templates by name, without the `.md`."""

    generation: str
    knobs: Knobs
    tools: tuple[Tool, ...]
    lessons: tuple[Lesson, ...]
    """Those in force."""
    tombstones: tuple[Lesson, ...]
    """Those that were retired: shown to nobody, and not to be proposed again."""
    prompts: Mapping[str, str]
    seeded: frozenset[str]
    """Prompts whose text is the seed's, word for word."""
    problems: tuple[str, ...]

    @classmethod
    def load(cls, root: Path, generation: str = "") -> Scaffold:
        """Read the scaffold in `root`. Raises ScaffoldError only when the installation itself is broken."""
        problems: list[str] = []
        seed = _prompts(seed_dir(), problems)
        prompts = {**seed, **_prompts(root, problems)}
        problems += [f"prompts/{name}.md is missing: the seed's is used" for name in _missing(seed, root)]
        tools, unfit = read_tools(root)
        filed, refused = read_lessons(root)
        return cls(
            generation=generation,
            knobs=_knobs(root, problems),
            tools=tuple(tools),
            lessons=tuple(lesson for lesson in filed if not lesson.retired),
            tombstones=tuple(lesson for lesson in filed if lesson.retired),
            prompts=prompts,
            seeded=frozenset(name for name in seed if prompts[name] == seed[name]),
            problems=(*problems, *unfit, *refused),
        )


def _knobs(root: Path, problems: list[str]) -> Knobs:
    try:
        return load_knobs(read_file(root, SETTINGS).data)
    except ScaffoldError as error:
        problems.append(f"{error.line()} (the seed's is used)")
        return load_knobs(read_file(seed_dir(), SETTINGS).data)


def _prompts(root: Path, problems: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        names = [name for name, _ in entries(root, "prompts")]
    except ScaffoldError as error:
        problems.append(f"{error.line()} (the seed's prompts are used)")
        return found
    for name in names:
        path = f"prompts/{name}"
        try:
            if not allowed(path):
                raise ScaffoldError(f"{path[:80]!r} is no prompt", "a prompt is prompts/<name>.md")
            found[name.removesuffix(".md")] = _text(root, path)
        except ScaffoldError as error:
            problems.append(error.line())
    return found


def _text(root: Path, path: str) -> str:
    try:
        text = read_file(root, path).data.decode("utf-8")
    except UnicodeDecodeError:
        raise ScaffoldError(f"{path} is not UTF-8", "save it as UTF-8") from None
    if not text.strip():
        raise ScaffoldError(f"{path} is empty", "write it again or roll it back")
    if place := hidden(text, allowed="\n\t"):
        raise ScaffoldError(f"{path} holds a hidden character ({place})", "take it out")
    return text


def _missing(seed: Mapping[str, str], root: Path) -> list[str]:
    return [name for name in seed if not os.path.lexists(root / "prompts" / f"{name}.md")]
