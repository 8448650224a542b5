"""What earlier sessions say: newest first, the kinds that were asked for, and no bad journal in the way."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from livecoder.events import Event, ToolUsed, UserSaid, Warned
from livecoder.journal.journal import Journal
from livecoder.journal.recall import recall


def session(sessions: Path, name: str, *events: Event) -> None:
    with Journal(sessions / name) as journal:
        for event in events:
            journal.append(event)


def test_it_reads_the_newest_session_first_and_each_in_order(tmp_path: Path) -> None:
    session(tmp_path, "20260101-1", Warned("old 1"), UserSaid("not asked for", ""), Warned("old 2"))
    session(tmp_path, "20260102-1", Warned("new"))
    assert list(recall(tmp_path, (Warned,))) == [
        ("20260102-1", Warned("new")),
        ("20260101-1", Warned("old 1")),
        ("20260101-1", Warned("old 2")),
    ]


def test_several_kinds_can_be_asked_for(tmp_path: Path) -> None:
    used = ToolUsed("count", 1, ("a",), "", "/repo", 0, "t")
    session(tmp_path, "a", used, Warned("x"), UserSaid("y", ""))
    assert [event for _, event in recall(tmp_path, (ToolUsed, UserSaid))] == [used, UserSaid("y", "")]


def test_it_looks_back_only_so_far(tmp_path: Path) -> None:
    for number in range(4):
        session(tmp_path, f"s{number}", Warned(str(number)))
    assert [name for name, _ in recall(tmp_path, (Warned,), limit=2)] == ["s3", "s2"]


def test_without_sessions_there_is_nothing(tmp_path: Path) -> None:
    assert list(recall(tmp_path / "nowhere", (Warned,))) == []


def test_a_journal_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    session(tmp_path, "a", Warned("good"))
    session(tmp_path, "b", Warned("half"))
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "journal.sqlite").write_bytes(b"no database at all" * 100)
    for body in ("{", '{"event":"invented_later"}', '{"event":"warned","words":"other fields"}'):
        db = sqlite3.connect(tmp_path / "b" / "journal.sqlite", isolation_level=None)
        db.execute("UPDATE event SET body = ?", (body,))
        db.close()
        assert list(recall(tmp_path, (Warned,))) == [("a", Warned("good"))]


def test_a_path_may_have_any_character(tmp_path: Path) -> None:
    odd = tmp_path / "what? 100% #1 é"
    session(odd, "20260101-1", Warned("x"))
    assert list(recall(odd, (Warned,))) == [("20260101-1", Warned("x"))]
