"""What the engine learns about a repository before the model is asked: a few lines, cheap, and never by running code.

First form: git's state, the top of the tree, instruction files and the test command. Nothing here is trusted.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

MAX_ENTRIES = 40
MAX_INSTRUCTIONS = 8 * 1024
"""Bytes of one instruction file that reach the model."""
MAX_DOCUMENT = 512 * 1024
"""Bytes of one project file that are parsed."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction file of the repository (AGENTS.md, else CLAUDE.md)."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Ground:
    entries: tuple[str, ...]
    left_out: int
    test_command: str
    instructions: tuple[Instruction, ...]
    git: str
    """The branch, as the engine read it."""


def survey(root: Path, cwd: Path, git: str, bare: bool) -> Ground:
    """Look at the repository at `root`; instructions are read from there down to `cwd`, the nearest last."""
    names = sorted(_entries(root))
    return Ground(
        entries=tuple(names[:MAX_ENTRIES]),
        left_out=max(0, len(names) - MAX_ENTRIES),
        test_command=find_test_command(root),
        instructions=() if bare else tuple(_instructions(root, cwd)),
        git=git,
    )


def _entries(root: Path) -> list[str]:
    hidden = {
        ".git",
        ".venv",
        "venv",
        "node_modules",
        "__pycache__",
        ".pytest_cache",
        ".ruff_cache",
        ".mypy_cache",
        ".idea",
    }
    return [_one_line(p.name) + "/" * p.is_dir() for p in root.iterdir() if p.name not in hidden]


def _one_line(name: str) -> str:
    """A name as it can stand in a prompt: one of odd bytes, line ends or hidden characters must not say more."""
    return "".join(character if character.isprintable() else "?" for character in name)


def _instructions(root: Path, cwd: Path) -> list[Instruction]:
    inside = cwd.is_relative_to(root)
    folders: Sequence[Path] = [
        root,
        *reversed([p for p in (cwd, *cwd.parents) if inside and p != root and p.is_relative_to(root)]),
    ]
    for name in ("AGENTS.md", "CLAUDE.md"):
        found = [
            Instruction(_one_line(str((f / name).relative_to(root))), text)
            for f in folders
            if (text := _read(f / name))
        ]
        if found:
            return found
    return []


def _read(path: Path) -> str:
    data = _bytes(path, MAX_INSTRUCTIONS + 1)
    cut = f"\n[cut at {MAX_INSTRUCTIONS} bytes]" if len(data) > MAX_INSTRUCTIONS else ""
    return data[:MAX_INSTRUCTIONS].decode("utf-8", "replace").strip() + cut


def _bytes(path: Path, limit: int) -> bytes:
    """A regular file's first bytes; a symlink may lead out of the tree and is not followed."""
    try:
        if path.is_symlink() or not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(limit)
    except OSError:  # what the user cannot read says nothing
        return b""


def find_test_command(root: Path) -> str:
    """The command by which this repository's tests are most likely run; empty when nothing speaks for one."""
    package = _document(root / "package.json", json.loads)
    script = _table(package, "scripts").get("test", "")
    if script and "no test specified" not in str(script):
        return "npm test --silent"
    if (root / "Cargo.toml").is_file():
        return "cargo test -q"
    if (root / "go.mod").is_file():
        return "go test ./..."
    python = ".venv/bin/python" if (root / ".venv/bin/python").exists() else "python3"
    if _uses_pytest(root):
        return f"{python} -m pytest -q"
    if any((root / folder).is_dir() and any((root / folder).glob("test*.py")) for folder in ("tests", "test")):
        return f"{python} -m unittest -q"
    return ""


def _uses_pytest(root: Path) -> bool:
    project = _document(root / "pyproject.toml", tomllib.loads)
    if "pytest" in _table(project, "tool") or (root / "pytest.ini").is_file():
        return True
    texts = [_read(root / name) for name in ("tox.ini", "setup.cfg", "pyproject.toml", "requirements-dev.txt")]
    if any("pytest" in text for text in texts) or (root / "conftest.py").is_file():
        return True
    tests = [p for folder in ("tests", "test") for p in sorted((root / folder).glob("**/test*.py"))[:20]]
    return (root / "tests" / "conftest.py").is_file() or any(
        "import pytest" in _read(p) or "\ndef test" in f"\n{_read(p)}" for p in tests
    )


def _document(path: Path, parse: Any) -> dict[str, Any]:
    """A broken file, or one of a million brackets, says nothing about tests."""
    try:
        value = parse(_bytes(path, MAX_DOCUMENT).decode("utf-8", "replace"))
    except (ValueError, RecursionError):  # both parsers' errors are ValueErrors
        return {}
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def _table(document: dict[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name)
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}
