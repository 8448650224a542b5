"""Tests that the engine runs itself on clean copies: run with a report, read, compared, and said in events.

The only place where a sandbox's output meets the reading of it. What is read decides nothing: exit codes do.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from livecoder.command import programs, runs_tests
from livecoder.events import ChangedTests, FailuresHidden, Names, RanTests
from livecoder.loop import Notice, State, Step
from livecoder.rooms import Copy
from livecoder.sandbox import Finished
from livecoder.sandbox.clean import clean
from livecoder.testruns import TestRun
from livecoder.testruns.compare import Change
from livecoder.testruns.reading import read
from livecoder.testruns.text import MOST

NAMES = 50
"""Names that an event holds of each kind."""
REMEMBERED = 100
"""Steps of a session whose outputs may be compared with a run on the base."""
_SAID = re.compile(r"^-+ generated xml file: \S+ -+\n?", re.MULTILINE)
"""What pytest says of a report that nobody but the engine asked for."""
_REFUSED = "unrecognized arguments: --junitxml"
_AROUND = frozenset(("cd", "lc", "echo", "printf", "true", "set", "export", "head", "tail", "cat", "tee", "grep"))
"""Programs that make no difference to which tests are run."""


@dataclass(frozen=True, slots=True)
class Tested:
    """How a command ended and, if it ran any, what its tests came to."""

    finished: Finished
    tests: TestRun | None


def tested(finished: Finished) -> Tested:
    """Read a command's tests. Its room must still be there: the whole of a long output lies in it."""
    shown = replace(finished, output=_SAID.sub("", finished.output)) if finished.report else finished
    return Tested(shown, read(_whole(finished), finished.report))


def run(
    command: str,
    room: AbstractContextManager[Copy],
    plain: AbstractContextManager[Copy],
    timeout: float,
    cancelled: Callable[[], bool],
) -> Tested:
    """Run `command` in `room`, which may ask for a report, and once more in `plain` where that was a mistake to pytest.

    So it is with `-p no:junitxml`, wherever that is said. It must not decide what becomes of the command.
    """
    with room as copy:
        first = tested(copy.run(command, timeout, cancelled))
        asked = copy.sandbox.room.report
    if not asked or _REFUSED not in first.finished.output or cancelled():
        return first
    with plain as copy:
        return tested(copy.run(command, timeout, cancelled))


def _whole(finished: Finished) -> str:
    """The output, not only the view of it: the end, where it is longer than will be read."""
    if finished.spool is None:
        return finished.output
    with finished.spool.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - MOST - 1))
        return clean(file.read())


# ---- the same command in the session


@dataclass(slots=True)
class LastRuns:
    """The session's steps, the newest last, to be asked for the last run of a command."""

    _steps: list[Step] = field(default_factory=list[Step])

    def remember(self, step: Step) -> None:
        self._steps.append(step)
        del self._steps[:-REMEMBERED]

    def of(self, command: str) -> tuple[int, TestRun] | None:
        """The number of the last step that ran the same programs, and its tests; None where there is none."""
        wanted = _essence(command)
        for step in reversed(self._steps):
            if wanted and _essence(step.started.command) == wanted:
                tests = tested(step.finished).tests
                return (step.started.step, tests) if tests else None
        return None


def _essence(command: str) -> tuple[tuple[str, ...], ...]:
    """What a command runs, without what only moves about, says something or cuts the output."""
    found = [program.words for program in programs(command) if program.name not in _AROUND]
    return tuple(tuple(word.replace("\\", "") for word in words) for words in found)


class HiddenFailures:
    """A watcher, for who reads along: the model has read the counts itself, in the same output."""

    def after_step(self, step: Step, state: State) -> Iterator[Notice]:
        if step.finished.exit_code == 0 and any(map(runs_tests, programs(step.started.command))):
            found = read(step.finished.output)
            if found and found.counts.failed + found.counts.errors:
                yield Notice(FailuresHidden(step.started.step, told(found)))

    def before_end(self, state: State) -> None:
        return None


# ---- as events


def ran_tests(run: TestRun | None) -> RanTests | None:
    return None if run is None else told(run)


def told(run: TestRun) -> RanTests:
    counts = run.counts
    return RanTests(
        run.runner,
        counts.passed,
        counts.failed,
        counts.errors,
        counts.skipped,
        _names(run.failing),
        run.named,
        run.ended_early,
    )


def changed_tests(change: Change | None) -> ChangedTests | None:
    if change is None:
        return None
    return ChangedTests(
        fixed=_names(change.fixed),
        broken=_names(change.broken),
        new_failing=_names(change.new_failing),
        still_failing=_names(change.still_failing),
        unclear=_names(change.unclear),
        gone=_names(change.gone),
    )


def _names(names: Sequence[str]) -> Names:
    return Names(len(names), tuple(names[:NAMES]))
