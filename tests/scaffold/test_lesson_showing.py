"""When a lesson is shown: at its trigger, or in the prompt, the most valuable of those that two sessions cite."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.scaffold.budget import CHARS_PER_TOKEN
from livecoder.scaffold.lessons import MAX_GENERAL, Lesson, Triggers, cited, cost, general, render, triggered

CITED = ("s1:1", "s2:1")
LESSONS = st.lists(
    st.builds(
        Lesson,
        id=st.from_regex(r"[a-z][a-z0-9]{0,6}", fullmatch=True),
        text=st.text("abc xyz", min_size=1, max_size=400),
        evidence=st.just(CITED),
    ),
    max_size=20,
    unique_by=lambda lesson: lesson.id,
)


def worths(lessons: list[Lesson]) -> st.SearchStrategy[dict[str, int]]:
    return st.fixed_dictionaries({lesson.id: st.integers(0, 1_000_000) for lesson in lessons})


@given(st.data(), LESSONS, st.integers(0, 2_000))
def test_the_block_is_never_over_its_budget(data: st.DataObject, lessons: list[Lesson], budget: int) -> None:
    shown = general(lessons, budget, data.draw(worths(lessons)))
    assert len(render(shown)) <= budget * CHARS_PER_TOKEN
    assert cost(shown) <= budget and len(shown) <= MAX_GENERAL


@given(st.data(), LESSONS, st.integers(0, 600))
def test_the_choice_does_not_depend_on_the_order(data: st.DataObject, lessons: list[Lesson], budget: int) -> None:
    worth = data.draw(worths(lessons))
    assert general(lessons, budget, worth) == general(data.draw(st.permutations(lessons)), budget, worth)


@given(st.data(), LESSONS.filter(len), st.integers(0, 600))
def test_what_is_worth_more_is_never_left_out_for_that(data: st.DataObject, lessons: list[Lesson], budget: int) -> None:
    worth = data.draw(worths(lessons))
    before = general(lessons, budget, worth)
    lucky = data.draw(st.sampled_from(lessons))
    after = general(lessons, budget, {**worth, lucky.id: worth[lucky.id] + data.draw(st.integers(1, 1_000_000))})
    assert lucky not in before or lucky in after


def test_the_most_valuable_comes_first() -> None:
    lessons = [Lesson(id, "Fine.", evidence=CITED) for id in "abc"]
    assert [lesson.id for lesson in general(lessons, 600, {"b": 2, "c": 9})] == ["c", "b", "a"]
    assert render(general(lessons[:1], 600, {})) == "<lessons>\n- Fine. [a]\n</lessons>\n"


def test_many_good_ones_are_worth_more_than_one_better_one() -> None:
    long = Lesson("long", "x" * 380, evidence=CITED)
    short = [Lesson(f"s{n}", "y" * 80, evidence=CITED) for n in range(4)]
    assert general([long, *short], 110, {"long": 10, **{f"s{n}": 4 for n in range(4)}}) == short
    assert general([long, *short], 110, {"long": 17, **{f"s{n}": 4 for n in range(4)}}) == [long]


def test_the_block_holds_whole_lessons_within_its_budget() -> None:
    lessons = [Lesson(f"l{number}", "x" * 80, evidence=CITED) for number in range(10)]
    block = render(general(lessons, 100, {}))
    assert block.startswith("<lessons>\n- xxx") and block.endswith("</lessons>\n")
    assert block.count("\n- ") == 4 and len(block) <= 400
    assert render(general(lessons, 10, {})) == render([]) == ""


@pytest.mark.parametrize(
    ("evidence", "origin", "shown"),
    [
        ((), "reflection", False),
        (("s1:1", "s1:2"), "reflection", False),
        (("s1:1", "s2:1"), "reflection", True),
        (("s1:1",), "user", True),
    ],
)
def test_a_general_lesson_waits_for_a_second_session_unless_it_is_the_users(
    evidence: tuple[str, ...], origin: str, shown: bool
) -> None:
    lesson = dataclasses.replace(Lesson("x", "Fine.", evidence=evidence), origin=origin)
    assert cited(lesson) == shown and bool(general([lesson], 600, {})) == shown


def test_a_lesson_with_a_trigger_is_in_no_prompt() -> None:
    assert general([Lesson("t", "Fine.", trigger="x", evidence=CITED)], 600, {}) == []


@pytest.mark.parametrize(
    ("command", "output", "fires"),
    [
        ("pytest -x tests", "", True),
        ("cd src && pytest  -x", "", True),
        ("(pytest -x)", "", True),
        ("pytest", "", False),
        ("pytest -xv", "", False),
        ("echo pytest -x", "", False),
        ("make", "hint: run pytest -x: now", True),
        ("make", "pytest -xv", False),
    ],
)
def test_a_trigger_is_how_a_command_begins_or_what_its_output_holds(command: str, output: str, fires: bool) -> None:
    lesson, other = Lesson("x", "Fine.", trigger="pytest -x"), Lesson("y", "Fine.")
    assert triggered([lesson, other], command, output) == ([lesson] if fires else [])


def test_the_most_exact_trigger_comes_first() -> None:
    short, long = Lesson("a", "Fine.", trigger="git"), Lesson("b", "Fine.", trigger="git rebase")
    assert triggered([short, long], "git rebase -i", "") == [long, short]


def test_a_trigger_without_a_word_never_fires() -> None:
    assert Triggers([Lesson("x", "Fine.", trigger=" :, ")]).firing("ls : , ", ":") == []


WORDS = st.lists(st.sampled_from(["git", "pytest", "-x", "a.py", ":", "&&", "error"]), max_size=8).map(" ".join)


@given(st.lists(WORDS.filter(lambda words: bool(words.strip(": "))), max_size=6), WORDS, WORDS)
def test_many_lessons_at_once_fire_as_each_would_alone(triggers: list[str], command: str, output: str) -> None:
    lessons = [Lesson(f"l{n}", "Fine.", trigger=trigger) for n, trigger in enumerate(triggers)]
    alone = {lesson.id for lesson in lessons if triggered([lesson], command, output)}
    assert {lesson.id for lesson in Triggers(lessons).firing(command, output)} == alone
