"""Many sessions added up: what was seen with a tool or a lesson, beside what was seen without it."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.events import Lasted
from livecoder.journal.ledger import Facts, Item, Ledger, Making, Record, Tally

USED = Item("tool", "edit", True, True, 2, 1)
IDLE = Item("tool", "edit", True, True)
MADE = Item("tool", "edit", False, False, 1)


def session(number: int, *items: Item, outcome: str = "verified", family: str = "m", **changes: object) -> Facts:
    facts = Facts(f"s{number:03}", family, outcome, 3, 1000, 0.1, items=items)
    return dataclasses.replace(facts, **changes)  # pyright: ignore[reportArgumentType] (fields by name, in tests alone)


def test_what_no_journal_tells_of_is_nothing() -> None:
    assert Ledger().record("tool", "edit") == Record("tool", "edit")
    record = Ledger([session(1)]).record("tool", "edit")
    assert record == Record("tool", "edit", before=record.before) and record.before.sessions == 1


def test_sessions_with_it_stand_beside_those_without() -> None:
    ledger = Ledger([session(1, USED), session(2, IDLE, outcome="failed"), session(3), session(4, USED, turns=5)])
    record = ledger.record("tool", "edit")
    assert (record.at_hand, record.listed, record.sessions, record.uses, record.failed) == (3, 3, 2, 4, 2)
    assert record.with_it == Tally(
        sessions=2, verified=2, well=2, turns=8, counted=2, tokens=2000, priced=2, cost_usd=0.2
    )
    assert (record.without.sessions, record.without.well, record.without.ill) == (2, 1, 1)


def test_each_family_has_its_own_record() -> None:
    ledger = Ledger([session(1, USED), session(2, USED, family="n", outcome="failed"), session(3, family="n")])
    assert ledger.families() == ["n", "m"]
    assert ledger.record("tool", "edit", "n").with_it.ill == 1
    assert ledger.record("tool", "edit", "n").without.sessions == 1
    assert ledger.record("tool", "edit").with_it.sessions == 2


@pytest.mark.parametrize(
    ("facts", "fate", "well"),
    [
        (session(1), None, True),
        (session(1, outcome="failed"), None, False),
        (session(1, outcome="claimed"), None, None),
        (session(1, outcome=""), None, None),
        (session(1, interrupted=True), None, False),
        (session(1, corrected=True), None, False),
        (session(1, outcome="claimed"), Lasted("s001", 10, 9, False), True),
        (session(1, outcome="claimed"), Lasted("s001", 10, 4, False), False),
        (session(1, outcome="claimed"), Lasted("s001", 0, 0, False), None),
        (session(1), Lasted("s001", 10, 0, True), False),
        (session(1), Lasted("s001", 10, 0, False), True),
        (session(1), Lasted("another", 10, 0, True), True),
    ],
)
def test_what_was_executed_and_what_the_user_did_decide(facts: Facts, fate: Lasted | None, well: bool | None) -> None:
    later = session(2, outcome="", lasted=(fate,) if fate else ())
    tally = Ledger([facts, later]).record("tool", "edit").before
    assert (tally.well, tally.ill) == (well is True, well is False)


def test_lines_that_lasted_are_counted_with_the_session_that_wrote_them() -> None:
    ledger = Ledger([session(1, USED), session(2, lasted=(Lasted("s001", 40, 30, False),))])
    record = ledger.record("tool", "edit")
    assert (record.with_it.lines, record.with_it.kept, record.without.lines) == (40, 30, 0)


def test_sessions_before_it_was_there_stand_apart() -> None:
    seen = [session(1), session(2, outcome="failed"), session(3, IDLE), session(4), session(5, USED), session(6)]
    record = Ledger(seen).record("tool", "edit")
    assert (record.before.sessions, record.before.ill) == (2, 1)
    assert (record.without.sessions, record.with_it.sessions) == (3, 1)


def test_idle_is_since_the_last_use_and_the_making_is_no_use_of_a_tool_at_hand() -> None:
    assert Ledger([session(1, USED), session(2, IDLE), session(3), session(4, IDLE)]).record("tool", "edit").idle == 2
    assert Ledger([session(1, IDLE), session(2, USED)]).record("tool", "edit").idle == 0
    made = Ledger([session(1, MADE), session(2, IDLE)]).record("tool", "edit")
    assert (made.idle, made.sessions, made.resumed, made.uses, made.uses_since) == (1, 1, 0, 1, 0)


def test_a_revision_adds_to_the_cost_and_the_beginning_says_what_was_replaced() -> None:
    first, second = Making("tool", "edit", 200, 1.0, 150, 0.5), Making("tool", "edit", 50, 0.5, 999, 9.0)
    ledger = Ledger([session(1, made=(first,)), session(2, made=(second,))])
    assert ledger.record("tool", "edit").made == Making("tool", "edit", 250, 1.5, 150, 0.5)


ITEMS = st.lists(st.sampled_from([USED, IDLE, Item("lesson", "a", True, True, 1)]), max_size=2, unique_by=id)
SESSIONS = st.lists(
    st.tuples(ITEMS, st.sampled_from(["verified", "failed", "claimed", ""]), st.sampled_from("mn")), max_size=30
)


@given(SESSIONS)
def test_asked_twice_it_says_the_same_and_with_and_without_are_all(drawn: list[tuple[list[Item], str, str]]) -> None:
    """An estimator that adds to what it reads (as one released system's did) would fail here."""
    sessions = [session(n, *items, outcome=how, family=who) for n, (items, how, who) in enumerate(drawn)]
    ledger = Ledger(sessions)
    for family in ("", "m", "n"):
        record = ledger.record("tool", "edit", family)
        assert ledger.record("tool", "edit", family) == record == Ledger(sessions).record("tool", "edit", family)
        whole = record.with_it + record.without + record.before
        assert whole.sessions == sum(family in ("", facts.family) for facts in sessions)
