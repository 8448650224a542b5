"""The journal: what was acknowledged is there after any death, nothing can be changed unseen, no secret gets in."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from livecoder.errors import JournalError
from livecoder.events import (
    CommandStarted,
    Event,
    Observed,
    PatchMade,
    RoundEnded,
    TextArrived,
    UserSaid,
    Warned,
)
from livecoder.journal.journal import MASK, Journal, kept, read, timed

TOKEN = "hunter2-hunter2"
AWKWARD = 'pass"word\\with\n"quotes" and ümlaut'
EVENTS: list[Event] = [
    UserSaid("hello", "steering"),
    CommandStarted(1, 1, "c1", "ls", 120.0),
    Observed(1, "c1", "a.txt\n[exit 0]"),
    RoundEnded(1, "success", "done", "the model replied without a command", 2),
]

WRITER = """
import sys
from pathlib import Path
from livecoder.events import CommandStarted, Warned
from livecoder.journal.journal import Journal
with Journal(Path(sys.argv[1])) as journal:
    for number in range(100_000):
        event = Warned("x" * (number % 997)) if number % 3 else CommandStarted(1, number, str(number), "ls", 1.0)
        journal.append(event)
        print(number, flush=True)
"""


def written(directory: Path, *events: Event, secrets: tuple[str, ...] = ()) -> None:
    with Journal(directory, secrets) as journal:
        for event in events:
            journal.append(event)


def rows(directory: Path, statement: str, *values: object) -> list[tuple[object, ...]]:
    """What a stranger with an editor can do to the file."""
    db = sqlite3.connect(directory / "journal.sqlite", isolation_level=None)
    try:
        return db.execute(statement, values).fetchall()
    finally:
        db.close()


# ---- writing and reading


def test_what_was_appended_is_read_in_order(tmp_path: Path) -> None:
    written(tmp_path / "s", *EVENTS)
    assert list(read(tmp_path / "s")) == EVENTS


def test_each_event_has_its_time_and_some_kinds_can_be_asked_for_alone(tmp_path: Path) -> None:
    before = time.time()
    written(tmp_path / "s", *EVENTS)
    stamped = list(timed(tmp_path / "s"))
    assert [event for _, event in stamped] == EVENTS
    assert before <= stamped[0][0] <= stamped[-1][0] <= time.time()
    assert list(timed(tmp_path / "s", (UserSaid, RoundEnded))) == [stamped[0], stamped[3]]


def test_a_session_that_is_opened_again_goes_on(tmp_path: Path) -> None:
    for event in EVENTS:
        written(tmp_path / "s", event)
    assert list(read(tmp_path / "s")) == EVENTS


def test_it_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    with Journal(tmp_path / "s") as journal:
        journal.append(EVENTS[0])
        assert list(read(tmp_path / "s")) == EVENTS[:1]


def test_recording_writes_each_event_before_the_next_one_is_made(tmp_path: Path) -> None:
    def making() -> Iterator[Event]:
        for number, event in enumerate(EVENTS):
            assert list(read(tmp_path / "s")) == EVENTS[:number]
            yield event

    with Journal(tmp_path / "s") as journal:
        assert list(journal.recording(making())) == EVENTS


def test_streamed_text_is_passed_on_and_not_kept(tmp_path: Path) -> None:
    with Journal(tmp_path / "s") as journal:
        assert len(list(journal.recording([TextArrived("hel"), TextArrived("lo"), EVENTS[0]]))) == 3
    assert list(read(tmp_path / "s")) == EVENTS[:1]


def test_only_the_owner_may_look(tmp_path: Path) -> None:
    written(tmp_path / "s", *EVENTS)
    assert (tmp_path / "s").stat().st_mode & 0o077 == 0


def test_text_that_is_no_unicode_can_be_written_and_read(tmp_path: Path) -> None:
    """A file name of odd bytes, as Python hands it on."""
    written(tmp_path / "s", PatchMade(1, 1, 0, ("caf\udce9.txt",)), Warned("after"))
    first, second = read(tmp_path / "s")
    assert isinstance(first, PatchMade) and first.names[0].startswith("caf") and second == Warned("after")


# ---- sudden death


@pytest.mark.parametrize("seed", range(4))
def test_every_acknowledged_event_survives_a_kill_and_the_chain_holds(tmp_path: Path, seed: int) -> None:
    wanted = random.Random(seed).randrange(1, 400)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "s")], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) >= wanted:
                break
        os.kill(child.pid, signal.SIGKILL)
        rest = child.stdout.read().split("\n")
    assert child.returncode == -signal.SIGKILL
    acknowledged = max([wanted, *(int(line) for line in rest[:-1])])
    found = list(read(tmp_path / "s"))
    assert len(found) in (acknowledged + 1, acknowledged + 2)
    for number in (0, wanted // 2, acknowledged):
        expected = Warned("x" * (number % 997)) if number % 3 else CommandStarted(1, number, str(number), "ls", 1.0)
        assert found[number] == expected
    written(tmp_path / "s", Warned("resumed"))
    assert list(read(tmp_path / "s")) == [*found, Warned("resumed")]


def test_a_journal_that_cannot_be_written_says_so_and_stays_whole(tmp_path: Path) -> None:
    with Journal(tmp_path / "s") as journal:
        journal.append(EVENTS[0])
        holder = sqlite3.connect(tmp_path / "s" / "journal.sqlite", isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(JournalError, match="cannot be written"):
            journal.append(EVENTS[1])
        holder.execute("ROLLBACK")
        holder.close()
        journal.append(EVENTS[2])
    assert list(read(tmp_path / "s")) == [EVENTS[0], EVENTS[2]]


# ---- tampering


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET body = replace(body, 'ls', 'id') WHERE seq = 2",
        "DELETE FROM event WHERE seq = 2",
        "UPDATE event SET hash = 'x' WHERE seq = 3",
        "UPDATE event SET seq = 100 WHERE seq = 2",
        'INSERT INTO event VALUES (9, \'warned\', 0, \'{"event":"warned","text":"planted"}\', \'x\')',
    ],
    ids=["changed", "removed", "hash", "moved", "added"],
)
def test_a_change_after_the_fact_is_seen(tmp_path: Path, statement: str) -> None:
    written(tmp_path / "s", *EVENTS)
    rows(tmp_path / "s", statement)
    with pytest.raises(JournalError, match="was changed after it was written"):
        list(timed(tmp_path / "s", (RoundEnded,)))
    with pytest.raises(JournalError, match="was changed after it was written"):
        list(read(tmp_path / "s"))


def test_what_came_before_the_change_can_still_be_read(tmp_path: Path) -> None:
    written(tmp_path / "s", *EVENTS)
    rows(tmp_path / "s", "UPDATE event SET body = '{}' WHERE seq = 3")
    events = read(tmp_path / "s")
    assert [next(events), next(events)] == EVENTS[:2]


def test_what_is_no_journal_is_an_error_with_a_name(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no such session"):
        list(read(tmp_path / "nowhere"))
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "journal.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(JournalError):
        list(read(tmp_path / "s"))
    with pytest.raises(JournalError):
        Journal(tmp_path / "s")


def test_an_event_of_a_later_version_is_an_error_with_a_name(tmp_path: Path) -> None:
    body = '{"event":"invented_later","text":"x"}'
    written(tmp_path / "s")
    digest = hashlib.sha256(f"\n{body}".encode()).hexdigest()
    rows(tmp_path / "s", "INSERT INTO event VALUES (1, 'invented_later', 0, ?, ?)", body, digest)
    with pytest.raises(JournalError, match="entry 1 cannot be read"):
        list(read(tmp_path / "s"))


# ---- secrets


@pytest.mark.parametrize("secret", [TOKEN, AWKWARD])
def test_a_secret_never_reaches_the_rows(tmp_path: Path, secret: str) -> None:
    written(tmp_path / "s", UserSaid(f"use {secret} twice: {secret}", "steering"), secrets=(secret,))
    assert list(read(tmp_path / "s")) == [UserSaid(f"use {MASK} twice: {MASK}", "steering")]
    on_disk = b"".join(path.read_bytes() for path in (tmp_path / "s").iterdir() if path.is_file())
    for form in (secret, json.dumps(secret)[1:-1]):
        assert form.encode() not in on_disk


def test_of_two_secrets_the_longer_is_masked_first(tmp_path: Path) -> None:
    written(tmp_path / "s", Warned(f"{TOKEN}-and-more"), secrets=(TOKEN, f"{TOKEN}-and-more"))
    assert list(read(tmp_path / "s")) == [Warned(MASK)]


def test_what_is_too_short_to_be_a_secret_is_left_alone(tmp_path: Path) -> None:
    written(tmp_path / "s", Warned("a yes and a no"), secrets=("", "yes"))
    assert list(read(tmp_path / "s")) == [Warned("a yes and a no")]


def test_a_secret_never_reaches_a_blob(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.write_bytes(b"\xff\x00 start " + TOKEN.encode() + b" end")
    with Journal(tmp_path / "s", (TOKEN,)) as journal:
        name = journal.keep(spool)
    blob = tmp_path / "s" / "blobs" / name
    assert blob.read_bytes() == b"\xff\x00 start [secret] end"
    assert hashlib.sha256(blob.read_bytes()).hexdigest() == name


def test_the_same_output_is_kept_once(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.write_text("long output\n" * 1000)
    with Journal(tmp_path / "s") as journal:
        assert journal.keep(spool) == journal.keep(spool)
    assert len(list((tmp_path / "s" / "blobs").iterdir())) == 1


def test_of_a_full_output_the_ends_can_be_had(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    spool.write_bytes(bytes(range(100)))
    with Journal(tmp_path / "s") as journal:
        name = journal.keep(spool)
    whole = bytes(range(100))
    assert kept(tmp_path / "s", name, 60, 40) == (whole, b"")
    assert kept(tmp_path / "s", name, 60, 39) == (whole[:60], whole[61:])
    assert kept(tmp_path / "s", name, 10, 5) == (whole[:10], whole[95:])


@pytest.mark.parametrize("blob", ["0" * 64, "", "../journal.sqlite", "x" * 64])
def test_an_output_that_is_not_there_is_none(tmp_path: Path, blob: str) -> None:
    written(tmp_path / "s", *EVENTS)
    assert kept(tmp_path / "s", blob, 10, 5) is None
