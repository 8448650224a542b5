"""What the ledger would take out of a scaffold, as proposals by code: the gate judges them like any other.

Nothing that the user said or pinned is ever among them, and no tool that no journal saw made: the user put it there. At
most one tool and one lesson after a session.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from livecoder.evolution.gate import MAX_TOOLS
from livecoder.evolution.record import LESS, odds, word
from livecoder.evolution.standing import FADES, idle, lesson_worth, tool_worth
from livecoder.journal.ledger import Kind, Ledger, Record
from livecoder.scaffold.lessons import Lesson, cited
from livecoder.scaffold.lessons.operations import MAX_LESSONS
from livecoder.scaffold.tools import Tool

LAPSES = 20
"""As `FADES`, for a tool's place. For a general lesson: sessions without a second one that cites it."""


@dataclass(frozen=True, slots=True)
class Lapse:
    """One candidate to retire, and why in the ledger's words."""

    kind: Kind
    name: str
    why: str


def lapses(
    ledger: Ledger, tools: Collection[Tool], lessons: Collection[Lesson], pinned: Collection[str] = ()
) -> list[Lapse]:
    """The most pressing tool and the most pressing lesson."""
    found = [*_tools(ledger, tools, pinned)][:1]
    return found + [*_lessons(ledger, [lesson for lesson in lessons if lesson.origin != "user"], pinned)][:1]


def _tools(ledger: Ledger, tools: Collection[Tool], pinned: Collection[str]) -> Iterable[Lapse]:
    known = [ledger.record("tool", tool.name) for tool in tools if tool.name not in pinned]
    records = [record for record in known if record.made]
    records.sort(key=lambda record: (tool_worth(record), record.name))
    for record in records:
        yield from _ill(record)
    for record in records:
        if idle(record, LAPSES):
            yield Lapse("tool", record.name, f"the last {record.idle} sessions began with it and did not use it")
    if len(tools) >= MAX_TOOLS:
        for record in records:
            if idle(record, FADES):
                yield Lapse("tool", record.name, f"all {MAX_TOOLS} places are taken, and it was used least well")


def _lessons(ledger: Ledger, lessons: Collection[Lesson], pinned: Collection[str]) -> Iterable[Lapse]:
    records = {lesson.id: ledger.record("lesson", lesson.id) for lesson in lessons if lesson.id not in pinned}
    ranked = [lesson for lesson in lessons if lesson.id in records]
    ranked.sort(key=lambda lesson: (lesson_worth(lesson, records[lesson.id]), lesson.id))
    for lesson in ranked:
        yield from _ill(records[lesson.id])
    for lesson in ranked:
        if not lesson.trigger and not cited(lesson) and (count := _sessions_since(ledger, lesson)) >= LAPSES:
            yield Lapse("lesson", lesson.id, f"{count} sessions since, and no second one cites it")
    if len(lessons) >= MAX_LESSONS:
        for lesson in ranked:
            yield Lapse("lesson", lesson.id, f"all {MAX_LESSONS} places are taken, and it is worth least")


def _ill(record: Record) -> Iterable[Lapse]:
    """A lesson in every prompt has no session beside it that went without: then those before it have to do."""
    for seen in (record, replace(record, without=record.before)):
        if word(seen) == LESS:
            yield Lapse(record.kind, record.name, odds(seen))


def _sessions_since(ledger: Ledger, lesson: Lesson) -> int:
    """Ids of sessions sort by time."""
    born = lesson.session or next(iter(lesson.evidence), "").partition(":")[0]
    return sum(1 for facts in ledger.sessions if born and facts.session > born)
