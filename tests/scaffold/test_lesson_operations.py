"""How lessons change: four operations by code, tombstones that come back, and no shrink at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.errors import ScaffoldError
from livecoder.scaffold.lessons import (
    MAX_EVIDENCE,
    MAX_GENERAL,
    Add,
    Fingerprint,
    Lesson,
    Merge,
    Operation,
    Retire,
    Update,
    adding,
    alike,
    apply,
    operated,
    parse,
    shrinks,
)
from livecoder.scaffold.lessons.operations import MAX_LESSONS, MAX_TOMBSTONES

SLOW = Lesson("slow", "The slow tests need a database.", "pytest", ("s1:2",), "2026-01-01", helpful=2)
LOCK = Lesson("lock", "Regenerate the lock with make lock.", "make", ("s2:1",), "2026-01-02", harmful=1, tainted=True)
GONE = Lesson("gone", "Colours are always blue here.", "", ("s1:1",), "2026-01-03", retired="they are not")
ALL = [SLOW, LOCK, GONE]
NEW = Lesson("new", "Fixtures live in tests/data.", "", ("s3:4",), "2026-02-01")


def by_id(lessons: Sequence[Lesson]) -> dict[str, Lesson]:
    return {lesson.id: lesson for lesson in lessons}


def test_an_operation_changes_the_files_that_it_names_and_no_other() -> None:
    (change,) = apply(ALL, Add(NEW))
    assert change.path == "lessons/new.toml" and parse("new", (change.content or b"").decode()) == NEW
    (change,) = apply(ALL, Retire("slow", "the database is gone"))
    assert parse("slow", (change.content or b"").decode()) == dataclasses.replace(SLOW, retired="the database is gone")


def test_nothing_of_what_was_given_is_changed() -> None:
    before = list(ALL)
    once = operated(ALL, Update("slow", ("s9:1",), text="They need two."))
    assert before == ALL and operated(ALL, Update("slow", ("s9:1",), text="They need two.")) == once


def test_an_update_keeps_what_it_does_not_name_and_adds_its_evidence() -> None:
    about = Fingerprint(models=("x",))
    now = by_id(operated(ALL, Update("slow", ("s1:2", "s5:1"), trigger="tox", fingerprint=about)))["slow"]
    assert now == dataclasses.replace(SLOW, trigger="tox", evidence=("s1:2", "s5:1"), fingerprint=about)


def test_the_users_own_word_is_given_no_fingerprint() -> None:
    mine = dataclasses.replace(SLOW, origin="user")
    assert not operated([mine], Update("slow", ("s5:1",), fingerprint=Fingerprint(models=("x",))))[0].fingerprint


def test_evidence_is_bounded_and_its_beginning_stays() -> None:
    lessons = [SLOW]
    for number in range(30):
        lessons = operated(lessons, Update("slow", (f"t{number}:1",)))
    assert len(lessons[0].evidence) == MAX_EVIDENCE
    assert (lessons[0].evidence[0], lessons[0].evidence[-1]) == ("s1:2", "t29:1")


def test_a_merge_inherits_and_leaves_tombstones() -> None:
    into = Lesson("slow", "Tests need a database and make lock.", "pytest", ("s4:1",), "2026-03-01")
    now = by_id(operated(ALL, Merge(("slow", "lock"), into)))
    assert now["lock"].retired == "merged into slow" and now["lock"].text == LOCK.text
    one = now["slow"]
    assert one.evidence == ("s1:2", "s2:1", "s4:1") and one.created == "2026-01-01"
    assert (one.helpful, one.harmful, one.tainted, one.retired) == (2, 1, True, "")


def test_of_two_marks_of_one_file_a_merge_keeps_the_last() -> None:
    old = Fingerprint(("00000000 a.py", "11111111 b.py"), ("pytest 7",))
    new = Fingerprint(("22222222 a.py",), ("pytest 8", "tox 4"))
    lessons = [dataclasses.replace(SLOW, fingerprint=old), dataclasses.replace(LOCK, fingerprint=new)]
    one = operated(lessons, Merge(("slow", "lock"), NEW))[-1]
    assert one.fingerprint == Fingerprint(("22222222 a.py", "11111111 b.py"), ("pytest 8", "tox 4"))


def test_what_is_retired_comes_back_by_an_update_with_new_evidence() -> None:
    back = by_id(operated(ALL, Update("gone", ("s7:1",))))["gone"]
    assert back.retired == "" and back.evidence == ("s1:1", "s7:1")


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        (Add(dataclasses.replace(NEW, text=SLOW.text)), "lesson slow says it already"),
        (Add(dataclasses.replace(NEW, text=GONE.text)), "lesson gone was retired: they are not"),
        (Add(dataclasses.replace(NEW, id="slow")), "another lesson is called slow"),
        (Add(dataclasses.replace(NEW, scope="global")), "comes by the user's word alone"),
        (Add(dataclasses.replace(NEW, scope="session")), "is never kept"),
        (Update("slow", ("s1:2",)), "has this evidence already"),
        (Update("none", ("s1:2",)), "no lesson 'none'"),
        (Retire("gone", "again"), "was retired already"),
        (Merge(("slow",), NEW), "two or more"),
        (Merge(("slow", "slow"), NEW), "two or more"),
        (Merge(("slow", "gone"), NEW), "in force"),
        (Merge(("slow", "lock"), dataclasses.replace(NEW, id="gone")), "another lesson is called gone"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_with_its_reason(operation: Operation, why: str) -> None:
    with pytest.raises(ScaffoldError, match=why):
        operated(ALL, operation)
    with pytest.raises(ScaffoldError, match=why):
        apply(ALL, operation)


def test_what_two_sessions_learn_is_one_lesson_with_two_citations() -> None:
    again = dataclasses.replace(SLOW, id="other", text="Slow tests need the database.", evidence=("s8:3",))
    assert adding(again, ALL) == Update("slow", ("s8:3",), fingerprint=again.fingerprint)
    assert isinstance(adding(dataclasses.replace(again, evidence=("s1:9",)), ALL), Add)
    assert isinstance(adding(dataclasses.replace(GONE, evidence=("s8:3",)), ALL), Add)
    assert adding(NEW, ALL) == Add(NEW)


def test_nearly_the_same_words_say_the_same() -> None:
    assert alike("the SLOW tests need a Database", ALL) == SLOW
    assert alike("The fast tests need no database at all today.", ALL) is None
    assert alike("...", ALL) is None


def test_general_lessons_and_all_lessons_are_few() -> None:
    general = [Lesson(f"g{n}", f"alpha{n} beta{n}", created=f"{n:03}") for n in range(MAX_GENERAL)]
    with pytest.raises(ScaffoldError, match="15 lessons without a trigger"):
        operated(general, Add(NEW))
    operated(general, Add(dataclasses.replace(NEW, trigger="ls")))
    operated(general, Update("g1", ("s1:1",)))
    full = [Lesson(f"t{n}", f"alpha{n} beta{n}", "ls", created=f"{n:03}") for n in range(MAX_LESSONS)]
    with pytest.raises(ScaffoldError, match="200 lessons already"):
        operated(full, Add(NEW))
    assert len(operated([*full, NEW], Update("t1", ("s1:1",)))) == MAX_LESSONS + 1, "what is too many may stay"


def test_only_the_oldest_tombstones_leave_the_scaffold() -> None:
    dead = [Lesson(f"d{n}", f"alpha{n}", created=f"{n:04}", retired="x") for n in range(MAX_TOMBSTONES)]
    gone, written = sorted(apply([*dead, SLOW], Retire("slow", "x")), key=lambda change: change.content is not None)
    assert (gone.path, gone.content) == ("lessons/d0.toml", None) and written.path == "lessons/slow.toml"


# ---- no shrink at once


def many(count: int) -> list[Lesson]:
    return [Lesson(f"l{n}", "A rule of some length that says something.") for n in range(count)]


@pytest.mark.parametrize(("count", "most"), [(1, 1), (2, 1), (4, 1), (5, 1), (9, 1), (10, 2), (50, 10)])
def test_at_most_a_fifth_may_go_at_once_and_one_always(count: int, most: int) -> None:
    lessons = many(count)
    assert shrinks(lessons, lessons[most:]) == ""
    if count > most:
        assert f"takes away {most + 1} of {count}" in shrinks(lessons, lessons[most + 1 :])


def test_a_curator_that_rewrites_the_whole_is_refused_whatever_it_calls_it() -> None:
    lessons = many(10)
    retired = [dataclasses.replace(lesson, retired="x") for lesson in lessons]
    gutted = [dataclasses.replace(lesson, text="A rule.") for lesson in lessons]
    renamed = [dataclasses.replace(lesson, id=f"new-{lesson.id}") for lesson in lessons]
    for after in ([], retired, gutted, renamed, lessons[:1]):
        assert "takes away" in shrinks(lessons, after)
    assert shrinks(lessons, [*lessons, NEW]) == "" and shrinks(retired, []) == "", "tombstones are not in force"


@given(st.lists(st.sampled_from(["add", "update", "retire", "back"]), max_size=40))
def test_no_sequence_of_single_operations_is_ever_a_shrink_or_loses_a_word(kinds: list[str]) -> None:
    lessons = list(many(8))
    lessons = [dataclasses.replace(lesson, text=f"{lesson.text} {lesson.id} {lesson.id * 9}") for lesson in lessons]
    words = {lesson.id: lesson.text for lesson in lessons}
    for number, kind in enumerate(kinds):
        active = [lesson.id for lesson in lessons if not lesson.retired]
        dead = [lesson.id for lesson in lessons if lesson.retired]
        operation: Operation = Add(Lesson(f"n{number}", f"word{number} other{number}", "ls"))
        if kind == "update" and active:
            operation = Update(active[0], (f"x{number}:1",))
        elif kind == "retire" and active:
            operation = Retire(active[0], "x")
        elif kind == "back" and dead:
            operation = Update(dead[0], (f"x{number}:1",))
        after = operated(lessons, operation)
        assert shrinks(lessons, after) == ""
        lessons = after
    assert all(by_id(lessons)[id].text == text for id, text in words.items())
