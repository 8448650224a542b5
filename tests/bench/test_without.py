"""Each part that can be left out is really gone from what the model reads, and nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from livecoder.events import RoundStarted, SessionStarted
from livecoder.journal.journal import read
from tests.conftest import git

WITHOUT = Path(__file__).resolve().parents[2] / "bench/without.py"
TASK = "`send_mail` sends every mail twice"
MARKS = {
    "ground": "tests, probably:",
    "budget": "An output is shown up to",
    "tools": "$SCAFFOLD/tools",
}
GONE = {
    "ground": {"ground"},
    "budget": {"budget"},
    "tools": {"tools"},
    "nudge,harvest": set[str](),
}


def told(tmp_path: Path, parts: str) -> str:
    """System prompt and first message of a session without these parts."""
    project = tmp_path / "project"
    project.mkdir()
    git(project, "init", "-q")
    (project / "mail.py").write_text("def send_mail(to):\n    pass\n")
    (project / "test_mail.py").write_text("def test_mail():\n    pass\n")
    script = tmp_path / "script.md"
    script.write_text("Nothing to do.\n")
    subprocess.run(
        [sys.executable, WITHOUT, parts, "-p", TASK, "-m", f"scripted:{script}"],
        cwd=project,
        env={**os.environ, "LIVECODER_HOME": str(tmp_path / "home")},
        check=True,
        capture_output=True,
    )
    (journal,) = (tmp_path / "home").glob("state/projects/*/sessions/*/journal.sqlite")
    events = list(read(journal.parent))
    systems = [event.system for event in events if isinstance(event, SessionStarted)]
    return "\n".join([*systems, *(event.message for event in events if isinstance(event, RoundStarted))])


@pytest.mark.parametrize(("parts", "gone"), GONE.items(), ids=GONE)
def test_what_is_left_out_is_gone_and_the_rest_is_there(tmp_path: Path, parts: str, gone: set[str]) -> None:
    text = told(tmp_path, parts)
    assert {part for part, mark in MARKS.items() if mark not in text} == gone
    assert TASK in text


def test_an_unknown_part_is_refused() -> None:
    done = subprocess.run([sys.executable, WITHOUT, "manners", "--version"], capture_output=True, text=True)
    assert done.returncode == 1 and "none of ground, budget" in done.stderr
