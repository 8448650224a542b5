"""A lesson with a trigger is shown at its moment: with the observation that it concerns, once a session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from livecoder.events import Nudged
from livecoder.loop import Notice, State, Step
from livecoder.scaffold.lessons import Lesson, triggered


@dataclass(slots=True)
class LessonWatch:
    """A watcher over the lessons of this session's generation."""

    lessons: Sequence[Lesson]
    _shown: set[str] = field(default_factory=set[str])

    def after_step(self, step: Step, state: State) -> Iterable[Notice]:
        for lesson in triggered(self.lessons, step.started.command, step.finished.output):
            if lesson.id not in self._shown:
                self._shown.add(lesson.id)
                text = f"learnt earlier here ({lesson.id}): {lesson.text}"
                yield Notice(Nudged("lesson", (step.started.step,), text), text)

    def before_end(self, state: State) -> None:
        return None
