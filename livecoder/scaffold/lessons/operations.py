"""How lessons change: add, update, merge, retire. Pure functions; code merges, nobody rewrites the whole.

A model that rewrites its notes as a whole loses them (ACE, arXiv 2510.04618: 18,282 tokens to 122 in one step). So each
operation touches the lessons that it names, and what goes leaves a tombstone: its file with the reason in it. A
tombstone is shown to nobody, can come back, and keeps the same words from being proposed again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from livecoder.errors import ScaffoldError
from livecoder.scaffold.changes import FileChange
from livecoder.scaffold.lessons.filed import dump
from livecoder.scaffold.lessons.lesson import FOLDER, MAX_EVIDENCE, MAX_GENERAL, Fingerprint, Lesson

MAX_LESSONS = 200
"""Lessons in force in one scaffold; one more needs one less. (One that its user filled by hand may have more.)"""
MAX_TOMBSTONES = 200
SAME = 0.6
"""Share of words in common from which two lessons say the same (Jaccard)."""
SHRINK = 5
"""At most one in so many may go at once."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Add:
    lesson: Lesson


@dataclass(frozen=True, slots=True)
class Update:
    """New words, or only new evidence; of a tombstone: it comes back. None leaves a field as it is."""

    id: str
    evidence: tuple[str, ...]
    text: str | None = None
    trigger: str | None = None
    fingerprint: Fingerprint | None = None
    when: Literal["step", "task"] | None = None


@dataclass(frozen=True, slots=True)
class Merge:
    """Two or more become the one `into`, whose id may be one of theirs; it inherits evidence, figures and taint."""

    ids: tuple[str, ...]
    into: Lesson


@dataclass(frozen=True, slots=True)
class Retire:
    id: str
    why: str


Operation: TypeAlias = Add | Update | Merge | Retire


def apply(lessons: Sequence[Lesson], operation: Operation) -> list[FileChange]:
    """What the operation changes on disk; `lessons` are all, tombstones too. Raises ScaffoldError as `operated`."""
    before = {lesson.id: lesson for lesson in lessons}
    after = {lesson.id: lesson for lesson in operated(lessons, operation)}
    written = [lesson for id, lesson in after.items() if before.get(id) != lesson]
    changes = [FileChange(_path(lesson.id), dump(lesson).encode()) for lesson in written]
    return changes + [FileChange(_path(id), None) for id in before if id not in after]


def operated(lessons: Sequence[Lesson], operation: Operation) -> list[Lesson]:
    """All lessons after the operation. Raises ScaffoldError, with the reason, for one that cannot be done."""
    known = {lesson.id: lesson for lesson in lessons}
    match operation:
        case Add(lesson):
            changed = [_added(lesson, lessons)]
        case Update():
            changed = [_updated(_named(operation.id, known), operation)]
        case Merge():
            changed = _merged(operation, known)
        case Retire(id, why):
            changed = [_retired(_named(id, known), why)]
    after = {**known, **{lesson.id: lesson for lesson in changed}}
    _within_caps(known.values(), after.values())
    return _without_oldest_tombstones(list(after.values()))


def alike(text: str, lessons: Iterable[Lesson]) -> Lesson | None:
    """The lesson or tombstone that says this already, word for word or nearly."""
    said = set(_WORD.findall(text.lower()))
    for lesson in lessons:
        known = set(_WORD.findall(lesson.text.lower()))
        if said and len(said & known) >= SAME * len(said | known):
            return lesson
    return None


def adding(lesson: Lesson, lessons: Sequence[Lesson]) -> Operation:
    """How a lesson that was just learnt comes in: where one in force says it already and another session cites it
    now, it is that one's evidence, and renews what it was about."""
    twin = alike(lesson.text, (known for known in lessons if not known.retired))
    if twin is None or _sessions(lesson) <= _sessions(twin):
        return Add(lesson)
    return Update(twin.id, lesson.evidence, fingerprint=lesson.fingerprint)


def shrinks(before: Iterable[Lesson], after: Iterable[Lesson]) -> str:
    """Why a change takes too much away at once; "" when it does not.

    A lesson is lost when it is in force no more, or when its text was cut to less than half. One may always go.
    """
    now = {lesson.id: lesson for lesson in after if not lesson.retired}
    was = [lesson for lesson in before if not lesson.retired]
    lost = [lesson.id for lesson in was if lesson.id not in now or len(now[lesson.id].text) * 2 < len(lesson.text)]
    if len(lost) <= max(1, len(was) // SHRINK):
        return ""
    return f"it takes away {len(lost)} of {len(was)} lessons at once ({', '.join(sorted(lost)[:3])} …)"


def _added(lesson: Lesson, lessons: Sequence[Lesson]) -> Lesson:
    if lesson.scope != "project":
        how = "is never kept" if lesson.scope == "session" else "comes by the user's word alone"
        raise _no(f"a lesson of the scope {lesson.scope!r} {how}")
    if twin := alike(lesson.text, lessons):
        why = f"was retired: {twin.retired}" if twin.retired else "says it already"
        raise _no(f"lesson {twin.id} {why}")
    if any(known.id == lesson.id for known in lessons):
        raise _no(f"another lesson is called {lesson.id}")
    return replace(lesson, evidence=_bounded(lesson.evidence))


def _updated(lesson: Lesson, update: Update) -> Lesson:
    fresh = tuple(step for step in update.evidence if step not in lesson.evidence)
    if not fresh:
        raise _no(f"lesson {lesson.id} has this evidence already")
    own = lesson.origin == "user" or update.fingerprint is None
    about = lesson.fingerprint if own else update.fingerprint
    return replace(
        lesson,
        text=lesson.text if update.text is None else update.text,
        trigger=lesson.trigger if update.trigger is None else update.trigger,
        when=update.when or lesson.when,
        evidence=_bounded((*lesson.evidence, *fresh)),
        fingerprint=about,
        retired="",
    )


def _merged(merge: Merge, known: dict[str, Lesson]) -> list[Lesson]:
    into = merge.into
    sources = [_named(id, known) for id in dict.fromkeys(merge.ids)]
    if len(sources) < 2 or any(lesson.retired for lesson in sources):
        raise _no("a merge takes two or more lessons that are in force")
    if into.id in known and into.id not in merge.ids:
        raise _no(f"another lesson is called {into.id}")
    about = [lesson.fingerprint for lesson in (*sources, into)]
    one = replace(
        into,
        evidence=_bounded(tuple(step for lesson in (*sources, into) for step in lesson.evidence)),
        created=min(lesson.created for lesson in sources),
        scope="global" if all(lesson.scope == "global" for lesson in sources) else "project",
        origin="user" if all(lesson.origin == "user" for lesson in sources) else into.origin,
        tainted=into.tainted or any(lesson.tainted for lesson in sources),
        helpful=sum(lesson.helpful for lesson in sources),
        harmful=sum(lesson.harmful for lesson in sources),
        fingerprint=Fingerprint(
            files=_latest((item for a in about for item in a.files), 1),
            dependencies=_latest((item for a in about for item in a.dependencies), 0),
            models=tuple(dict.fromkeys(family for a in about for family in a.models)),
        ),
        retired="",
    )
    return [one, *(_retired(lesson, f"merged into {one.id}") for lesson in sources if lesson.id != one.id)]


def _latest(items: Iterable[str], name: int) -> tuple[str, ...]:
    """Of several marks of one file, or versions of one dependency, the last; `name` is the word that names it."""
    return tuple({item.split(" ", 1)[name]: item for item in items}.values())


def _retired(lesson: Lesson, why: str) -> Lesson:
    if lesson.retired:
        raise _no(f"lesson {lesson.id} was retired already: {lesson.retired}")
    return replace(lesson, retired=" ".join(why.split())[:200] or "no reason was given")


def _named(id: str, known: dict[str, Lesson]) -> Lesson:
    if id not in known:
        raise _no(f"there is no lesson {id[:64]!r}")
    return known[id]


def _within_caps(before: Iterable[Lesson], after: Iterable[Lesson]) -> None:
    """What is over a cap already may stay so, but nothing comes on top of it."""
    was, now = ([lesson for lesson in lessons if not lesson.retired] for lessons in (before, after))
    general = sum(1 for lesson in was if not lesson.trigger)
    if sum(1 for lesson in now if not lesson.trigger) > max(MAX_GENERAL, general):
        raise _no(f"there are {general} lessons without a trigger already")
    if len(now) > max(MAX_LESSONS, len(was)):
        raise _no(f"there are {len(was)} lessons already")


def _without_oldest_tombstones(lessons: list[Lesson]) -> list[Lesson]:
    """The oldest are in the history alone from here on."""
    tombstones = sorted((lesson for lesson in lessons if lesson.retired), key=lambda each: (each.created, each.id))
    gone = {lesson.id for lesson in tombstones[: max(0, len(tombstones) - MAX_TOMBSTONES)]}
    return [lesson for lesson in lessons if lesson.id not in gone]


def _sessions(lesson: Lesson) -> set[str]:
    return {step.partition(":")[0] for step in lesson.evidence}


def _bounded(evidence: tuple[str, ...]) -> tuple[str, ...]:
    """The first citation and the latest, each once."""
    once = tuple(dict.fromkeys(evidence))
    return once if len(once) <= MAX_EVIDENCE else (once[0], *once[1 - MAX_EVIDENCE :])


def _no(why: str) -> ScaffoldError:
    return ScaffoldError(why, "see `livecoder scaffold lessons`; retire, merge or update")


def _path(id: str) -> str:
    return f"{FOLDER}/{id}.toml"
