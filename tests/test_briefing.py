"""The system prompt of a scaffold as one session has it: it does not grow with the scaffold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from livecoder import config
from livecoder.briefing import Briefing
from livecoder.config import Settings
from livecoder.evolution.fingerprint import Present
from livecoder.journal.ledger import Ledger
from livecoder.scaffold.lessons import MAX_GENERAL, Lesson
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.seed import seed_dir
from livecoder.scaffold.tools import Tool


def scaffold(tools: int, lessons: int) -> Scaffold:
    """The first fifteen lessons are for every prompt, the others have a trigger."""
    return replace(
        Scaffold.load(seed_dir()),
        tools=tuple(Tool(f"tool-{n:03}", Path("t"), f"Does the thing of number {n:03}.", 9, "d") for n in range(tools)),
        lessons=tuple(map(lesson, range(lessons))),
    )


def lesson(number: int) -> Lesson:
    trigger = "" if number < MAX_GENERAL else f"run-{number}"
    return Lesson(f"l{number:03}", f"A fact of number {number:03}.", trigger, ("s1:1", "s2:1"), f"{number:03}")


@pytest.fixture
def briefing(tmp_path: Path) -> Briefing:
    return Briefing(Settings(config.paths()), Ledger(), Present(tmp_path, "m"))


def test_two_hundred_tools_and_five_hundred_lessons_take_no_more_than_twenty(briefing: Briefing) -> None:
    few = briefing.system(scaffold(20, 20), tools_enabled=True)
    many = briefing.system(scaffold(200, 500), tools_enabled=True)
    told = "\n180 more: `ls $SCAFFOLD/tools`.\n"
    assert told in many and "more: `ls" not in few
    assert len(many.encode()) <= len(few.encode()) + len(told)
    assert few.count("  tool-") == many.count("  tool-") == 20
    assert few.count("\n- A fact") == many.count("\n- A fact") == MAX_GENERAL


def test_bare_has_no_lessons(briefing: Briefing) -> None:
    bare = replace(briefing, settings=replace(briefing.settings, bare=True))
    assert "A fact" in briefing.system(scaffold(1, 1), tools_enabled=True)
    assert "A fact" not in bare.system(scaffold(1, 1), tools_enabled=True)
    assert bare.choose(scaffold(1, 20)).timely == ()
