"""A generation becomes current only when it boots: its prompt renders and a command in it edits a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab import COUNT, Lab

from livecoder.errors import ScaffoldError
from livecoder.evolution.boot import boots
from livecoder.prompt import render
from livecoder.scaffold.scaffold import Scaffold

VARIABLES = {
    "workspace": "/repo",
    "network": False,
    "hosts": "",
    "output_chars": 10_000,
    "timeout": 120,
    "verify": "",
    "tools_enabled": True,
    "tools": [{"name": "count-lines", "summary": "Count."}],
    "lessons": "",
    "unlisted": 0,
    "branch": "",
}


def system(directory: Path) -> str:
    scaffold = Scaffold.load(directory)
    return render(scaffold.prompts["system"], VARIABLES, seed="system" in scaffold.seeded)


def test_the_seed_boots(lab: Lab) -> None:
    assert boots(lab.checkout, lab.rooms, system) == ""


def test_it_boots_with_a_tool_and_a_prompt_of_its_own(lab: Lab) -> None:
    lab.write("count-lines", COUNT)
    (lab.checkout / "prompts" / "system.md").write_text("You work in {{ workspace }}.\n")
    assert boots(lab.checkout, lab.rooms, system) == ""


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ workspce }}", "'workspce' is undefined"),
        ("{% if %}", "does not render"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "render"),
    ],
)
def test_a_prompt_that_does_not_render_does_not_boot(lab: Lab, template: str, why: str) -> None:
    (lab.checkout / "prompts" / "system.md").write_text(template)
    reason = boots(lab.checkout, lab.rooms, system)
    assert reason.startswith("it does not boot: a prompt ") and why in reason


def test_it_leaves_the_workspace_and_the_candidate_alone(lab: Lab) -> None:
    before = sorted(str(path) for path in lab.checkout.rglob("*")), lab.tree()
    boots(lab.checkout, lab.rooms, system)
    assert (sorted(str(path) for path in lab.checkout.rglob("*")), lab.tree()) == before
    assert list(lab.rooms.directory.iterdir()) == []


def test_where_the_prompt_cannot_even_be_looked_for_it_says_so(lab: Lab) -> None:
    def missing(directory: Path) -> str:
        raise ScaffoldError("the installation lacks its seed")

    assert boots(lab.checkout, lab.rooms, missing) == "it does not boot: the installation lacks its seed"
