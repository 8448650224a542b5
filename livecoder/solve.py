"""Runs the rounds of an opened session: loop, verify, evolution, one `Result`. The only place where stages meet.

Whatever happens once a session exists ends in exactly one `Result`, with the checkpoint, the patch and the reason.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from math import inf
from pathlib import Path
from types import TracebackType
from typing import Self

from livecoder import limits
from livecoder.baseline import MEASURED, Baseline, Memory
from livecoder.checkpoints import Checkpoints
from livecoder.compaction import Compaction, window
from livecoder.control import Cause, Control
from livecoder.endings import SIGNAL_CODES, Bill, Facts, result
from livecoder.errors import JournalError, LivecoderError, ProviderError
from livecoder.events import (
    CheckpointTaken,
    Event,
    ModelReplied,
    PatchMade,
    Reflected,
    RoundEnded,
    RoundStarted,
    Verified,
    Warned,
)
from livecoder.evolution import pending
from livecoder.introduction import introduction
from livecoder.jobs import Jobs
from livecoder.learning import Learning
from livecoder.loop import CAUSES, Session, run
from livecoder.model import User
from livecoder.opening import Opened
from livecoder.prompt import first_message, message
from livecoder.publish import Publisher
from livecoder.reached import Reached
from livecoder.report import reported
from livecoder.services import Services
from livecoder.task import Task
from livecoder.tested import HiddenFailures, LastRuns
from livecoder.verify import BaseRuns, Trees, verify
from livecoder.workspace.diff import patch, stat
from livecoder.workspace.undo import Undo
from livecoder.workspace.weakened import weakened_tests


class Solver:
    """One session; a context manager. `must_change`: a round that changes no file has failed (`fix`)."""

    def __init__(self, opened: Opened, *, must_change: bool = False, publisher: Publisher | None = None) -> None:
        self.opened = opened
        self._publisher = publisher
        self._must_change = must_change
        self._control = Control()
        self._cause: Cause = ""
        self._checkpoints = Checkpoints(opened.workspace.shadow, opened.base_tree)
        self._baseline = _baseline(opened)
        self.learning = Learning(opened, lambda: self._checkpoints.tree, lambda: self._control.cancelled())
        self._last_runs = LastRuns()
        self._compaction = _compaction(opened)
        self._services = Services(opened.rooms, lambda: self._control.cancelled(), opened.journal.keep)
        self.final_tree = opened.base_tree

    def __enter__(self) -> Self:
        self._baseline.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._services.close()
        self._baseline.stop()
        self.learning.close()

    def cancel(self, cause: Cause) -> None:
        """From a signal, at any moment: ends the round, or what comes after it, or the one about to begin."""
        self._cause = self._cause or cause
        self._control.cancel(cause)

    def forget_signal(self) -> None:
        """Before the next round of a conversation: what ended the last one does not end it."""
        self._cause = ""

    @property
    def signal_code(self) -> int:
        """The exit code of the signal that came, if one came."""
        return SIGNAL_CODES.get(self._cause, 0)

    def patch(self) -> bytes:
        """What the session changed so far, for `git apply` on the tree that it found."""
        return patch(self.opened.workspace.shadow, self.opened.base_tree, self.final_tree)

    def reflect(self, sessions: Sequence[Path]) -> Iterator[Event]:
        """Look back on finished sessions, with one request each."""
        for directory in sessions:
            self._renew()
            if self._control.cancelled():
                break
            looked = self.learning.reflect(directory, pending.task_of(directory), self._control)
            yield from self.opened.journal.recording(looked)

    def round(self, task: Task, *, reflect_now: bool) -> Iterator[Event]:
        """All events of one round, each in the journal before it is seen here; the last one is its `Result`."""
        opened, state = self.opened, self.opened.state
        state.round += 1
        unended = RoundEnded(state.round, "error_internal", "", "the round did not end", 0)
        deadline = time.monotonic() + (opened.settings.timeout or inf)
        facts = Facts(task, unended, self.final_tree, deadline, Bill.of(state, self.learning.aside.usd))
        self._renew(deadline)
        failure = yield from self._guarded(self._work(facts), facts)
        if failure:
            self._fail(facts, failure)
            yield from self._told(facts.ended)
        failure = yield from self._guarded(self._settle(facts), facts)
        if failure:
            self._fail(facts, failure)
            yield from self._told(Warned(facts.unsettled + failure.line()))
        yield from self._guarded(Reached(opened.sandbox).rest(state.step), facts)
        facts.code = facts.code or self.signal_code
        if self._publisher:
            published = self._publisher.after_round(facts, self.final_tree, must_change=self._must_change)
            yield from self._guarded(published, facts)
        failure = yield from self._guarded(self._learn(facts, reflect_now), facts)
        if failure:
            facts.reflection = "failed"
            yield from self._told(Reflected("failed", failure.line()))
        if self._cause != "interrupt":  # Ctrl-C while looking back skips that alone
            facts.code = facts.code or self.signal_code
        yield from self._told(result(facts, opened, self.learning, must_change=self._must_change))

    def _renew(self, deadline: float = inf) -> None:
        """A control for what comes next; a signal that came before it began ends it."""
        self._control = Control(max(deadline - time.monotonic(), 0.001) if deadline < inf else 0.0)
        if self._cause:
            self._control.cancel(self._cause)

    def _guarded(self, events: Iterator[Event], facts: Facts) -> Generator[Event, None, LivecoderError | None]:
        """A stage's events, each in the journal first. What breaks the stage is returned, so that the next one runs."""
        journal = self.opened.journal
        try:
            for event in journal.recording(events):
                facts.note(event)
                yield event
        except LivecoderError as error:
            return error
        except Exception as error:  # noqa: BLE001 (the one place: a bug of ours ends a round, with a report)
            return reported(error, journal.directory, journal.masked)
        return None

    def _told(self, event: Event) -> Iterator[Event]:
        """An event that must be seen, also when the journal cannot be written any more."""
        with suppress(JournalError):
            self.opened.journal.append(event)
        yield event

    def _fail(self, facts: Facts, error: LivecoderError) -> None:
        state, answer = self.opened.state, facts.ended.answer
        if isinstance(error, ProviderError):
            facts.book(error, state)
        if self._control.cancelled() and not isinstance(error, ProviderError) and error.exit_code != 70:
            ending, reason = CAUSES[self._control.cause]  # what was cut short complains, too
        else:
            ending = "error_provider" if isinstance(error, ProviderError) else "error_internal"
            reason, facts.code = error.line() or type(error).__name__, error.exit_code
        facts.ended = RoundEnded(state.round, ending, answer, reason, state.turns_this_round)

    def _work(self, facts: Facts) -> Iterator[Event]:
        opened, state, task = self.opened, self.opened.state, facts.task
        if state.round == 1:
            yield from introduction(opened, self.learning.hooks)
        before = opened.workspace.shadow.checkpoint()
        facts.before = self._checkpoints.tree = self.final_tree = before.tree
        Undo(opened.workspace.shadow).begin_round(before.tree, task.text[:200])
        learnt, first = self.learning.with_task(task.text), state.round == 1
        said = first_message(task, opened.ground, opened.settings.verify, learnt) if first else message(task, learnt)
        yield RoundStarted(state.round, task.text, said, task.outsider)
        yield CheckpointTaken(state.round, 0, before.tree, before.left_out)
        state.messages.append(User(said))
        yield from self.learning.before_round(task.text, state, learnt)
        with Jobs(opened.rooms, self._services, self._control.cancelled, opened.journal.keep) as jobs:
            for event in run(self._session(jobs), self._control):
                yield event
                if isinstance(event, ModelReplied) and event.cost_usd is None and facts.priced:
                    facts.priced = False
                    if opened.settings.max_budget_usd:
                        yield Warned("the model's price is unknown: no budget in dollars holds; --max-tokens does")
            yield from jobs.unfinished()
        if facts.asked and facts.ended.ending == "success" and self._cause == "interrupt":
            self._cause, facts.declined = "", True
            self._renew(facts.deadline)

    def _session(self, jobs: Jobs) -> Session:
        opened, knobs, cancelled = self.opened, self.opened.scaffold.knobs, self._control.cancelled
        base = BaseRuns(opened.rooms, opened.base_tree, knobs.command_timeout_seconds, cancelled, self._last_runs)
        own = (base, jobs, Reached(opened.sandbox), self._checkpoints, self._baseline, self._compaction)
        return Session(
            model=self._compaction,
            sandbox=opened.sandbox,
            state=opened.state,
            permit=opened.gatekeeper.permit,
            limits=limits.limits(opened.settings, knobs.no_progress_repeats, self.learning.aside),
            watchers=(*self.learning.watchers, HiddenFailures(), *own),
            command_timeout=knobs.command_timeout_seconds,
            tree_identity=opened.workspace.shadow.fingerprint,
            keep_output=opened.journal.keep,
        )

    def _settle(self, facts: Facts) -> Iterator[Event]:
        """The tree as the round leaves it, its patch, and what verify says of it."""
        shadow = self.opened.workspace.shadow
        self.final_tree = self._checkpoints.tree = shadow.checkpoint().tree
        if facts.before == self.final_tree:
            Undo(shadow).drop_round()
        else:
            Undo(shadow).mark_round(facts.before, self.final_tree, facts.task.text[:200])
        found = stat(shadow, facts.before, self.final_tree)
        facts.made = PatchMade(found.files, found.added, found.removed, found.names)
        yield facts.made
        if not self.opened.settings.verify or facts.ended.ending != "success":
            return
        verified = self._verify()
        if self._control.cancelled():
            ending, reason = CAUSES[self._control.cause]
            facts.ended = replace(facts.ended, ending=ending, reason=f"{reason} during verify")
        elif verified:
            facts.verified = verified
            yield verified

    def _verify(self) -> Verified | None:
        opened, trees = self.opened, Trees(self.opened.base_tree, self.final_tree)
        if self._control.cancelled():
            return None
        self._baseline.stop()
        weakened = weakened_tests(opened.workspace.shadow.trees, trees.base, trees.final)
        return verify(opened.settings.verify, opened.rooms, trees, weakened, self._control.cancelled)

    def _learn(self, facts: Facts, reflect_now: bool) -> Iterator[Event]:
        if self._cause or facts.declined:
            yield Reflected("skipped", "interrupted")
        elif facts.ended.ending == "error_timeout":
            yield Reflected("skipped", "the time limit was reached")
        else:
            self._renew(facts.deadline)
            yield from self.learning.after_round(facts.task, self._control, reflect_now)


def _baseline(opened: Opened) -> Baseline:
    """Of the verify command, or the tests that were found. A recorded model was told none of it, so nothing is run."""
    wanted = opened.settings.measure_ground and not opened.model.recorded
    command = (opened.settings.verify or opened.ground.test_command) if wanted else ""
    return Baseline(command, opened.base_tree, opened.rooms, Memory(opened.sessions.parent / MEASURED))


def _compaction(opened: Opened) -> Compaction:
    size = window(opened.model, opened.settings.context_window)
    return Compaction(opened.model, opened.state.observations, opened.sandbox.room.shared / "out", size)
