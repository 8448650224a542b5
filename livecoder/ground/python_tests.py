"""How a Python package's tests are run: by its configuration, by what its files would run, or by what tests look like.

What is proposed runs in a sandbox as it stands, with the interpreter that has the dependencies: never tox, nox or
hatch themselves, which make environments from a network.
"""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple

from livecoder.ground.declared import Declared, declared
from livecoder.ground.facts import Fact, Suite
from livecoder.ground.files import Table, get, table
from livecoder.ground.interpreter import Interpreter
from livecoder.ground.place import Place
from livecoder.ground.walk import where

SAMPLE = 12
"""Test files that are looked into."""
_PYTEST = re.compile(r"^[ \t]*(?:import pytest|from pytest)\b|^(?:async )?def test_|^class Test\w*(?:\(\))?:", re.M)
_UNITTEST = re.compile(r"^[ \t]*(?:import unittest|from unittest import (?!mock\b))|TestCase\)", re.M)
_NEEDED = re.compile(r"[\"'\n\s]pytest\b")


class _Runner(NamedTuple):
    words: str
    """Without the interpreter, as in "-m pytest -q"."""
    source: str
    folder: str = ""
    guessed: bool = False


def tests(place: Place, python: Interpreter) -> Suite:
    runs = tuple(declared(place))
    own = tuple(Fact(run.text, run.source) for run in runs)
    found = place.walk.tests.get("python", ())
    runner = _by_configuration(place, runs) or _by_words(runs) or _by_django(place) or _by_content(place, found)
    if runner is None:
        return Suite(where=where(found), own=own)
    module = runner.words.partition("-m ")[2].partition(" ")[0].partition(".")[0]
    missing = f"{module} is not installed" if module and _foreign(place, module) and python.lacks(module) else ""
    words = f"{_search_path(place, python, runner)}{python.called(place, runner.folder)} {runner.words}"
    command = place.command(words, runner.folder)
    return Suite(command, runner.source, runner.guessed, missing, where=where(found), own=own)


def _foreign(place: Place, module: str) -> bool:
    """True for a module that is neither Python's nor the project's own."""
    return module != "unittest" and not place.is_folder(module) and not place.is_folder(f"src/{module}")


def _by_configuration(place: Place, runs: tuple[Declared, ...]) -> _Runner | None:
    source, settings = _pytest(place)
    if not source:
        return None
    same = next((run for run in runs if run.kind == "pytest" and run.arguments), None)
    if same is None or "testpaths" in settings:
        return _Runner("-m pytest -q", place.at(source))
    return _Runner(" ".join(("-m pytest -q", *same.arguments)), place.at(source), same.folder)


def _pytest(place: Place) -> tuple[str, Table]:
    """The file that configures pytest, "" when none does, and what it says."""
    project = table(place.toml("pyproject.toml"), "tool", "pytest")
    if project:
        return "pyproject.toml", {**project, **table(project, "ini_options")}
    for name in ("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml"):
        if place.is_file(name):
            document = place.toml(name) if name.endswith(".toml") else place.ini(name)
            return name, table(document, "pytest")
    for name, section in (("setup.cfg", "tool:pytest"), ("tox.ini", "pytest")):
        if section in place.ini(name):
            return name, table(place.ini(name), section)
    return "", {}


def _by_words(runs: tuple[Declared, ...]) -> _Runner | None:
    if not runs:
        return None
    run = runs[0]
    if run.kind == "pytest":
        return _Runner(" ".join(("-m pytest -q", *run.arguments)), run.source, run.folder)
    if run.kind == "script":
        return _Runner(" ".join((run.runner, *run.arguments)), run.source, run.folder)
    if run.runner != "unittest":
        return _Runner(" ".join((f"-m {run.runner}", *run.arguments)), run.source, run.folder)
    verb = run.arguments[:1] if run.arguments[:1] == ("discover",) else ()
    rest = [word for word in run.arguments[len(verb) :] if word not in ("-q", "--quiet")]
    return _Runner(" ".join(("-m unittest", *verb, "-q", *rest)), run.source, run.folder)


def _by_django(place: Place) -> _Runner | None:
    return _Runner("manage.py test", "manage.py") if "django" in place.text("manage.py") else None


def _by_content(place: Place, found: tuple[str, ...]) -> _Runner | None:
    """By `conftest.py`, by what the project says it needs, and by what its test files look like."""
    conftest = place.first("conftest.py", "tests/conftest.py", "test/conftest.py", "testing/conftest.py")
    if conftest:
        return _Runner("-m pytest -q", place.at(conftest))
    if not found:
        return None
    for name in ("pyproject.toml", "setup.cfg", "setup.py", *_requirements(place)):
        if _NEEDED.search("\n" + place.text(name)):
            return _Runner("-m pytest -q", place.at(name))
    step = max(1, len(found) // SAMPLE)
    texts = {path: place.tree.text(path) for path in found[::step][:SAMPLE]}
    pytest = next((path for path, text in texts.items() if _PYTEST.search(text)), "")
    if pytest:
        return _Runner("-m pytest -q", pytest, guessed=True)
    unittest = next((path for path, text in texts.items() if _UNITTEST.search(text)), "")
    return _Runner(_discovery(place, unittest), unittest, guessed=True) if unittest else None


def _requirements(place: Place) -> list[str]:
    """The files of requirements whose names say that they are for tests or development."""
    names = [name for name in place.tree.names(place.folder) if name.endswith((".txt", ".in", ".pip"))]
    names += [f"requirements/{name}" for name in place.tree.names(place.at("requirements"))]
    return [name for name in sorted(names) if re.search(r"require", name) or re.search(r"(dev|tests?)\.", name)][:10]


def _discovery(place: Place, example: str) -> str:
    """unittest finds tests from the root only in packages; elsewhere it is told the folder."""
    folders = example.removeprefix(f"{place.folder}/" if place.folder else "").split("/")[:-1]
    if not folders or all(place.is_file("/".join((*folders[: n + 1], "__init__.py"))) for n in range(len(folders))):
        return "-m unittest -q"
    start = folders[0] if folders[0] in ("src", "lib") else "/".join(folders)
    return f"-m unittest discover -q -s {shlex.quote(start)}"


def _search_path(place: Place, python: Interpreter, runner: _Runner) -> str:
    """`PYTHONPATH=src `, or `..` from a folder, where nothing else puts a package on the path that is not installed."""
    packages = [name for name in place.tree.names(place.at("src")) if _is_package(place, f"src/{name}")]
    missed = "src" if packages else ""
    if not packages and (runner.folder or "/" in runner.words.partition(" ")[0]):
        packages = [name for name in place.tree.names(place.folder) if place.is_file(f"{name}/__init__.py")]
    told = missed and missed in str(_pytest(place)[1].get("pythonpath"))
    if not packages or told or runner.words.endswith(" -s src"):
        return ""
    project = place.toml("pyproject.toml")
    names = (get(project, "project", "name"), get(project, "tool", "poetry", "name"), packages[0])
    name = next(name for name in names if isinstance(name, str))
    return f"PYTHONPATH={place.relative(place.at(missed), runner.folder)} " if python.lacks_project(name) else ""


def _is_package(place: Place, folder: str) -> bool:
    """A package, or a namespace with one in it."""
    inside = place.tree.names(place.at(folder))
    return "__init__.py" in inside or any(place.is_file(f"{folder}/{name}/__init__.py") for name in inside)
