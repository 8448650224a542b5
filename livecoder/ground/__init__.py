"""What the engine learns about a repository before the model is asked: a few lines, cheap, and never by running code.

Everything read is a stranger's: bounded, no link followed, and what is broken says nothing. `survey` is the door.

    facts.py         what can be known, as values
    files.py         bounded looks at files and folders
    programs.py      what the sandbox's PATH has
    walk.py          a short walk through a package: languages, tests, further packages
    place.py         one package, as the languages look at it
    python.py        Python, with interpreter.py, python_tests.py and declared.py (what tox, nox, hatch and others run)
    javascript.py    JavaScript and TypeScript
    rust.py, go.py   Rust, Go
    make.py          Makefile and justfile
    packages.py      workspaces, and the package that the user is in
    conventions.py   changelog, subjects, what contributors are told
    lines.py         the ground as lines, for the model and for people
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from livecoder.ground import go, javascript, make, python, rust
from livecoder.ground.conventions import conventions
from livecoder.ground.facts import Ground, Instruction, Kit
from livecoder.ground.files import Tree, one_line
from livecoder.ground.packages import nearest, packages
from livecoder.ground.place import Place
from livecoder.ground.programs import Programs
from livecoder.ground.walk import PASSED, walk
from livecoder.workspace.beneath import Beneath
from livecoder.workspace.glance import Glance

MAX_ENTRIES = 24
MAX_UNTRACKED = 8
MAX_INSTRUCTIONS = 8 * 1024
"""Bytes of one instruction file that reach the model."""
MAX_PARTS = 3
"""Packages of a repository without a manifest of its own that are looked at."""
KITS = {"python": python.kit, "javascript": javascript.kit, "rust": rust.kit, "go": go.kit, "make": make.kit}

__all__ = ["Ground", "Instruction", "Kit", "survey"]


def survey(root: Path, cwd: Path, git: Glance, *, path: Sequence[str] = (), bare: bool = False) -> Ground:
    """Look at the repository at `root` from `cwd`; `path` is where commands will search for programs."""
    inside = "/".join(cwd.relative_to(root).parts) if cwd.is_relative_to(root) else ""
    with Beneath(root) as beneath:
        tree = Tree(beneath)
        top = Place(tree, "", walk(tree, ""), Programs(tuple(path)))
        here = nearest(tree, inside)
        entries = _entries(tree)
        return Ground(
            git=one_line(git.head),
            entries=entries[:MAX_ENTRIES],
            left_out=max(0, len(entries) - MAX_ENTRIES),
            untracked=tuple(map(one_line, git.untracked)),
            packages=packages(top, here),
            kits=_kits(top, here),
            conventions=conventions(tree, git.commits),
            instructions=() if bare else tuple(_instructions(tree, inside)),
        )


def _kits(top: Place, here: str) -> tuple[Kit, ...]:
    """Of the package that the user is in, then of the root; of a root without any, its few packages'."""
    found = list(_of(replace(top, folder=here, walk=walk(top.tree, here)))) if here else []
    known = {kit.language for kit in found}
    found += [kit for kit in _of(top) if kit.language not in known]
    if any(kit.tests.command for kit in found):
        return tuple(found)
    parts = sorted({folder for folders in top.walk.packages.values() for folder in folders})[:MAX_PARTS]
    for part in parts:
        found += _of(replace(top, folder=part, walk=walk(top.tree, part)))
    return tuple(found)


def _of(place: Place) -> list[Kit]:
    """The kits of one package, that with most test files first; make instead of what is only guessed."""
    found = place.walk
    languages = sorted(KITS, key=lambda name: (-len(found.tests.get(name, ())), -found.sizes.get(name, 0)))
    kits = [kit for name in languages if (kit := KITS[name](place))]
    known = [kit for kit in kits if kit.language != "make"]
    if any(kit.tests.command and not kit.tests.guessed for kit in known):
        return known
    made = [kit for kit in kits if kit.language == "make"]
    return [*made, *(replace(kit, tests=replace(kit.tests, command="")) for kit in known)] if made else known


def _entries(tree: Tree) -> tuple[str, ...]:
    """Folders first, each with "/"; without what tools make, and without names that begin with a dot."""
    names = {name: kind for name, kind in tree.names("").items() if name not in PASSED and not name.startswith(".")}
    folders = sorted(f"{name}/" for name, kind in names.items() if kind == "folder")
    return tuple(map(one_line, (*folders, *sorted(name for name, kind in names.items() if kind != "folder"))))


def _instructions(tree: Tree, inside: str) -> list[Instruction]:
    """From the root down to the folder that the user is in, the nearest last."""
    parts = inside.split("/") if inside else []
    folders = ["/".join(parts[:length]) for length in range(len(parts) + 1)]
    for name in ("AGENTS.md", "CLAUDE.md"):
        paths = [f"{folder}/{name}" if folder else name for folder in folders]
        found = [Instruction(one_line(path), _cut(text)) for path in paths if (text := tree.text(path).strip())]
        if found:
            return found
    return []


def _cut(text: str) -> str:
    data = text.encode("utf-8", "replace")
    cut = f"\n[cut at {MAX_INSTRUCTIONS} bytes]" if len(data) > MAX_INSTRUCTIONS else ""
    return data[:MAX_INSTRUCTIONS].decode("utf-8", "ignore") + cut
