"""What of a scaffold a session shows: the most valuable within the budgets, by what the ledger saw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.evolution.gate import MAX_TOOLS
from livecoder.evolution.standing import advises_tools, fading, lesson_worth, standing, tool_line, tool_worth
from livecoder.journal.ledger import Facts, Item, Ledger, Record, Tally
from livecoder.journal.ledger.ledger import HALF_LIFE
from livecoder.scaffold.knobs import Knobs
from livecoder.scaffold.lessons import Lesson, cost, render
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.tools import Tool

CITED = ("s1:1", "s2:1")


def tools(count: int) -> list[Tool]:
    return [Tool(f"tool-{n:03}", Path("t"), f"Does the thing that is number {n:03}.", 9, "d") for n in range(count)]


def lessons(count: int) -> list[Lesson]:
    """One in three is for the prompt."""
    return [
        Lesson(
            f"l{n:03}", f"A fact about this repository, number {n:03}.", f"run-{n}" if n % 3 else "", CITED, f"{n:03}"
        )
        for n in range(count)
    ]


def scaffold(tools: Sequence[Tool] = (), lessons: Sequence[Lesson] = (), **knobs: int) -> Scaffold:
    return Scaffold("g", Knobs(**knobs), tuple(tools), tuple(lessons), (), {}, frozenset(), ())  # pyright: ignore[reportArgumentType] (all are whole numbers)


def sessions(*used: str, at_hand: Sequence[str], times: int = 1, well: bool = True, family: str = "m") -> list[Facts]:
    items = tuple(Item("tool", name, True, True, int(name in used)) for name in at_hand)
    return [Facts(f"{n}", family, "verified" if well else "failed", items=items) for n in range(times)]


def told(well: int, ill: int) -> Record:
    return Record("tool", "x", with_it=Tally(sessions=well + ill, well=well, ill=ill), well_lately=well, ill_lately=ill)


def test_what_proved_itself_stands_before_what_is_new_and_that_before_what_failed() -> None:
    proven, new, failed = told(9, 0), told(0, 0), told(0, 3)
    assert tool_worth(proven) > tool_worth(new) > tool_worth(failed)
    lesson = Lesson("x", "Fine.")
    assert lesson_worth(lesson, proven) > lesson_worth(lesson, new) > lesson_worth(lesson, failed)


def test_what_went_well_elsewhere_counts_and_the_users_word_outranks_all() -> None:
    nothing = told(0, 0)
    assert lesson_worth(Lesson("x", "Fine.", helpful=9), nothing) > lesson_worth(Lesson("x", "Fine."), nothing)
    assert lesson_worth(Lesson("x", "Fine.", origin="user"), told(0, 99)) == 1_000_000


def shown(pattern: Sequence[tuple[str, bool]]) -> Ledger:
    """Sessions that were shown a lesson ("": none), and whether they went well."""
    return Ledger(
        Facts(
            f"{n:04}", "m", "verified" if well else "failed", items=(Item("lesson", name, True, True, 1),) * bool(name)
        )
        for n, (name, well) in enumerate(pattern)
    )


def worth(name: str, pattern: Sequence[tuple[str, bool]]) -> int:
    return lesson_worth(Lesson(name, "Fine."), shown(pattern).record("lesson", name, "m"))


@given(st.integers(0, 12), st.lists(st.booleans(), max_size=150))
def test_what_is_not_confirmed_fades_to_what_is_new_and_not_below(times: int, others: list[bool]) -> None:
    good, later = [("a", True)] * times, [("", well) for well in others]
    fading = [worth("a", good + later[:n]) for n in range(0, len(later) + 1, 10)]
    assert fading == sorted(fading, reverse=True) and fading[-1] >= worth("a", [])


@given(st.integers(1, 12), st.integers(0, 300))
def test_what_is_confirmed_again_is_worth_more_at_once(times: int, later: int) -> None:
    before = [("a", True)] * times + [("", True)] * later
    assert worth("a", [*before, ("a", True)]) > worth("a", before) > worth("a", [*before, ("a", False)])


def test_half_counts_after_one_half_life() -> None:
    record = shown([("a", True), ("a", False), *[("", True)] * (HALF_LIFE - 1)]).record("lesson", "a", "m")
    assert record.ill_lately == pytest.approx(0.5 ** ((HALF_LIFE - 1) / HALF_LIFE))
    assert record.well_lately == pytest.approx(0.5) and (record.with_it.well, record.with_it.ill) == (1, 1)


def test_one_that_helped_once_and_harms_now_falls_behind_within_a_stream_of_two_hundred() -> None:
    """A hundred sessions with nine of ten well, then a hundred with four of ten; beside it six of ten all along."""
    turned = [("a", n % 10 < 9) for n in range(100)] + [("a", n % 10 < 4) for n in range(100)]
    steady = [("b", n % 10 < 6) for n in range(200)]
    assert worth("a", turned[:100]) > worth("b", steady[:100])
    assert worth("a", turned) < worth("b", steady), "though of all its sessions more went well"


def test_the_most_used_tool_comes_first_and_a_new_one_before_one_that_is_passed_over() -> None:
    found = tools(3)
    seen = Ledger(sessions("tool-002", at_hand=["tool-001", "tool-002"], times=5))
    assert [tool.name for tool in standing(scaffold(found), seen).tools] == ["tool-002", "tool-000", "tool-001"]


def test_a_tool_that_nobody_uses_loses_its_line_and_one_use_brings_it_back() -> None:
    idle = sessions(at_hand=["tool-000"], times=9)
    again = sessions("tool-000", at_hand=["tool-000"])
    assert fading(Ledger(idle), ["tool-000"]) == frozenset()
    ten = Ledger(sessions(at_hand=["tool-000"], times=10))
    assert fading(ten, ["tool-000"]) == {"tool-000"}
    shown = standing(scaffold(tools(2)), ten)
    assert [tool.name for tool in shown.tools] == ["tool-001"]
    assert [tool.name for tool in shown.unlisted] == ["tool-000"]
    assert len(standing(scaffold(tools(2)), Ledger([*ten.sessions, *again])).tools) == 2


def test_what_is_used_now_and_then_keeps_its_line_for_ten_of_its_own_gaps() -> None:
    third = [fact for n in range(4) for fact in sessions(*["a"] * (n == 3), at_hand=["a"])]
    assert fading(Ledger([*third, *sessions(at_hand=["a"], times=39)]), ["a"]) == frozenset()
    assert fading(Ledger([*third, *sessions(at_hand=["a"], times=40)]), ["a"]) == {"a"}


def test_a_line_is_lost_for_the_model_that_does_not_use_it_alone() -> None:
    both = Ledger([*sessions(at_hand=["a"], times=10, family="m"), *sessions("a", at_hand=["a"], family="n")])
    assert fading(both, ["a"], "m") == {"a"} and fading(both, ["a"], "n") == frozenset()


def test_tools_that_do_not_fit_have_no_line() -> None:
    shown = standing(scaffold(tools(10), tools_token_budget=60), Ledger())
    lines = "".join(f"{tool_line(tool)}\n" for tool in shown.tools)
    assert 0 < len(shown.tools) < 10 and len(lines) <= 60 * 4
    assert len(shown.tools) + len(shown.unlisted) == 10


def test_two_hundred_tools_and_five_hundred_lessons_take_the_prompt_of_twenty() -> None:
    few, many = (standing(scaffold(tools(t), lessons(n)), Ledger()) for t, n in ((20, 20), (200, 500)))
    taken = [[tool_line(tool) for tool in shown.tools] for shown in (few, many)]
    assert len(taken[1]) == MAX_TOOLS == len(taken[0])
    assert sum(map(len, taken[0])) == sum(map(len, taken[1]))
    # Seven of the twenty are for the prompt; of the five hundred fifteen are, at most.
    assert len(few.general) == 7 and len(many.general) <= 15
    full = standing(scaffold(tools(20), [lesson for lesson in lessons(500) if not lesson.trigger][:15]), Ledger())
    assert len(render(many.general)) <= len(render(full.general))


def test_one_budget_holds_for_the_lessons_in_the_prompt_and_for_those_that_come_later() -> None:
    everything = lessons(60)
    for budget in (0, 40, 200, 600):
        shown = standing(scaffold([], everything, lessons_token_budget=budget), Ledger())
        assert cost(shown.general) + shown.timely_tokens == budget and shown.timely_tokens >= budget // 2
    no_triggers = [lesson for lesson in everything if not lesson.trigger]
    assert cost(standing(scaffold([], no_triggers, lessons_token_budget=200), Ledger()).general) > 100


def test_a_stale_lesson_is_shown_to_nobody() -> None:
    shown = standing(scaffold([], lessons(6)), Ledger(), stale=lambda lesson: "gone" * (lesson.id in ("l000", "l001")))
    assert shown.stale == {"l000": "gone", "l001": "gone"}
    assert [lesson.id for lesson in shown.general] == ["l003"]
    assert [lesson.id for lesson in shown.timely] == ["l002", "l004", "l005"]


def broken(count: int, family: str = "weak", sound: int = 0) -> list[Facts]:
    marks = [True] * count + [False] * sound
    return [Facts(f"{n}", family, two_broken=mark) for n, mark in enumerate(marks)]


@pytest.mark.parametrize(
    ("seen", "advised"),
    [
        ([], True),
        (broken(1), True),
        (broken(2), False),
        (broken(2, "another"), True),
        (broken(2, sound=18), False),
        (broken(2, sound=20), True),
    ],
)
def test_a_family_that_breaks_tools_in_two_sessions_is_not_encouraged_for_a_while(
    seen: list[Facts], advised: bool
) -> None:
    assert advises_tools(Ledger(seen), "weak") == advised
