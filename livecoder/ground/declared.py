"""What a Python project's own files would run as tests (tox, nox, hatch, pdm, poe, make), cut to the runner.

Such a command makes environments from a network, or is wrapped in what is not there; what is told here is the part of
it that a sandbox can run: the runner and what it is given.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from livecoder.ground import make
from livecoder.ground.files import Table, get, is_table, one_line, parse, parse_ini, strings, table
from livecoder.ground.place import SIMPLE, Place

MAX_LINES = 40
MAX_LINE = 2_000
TOOLS = ("trial", "stestr", "zope-testrunner", "nose2", "green", "ward")
_FACTOR = re.compile(r"[\w{},.!*-]+:\s+")
_POSARGS = re.compile(r"\{posargs:([\w./= -]*)\}")
_UNKNOWN = "\x01"
"""Stands for a substitution of tox's that is not known here: a word with one in it is no word of a command."""
_ENV = re.compile(r"\{env:\w+:([^{}]*)\}")
_OTHER = re.compile(r"\{[^{}]*\}")
_TEST_FUNCTION = re.compile(r"def (\w{0,60}?test\w{0,60})\(")
_SESSION_RUN = re.compile(r"session\.run(?:_always)?\(([^()]{1,500})\)")
_LITERAL = re.compile(r"""["']([^"']{0,200})["']""")
_NOT_TESTS = ("pip", "uv pip", "pre-commit", "sphinx-build", "mypy", "ruff", "flake8", "black", "echo", "towncrier")


@dataclass(frozen=True, slots=True)
class Declared:
    """A test run: its runner is pytest, unittest, a module, a script or one of `TOOLS`."""

    kind: str
    """"pytest", "module" or "script"."""
    runner: str
    """The module's dotted name or the script's path."""
    arguments: tuple[str, ...]
    folder: str
    """Where it is run, below the package."""
    text: str
    source: str


def declared(place: Place) -> Iterator[Declared]:
    """The first test run that each file names."""
    for source, folder, lines in _sources(place):
        for line in lines[:MAX_LINES]:
            run = _run(place, _words(line), folder)
            if run:
                kind, runner, arguments = run
                yield Declared(kind, runner, arguments, folder, one_line(line, 100), source)
                break


def _sources(place: Place) -> Iterator[tuple[str, str, list[str]]]:
    """(file and section, folder, command lines)."""
    project = place.toml("pyproject.toml")
    legacy = parse(str(get(project, "tool", "tox", "legacy_tox_ini") or ""), parse_ini)
    for name, environment in (
        ("tox.ini", table(place.ini("tox.ini"), "testenv")),
        ("setup.cfg", table(place.ini("setup.cfg"), "testenv")),
        ("pyproject.toml [tool.tox]", table(legacy, "testenv")),
    ):
        if environment:
            folder = _folder(place, str(environment.get("changedir") or environment.get("change_dir") or ""))
            yield name, folder, str(environment.get("commands") or "").replace("\\\n", " ").split("\n")
    for name, environment in (
        ("tox.toml", table(place.toml("tox.toml"), "env_run_base")),
        ("pyproject.toml [tool.tox]", table(project, "tool", "tox", "env_run_base")),
    ):
        if environment:
            yield name, _folder(place, str(environment.get("change_dir") or "")), _lists(environment.get("commands"))
    yield from _scripts(place, project)
    yield "noxfile.py", "", _sessions(place.text("noxfile.py"))
    lines, name = make.recipe(place)
    yield name, "", list(lines)


def _scripts(place: Place, project: Table) -> Iterator[tuple[str, str, list[str]]]:
    """What hatch, pdm, poe and taskipy call by a name."""
    environments = [*table(project, "tool", "hatch", "envs").items(), *table(place.toml("hatch.toml"), "envs").items()]
    tables = [(f"hatch {name}", table(env, "scripts")) for name, env in environments if is_table(env)]
    for tool, keys in (("pdm", ("pdm", "scripts")), ("poe", ("poe", "tasks")), ("task", ("taskipy", "tasks"))):
        tables.append((tool, table(project, "tool", *keys)))
    for tool, scripts in tables:
        for name in ("test", "tests", "run", "cov"):
            value = scripts.get(name)
            if is_table(value):
                value = value.get("cmd") or value.get("shell")
            if lines := list(strings(value)):
                yield f"pyproject.toml [{tool} {name}]", "", lines


def _sessions(text: str) -> list[str]:
    """The literal words of `session.run(…)` in functions with "test" in their names."""
    lines: list[str] = []
    parts = _TEST_FUNCTION.split(text)
    for body in parts[2::2]:
        body = body.partition("\n@")[0]
        lines += [" ".join(_LITERAL.findall(match[1])) for match in _SESSION_RUN.finditer(body)]
    return lines


def _words(line: str) -> list[str]:
    """A command line's words with tox's substitutions taken out."""
    line = line[:MAX_LINE]
    line = _FACTOR.sub("", line.strip().lstrip("-! "), count=1) if _FACTOR.match(line.strip()) else line.strip()
    if line.startswith(("#", ";")) or line.startswith(_NOT_TESTS) or " install " in line:
        return []
    line = line.replace("{toxinidir}/", "").replace("{tox_root}/", "").replace("{toxinidir}", ".")
    line = re.sub(r"\{envpython\}|\$\(PYTHON\)|\$\{PYTHON\}", "python", line)
    for pattern, put in ((_ENV, r"\1"), (_POSARGS, r"\1"), (_OTHER, _UNKNOWN)):
        line = pattern.sub(put, line)
    try:
        words = shlex.split(line)
    except ValueError:  # an open quote
        words = line.split()
    return [word for word in words if _UNKNOWN not in word]


def _run(place: Place, words: list[str], folder: str) -> tuple[str, str, tuple[str, ...]] | None:
    """The runner among these words, whatever wraps it, and what it is given."""
    for number, word in enumerate(words):
        rest = words[number + 1 :]
        name = word.rpartition("/")[2]
        if name in ("pytest", "py.test"):
            return "pytest", "pytest", _paths(place, rest, folder)
        if word == "-m" and rest and re.fullmatch(r"[\w.]+", rest[0]):
            if rest[0] == "pytest":
                return "pytest", "pytest", _paths(place, rest[1:], folder)
            if "test" in rest[0] or rest[0].endswith("trial"):
                return "module", rest[0], _plain(place, rest[1:], unittest=rest[0] == "unittest")
        if name in TOOLS:
            modules = {"trial": "twisted.trial", "zope-testrunner": "zope.testrunner"}
            return "module", modules.get(name, name), tuple(filter(SIMPLE.fullmatch, rest))
        within = f"{folder}/{word}" if folder else word
        script = word.endswith(".py") and SIMPLE.fullmatch(word) and place.is_file(within)
        if script and ("test" in name or rest[:1] == ["test"]):
            return "script", word, ("test",) if rest[:1] == ["test"] else ()
    return None


def _paths(place: Place, words: list[str], folder: str) -> tuple[str, ...]:
    """Those words that are paths in the package."""
    found: list[str] = []
    for word in words:
        path = f"{folder}/{word}".strip("/") if folder else word.removeprefix("./").rstrip("/")
        if SIMPLE.fullmatch(word) and not word.startswith("-") and path and place.tree.lies(place.at(path)):
            found.append(word)
    return tuple(found)


def _plain(place: Place, words: list[str], *, unittest: bool) -> tuple[str, ...]:
    """The words without options; unittest's own are kept but for those that only make it talk."""
    kept = [word for word in words if SIMPLE.fullmatch(word) and not (unittest and word in ("-v", "-vv", "--verbose"))]
    return tuple(kept) if unittest else tuple(word for word in kept if not word.startswith("-"))


def _folder(place: Place, name: str) -> str:
    name = name.replace("{toxinidir}", "").replace("{tox_root}", "").strip("/ ")
    return name if name and SIMPLE.fullmatch(name) and ".." not in name and place.is_folder(name) else ""


def _lists(value: Any) -> list[str]:
    """tox's commands in TOML: a list of lists of words."""
    rows = cast("list[Any]", value) if isinstance(value, list) else []
    return [" ".join(strings(row)) for row in rows]
