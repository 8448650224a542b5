"""The ledger in words: what was seen, with intervals, and never what caused it."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from livecoder.events import Lasted
from livecoder.evolution.record import (
    EARLY,
    LESS,
    MORE,
    SAME,
    about_advice,
    about_change,
    about_lesson,
    about_tool,
    observed,
    word,
)
from livecoder.journal.ledger import Facts, Item, Ledger, Making, Record, Tally
from livecoder.scaffold.lessons import Lesson
from livecoder.scaffold.tools import Tool

CAUSAL = re.compile(
    r"\b(?:improv|help|better|worse|because|caus|effect|thanks|due to|leads? to|boost|hurt|harm|reduc|increas|sav)",
    re.I,
)
EDIT = Tool("edit", Path("tools/edit"), "Replace text exactly once.", 12, "d")


def record(well: int, ill: int, other_well: int = 50, other_ill: int = 50, uses: int | None = None) -> Record:
    return Record(
        "tool",
        "edit",
        uses=well + ill if uses is None else uses,
        sessions=well + ill,
        with_it=Tally(sessions=well + ill, well=well, ill=ill),
        without=Tally(sessions=other_well + other_ill, well=other_well, ill=other_ill),
    )


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (record(0, 0), EARLY),
        (record(5, 0), EARLY),
        (record(5, 0, uses=40), EARLY),
        (record(40, 0, uses=5), EARLY),
        (record(40, 0, 3, 2), EARLY),
        (record(4, 2), SAME),
        (record(20, 20), SAME),
        (record(19, 1), MORE),
        (record(1, 19), LESS),
    ],
)
def test_one_of_four_words_and_the_first_below_six(seen: Record, said: str) -> None:
    assert word(seen) == said


@pytest.mark.parametrize(
    ("present", "before", "said"),
    [
        (Tally(sessions=5, well=5, turns=10), Tally(sessions=90, well=45, ill=45, turns=400), EARLY),
        (Tally(sessions=20, well=10, ill=10, turns=40), Tally(sessions=20, well=10, ill=10, turns=90), SAME),
        (Tally(sessions=20, well=19, ill=1, turns=40), Tally(sessions=20, well=4, ill=16, turns=90), MORE),
        (Tally(), Tally(), EARLY),
    ],
)
def test_a_change_is_told_by_the_sessions_since_and_before(present: Tally, before: Tally, said: str) -> None:
    lines = list(about_change(present, before))
    assert lines[-1] == f"observed: {said}" and not CAUSAL.search("\n".join(lines))
    if present.sessions:
        assert f"{present.turns / present.sessions:.1f} turns" in lines[0]


def test_a_hook_in_a_few_lines() -> None:
    items = [Item("hook", "round_start", at_hand=True, used=2, said=1, denied=1)]
    many = Ledger(
        Facts(f"s{n:02}", "m", "verified", 4, 900, 0.25, items=tuple(items if n % 2 else ())) for n in range(20)
    )
    first, second, *_ = observed("hook", "round_start", many)
    assert first == "ran 20 times in 10 of 10 sessions: said 10, denied 10, failed 0"
    assert second.endswith(f": {SAME}")


def session(number: int, *, used: bool, well: bool, family: str = "model-1", broken: bool = False) -> Facts:
    item = Item("tool", "edit", True, True, int(used), int(used and not well))
    made = (Making("tool", "edit", 500.0, 0.5, 300, 0.5),) if number == 0 else ()
    outcome = "verified" if well else "failed"
    return Facts(f"s{number:02}", family, outcome, 4, 900, 0.25, two_broken=broken, items=(item,), made=made)


def ledger() -> Ledger:
    sessions = [session(n, used=n % 2 == 0, well=n % 3 > 0) for n in range(20)]
    sessions += [session(n, used=True, well=True, family="model-2", broken=n > 21) for n in range(20, 24)]
    last = dataclasses.replace(sessions[-1], lasted=(Lasted("s02", 40, 30, False), Lasted("s04", 8, 0, True)))
    return Ledger([*sessions[:-1], last])


def test_a_tool_in_a_few_lines() -> None:
    assert [line.strip() for line in about_tool(EDIT, ledger())] == [
        "edit                 Replace text exactly once.",
        "12 lines",
        "used 14 times in 14 sessions, failed 4; listed in 24",
        "observed: went well: 9 of 14 (42-81 %) with it, 7 of 10 (44-86 %) without: no difference seen",
        "10 verified, 4 failed, 1 undone, 62 % of their lines still there later",
        "a session with it: 4.0 turns, 900 tokens, $0.250; without: 4.0 turns, 900 tokens, $0.250",
        "made for about 500 tokens in 0.5 turns; 14 uses since stood for about 4,200 tokens and 7.0 failed tries of "
        "throw-away script: paid back",
        "model-2: 4 times, failed 0; went well: 4 of 4 (55-99 %) with it, none known without: too early to tell",
        "model-1: 10 times, failed 4; went well: 5 of 10 (27-73 %) with it, 7 of 10 (44-86 %) without: "
        "no difference seen",
    ]


def test_a_tool_that_nobody_used_is_said_to_have_no_line() -> None:
    idle = Ledger(session(n, used=False, well=True) for n in range(12))
    lines = [line.strip() for line in about_tool(EDIT, idle)]
    assert lines[1:] == [
        "has no line in the prompt: the last 12 sessions did not use it",
        "12 lines",
        "used 0 times in 0 sessions, failed 0; listed in 12",
        "made for about 500 tokens in 0.5 turns",
    ]


@pytest.mark.parametrize(
    ("lesson", "stale", "first"),
    [
        (Lesson("a", "Fine.", "pytest"), "", "a (at `pytest`)"),
        (Lesson("a", "Fine."), "", "a: waits for a second session that cites it"),
        (Lesson("a", "Fine.", evidence=("s1:1", "s2:1")), "", "a"),
        (Lesson("a", "Fine.", "x"), "x.py is gone", "a (at `x`): stale, not shown: x.py is gone"),
        (Lesson("a", "Fine.", retired="merged into b"), "x.py is gone", "a: retired: merged into b"),
    ],
)
def test_a_lesson_says_in_what_state_it_is(lesson: Lesson, stale: str, first: str) -> None:
    assert next(iter(about_lesson(lesson, Ledger(), stale))) == first


def test_the_users_lesson_shows_its_check() -> None:
    check = "git diff --quiet HEAD -- uv.lock"
    lines = list(about_lesson(Lesson("a", "Leave it.", "", ("s1:1",), origin="user", check=check), Ledger(), ""))
    assert lines[2:4] == ["    by the user's word, from s1:1", f"    check: {check}"]


def test_a_family_that_is_not_encouraged_is_named() -> None:
    (line,) = about_advice(ledger())
    assert line.startswith("model-2 is not encouraged")


def test_no_word_says_what_caused_what() -> None:
    said = [*about_tool(EDIT, ledger()), *about_advice(ledger()), EARLY, SAME, MORE, LESS]
    said += about_lesson(Lesson("a", "Fine.", "x"), ledger(), "x.py is gone")
    assert [line for line in said if CAUSAL.search(line)] == []
