"""The card after a task: what was learnt, from what, what is expected of it, and how to take it back."""

from __future__ import annotations

import pytest
from showing import COMMITTED, REFUSED, RESULT, WAITING

from livecoder import events as e
from livecoder.view.card import LINES, Card


def card(*events: e.Event) -> list[str]:
    rows: list[str] = []
    view = Card(lambda text, _: rows.append(text))
    for event in events:
        view.show(event)
    return rows


LESSON = e.ScaffoldCommitted("b71d0e4", "c8a0000", "lesson(x): Y.", {"Evidence": "step 2", "Expects": "less"})
BACK = "│ scaffold 9f3c1a2→c8a0000; take it back: livecoder scaffold rollback 9f3c1a2"


def test_a_task_that_taught_something() -> None:
    looked = e.Reflected("done", "", 0.0123, 2, 1, 14, 6)
    assert card(COMMITTED, LESSON, looked, RESULT) == [
        "┌ learnt",
        "│ + tool(count-lines): Count.",
        "│   from step 1; expects: fewer steps",
        "│ + lesson(x): Y.",
        "│   from step 2; expects: less",
        BACK,
        "└ looking back: 2 proposed, 1 accepted, $0.0123; predicted 14, came true 6",
    ]


def test_where_there_is_little_room_reasons_go_first_and_then_the_last_items() -> None:
    looked = e.Reflected("done", "", 0.0123, 4, 2)
    assert card(COMMITTED, LESSON, REFUSED, WAITING, looked, RESULT) == [
        "┌ learnt",
        "│ + tool(count-lines): Count.",
        "│ + lesson(x): Y.",
        "│ - lesson lessons/x.toml: refused: it cites no step",
        "│ - hook hooks/x: waits in `livecoder scaffold inbox`: hooks wait",
        BACK,
        "└ looking back: 4 proposed, 2 accepted, $0.0123",
    ]
    many = card(COMMITTED, LESSON, *[REFUSED] * 9, looked, RESULT)
    assert (
        many[4] == "│ - lesson lessons/x.toml: refused: it cites no step"
        and many[5] == "│ … and 7 more: livecoder scaffold log"
    )


def test_what_later_rounds_said_of_it_stands_first() -> None:
    revert = e.ScaffoldCommitted(
        "9f3c1a2", "c8a0000", "revert: knob(x): 1.", {"Cause": "timeouts worse, over 8 rounds"}
    )
    verdict = e.VerdictGiven("b71d0e4", "knob(x): 1.", "harmful", "timeouts worse, over 8 rounds")
    assert card(verdict, revert, RESULT)[1:4] == [
        "│ = knob(x) of b71d0e4 was harmful: timeouts worse, over 8 rounds",
        "│ + revert: knob(x): 1.",
        "│   timeouts worse, over 8 rounds",
    ]


@pytest.mark.parametrize("commits", range(6))
@pytest.mark.parametrize("refusals", range(6))
@pytest.mark.parametrize("verdicts", range(3))
def test_it_has_eight_lines_at_most_and_says_how_to_take_it_back(commits: int, refusals: int, verdicts: int) -> None:
    verdict = e.VerdictGiven("b71d0e4", "lesson(x): Y.", "effective", "turns better, over 8 rounds")
    rows = card(*[verdict] * verdicts, *[COMMITTED] * commits, *[REFUSED] * refusals, e.Reflected("done"), RESULT)
    assert len(rows) <= LINES
    assert bool(rows) == bool(commits + refusals + verdicts)
    assert any("take it back" in row for row in rows) == bool(commits)


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
