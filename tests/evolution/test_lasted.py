"""What became of an earlier change: lines that are still there, or that it was undone."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab import Lab

from livecoder.events import CheckpointTaken, Event, Lasted, PatchMade
from livecoder.evolution.lasted import lasted
from livecoder.journal.journal import Journal

NEW = "one\nthree\nfour\nfive\n\n"


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    return tmp_path / "sessions"


def write(sessions: Path, name: str, *events: Event) -> None:
    with Journal(sessions / name) as journal:
        for event in events:
            journal.append(event)


def changed(lab: Lab, sessions: Path, name: str = "s1") -> None:
    """A session that takes `two` out of a.txt, puts three lines in, and makes a file."""
    before = lab.tree()
    (lab.root / "a.txt").write_text(NEW)
    (lab.root / "c.txt").write_text("six\n")
    after = lab.tree()
    taken = [CheckpointTaken(1, 0, before), CheckpointTaken(1, 2, after)]
    write(sessions, name, *taken, PatchMade(2, 4, 1, ("a.txt", "c.txt")))


def found(lab: Lab, sessions: Path) -> list[Lasted]:
    return lasted(sessions, "s9", lab.workspace.shadow, lab.tree())


def test_all_lines_are_there(lab: Lab, sessions: Path) -> None:
    changed(lab, sessions)
    assert found(lab, sessions) == [Lasted("s1", 4, 4, False)]


def test_lines_that_the_user_took_out_or_changed_are_not(lab: Lab, sessions: Path) -> None:
    changed(lab, sessions)
    (lab.root / "a.txt").write_text("zero\n  three\nFOUR\n")
    assert found(lab, sessions) == [Lasted("s1", 4, 2, False)]


def test_a_change_that_was_taken_back_is_undone_however_that_was_done(lab: Lab, sessions: Path) -> None:
    changed(lab, sessions)
    (lab.root / "a.txt").write_text("one\ntwo\n")
    (lab.root / "c.txt").unlink()
    (lab.root / "b.txt").write_text("the user's own work\n")
    assert found(lab, sessions) == [Lasted("s1", 4, 0, True)]


def test_the_latest_change_is_looked_at_and_told_once(lab: Lab, sessions: Path) -> None:
    changed(lab, sessions, "s0")
    write(sessions, "s2", CheckpointTaken(1, 0, lab.tree()), PatchMade(0, 0, 0, ()))
    (told,) = found(lab, sessions)
    assert told.session == "s0"
    write(sessions, "s3", told)
    assert found(lab, sessions) == []


def test_the_session_at_hand_and_one_without_its_checkpoints_say_nothing(lab: Lab, sessions: Path) -> None:
    assert found(lab, sessions) == []
    changed(lab, sessions, "s9")
    assert found(lab, sessions) == []
    write(sessions, "s1", CheckpointTaken(1, 0, "0" * 40), CheckpointTaken(1, 1, "1" * 40), PatchMade(1, 1, 0, ("a",)))
    assert found(lab, sessions) == []


def test_a_binary_file_has_no_lines(lab: Lab, sessions: Path) -> None:
    before = lab.tree()
    (lab.root / "d.bin").write_bytes(b"\0\1\2\n\3\n")
    write(sessions, "s1", CheckpointTaken(1, 0, before), CheckpointTaken(1, 1, lab.tree()), PatchMade(1, 0, 0, ("d",)))
    assert found(lab, sessions) == [Lasted("s1", 0, 0, False)]
