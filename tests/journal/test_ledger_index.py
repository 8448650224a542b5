"""The index of the ledger: made once, brought up to date by session, and never missed when it is gone."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from sessions import ended, started, used

from livecoder.journal.journal import Journal
from livecoder.journal.ledger import Ledger, index, read_ledger


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    return tmp_path / "project" / "sessions"


def write(sessions: Path, name: str, uses: int = 1) -> None:
    with Journal(sessions / name) as journal:
        for event in (started(tools=["edit"]), *[used("edit", 0, "x")] * uses, *ended()):
            journal.append(event)


def uses(ledger: Ledger) -> int:
    return ledger.record("tool", "edit").uses


def rows(sessions: Path) -> dict[str, str]:
    db = sqlite3.connect(sessions.parent / index.NAME)
    found = dict(db.execute("SELECT name, facts FROM session").fetchall())
    db.close()
    return found


def test_without_sessions_there_is_nothing_and_no_file(sessions: Path) -> None:
    assert read_ledger(sessions).sessions == ()
    assert not sessions.parent.exists()


def test_sessions_come_oldest_first_and_an_unchanged_one_is_not_read_again(sessions: Path) -> None:
    write(sessions, "20260102-1")
    write(sessions, "20260101-1")
    assert [facts.session for facts in read_ledger(sessions).sessions] == ["20260101-1", "20260102-1"]
    db = sqlite3.connect(sessions.parent / index.NAME, isolation_level=None)
    db.execute("UPDATE session SET facts = replace(facts, '\"used\":1', '\"used\":7')")
    db.close()
    assert uses(read_ledger(sessions)) == 14, "what it says comes from the index"


def test_a_session_that_goes_on_is_read_again_and_one_that_is_gone_is_forgotten(sessions: Path) -> None:
    write(sessions, "a")
    write(sessions, "b", uses=2)
    assert uses(read_ledger(sessions)) == 3
    with Journal(sessions / "a") as journal:
        journal.append(used("edit", 0, "y"))
        assert uses(read_ledger(sessions)) == 4, "also while its journal is open"
    shutil.rmtree(sessions / "b")
    assert uses(read_ledger(sessions)) == 2 and rows(sessions).keys() == {"a"}


@pytest.mark.parametrize(
    "damage",
    [b"no database at all" * 100, b"", b"SQLite format 3\0" + b"\xff" * 4000],
    ids=["text", "empty", "half a header"],
)
def test_a_damaged_index_is_made_anew(sessions: Path, damage: bytes) -> None:
    write(sessions, "a")
    read_ledger(sessions)
    (sessions.parent / index.NAME).write_bytes(damage)
    assert uses(read_ledger(sessions)) == 1 and rows(sessions).keys() == {"a"}


@pytest.mark.parametrize("facts", ["{", "[]", '{"session":"a"}', '{"session":1,"family":"m"}'])
def test_a_row_that_cannot_be_read_is_damage(sessions: Path, facts: str) -> None:
    write(sessions, "a")
    read_ledger(sessions)
    db = sqlite3.connect(sessions.parent / index.NAME, isolation_level=None)
    db.execute("UPDATE session SET facts = ?", (facts,))
    db.close()
    assert uses(read_ledger(sessions)) == 1 and rows(sessions)["a"] != facts


def test_another_schema_is_made_anew(sessions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(sessions, "a")
    db = sqlite3.connect(sessions.parent / index.NAME, isolation_level=None)
    db.executescript("CREATE TABLE session(other); INSERT INTO session VALUES ('x'); PRAGMA user_version=0")
    db.close()
    assert uses(read_ledger(sessions)) == 1
    monkeypatch.setattr(index, "SCHEMA", index.SCHEMA + 1)
    assert uses(read_ledger(sessions)) == 1 and rows(sessions).keys() == {"a"}


def test_where_it_cannot_be_written_the_journals_are_read(sessions: Path) -> None:
    write(sessions, "a")
    (sessions.parent / index.NAME).mkdir()
    assert uses(read_ledger(sessions)) == 1


def test_while_another_process_writes_it_the_answer_is_the_same(sessions: Path) -> None:
    write(sessions, "a")
    read_ledger(sessions)
    write(sessions, "b")
    other = sqlite3.connect(sessions.parent / index.NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert uses(read_ledger(sessions, patience=0.0)) == 2
    other.execute("COMMIT")
    other.close()
    assert rows(sessions).keys() == {"a"}, "the other's index was not taken away"
    assert uses(read_ledger(sessions)) == 2 and rows(sessions).keys() == {"a", "b"}


def test_a_journal_that_cannot_be_read_is_passed_over(sessions: Path) -> None:
    write(sessions, "a")
    (sessions / "b").mkdir()
    (sessions / "b" / "journal.sqlite").write_bytes(b"no database at all" * 100)
    with Journal(sessions / "c"):
        pass
    assert [facts.session for facts in read_ledger(sessions).sessions] == ["a"]
    assert [facts.session for facts in read_ledger(sessions).sessions] == ["a"]


def test_it_looks_back_only_so_far(sessions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        write(sessions, name)
    monkeypatch.setattr(index, "SESSIONS", 2)
    assert [facts.session for facts in read_ledger(sessions).sessions] == ["b", "c"]
