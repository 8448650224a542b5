"""What waits for the user, and the calls that prove a tool: small files, written whole, never lost in silence."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from livecoder.errors import ScaffoldError, UsageError
from livecoder.scaffold import cases, inbox
from livecoder.scaffold.cases import Case

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CALL = Case("f00d", ("-x", "a\0b \ud83d"[:3]), "in\n", "src", 0, "out é\n", "beef", True)


def test_what_is_added_is_listed_oldest_first(data: Path) -> None:
    later = inbox.add(data, "p", {"kind": "hook", "name": "after_command"}, "+x\n", "hooks wait", NOON + timedelta(1))
    first = inbox.add(data, "p", {"kind": "tool"}, "", "tainted", NOON)
    assert inbox.entries(data, "p") == [first, later]
    assert inbox.entries(data, "q") == []
    assert (later.proposal["kind"], later.diff, later.reason) == ("hook", "+x\n", "hooks wait")


def test_two_entries_of_one_moment_are_two(data: Path) -> None:
    for _ in range(5):
        inbox.add(data, "p", {}, "", "same", NOON)
    assert len(inbox.entries(data, "p")) == 5


def test_an_unreadable_entry_is_still_listed(data: Path) -> None:
    entry = inbox.add(data, "p", {}, "", "fine", NOON)
    (data / "projects" / "p" / "inbox" / f"{entry.id}.json").write_text("{")
    (listed,) = inbox.entries(data, "p")
    assert listed.id == entry.id and "unreadable" in listed.reason


def test_an_entry_is_found_by_its_id_or_the_end_of_it_and_goes_once(data: Path) -> None:
    entry = inbox.add(data, "p", {"target": "tools/x"}, "+x\n", "hooks wait", NOON, {"Task": "t"}, tainted=True)
    assert inbox.find(data, "p", entry.id) == inbox.find(data, "p", entry.short) == entry
    assert (entry.receipts, entry.tainted) == ({"Task": "t"}, True)
    inbox.remove(data, "p", entry)
    inbox.remove(data, "p", entry)
    assert inbox.entries(data, "p") == []


@pytest.mark.parametrize("name", ["", "x", "../p", "*", "\x1b[31m", "0" * 200])
def test_an_unknown_entry_is_a_mistake_of_the_command_line(data: Path, name: str) -> None:
    inbox.add(data, "p", {}, "", "fine", NOON)
    with pytest.raises(UsageError, match="nothing in the inbox is called"):
        inbox.find(data, "p", name)


def test_an_entry_of_an_earlier_version_is_still_listed(data: Path) -> None:
    entry = inbox.add(data, "p", {}, "", "fine", NOON)
    path = data / "projects" / "p" / "inbox" / f"{entry.id}.json"
    old = {name: value for name, value in json.loads(path.read_text()).items() if name not in ("receipts", "tainted")}
    path.write_text(json.dumps(old))
    assert inbox.entries(data, "p") == [entry]


def test_cases_are_read_as_they_were_saved(data: Path) -> None:
    assert cases.load(data, "p", "greet") == ()
    cases.save(data, "p", "greet", [CALL])
    cases.save(data, "p", "greet", [CALL, CALL])
    assert cases.load(data, "p", "greet") == (CALL, CALL)
    assert [path.name for path in (data / "projects" / "p" / "cases").iterdir()] == ["greet.json"]


def test_a_fourth_case_is_refused(data: Path) -> None:
    with pytest.raises(ScaffoldError, match="4 cases"):
        cases.save(data, "p", "greet", [CALL] * 4)
    assert cases.load(data, "p", "greet") == ()


@pytest.mark.parametrize("content", [b"", b"[{}]", b"\xff", b"[" * 100_000])
def test_broken_cases_are_no_proof_and_say_so(data: Path, content: bytes) -> None:
    cases.save(data, "p", "greet", [CALL])
    (data / "projects" / "p" / "cases" / "greet.json").write_bytes(content)
    with pytest.raises(ScaffoldError) as error:
        cases.load(data, "p", "greet")
    assert "remove" in error.value.remedy


@pytest.mark.parametrize(("project", "tool"), [("../p", "greet"), ("p", "../greet"), ("p", "git"), ("", "greet")])
def test_names_cannot_lead_elsewhere(data: Path, project: str, tool: str) -> None:
    with pytest.raises(ScaffoldError):
        cases.save(data, project, tool, [CALL])
    assert not data.exists()
