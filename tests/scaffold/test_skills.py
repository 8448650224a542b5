"""Agent Skills: a tool is exported as the specification asks for, and a hostile skill is refused in one line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from livecoder.errors import ScaffoldError
from livecoder.scaffold.cases import Case
from livecoder.scaffold.files import MAX_BYTES, File
from livecoder.scaffold.reserved import name_problem
from livecoder.scaffold.skills import NAME, Skill, exported, read, skill_name

TOOL = File("tools/count-lines", b"#!/usr/bin/env -S python3 -u\n# Count the lines of files.\n", True)
CASE = Case("tree", ("a.txt",), "", ".", 0, "2 a.txt\n", "", True)
WRITES = Case("tree", ("--in-place", "b c.txt"), "x\n", "docs", 0, "", "abc", False)
SKILL = "---\nname: greeter\ndescription: Greets people. Use it when somebody comes.\n---\n# Greeter\n\nSay hello.\n"


def export(*cases: Case, **changed: str) -> dict[str, File]:
    given = {"session": "s1", "model": "scripted", "task": "count: things", "generation": "a1b2c3d", **changed}
    return {file.path: file for file in exported(TOOL, "Count the lines of files.", given, cases, "MIT")}


def write(root: Path, files: dict[str, bytes | str]) -> Path:
    for name, content in files.items():
        path = root / "greeter" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root / "greeter"


def test_a_tool_is_exported_as_the_specification_has_it() -> None:
    files = export(CASE)
    assert files.keys() == {"SKILL.md", "scripts/count-lines", "evals/evals.json"}
    assert (files["scripts/count-lines"].data, files["scripts/count-lines"].executable) == (TOOL.data, True)
    _, front, body = files["SKILL.md"].data.decode().split("---\n", 2)
    assert yaml.safe_load(front) == {
        "name": "count-lines",
        "description": "Count the lines of files. Use it when a task calls for that: "
        "`scripts/count-lines --help` says how.",
        "license": "MIT",
        "compatibility": "Requires python3",
        "metadata": {
            "livecoder-session": "s1",
            "livecoder-model": "scripted",
            "livecoder-task": "count: things",
            "livecoder-generation": "a1b2c3d",
        },
    }
    assert "$ scripts/count-lines a.txt\n2 a.txt\n" in body


def test_its_cases_are_evals_of_the_guides_form() -> None:
    evals = json.loads(export(CASE, WRITES)["evals/evals.json"].data)
    assert evals["skill_name"] == "count-lines"
    first, second = evals["evals"]
    assert first == {
        "id": 1,
        "prompt": "In the repository, run `scripts/count-lines a.txt`",
        "expected_output": "2 a.txt\n",
        "files": [],
        "assertions": [
            "`scripts/count-lines a.txt` ends with exit code 0",
            "It changes no file in the repository",
            "It prints exactly:\n2 a.txt\n",
        ],
    }
    assert second["prompt"] == "In docs, run `scripts/count-lines --in-place 'b c.txt'` and give it on stdin:\nx\n"
    assert second["assertions"][1:] == ["It changes files in the repository"]


def test_without_cases_there_are_no_evals() -> None:
    assert "evals/evals.json" not in export()


def test_what_is_exported_is_read_again(tmp_path: Path) -> None:
    for path, file in export(CASE).items():
        place = tmp_path / "count-lines" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.data)
    skill = read(tmp_path / "count-lines")
    assert (skill.name, skill.license, skill.scripts[0].data) == ("count-lines", "MIT", TOOL.data)
    assert (skill.metadata or {})["livecoder-task"] == "count: things"


@given(st.from_regex(r"[a-z][a-z0-9-]{0,39}", fullmatch=True).filter(lambda name: not name_problem(name)))
def test_every_tools_name_becomes_a_skills_name(name: str) -> None:
    assert NAME.fullmatch(skill_name(name))


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=200))
def test_whatever_a_task_or_an_output_says_the_export_is_valid_or_refused(task: str, said: str, given: str) -> None:
    case = Case("tree", (said,), given, ".", 0, said, "", True)
    try:
        files = export(case, task=task)
    except ScaffoldError as error:
        assert "hidden character" in str(error)
        return
    front = yaml.safe_load(files["SKILL.md"].data.decode().split("\n---\n")[0])
    assert front["metadata"].get("livecoder-task", "") == task
    assert json.loads(files["evals/evals.json"].data)["evals"][0]["id"] == 1


def test_a_skill_is_read_with_its_scripts(tmp_path: Path) -> None:
    root = write(tmp_path, {"SKILL.md": SKILL, "scripts/hello.py": "print('hello')\n", "references/MORE.md": "more\n"})
    (root / "scripts/templates").mkdir()
    assert read(root) == Skill(
        "greeter",
        "Greets people. Use it when somebody comes.",
        "# Greeter\n\nSay hello.\n",
        (File("scripts/hello.py", b"print('hello')\n", False),),
        metadata={},
    )


def test_an_emoji_is_no_hidden_character(tmp_path: Path) -> None:
    assert read(write(tmp_path, {"SKILL.md": SKILL + "\u26a0\ufe0f careful \U0001f468\u200d\U0001f4bb\n"})).body


Spoil = Callable[[Path], object]
HOSTILE: dict[str, tuple[dict[str, bytes | str], Spoil, str]] = {
    "no SKILL.md": ({"README.md": "x"}, str, "SKILL.md cannot be read: No such file"),
    "no front matter": ({"SKILL.md": "# Greeter\n"}, str, "it has no front matter"),
    "no name": ({"SKILL.md": "---\ndescription: x\n---\n"}, str, "it has no name"),
    "no description": ({"SKILL.md": "---\nname: greeter\n---\n"}, str, "its description does not have 1 to 1024"),
    "a long description": ({"SKILL.md": SKILL.replace("Greets", "G" * 1025)}, str, "1 to 1024 characters"),
    "a name with a path": ({"SKILL.md": SKILL.replace("greeter", "../x", 1)}, str, "its name '../x' is not"),
    "capitals": ({"SKILL.md": SKILL.replace("greeter", "Greeter", 1)}, str, "its name 'Greeter' is not"),
    "two hyphens": ({"SKILL.md": SKILL.replace("greeter", "gree--ter", 1)}, str, "its name 'gree--ter' is not"),
    "another's name": ({"SKILL.md": SKILL.replace("greeter", "other", 1)}, str, "is not that of its directory greeter"),
    "a huge text": ({"SKILL.md": SKILL + "x" * MAX_BYTES}, str, "SKILL.md is larger than 64 KiB"),
    "a huge script": ({"SKILL.md": SKILL, "scripts/x.py": "#" * (MAX_BYTES + 1)}, str, "scripts/x.py is larger than"),
    "bidi": ({"SKILL.md": SKILL + "\u202e"}, str, "SKILL.md holds a hidden character (U+202E"),
    "a tag in a script": ({"SKILL.md": SKILL, "scripts/x.py": "# \U000e0041\n"}, str, "scripts/x.py holds a hidden"),
    "bytes": ({"SKILL.md": SKILL, "scripts/x": b"\x7fELF\xff"}, str, "scripts/x is not text in UTF-8"),
    "a link for SKILL.md": ({}, lambda root: (root / "SKILL.md").symlink_to("/etc/passwd"), "SKILL.md cannot be read"),
    "a link for a script": (
        {"SKILL.md": SKILL, "scripts/x.py": ""},
        lambda root: (root / "scripts/y.py").symlink_to("/etc/passwd"),
        "scripts/y.py cannot be read: Too many levels of symbolic links",
    ),
    "a link for scripts": (
        {"SKILL.md": SKILL},
        lambda root: (root / "scripts").symlink_to("/usr/bin"),
        "scripts/ is not a folder",
    ),
    "a pipe": (
        {"SKILL.md": SKILL, "scripts/x.py": ""},
        lambda root: os.mkfifo(root / "scripts/pipe"),
        "scripts/pipe is not a regular file",
    ),
    "many scripts": (
        {"SKILL.md": SKILL, **{f"scripts/{number}.py": "" for number in range(21)}},
        str,
        "it has more than 20 scripts",
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_skill_is_refused_in_one_line(tmp_path: Path, what: str) -> None:
    files, spoil, why = HOSTILE[what]
    (tmp_path / "greeter").mkdir()
    root = write(tmp_path, files)
    spoil(root)
    with pytest.raises(ScaffoldError) as refused:
        read(root)
    assert str(refused.value).startswith("the skill is refused: ") and why in str(refused.value)
    assert str(refused.value).isprintable()
