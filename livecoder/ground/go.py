"""Go: module and version, `go.work`, tests and checkers."""

from __future__ import annotations

import re

from livecoder.ground.facts import Check, Fact, Kit, Suite
from livecoder.ground.place import SIMPLE, Place

_DIRECTIVE = r"^{}[ \t]+(\S{{1,40}})[ \t]*$"
_USE = re.compile(r"^use[ \t]+(?:\(([^()]*)\)|(\S+))", re.M)
LINTERS = (".golangci.yml", ".golangci.yaml", ".golangci.toml", ".golangci.json")


def kit(place: Place) -> Kit | None:
    manifest = place.first("go.mod", "go.work")
    if not manifest:
        return None
    versions = [Fact(f"{installed} as go", "PATH")] if (installed := place.programs.version("go")) else []
    for word, told in (("go", "for >={}"), ("toolchain", "toolchain {}")):
        if found := re.search(_DIRECTIVE.format(word), place.text(manifest), re.M):
            versions.append(Fact(told.format(found[1]), place.at(manifest)))
    missing = "go is not installed" if place.programs.path and not place.programs.find("go") else ""
    tests = Suite(place.command(f"go test {_patterns(place)}"), place.at(manifest), missing=missing)
    return Kit("go", place.folder, tuple(versions), tests, _checks(place))


def modules(text: str) -> tuple[str, ...]:
    """The folders that a `go.work` uses."""
    found = (word for match in _USE.finditer(text) for word in re.sub(r"//.*", "", match[1] or match[2]).split())
    return tuple(word.removeprefix("./").strip("/") or "." for word in found if SIMPLE.fullmatch(word))


def _patterns(place: Place) -> str:
    """A workspace's root is in none of its modules: each is named."""
    if place.is_file("go.mod"):
        return "./..."
    used = [folder for folder in modules(place.text("go.work")) if place.is_folder(folder)]
    return " ".join(f"./{folder}/..." for folder in used[:20]) or "./..."


def _checks(place: Place) -> tuple[Check, ...]:
    found: list[Check] = []
    linters = next((path for name in LINTERS if (path := place.above(name))), "")
    if linters:
        runs = place.command("golangci-lint run") if place.programs.find("golangci-lint") else ""
        found.append(Check("golangci-lint", linters, runs))
    if place.programs.find("gofmt"):
        found.append(Check("gofmt", place.at(place.first("go.mod", "go.work")), place.command("gofmt -l .")))
    return tuple(found)
