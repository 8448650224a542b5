"""Where a session first went wrong, by evidence: test runs, trees and exit codes, never by what the agent says.

A deterministic walk forward, after Agent-R's first-error judge, with tests in the place of an actor's opinion.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from livecoder import events as e
from livecoder.command import Program, programs, runs_tests

QUESTIONS = {"grep", "egrep", "fgrep", "rg", "ag", "diff", "cmp", "test", "[", "which", "ls", "pgrep"}
"""Programs whose failure is an answer."""
KILLED = 137
"""The exit code of a command that the engine stopped."""
FAILED = re.compile(r"(\d+) (?:failed|failing|failures?|errors?)\b|(?:failures|errors)=(\d+)", re.I)


@dataclass(frozen=True, slots=True)
class Wrong:
    """`step` is where it went wrong, `seen` where that showed."""

    step: int
    seen: int
    why: str


@dataclass(frozen=True, slots=True)
class _Walked:
    """One step, and the tree as it left it; "" before the first checkpoint."""

    step: int
    called: tuple[Program, ...]
    failed: bool
    output: str
    tree: str
    changed: bool
    """It left another tree than it found."""


def first_wrong(events: Sequence[e.Event]) -> Wrong | None:
    """The earliest of: tests got worse, an edit was taken back, a failure was never recovered from."""
    walked = list(_walk(events))
    verified = [event for event in events if isinstance(event, e.Verified)][-1:]
    looks = (_tests_got_worse(walked), _taken_back(walked), _never_recovered(walked))
    found = [wrong for wrong in looks if wrong] or _verify_got_worse(walked, verified)
    return min(found, key=lambda wrong: (wrong.step, wrong.seen), default=None)


def stopped(events: Iterable[e.Event]) -> frozenset[int]:
    """The steps that the user's interrupt ended: nothing went wrong in them."""
    steps: set[int] = set()
    last: e.CommandFinished | None = None
    for event in events:
        if isinstance(event, e.CommandFinished):
            last = event
        elif isinstance(event, e.RoundEnded):
            if last and last.exit_code == KILLED and event.ending == "interrupted":
                steps.add(last.step)
            last = None
    return frozenset(steps)


def _walk(events: Sequence[e.Event]) -> Iterator[_Walked]:
    by_user = stopped(events)
    hidden = {event.step for event in events if isinstance(event, e.FailuresHidden)}
    commands: dict[int, str] = {}
    found = tree = ""
    done: e.CommandFinished | None = None

    def walked(finished: e.CommandFinished) -> _Walked:
        called = programs(commands.get(finished.step, ""))
        failed = finished.step in hidden or (finished.exit_code != 0 and finished.step not in by_user)
        return _Walked(finished.step, called, failed, finished.output, tree, tree != found)

    for event in events:
        match event:
            case e.CommandStarted():
                commands[event.step] = event.command
            case e.CommandFinished():
                if done:
                    yield walked(done)
                done, found = event, tree
            case e.CheckpointTaken():
                # A step's own checkpoint follows it; a round's first one is of what the user did meanwhile, too.
                if done and event.step == 0:
                    yield walked(done)
                    done = None
                tree = event.tree
            case _:
                pass
    if done:
        yield walked(done)


def _tests_got_worse(walked: Sequence[_Walked]) -> Wrong | None:
    """The same tests passed, or failed less, before: the first step in between that changed the tree is to blame."""
    last: dict[tuple[str, ...], _Walked] = {}
    for now in walked:
        runs = [_words(program) for program in now.called if runs_tests(program)]
        for key in runs:
            before = last.get(key)
            if before is not None and _failures(now) > _failures(before):
                culprit = _first_change(walked, before, now)
                if culprit is not None:
                    had = "passed" if not before.failed else f"failed {_failures(before)} times"
                    return Wrong(
                        culprit, now.step, f"tests {had} at step {before.step} and are worse at step {now.step}"
                    )
            last[key] = now
    return None


def _taken_back(walked: Sequence[_Walked]) -> Wrong | None:
    """A tree that was there before comes back: what came first in between was in vain."""
    trees = [one.tree for one in walked]
    for later, tree in enumerate(trees):
        if later and tree and walked[later].changed and tree in trees[: later - 1]:
            earlier = max(number for number, old in enumerate(trees[: later - 1]) if old == tree)
            wrong = walked[earlier + 1].step
            return Wrong(wrong, walked[later].step, f"what it changed was taken back at step {walked[later].step}")
    return None


def _never_recovered(walked: Sequence[_Walked]) -> Wrong | None:
    """A command failed, and none that calls the same programs worked afterwards. Tests may fail for other reasons."""
    for number, now in enumerate(walked):
        names = {program.name for program in now.called if program.name} - {"cd", "echo", "true", "export"}
        if not now.failed or not names or names & QUESTIONS or any(map(runs_tests, now.called)):
            continue
        later = [{program.name for program in one.called} for one in walked[number + 1 :] if not one.failed]
        if not any(names <= worked for worked in later):
            return Wrong(now.step, now.step, f"`{min(names)[:40]}` failed and was never run well afterwards")
    return None


def _verify_got_worse(walked: Sequence[_Walked], verified: Sequence[e.Verified]) -> list[Wrong]:
    """Nothing showed on the way, and still verify fails where it passed before: the first change of the tree."""
    if not walked or not any(event.exit_code and event.base_exit_code == 0 for event in verified):
        return []
    changed = [one.step for one in walked if one.changed]
    return [
        Wrong((changed or [walked[0].step])[0], walked[-1].step, "verify passed before the task and fails after it")
    ]


def _first_change(walked: Sequence[_Walked], before: _Walked, now: _Walked) -> int | None:
    """The first step after `before`, up to `now`, that left another tree than it found."""
    return next((one.step for one in walked if before.step < one.step <= now.step and one.changed), None)


def _words(program: Program) -> tuple[str, ...]:
    """What makes two runs the same tests: all words but flags of how much is said."""
    return tuple(word for word in program.words if not re.fullmatch(r"-[qvsx]+|--tb=\w+|-rN?", word))


def _failures(run: _Walked) -> int:
    """How many tests failed, as far as it is said; 1 for a failure without a number."""
    if not run.failed:
        return 0
    counts = [int(first or second) for first, second in FAILED.findall(run.output)]
    return max(counts, default=1) or 1
