"""When a lesson is shown: one with a trigger at its step or with its task, the few general ones in the prompt, within a
budget.

A general lesson waits, unseen, until two sessions have cited it: one task's wisdom is not everybody's. What the user
said twice, promoted, or took from the repository needs no second session.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from livecoder.scaffold.budget import Line, chosen, tokens
from livecoder.scaffold.lessons.lesson import MAX_GENERAL, Lesson
from livecoder.scaffold.lessons.subject import Vocabulary, words

HEAD, FOOT = "<lessons>", "</lessons>"


def cited(lesson: Lesson) -> bool:
    """Whether a general lesson may be shown: two sessions cite it, or the user gave their word for it."""
    given = lesson.origin == "user" or lesson.scope in ("repo", "global")
    return given or len({step.partition(":")[0] for step in lesson.evidence}) >= 2


def general(lessons: Iterable[Lesson], budget_tokens: int, worth: Mapping[str, int]) -> list[Lesson]:
    """The lessons for the prompt, most valuable first: those that are worth most together within the budget.

    `worth` is by id, in millionths; what it does not name is worth nothing yet and comes where there is room.
    """
    ranked = sorted(
        (lesson for lesson in lessons if not lesson.trigger and cited(lesson)),
        key=lambda lesson: (-worth.get(lesson.id, 0), lesson.id),
    )[:MAX_GENERAL]
    # The knapsack breaks ties by place, which must not move when a value does: by id.
    fixed = sorted(ranked, key=lambda lesson: lesson.id)
    lines = [Line(tokens(_line(lesson)), worth.get(lesson.id, 0)) for lesson in fixed]
    taken = {fixed[place].id for place in chosen(lines, budget_tokens - tokens(HEAD) - tokens(FOOT))}
    return [lesson for lesson in ranked if lesson.id in taken]


def concerning(lessons: Iterable[Lesson], task: str, earlier: Vocabulary) -> list[Lesson]:
    """The lessons that wait for a task such as this one: where it says most of what they name first, else as given."""
    said = words(task)
    told = [(earlier.told(lesson.trigger, said), lesson) for lesson in lessons if lesson.when == "task"]
    return [lesson for weight, lesson in sorted(told, key=lambda pair: -pair[0]) if weight]


def render(lessons: Sequence[Lesson]) -> str:
    """These lessons as one delimited block of data; "" for none."""
    return "\n".join([HEAD, *map(_line, lessons), FOOT]) + "\n" if lessons else ""


def cost(lessons: Sequence[Lesson]) -> int:
    """What `render` takes of the budget, in tokens."""
    return sum(tokens(line) for line in render(lessons).splitlines())


class Triggers:
    """Lessons by the first word of their trigger: a step costs by its own words, however many lessons there are."""

    def __init__(self, lessons: Iterable[Lesson]) -> None:
        self._by_word: dict[str, list[tuple[str, Lesson]]] = {}
        for lesson in lessons:
            trigger = _words(lesson.trigger)
            if trigger.strip() and lesson.when == "step":
                self._by_word.setdefault(trigger.split()[0], []).append((trigger, lesson))

    def firing(self, command: str, output: str) -> list[Lesson]:
        """The lessons that this command or its output calls for, the most exact trigger first."""
        if not self._by_word:
            return []
        calls = [_words(part) for part in re.split(r"[;&|()\n]+", command)]
        said = _words(output)
        words = {*said.split(), *(first for call in calls for first in call.split()[:1])}
        near = [pair for word in words & self._by_word.keys() for pair in self._by_word[word]]
        found = [lesson for trigger, lesson in near if trigger in said or any(c.startswith(trigger) for c in calls)]
        return sorted(found, key=lambda lesson: (-len(lesson.trigger), lesson.id))


def triggered(lessons: Iterable[Lesson], command: str, output: str) -> list[Lesson]:
    """The same for one step alone."""
    return Triggers(lessons).firing(command, output)


def _words(text: str) -> str:
    """The words between single spaces, with one at each end, so that `in` and `startswith` match whole words."""
    return " ".join(["", *re.findall(r"[^\s:,]+", text), ""])


def _line(lesson: Lesson) -> str:
    return f"- {lesson.text} [{lesson.id}]"
