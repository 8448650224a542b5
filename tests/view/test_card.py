"""The card after a task: what was learnt, from what, what is expected of it, and how to take it back."""

from __future__ import annotations

from showing import COMMITTED, REFUSED, RESULT, WAITING

from livecoder import events as e
from livecoder.view.card import Card


def card(*events: e.Event) -> list[str]:
    rows: list[str] = []
    view = Card(lambda text, _: rows.append(text))
    for event in events:
        view.show(event)
    return rows


def test_a_task_that_taught_something() -> None:
    second = e.ScaffoldCommitted("b71d0e4", "c8a0000", "lesson(x): Y.", {"Evidence": "step 2", "Expects": "less"})
    looked = e.Reflected("done", "", 0.0123, 3, 2)
    assert card(COMMITTED, second, REFUSED, WAITING, looked, RESULT) == [
        "┌ learnt",
        "│ + tool(count-lines): Count.",
        "│   from step 1; expects: fewer steps",
        "│ + lesson(x): Y.",
        "│   from step 2; expects: less",
        "│ - lesson lessons/x.toml: refused: it cites no step",
        "│ - hook hooks/x: waits in the inbox: hooks wait",
        "│ scaffold 9f3c1a2→c8a0000; take it back: livecoder scaffold rollback 9f3c1a2",
        "└ looking back: 3 proposed, 2 accepted, $0.0123",
    ]


def test_a_task_that_taught_nothing_has_no_card() -> None:
    assert card(e.Reflected("done"), RESULT) == []


def test_what_was_only_refused_is_said_without_a_way_back() -> None:
    rows = card(REFUSED, RESULT)
    assert rows[0] == "┌ learnt" and not any("rollback" in row for row in rows)
    assert rows[-1] == "└ looking back: pending"


def test_a_price_unknown_is_said() -> None:
    assert card(COMMITTED, e.Reflected("done", "", None, 1, 1), RESULT)[-1].endswith("1 accepted, price unknown")


def test_the_next_task_begins_a_new_card() -> None:
    assert card(COMMITTED, RESULT, RESULT) == card(COMMITTED, RESULT)
