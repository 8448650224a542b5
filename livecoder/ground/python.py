"""Python: interpreter and versions, how tests are run, which checkers are configured and installed."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

from livecoder.ground import python_tests
from livecoder.ground.facts import Check, Fact, Kit
from livecoder.ground.files import Table, get, one_line, table
from livecoder.ground.interpreter import Interpreter, interpreter
from livecoder.ground.place import Place

SIGNS = (
    *("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "manage.py"),
    *("pytest.ini", ".pytest.ini", "tox.ini", "tox.toml", "noxfile.py"),
)
"""Files that only a Python project has."""
CHECKERS = {
    "ruff": ("ruff.toml", ".ruff.toml"),
    "flake8": (".flake8",),
    "black": (),
    "isort": (".isort.cfg",),
    "mypy": ("mypy.ini", ".mypy.ini"),
    "pyright": ("pyrightconfig.json",),
    "basedpyright": (),
    "ty": ("ty.toml",),
    "pylint": (".pylintrc", "pylintrc", ".pylintrc.toml"),
}
"""Names, and the files that configure them beside pyproject.toml, setup.cfg and tox.ini."""
_SETUP_PY = re.compile(r"python_requires[\"']?\s*[=:]\s*[\"']([^\"'\n]{1,60})[\"']")


def kit(place: Place) -> Kit | None:
    if not place.first(*SIGNS) and not place.walk.sizes.get("python"):
        return None
    python = interpreter(place)
    versions = tuple(fact for fact in (python.version, _wanted(place)) if fact)
    return Kit("python", place.folder, versions, python_tests.tests(place, python), _checks(place, python))


def _wanted(place: Place) -> Fact | None:
    """The versions that the project says it runs on."""
    project = place.toml("pyproject.toml")
    for text, source in (
        (get(project, "project", "requires-python"), "pyproject.toml"),
        (get(project, "tool", "poetry", "dependencies", "python"), "pyproject.toml"),
        (get(place.ini("setup.cfg"), "options", "python_requires"), "setup.cfg"),
        (next(iter(_SETUP_PY.findall(place.text("setup.py"))), None), "setup.py"),
    ):
        if isinstance(text, str) and text.strip():
            return Fact(f"for {one_line(text, 40)}", place.at(source))
    return None


def _checks(place: Place, python: Interpreter) -> tuple[Check, ...]:
    found = ((name, _configured(place, name, files)) for name, files in CHECKERS.items())
    return tuple(Check(name, source, _command(place, python, name)) for name, source in found if source)


def _configured(place: Place, name: str, files: tuple[str, ...]) -> str:
    """The file that configures it, from the package upwards: a package of a workspace shares the root's."""
    for folder in place.up():
        inside = replace(place, folder=folder)
        if table(inside.toml("pyproject.toml"), "tool", name):
            return inside.at("pyproject.toml")
        for ini in ("setup.cfg", "tox.ini"):
            if name in inside.ini(ini) or name in _called_by_tox(inside.ini(ini)):
                return inside.at(ini)
        if own := inside.first(*files):
            return inside.at(own)
        if name in inside.tree.hooks(inside.at(".pre-commit-config.yaml")):
            return inside.at(".pre-commit-config.yaml")
    return ""


def _called_by_tox(document: Table) -> set[str]:
    """The programs that tox's environments call, whatever factor stands before them."""
    found: set[str] = set()
    for name in document:
        if name.startswith("testenv"):
            for line in str(table(document, name).get("commands") or "").split("\n"):
                words = line.split()
                found.update(words[1:2] if words[:1] and words[0].endswith(":") else words[:1])
    return found


def _command(place: Place, python: Interpreter, name: str) -> str:
    """ "" where the program is not installed."""
    program = f"{python.environment}/bin/{name}"
    if python.environment and place.tree.lies(program):
        called = place.relative(program)
    elif place.programs.find(name):
        called = name
    else:
        return ""
    words = {"ruff": "check .", "black": "--check .", "isort": "--check .", "pylint": _code(place)}.get(name, "")
    if name == "mypy" and not _knows_its_files(place):
        words = _code(place)
    return place.command(f"{called} {words}".strip())


def _knows_its_files(place: Place) -> bool:
    tables = [table(place.toml("pyproject.toml"), "tool", "mypy")]
    tables += [table(place.ini(name), "mypy") for name in ("mypy.ini", ".mypy.ini", "setup.cfg")]
    return any({"files", "packages", "modules"} & found.keys() for found in tables)


def _code(place: Place) -> str:
    """The folder of the package's code, where one can be told."""
    folders = [name for name, kind in sorted(place.tree.names(place.folder).items()) if kind == "folder"]
    packages = [name for name in folders if place.is_file(f"{name}/__init__.py") and name not in ("tests", "test")]
    return "src" if "src" in folders else shlex.quote((packages or ["."])[0])
