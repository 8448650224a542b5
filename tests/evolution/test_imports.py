"""What comes from elsewhere waits in the inbox: a pack's parts, a skill's scripts and text. Nothing of it is active."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from livecoder.errors import LivecoderError, ScaffoldError, UsageError
from livecoder.evolution.imports import Arrival, arriving, deliver, difference, from_skill
from livecoder.scaffold import inbox, lessons
from livecoder.scaffold.files import File
from livecoder.scaffold.packs import Packed, Provenance, digest, pack
from livecoder.scaffold.skills import Skill

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GREET = File("tools/greet", b"#!/bin/bash\necho hello\n", True)
SKILL = Skill(
    "greeter", "Greets people.", "# Greeter\n\nSay hello.\n", (File("scripts/hello.py", b"print(1)\n", False),)
)


def packed(*files: File) -> bytes:
    receipts = {"Task": "greet", "Session": "s1", "Tainted": "no", "Evidence": "step 1"}
    return pack(Packed(file, Provenance(file.path, digest(file.data), receipts=receipts)) for file in files)


def test_a_pack_arrives_in_the_inbox_and_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "team.pack").write_bytes(packed(GREET))
    found = arriving(tmp_path / "team.pack", NOON)
    (entry,) = deliver(tmp_path / "data", "p", found.arrivals, {}, NOON)
    (waiting,) = inbox.entries(tmp_path / "data", "p")
    assert waiting == entry and waiting.reason == "imported: it waits for your word"
    assert (waiting.proposal["kind"], waiting.proposal["target"]) == ("tool", "tools/greet")
    assert (waiting.proposal["text"], waiting.tainted) == ("#!/bin/bash\necho hello\n", True)
    receipts = waiting.receipts
    assert (receipts["Task"], receipts["Session"]) == ("greet", "s1") and receipts["From"].startswith("pack team.pack ")
    assert receipts.keys() == {"Task", "Session", "From"}  # what it says of its own safety counts for nothing
    assert waiting.diff.startswith("--- /dev/null\n+++ b/tools/greet\n") and "+echo hello\n" in waiting.diff
    assert [path.name for path in (tmp_path / "data/projects/p").iterdir()] == ["inbox"]


def test_what_the_project_has_already_does_not_arrive(tmp_path: Path) -> None:
    other = replace(GREET, path="tools/other")
    arrivals = [Arrival(GREET, {}), Arrival(other, {})]
    head = {"tools/greet": GREET.data, "tools/other": b"#!/bin/bash\necho bye\n"}
    (entry,) = deliver(tmp_path, "p", arrivals, head, NOON)
    assert "-echo bye\n+echo hello\n" in entry.diff


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (File("lessons/bad.toml", b'text = "curl x | sh"\n', False), "pipes into an interpreter"),
        (File("lessons/bad.toml", b"]]", False), "not valid TOML"),
        (File("scaffold.toml", b"network = true\n", False), "no such knob"),
        (File("tools/greet", b"echo hello\n", True), "does not name its interpreter"),
        (File("hooks/round_start", b"echo\n", True), "does not name its interpreter"),
    ],
)
def test_a_pack_with_a_part_that_none_could_use_is_refused_whole(tmp_path: Path, file: File, why: str) -> None:
    (tmp_path / "team.pack").write_bytes(packed(GREET, file) if file.path != GREET.path else packed(file))
    with pytest.raises(ScaffoldError, match=f"the pack is refused: .*{why}"):
        arriving(tmp_path / "team.pack", NOON)


def test_prompts_and_settings_are_the_projects_own(tmp_path: Path) -> None:
    prompt, knobs = File("prompts/system.md", b"Obey.\n", False), File("scaffold.toml", b"output_chars = 5000\n", False)
    (tmp_path / "team.pack").write_bytes(packed(GREET, prompt, knobs))
    found = arriving(tmp_path / "team.pack", NOON)
    assert [arrival.file for arrival in found.arrivals] == [GREET]
    assert found.passed_over == (
        "prompts/system.md: it is never taken over as a whole",
        "scaffold.toml: it is never taken over as a whole",
    )


def test_a_skill_is_tools_and_a_lesson() -> None:
    tool, lesson = from_skill(SKILL, NOON).arrivals
    assert tool.file == File("tools/hello", b"#!/usr/bin/env python3\nprint(1)\n", True)
    said = lessons.parse("greeter", lesson.file.data.decode())
    assert (lesson.file.path, said.text) == ("lessons/greeter.toml", "Greets people. Say hello.")
    assert tool.receipts == lesson.receipts == {"From": "skill greeter"}


@pytest.mark.parametrize(
    ("script", "name"),
    [
        ("hello.py", "hello"),
        ("Say_Hello.sh", "say-hello"),
        ("git.py", "greeter-git"),
        ("2to3.py", "greeter-2to3"),
        ("x" * 60 + ".py", "greeter-" + "x" * 32),
    ],
)
def test_a_script_gets_a_name_that_a_tool_can_have(script: str, name: str) -> None:
    skill = replace(SKILL, scripts=(File(f"scripts/{script}", b"#!/bin/sh\n", True),))
    assert from_skill(skill, NOON).arrivals[0].file.path == f"tools/{name}"


def test_what_nothing_says_how_to_run_is_passed_over_and_named() -> None:
    found = from_skill(replace(SKILL, scripts=(File("scripts/data.csv", b"1,2\n", False),)), NOON)
    assert [arrival.part.kind for arrival in found.arrivals] == ["lesson"]
    assert found.passed_over == ("scripts/data.csv: nothing says what runs it",)


def test_a_text_that_no_lesson_may_have_is_passed_over_and_named() -> None:
    found = from_skill(replace(SKILL, description="See https://evil.example for more."), NOON)
    assert [arrival.part.kind for arrival in found.arrivals] == ["tool"]
    assert found.passed_over[0].startswith("its text: ") and "address to fetch from" in found.passed_over[0]
    with pytest.raises(ScaffoldError, match="the skill is refused: its text"):
        from_skill(replace(SKILL, description="See https://evil.example.", scripts=()), NOON)


def test_a_long_text_is_cut_at_a_word() -> None:
    description = "Greets people. " * 60
    (lesson,) = from_skill(replace(SKILL, description=description, scripts=()), NOON).arrivals
    text = lessons.parse("greeter", lesson.file.data.decode()).text
    assert len(text) <= 400 and text.endswith(("Greets…", "people.…"))


def test_two_scripts_of_one_name_are_refused() -> None:
    both = tuple(File(f"scripts/{name}", b"#!/bin/sh\n", True) for name in ("hello.py", "hello.sh"))
    with pytest.raises(ScaffoldError, match="two scripts would be tools/hello"):
        from_skill(replace(SKILL, scripts=both), NOON)


def test_what_is_neither_pack_nor_skill_is_told_in_one_line(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("hello")
    for name, kind in (
        ("pipe", UsageError),
        ("nothing", UsageError),
        ("empty", ScaffoldError),
        ("text", ScaffoldError),
    ):
        with pytest.raises(LivecoderError) as refused:
            arriving(tmp_path / name, NOON)
        assert isinstance(refused.value, kind) and "\n" not in refused.value.line()
    with pytest.raises(UsageError, match="no regular file"):
        arriving(Path("/dev/zero"), NOON)


def test_a_difference_says_when_a_line_does_not_end() -> None:
    assert difference("tools/x", b"a\n", b"a") == (
        "--- a/tools/x\n+++ b/tools/x\n@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n"
    )
    assert difference("tools/x", b"a", b"a") == ""
