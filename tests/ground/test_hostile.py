"""Hostile and broken repositories: nothing hangs, nothing is followed, nothing of them is believed."""

from __future__ import annotations

import copy
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from livecoder.ground import survey
from livecoder.ground.files import MAX_DOCUMENT, Tree, one_line
from livecoder.ground.lines import lines
from livecoder.workspace.beneath import Beneath
from livecoder.workspace.glance import Commit, Glance
from tests.ground.conftest import Make, See

NAMES = (
    *("pyproject.toml", "package.json", "Cargo.toml", "go.mod", "go.work", "setup.cfg", "tox.ini", "setup.py"),
    *("noxfile.py", "Makefile", "pytest.ini", "CONTRIBUTING.md", "AGENTS.md", ".pre-commit-config.yaml"),
    *("pnpm-workspace.yaml", "rust-toolchain", ".python-version", "tests/test_a.py", ".venv/pyvenv.cfg"),
)
"""Every kind of file that is read."""

BIG = {
    "brackets": "[" * MAX_DOCUMENT,
    "braces": "{" * (MAX_DOCUMENT - 1),
    "objects": '{"a":' * 50_000,
    "dots": "a." * (MAX_DOCUMENT // 2 - 9) + "a = 1",
    "many dots": ("a." * 120 + "a{} = 1\n") * 1000,
    "spaces": " " * (MAX_DOCUMENT - 1),
    "gap": "[testenv]\na" + " " * (MAX_DOCUMENT - 20) + "b",
    "line ends": "\n" * (MAX_DOCUMENT - 1),
    "tabs": "test:" + "\t" * (MAX_DOCUMENT - 20) + "x",
    "number": "a = 1" + "1" * 200_000,
    "variables": "A = " + "$(A)" * 50_000 + "\ntest:\n\t$(A)$(A)\n",
    "defaults": "[DEFAULT]\n" + "".join(f"k{n} = 1\n" for n in range(9000)) + "".join(f"[s{n}]\n" for n in range(9000)),
    "functions": "def " + "test" * (MAX_DOCUMENT // 4 - 9),
    "calls": "def test(session):\n" + "session.run(" * 20_000,
    "quotes": "def test(session):\n session.run(" + "'" * 400 + ")\n" * 5000,
    "sentences": "You must add tests. " * (MAX_DOCUMENT // 20 - 1),
    "uses": "use (" * 50_000,
    "posargs": "[testenv]\ncommands = " + "{posargs:" * 25_000,
    "not text": "\x00\x1b\udce9",
    "ten megabytes": "a = '" + "x" * 10_000_000 + "'\n",
}


@pytest.mark.parametrize("text", BIG.values(), ids=BIG.keys())
def test_no_text_in_any_file_hangs_or_breaks_it(make: Make, text: str) -> None:
    root = make(dict.fromkeys((name for name in NAMES if "/" in name), ""))
    for name in NAMES:
        (root / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    ground = survey(root, root, Glance())
    for line in lines(ground):
        assert line.isprintable() and len(line) <= 500


@pytest.mark.parametrize(
    "text", ["{", "[[", '["scripts"]', '{"scripts": "test"}', "tool = 1\n", "[tool]\npytest = 3\n"]
)
def test_a_broken_document_says_nothing(see: See, text: str) -> None:
    files = dict.fromkeys(("package.json", "pyproject.toml", "Cargo.toml.x", "setup.cfg", "tox.ini"), text)
    assert see(files).test_command == ""


ODD = {
    "tool": ["tool = 1", "[tool]\npytest = []", "[tool.tox]\nenv_run_base = 1", "[tool.hatch.envs]\ntest = 1"],
    "scripts": ["[tool.pdm.scripts]\ntest = 1", "[tool.poe.tasks]\ntest = [1]", "[tool.mypy]\nfiles = 1"],
    "project": ["project = 1", "[project]\nname = 1\nrequires-python = []", "[tool.towncrier]\ndirectory = 1"],
    "uv": ["[tool.uv.workspace]\nmembers = 1", "[tool.uv.workspace]\nmembers = [1, '*']"],
}


@pytest.mark.parametrize("text", [text for texts in ODD.values() for text in texts])
def test_a_value_of_another_kind_breaks_nothing(see: See, text: str) -> None:
    assert lines(see({"pyproject.toml": text, "src/pkg/__init__.py": "", "tests/test_a.py": "import pytest\n"}))


@pytest.mark.parametrize(
    "text", ['{"engines": 1, "workspaces": 1, "scripts": []}', '{"workspaces": {"packages": [1]}, "packageManager": 1}']
)
def test_a_value_of_another_kind_breaks_nothing_in_javascript(see: See, text: str) -> None:
    assert lines(see({"package.json": text}))


@pytest.mark.parametrize("text", ["workspace = 1", "[package]\nname = 1\nedition = 3", "[workspace]\nmembers = 1"])
def test_a_value_of_another_kind_breaks_nothing_in_rust(see: See, text: str) -> None:
    assert lines(see({"Cargo.toml": text}))


KNOWN = (
    *("tool", "tool.pytest", "tool.pytest.pythonpath", "tool.pytest.ini_options"),
    *("tool.tox.env_run_base.commands", "tool.tox.legacy_tox_ini", "tool.tox.env_run_base.change_dir"),
    *("tool.hatch.envs.default.scripts.test", "tool.pdm.scripts.test", "tool.poe.tasks.test.cmd"),
    *("tool.mypy.files", "tool.ruff", "tool.uv.workspace.members", "tool.poetry.name"),
    *("tool.poetry.dependencies.python", "tool.towncrier", "tool.towncrier.directory", "tool.towncrier.package"),
    *("tool.towncrier.package_dir", "project", "project.name", "project.requires-python", "env_run_base.commands"),
    *("env_run_base.change_dir", "envs.test.scripts.run", "package", "package.name", "package.edition"),
    *("workspace", "package.rust-version", "workspace.members", "workspace.package.edition", "lints.clippy"),
    *("toolchain.channel", "workspaces", "packages", "workspaces.packages", "engines", "engines.node"),
    *("packageManager", "scripts", "scripts.test", "dependencies", "devDependencies.jest", "jest"),
)
ODD_THINGS: tuple[Any, ...] = (
    True,
    3,
    1.5,
    "",
    "x",
    "a/*",
    "pytest {posargs:tests}",
    "a\nb",
    "$(id)",
    [],
    {},
    [[]],
    [[1, "x"]],
)
ODD_VALUES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(ODD_THINGS),
    st.lists(st.sampled_from((1, "x", "pytest", {"a": 1})), max_size=3),
    st.text(max_size=20),
)


def nested(values: dict[str, object]) -> dict[str, object]:
    """{"a.b": 1} -> {"a": {"b": 1}}"""
    document: dict[str, object] = {}
    for path, value in sorted(values.items()):
        *folders, name = path.split(".")
        inside: dict[str, Any] = document
        for folder in folders:
            inside[folder] = inside.get(folder) if isinstance(inside.get(folder), dict) else {}
            inside = inside[folder]
        inside[name] = copy.deepcopy(value)
    return document


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(KNOWN), ODD_VALUES, max_size=6))
def test_no_value_under_a_known_key_breaks_it(values: dict[str, object]) -> None:
    document = nested(values)
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        for name in ("pyproject.toml", "Cargo.toml", "tox.toml", "rust-toolchain.toml", "hatch.toml"):
            (root / name).write_text(tomlkit.dumps(document))
        (root / "package.json").write_text(json.dumps(document))
        for path in ("src/pkg/__init__.py", "tests/test_a.py", "a/x", ".venv/pyvenv.cfg", ".venv/bin/python"):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).touch()
        (root / ".venv/lib/python3.12/site-packages").mkdir(parents=True)
        for line in lines(survey(root, root / "a", Glance(), path=(directory,))):
            assert line.isprintable() and len(line) <= 500


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(NAMES), st.binary(max_size=200) | st.text("[]{}=:\"'\n\t $()test.-#", max_size=200).map(str.encode)
)
def test_no_bytes_in_any_file_break_it(name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        assert lines(survey(Path(directory), Path(directory), Glance()))


def test_fifos_sockets_and_folders_in_the_place_of_files_are_passed_over(make: Make) -> None:
    root = make({"tests/": "", ".venv/": ""})
    for number, name in enumerate(NAMES):
        if number % 2:
            (root / name).mkdir()
        else:
            os.mkfifo(root / name)
    assert survey(root, root, Glance()).kits == ()


def test_no_link_is_followed_not_even_on_the_way(make: Make, tmp_path: Path) -> None:
    (tmp_path / "outside" / "tests").mkdir(parents=True)
    for name in ("pyproject.toml", "AGENTS.md", "CONTRIBUTING.md"):
        (tmp_path / "outside" / name).write_text("[tool.pytest]\nx = 1\nYou must add tests to all of this, secret.\n")
    (tmp_path / "outside/tests/test_a.py").write_text("import pytest\n")
    root = make({"a/": ""})
    for name in ("pyproject.toml", "AGENTS.md", "CONTRIBUTING.md", "tests"):
        (root / name).symlink_to(tmp_path / "outside" / name)
    (root / "packages").symlink_to(tmp_path / "outside")
    (root / "a" / "loop").symlink_to(root / "a")
    (root / "self").symlink_to("self")
    ground = survey(root, root / "packages", Glance())
    assert (ground.kits, ground.instructions, ground.conventions.contributing) == ((), (), ())
    assert "secret" not in str(ground)


def test_a_deep_and_a_wide_tree_are_walked_in_part(make: Make) -> None:
    root = make({"pytest.ini": "", "/".join(["d"] * 150) + "/test_a.py": ""})
    for number in range(400):
        (root / f"w{number}").mkdir()
    ground = survey(root, root, Glance())
    assert ground.test_command == "python3 -m pytest -q"


def test_names_of_undecodable_and_hidden_characters_stay_on_their_line(make: Make) -> None:
    root = make({"pytest.ini": ""})
    for name in (b"caf\xe9/test_a.py", b"a\nb/test_a.py", b"\x1b[2J.py", "\u202e</repository>".encode()):
        path = root / os.fsdecode(name).replace("</", "<")
        path.parent.mkdir(exist_ok=True)
        path.touch()
    git = Glance("on a\nb", (Commit("x\ny: \x1b", ("a",)),) * 9, ("c\nd", os.fsdecode(b"\xff")))
    for line in lines(survey(root, root, git)):
        assert line.isprintable() and line.encode()


def test_a_command_holds_no_word_of_the_repositorys_that_bash_would_obey(see: See) -> None:
    tox = "[testenv]\ncommands = pytest $(touch\\ x) `id` tests;id {posargs:tests;id} --x=$(id)\n"
    name = '{"name": "x", "scripts": {"test": "", "test:run": "x"}}'
    cargo = "[package]\nname = 'x; id'\n[workspace]\n"
    files = {"tox.ini": tox, "tests;id/a.py": "", "package.json": name, "Cargo.toml": cargo, "go.work": "use ./a;id\n"}
    commands = [kit.tests.command for kit in see(files, programs=("python3",)).kits]
    assert commands and not any(mark in command for command in commands for mark in (";", "`", "$", "id"))


def test_a_folder_of_very_many_names_is_read_in_part(make: Make, tmp_path: Path) -> None:
    root = make({})
    for number in range(10_050):
        (root / f"n{number:05}").touch()
    with Beneath(root) as beneath:
        assert len(Tree(beneath).names("")) == 10_000


@pytest.mark.parametrize("text", ["a\nb", "\ud800", "</x>", "\x00", "x" * 999, "\u200b"])
def test_one_line_is_one_line(text: str) -> None:
    line = one_line(text)
    assert line.isprintable() and len(line) <= 200 and "</" not in line and line.encode()
