"""Makefile and justfile: their targets that run tests, and what these would run. Nothing else of them is understood."""

from __future__ import annotations

import re

from livecoder.ground.facts import Kit, Suite
from livecoder.ground.files import one_line
from livecoder.ground.place import Place

MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
JUSTFILES = ("justfile", "Justfile", ".justfile")
TARGETS = ("test", "tests", "check")
MAX_LINES = 5_000
_VARIABLE = re.compile(r"(?:export )?([A-Za-z_]\w*)\s*[:?]?=\s*(.*)")
_REFERENCE = re.compile(r"\$[({]([A-Za-z_]\w*)[)}]|\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_MAX_EXPANDED = 500


def kit(place: Place) -> Kit | None:
    """The target that runs the tests, as `make test`."""
    name = place.first(*MAKEFILES, *JUSTFILES)
    target = next((target for target in TARGETS if target in _targets(place.text(name))), "")
    if not target:
        return None
    program = "make" if name in MAKEFILES else "just"
    missing = "" if not place.programs.path or place.programs.find(program) else f"{program} is not installed"
    runs = next(iter(recipe(place)[0]), "")
    tests = Suite(place.command(f"{program} {target}"), place.at(name), missing=missing, runs=one_line(runs, 80))
    return Kit("make", place.folder, tests=tests)


def recipe(place: Place) -> tuple[tuple[str, ...], str]:
    """The lines that the test target would run, its variables put in, and the file that has them."""
    name = place.first(*MAKEFILES, *JUSTFILES)
    text = place.text(name)
    found = _targets(text)
    lines = next((found[target] for target in TARGETS if found.get(target)), list[str]())
    known = {
        match[1]: match[2][:_MAX_EXPANDED]
        for line in text.split("\n")[:MAX_LINES]
        if (match := _VARIABLE.fullmatch(line))
    }
    return tuple(one_line(_expanded(line.lstrip("@-+ "), known)) for line in lines), name


def _targets(text: str) -> dict[str, list[str]]:
    """The indented lines below each test target."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.replace("\\\n", " ").split("\n")[:MAX_LINES]:
        head, colon, after = line.partition(":")
        if line[:1] in ("\t", " ") and line.strip():
            current.append(line.strip())
        elif colon and not after.startswith("=") and "=" not in head:
            current = []
            for name in set(head.split()) & set(TARGETS):
                found.setdefault(name, current)
        elif line.strip() and not line.startswith("#"):
            current = []
    return found


def _expanded(line: str, known: dict[str, str]) -> str:
    for _ in range(3):
        line = _REFERENCE.sub(lambda match: known.get(match[1] or match[2], match[0]), line[:_MAX_EXPANDED])
    return line
