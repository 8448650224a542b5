"""Which tasks a lesson's trigger names: all words of a phrase, of whatever form, and one among them that is rare."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.scaffold.lessons import Lesson, Vocabulary, concerning, lint
from livecoder.scaffold.lessons.subject import FEWEST, subjects, words

TASKS = Path(__file__).parents[2] / "bench" / "tasks"
ISSUES = {path.stem: tomllib.loads(path.read_text())["issue"] for path in TASKS.glob("*.toml")}
NONE = Vocabulary()


def on(trigger: str, id: str = "x") -> Lesson:
    return Lesson(id, "Fine.", trigger, when="task")


def called(trigger: str, task: str, earlier: Vocabulary = NONE) -> bool:
    return bool(concerning([on(trigger)], task, earlier))


@pytest.mark.parametrize(
    ("trigger", "shown"),
    [
        ("footnote", {"mistune-footnote-references"}),
        ("footnotes, task lists", {"mistune-footnote-references", "mistune-task-headings"}),
        ("plugin", {"mistune-footnote-references", "mistune-task-headings"}),
        ("HTML comments, raw HTML", {"markdown-inline-comment"}),
        ("md_in_html, attr_list", {"markdown-inline-comment", "markdown-toc-labels"}),
        ("toc.py", {"markdown-toc-labels"}),
        ("--line-ranges", {"black-line-ranges"}),
        ("src/black/ranges.py", {"black-line-ranges"}),
        ("daylight saving, time zones", {"boltons-dst-fold"}),
        ("BarrelList", {"boltons-barrel-slices"}),
        ("URL routing, converters", {"werkzeug-many-converters"}),
        ("werkzeug/routing/rules.py", set[str]()),
        ("black.ranges, timeutils.py", {"black-line-ranges", "boltons-dst-fold"}),
        ("nth-child", {"soupsieve-large-nth"}),
    ],
)
def test_ten_real_tasks_are_told_apart(trigger: str, shown: set[str]) -> None:
    assert {name for name, issue in ISSUES.items() if called(trigger, issue)} == shown


@pytest.mark.parametrize(
    ("trigger", "task"),
    [
        ("comment", "Comments are lost."),
        ("quoting", "The quote is doubled, and quoted twice."),
        ("formatted", "Formatting takes for ever."),
        ("query", "Nested queries fail."),
        ("tags, sum", "The tag is lost."),
        ("trailing commas", "The comma that was trailing is gone."),
        ("tests/test_format.py", "See test_format.py::test_one, it is slow."),
        ("DebugVisitor", "debugvisitor prints too much."),
        ("debug", "Calling DebugVisitor() prints too much."),
        ("line ranges", "`--line-ranges=2-3` is off by one."),
        ("E203", "black and flake8 differ in E203."),
    ],
)
def test_a_word_is_found_in_any_form(trigger: str, task: str) -> None:
    assert called(trigger, task)


@pytest.mark.parametrize(
    ("trigger", "task"),
    [
        ("trailing comma", "A trailing space is kept."),
        ("tests/test_format.py", "The test of the format is slow."),
        ("comment", "Nothing of the kind."),
        ("string", "Sterling."),
        ("src/black/ranges.py", "It loops over range(3)."),
    ],
)
def test_a_phrase_that_is_not_all_there_is_not_there(trigger: str, task: str) -> None:
    assert not called(trigger, task)


@pytest.mark.parametrize("trigger", ["", " , ", "the tests", "bug, fix, error", "run the tests, x", "--"])
def test_what_every_report_says_names_no_task_and_such_a_lesson_is_refused(trigger: str) -> None:
    assert subjects(trigger) == [] and not called(trigger, "Fix the bug and the error: run the tests, x.")
    assert lint(on(trigger)) == ["no word of its trigger tells one task from another"]
    assert lint(Lesson("x", "Fine.", trigger)) == []


def test_what_half_of_the_earlier_tasks_had_names_none_once_there_are_some() -> None:
    tasks = [f"Comments before {name} are lost." for name in ("a decorator", "an import", "a loop")]
    task = "Comments behind a decorator."
    assert called("comment", task, Vocabulary(tasks[: FEWEST - 1]))
    assert not called("comment", task, Vocabulary(tasks))
    assert not called("comment", task, Vocabulary([*tasks, *(f"Other {n}." for n in range(FEWEST))]))
    assert called("comment", task, Vocabulary([*tasks, *(f"Other {n}." for n in range(FEWEST + 1))]))
    assert called("comment, decorator", task, Vocabulary(tasks)), "the other phrase still does"
    assert called("decorator comment", task, Vocabulary(tasks)), "and so does a common word beside a rare one"


def test_a_task_that_was_tried_again_counts_once() -> None:
    assert called("comment", "Comments.", Vocabulary(["Comments  are\nlost."] * 9 + ["Comments are lost."]))


def test_what_is_rarer_here_comes_first_and_of_equals_what_is_worth_more() -> None:
    earlier = Vocabulary(["Comments."] * 2 + ["Comments again.", "Loops.", "Else.", "More.", "Less.", "Other."])
    lessons = [on("comments", "b"), on("decorators", "c"), on("loops", "a"), on("walrus", "d")]
    task = "Comments behind decorators in loops."
    assert [lesson.id for lesson in concerning(lessons, task, earlier)] == ["c", "a", "b"]
    assert [lesson.id for lesson in concerning(lessons, task, NONE)] == ["b", "c", "a"]


def test_a_lesson_that_waits_for_a_step_is_called_by_no_task() -> None:
    assert concerning([Lesson("x", "Fine.", "pytest"), Lesson("y", "Fine.")], "pytest fails", NONE) == []


TEXT = st.text("abies gndABC_./:-,\n", max_size=200)


@given(TEXT)
def test_a_word_is_reduced_to_what_stays(text: str) -> None:
    found = {word for word in words(text) if not word.startswith(".")}
    assert found <= words(" ".join(found))


@given(st.lists(TEXT, max_size=8), TEXT, TEXT, TEXT)
def test_more_text_never_hides_a_subject(earlier: list[str], trigger: str, task: str, more: str) -> None:
    vocabulary = Vocabulary(earlier)
    told = vocabulary.told(trigger, words(task))
    assert 0 <= told <= vocabulary.told(trigger, words(f"{task}\n{more}"))


def test_a_text_that_is_one_endless_word_is_read_too() -> None:
    assert called("word", f"{'e' * 40_000} {'A' * 5_000} word") and not called("word", " " * 50_000 + "word")
