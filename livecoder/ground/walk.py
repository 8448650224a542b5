"""A short walk through one package: how much of which language, which files are tests, where further packages lie.

Breadth first, bounded in folders and names, past dependency folders: never the whole of a large tree.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from livecoder.ground.files import Tree
from livecoder.workspace.beneath import Kind
from livecoder.workspace.scan import DEPENDENCY_FOLDERS

MAX_FOLDERS = 200
MAX_FILES = 10_000
PASSED = DEPENDENCY_FOLDERS | {"build", "dist", "vendor", "third_party", "site-packages", "bower_components", "out"}
"""Folders whose files are not the project's own."""
LANGUAGES = {
    "py": "python",
    **dict.fromkeys(("js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts"), "javascript"),
    "rs": "rust",
    "go": "go",
}
MANIFESTS = {
    "pyproject.toml": "python",
    "setup.py": "python",
    "package.json": "javascript",
    "Cargo.toml": "rust",
    "go.mod": "go",
}
TEST_FILES = {
    "python": re.compile(r"test_.*\.py|.*_tests?\.py|tests?\.py"),
    "javascript": re.compile(r".+[._-](test|spec)\.[cm]?[jt]sx?|tests?\.[cm]?[jt]sx?"),
    "rust": re.compile(r"tests?\.rs"),
    "go": re.compile(r".+_test\.go"),
}
TEST_FOLDERS = ("tests", "test", "testing", "__tests__", "spec")
FILES_IN_TEST_FOLDERS = {
    "javascript": re.compile(r"[^.].*\.[cm]?[jt]sx?"),
    "rust": re.compile(r".+\.rs"),
}
"""In a folder of tests each source file may be one."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What was met. Paths are from the root of the repository."""

    sizes: Mapping[str, int]
    """Source files by language."""
    tests: Mapping[str, tuple[str, ...]]
    """Test files by language."""
    packages: Mapping[str, tuple[str, ...]]
    """Folders below the first one that have a manifest, by language; none of them lies in a test folder."""


def walk(tree: Tree, start: str) -> Walk:
    """Walk from a folder ("" is the root)."""
    sizes: Counter[str] = Counter()
    tests: dict[str, list[str]] = {}
    packages: dict[str, list[str]] = {}
    pending, seen = [start], 0
    for folder in pending:
        names = tree.names(folder)
        if folder != start and (found := _languages(names)):
            if folder.isprintable() and not set(folder.split("/")) & set(TEST_FOLDERS):
                for language in found:
                    packages.setdefault(language, []).append(folder)
            continue
        inside = bool(set(folder.split("/")) & set(TEST_FOLDERS))
        for name, kind in sorted(names.items()):
            path = f"{folder}/{name}" if folder else name
            if kind == "folder" and name not in PASSED and not name.startswith(".") and len(pending) < MAX_FOLDERS:
                pending.append(path)
            elif kind == "file" and seen < MAX_FILES:
                seen += 1
                language = LANGUAGES.get(name.rpartition(".")[2], "")
                sizes[language] += 1
                if is_test(language, name, inside):
                    tests.setdefault(language, []).append(path)
    return Walk(sizes, _frozen(tests), _frozen(packages))


def _languages(names: Mapping[str, Kind]) -> set[str]:
    """Those of a package of its own; a Python module may be called `setup.py`, too."""
    found = {MANIFESTS[name] for name, kind in names.items() if kind == "file" and name in MANIFESTS}
    return found if "__init__.py" not in names else found - {"python"}


def is_test(language: str, name: str, inside: bool) -> bool:
    """Told by the file's name and by whether it lies in a folder of tests."""
    patterns = (TEST_FILES.get(language), FILES_IN_TEST_FOLDERS.get(language) if inside else None)
    return any(pattern is not None and pattern.fullmatch(name) for pattern in patterns)


def where(paths: Sequence[str]) -> str:
    """Where test files lie and what they are called, as in "tests/ as test_*.py"; "" for none."""
    if not paths:
        return ""
    names = Counter(map(_name_pattern, paths)).most_common(1)[0][0]
    folder = ""
    while folder.rpartition("/")[2] not in TEST_FOLDERS:
        within = [path for path in paths if path.startswith(f"{folder}/" if folder else "")]
        deeper = Counter(path[: path.find("/", len(folder) + 1)] for path in within if "/" in path[len(folder) + 1 :])
        if not deeper or deeper.most_common(1)[0][1] * 4 < len(paths) * 3:
            break
        folder = deeper.most_common(1)[0][0]
    place = f"{folder}/" if folder else ""
    if folder.rpartition("/")[2] in TEST_FOLDERS:
        return f"{place} as {names}"
    parents = Counter(_test_folder(path[len(place) :]) for path in paths if path.startswith(place))
    base, often = parents.most_common(1)[0]
    return f"{place}**/{base}/ as {names}" if base and often * 2 > len(paths) else f"{place or './'} as {names}"


def _test_folder(path: str) -> str:
    """The name of the outermost test folder around a file; "" when it is in none."""
    return next((name for name in path.split("/")[:-1] if name in TEST_FOLDERS), "")


def _name_pattern(path: str) -> str:
    name = path.rpartition("/")[2]
    for part in (r"(?<=^test_)[^/]+(?=\.py$)", r"^.+(?=_tests?\.py$)", r"^[^.]+(?=[._-](test|spec)\.)"):
        pattern, found = re.subn(part, "*", name)
        if found:
            return pattern
    return name if "test" in name else f"*.{name.rpartition('.')[2]}"


def _frozen(found: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(dict.fromkeys(value)) for key, value in found.items()}
