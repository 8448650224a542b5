"""A lesson with a trigger is shown at its moment, with the task or the observation that it concerns, once a session.

What must stay as it is, by the user's own word, is looked at before the round ends, by the lesson's check.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from livecoder.events import Nudged, RoundStarted
from livecoder.journal.recall import recall
from livecoder.loop import Notice, State, Step
from livecoder.scaffold.budget import tokens
from livecoder.scaffold.lessons import Lesson, Triggers, Vocabulary, concerning, cost, protected_paths
from livecoder.scaffold.tools import Run

AT_ONCE = 2
"""Lessons that one step may bring."""
WITH_A_TASK = 3
"""The same for a task."""
TASKS = 50
"""Earlier sessions whose tasks tell which words are common."""
CHECK_SECONDS = 5.0


def vocabulary(sessions: Path, lessons: Iterable[Lesson]) -> Vocabulary:
    """Of the tasks that earlier sessions began with; their journals are read only where a lesson waits for a task."""
    if all(lesson.when != "task" for lesson in lessons):
        return Vocabulary()
    began = (event for _, event in recall(sessions, (RoundStarted,), TASKS) if isinstance(event, RoundStarted))
    return Vocabulary(event.task for event in began if event.round == 1)


def recalled(lesson: Lesson) -> str:
    """As the session is told of it, and as an observation has it."""
    return f"learnt earlier here ({lesson.id}): {lesson.text}"


@dataclass(slots=True)
class LessonWatch:
    """A watcher. `timely` are the lessons with a trigger, most valuable first, `budget` the tokens that they may take.

    `checked` are lessons with a check; `run` runs a command in a sandbox that sees the workspace. A check that fails
    before anything was done says nothing, and the commit that it compares with is the one of that moment.
    """

    timely: Sequence[Lesson]
    budget: int
    checked: Sequence[Lesson] = ()
    run: Run | None = None
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    """Of the tasks before this session."""
    _triggers: Triggers = field(init=False)
    _rank: dict[str, int] = field(init=False)
    _shown: set[str] = field(default_factory=set[str])
    _checks: dict[str, tuple[Lesson, str]] = field(default_factory=dict[str, tuple[Lesson, str]])

    def __post_init__(self) -> None:
        self._triggers = Triggers(self.timely)
        self._rank = {lesson.id: place for place, lesson in enumerate(self.timely)}
        if self.run is None or not self.checked:
            return
        code, commit = self.run("git rev-parse --verify HEAD", CHECK_SECONDS)
        for lesson in self.checked if code == 0 else ():
            command = shlex.join(["git", "diff", "--quiet", commit.strip(), "--", *protected_paths(lesson.check)])
            if self.run(command, CHECK_SECONDS)[0] == 0:
                self._checks[lesson.id] = (lesson, command)

    def with_task(self, task: str) -> list[Lesson]:
        """What is shown with a round's first message, by the words of what was asked."""
        found: list[Lesson] = []
        for lesson in concerning(self.timely, task, self.vocabulary):
            fits = len(found) < WITH_A_TASK and cost([*found, lesson]) <= self.budget
            if fits and lesson.id not in self._shown:
                found.append(lesson)
        self.budget -= cost(found)
        self._shown |= {lesson.id for lesson in found}
        return found

    def after_step(self, step: Step, state: State) -> Iterable[Notice]:
        firing = self._triggers.firing(step.started.command, step.finished.output)
        fresh = [lesson for lesson in firing if lesson.id not in self._shown]
        places = AT_ONCE
        for lesson in sorted(fresh, key=lambda lesson: self._rank[lesson.id]):
            text = recalled(lesson)
            if places and tokens(text) <= self.budget:
                places -= 1
                self.budget -= tokens(text)
                self._shown.add(lesson.id)
                yield Notice(Nudged("lesson", (step.started.step,), text, lesson.id), text)

    def before_end(self, state: State) -> Notice | None:
        """What was changed against the user's word, said once a session for each lesson."""
        if self.run is None:
            return None
        for id, (lesson, command) in list(self._checks.items()):
            if self.run(command, CHECK_SECONDS)[0] == 1:
                del self._checks[id]
                text = (
                    f'the user said: "{lesson.text}" Now `{lesson.check}` fails: put it back, or say why it must be so.'
                )
                return Notice(Nudged("lesson", (), text, id), text)
        return None
