"""What the ledger would take out: never used, least used where places are taken, seen with what went ill."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from livecoder.evolution.gate import MAX_TOOLS
from livecoder.evolution.lapses import LAPSES, lapses
from livecoder.evolution.standing import FADES
from livecoder.journal.ledger import Facts, Item, Kind, Ledger, Making
from livecoder.scaffold.lessons import Lesson
from livecoder.scaffold.lessons.operations import MAX_LESSONS
from livecoder.scaffold.tools import Tool


def tool(name: str) -> Tool:
    return Tool(name, Path(name), "Does it.", 9, "d")


def sessions(times: int, *items: Item, well: bool = True, start: int = 0, made: bool = True) -> list[Facts]:
    makings = tuple(Making(item.kind, item.name, 100.0, 1.0) for item in items if made)
    outcome = "verified" if well else "failed"
    return [Facts(f"s{start + n:03}", "m", outcome, items=items, made=makings) for n in range(times)]


def at_hand(name: str, used: bool, kind: Kind = "tool") -> Item:
    return Item(kind, name, True, True, int(used))


def names(
    ledger: Sequence[Facts], tools: Sequence[str] = (), lessons: Sequence[Lesson] = (), pinned: str = ""
) -> list[str]:
    return [lapse.name for lapse in lapses(Ledger(ledger), [tool(name) for name in tools], lessons, [pinned])]


def test_a_tool_that_was_never_used_loses_its_place() -> None:
    assert names(sessions(LAPSES - 1, at_hand("a", False)), ["a"]) == []
    assert names(sessions(LAPSES, at_hand("a", False)), ["a"]) == ["a"]
    assert names(sessions(LAPSES, at_hand("a", False)), ["a"], pinned="a") == []


def test_a_tool_that_the_user_put_there_is_never_taken_away() -> None:
    assert names(sessions(LAPSES, at_hand("a", False), made=False), ["a"]) == []


def test_one_that_is_used_now_and_then_has_as_many_of_its_own_gaps() -> None:
    used = [*sessions(1, at_hand("a", False)), *sessions(1, at_hand("a", True), start=1)]
    assert names([*used, *sessions(2 * LAPSES - 1, at_hand("a", False), start=2)], ["a"]) == []
    (lapse,) = lapses(Ledger([*used, *sessions(2 * LAPSES, at_hand("a", False), start=2)]), [tool("a")], [])
    assert lapse.why == "the last 40 sessions began with it and did not use it"


def test_where_all_places_are_taken_the_least_used_goes_and_none_that_is_in_use() -> None:
    many = [f"t{n:02}" for n in range(MAX_TOOLS)]
    items = [at_hand(name, name != "t07") for name in many]
    assert names(sessions(FADES, *items), many) == ["t07"]
    assert names(sessions(FADES, *items), many[:-1]) == []
    assert names(sessions(FADES, *(at_hand(name, True) for name in many)), many) == []


def test_a_tool_and_a_lesson_that_are_seen_with_what_goes_ill_lapse() -> None:
    seen = [
        *sessions(20, well=True),
        *sessions(15, at_hand("bad", True), at_hand("l", True, "lesson"), well=False, start=20),
    ]
    lesson = Lesson("l", "Do it the other way round.", "make", ("s1:1",))
    assert names(seen, ["bad"], [lesson]) == ["bad", "l"]
    (first, _) = lapses(Ledger(seen), [tool("bad")], [lesson])
    assert first.why == "went well: 0 of 15 (0-17 %) with it, 20 of 20 (87-100 %) without"


def test_the_users_word_and_what_is_pinned_never_lapse() -> None:
    seen = [*sessions(20, well=True), *sessions(15, at_hand("l", True, "lesson"), well=False, start=20)]
    assert names(seen, [], [Lesson("l", "Do it.", "make", ("s1:1",), origin="user")]) == []
    assert names(seen, [], [Lesson("l", "Do it.", "make", ("s1:1",))], pinned="l") == []


def test_a_general_lesson_that_nobody_cites_again_waits_no_longer() -> None:
    waiting = Lesson("w", "Run it twice.", "", ("s000:4",))
    assert names(sessions(LAPSES), [], [waiting]) == []
    assert names(sessions(LAPSES + 1), [], [waiting]) == ["w"]
    assert names(sessions(LAPSES + 1), [], [Lesson("w", "Run it twice.", "", ("s000:4", "s003:1"))]) == []
    assert names(sessions(LAPSES + 1), [], [Lesson("w", "Run it twice.", "make", ("s000:4",))]) == []


def test_where_all_lessons_places_are_taken_the_least_valuable_goes() -> None:
    full = [Lesson(f"l{n:03}", f"Fact {n}.", "make", ("s1:1",), helpful=int(n != 50)) for n in range(MAX_LESSONS)]
    assert names([], [], full) == ["l050"] and names([], [], full[:-1]) == []
