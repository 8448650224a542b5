"""Runs the rounds of an opened session: loop, verify, evolution, one `Result`. The only place where stages meet.

Whatever happens once a session exists ends in exactly one `Result`, with the checkpoint, the patch and the reason.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from livecoder import limits
from livecoder.control import Cause, Control
from livecoder.endings import SIGNAL_CODES, Judged, judge
from livecoder.errors import LivecoderError, ProviderError
from livecoder.events import (
    CheckpointTaken,
    Event,
    PatchMade,
    PermissionDenied,
    Reflected,
    Result,
    RoundEnded,
    RoundStarted,
    SessionStarted,
    ToolCreated,
    ToolUsed,
    Verified,
    Warned,
)
from livecoder.learning import PENDING, Learning
from livecoder.loop import Notice, Session, State, Step, run
from livecoder.model import User
from livecoder.model.calls import BASH_TOOL
from livecoder.opening import Opened
from livecoder.prompt import first_message, ground_text, task_text
from livecoder.task import Task
from livecoder.verify import BaseRuns, Trees, verify
from livecoder.workspace.diff import patch, stat
from livecoder.workspace.undo import Undo
from livecoder.workspace.weakened import weakened_tests


@dataclass(slots=True)
class Checkpoints:
    """A watcher: the tree after each step that changed it, so that any step can be gone back to."""

    opened: Opened
    tree: str

    def after_step(self, step: Step, state: State) -> Iterator[Notice]:
        if step.tree_changed:
            snapshot = self.opened.workspace.shadow.checkpoint()
            self.tree = snapshot.tree
            yield Notice(CheckpointTaken(state.round, step.started.step, snapshot.tree, snapshot.left_out))

    def before_end(self, state: State) -> None:
        return None


@dataclass(slots=True)
class _Tally:
    """What the result needs of a round's events."""

    denials: list[PermissionDenied] = field(default_factory=list[PermissionDenied])
    created: list[str] = field(default_factory=list[str])
    used: list[str] = field(default_factory=list[str])
    reflection: str = "off"

    def note(self, event: Event) -> None:
        match event:
            case PermissionDenied():
                self.denials.append(event)
            case ToolCreated():
                self.created.append(event.name)
            case ToolUsed() if event.name not in self.used:
                self.used.append(event.name)
            case Reflected():
                self.reflection = event.state
            case _:
                pass


class Solver:
    """One session. `must_change`: a round that changes no file has failed (`fix`)."""

    def __init__(self, opened: Opened, *, must_change: bool = False) -> None:
        self.opened = opened
        self._must_change = must_change
        self._control = Control()
        self._cause: Cause = ""
        self._checkpoints = Checkpoints(opened, opened.base_tree)
        self.learning = Learning(opened, lambda: self._checkpoints.tree)
        self._limits = limits.limits(opened.settings, opened.scaffold.knobs.no_progress_repeats)
        self.final_tree = opened.base_tree

    def cancel(self, cause: Cause) -> None:
        """From a signal: ends the round, or what comes after it."""
        self._cause = self._cause or cause
        self._control.cancel(cause)

    def steer(self, text: str) -> None:
        self._control.steer(text)

    def round(self, task: Task, *, reflect_now: bool) -> Iterator[Event]:
        """All events of one round, each in the journal before it is seen here."""
        return self.opened.journal.recording(self._round(task, reflect_now))

    def reflect(self, sessions: Sequence[Path]) -> Iterator[Event]:
        """Look back on finished sessions, with one request each."""
        self._control, self._cause = Control(), ""
        for directory in sessions:
            marker = directory / PENDING
            task = marker.read_text() if marker.exists() else directory.name
            yield from self.opened.journal.recording(self.learning.reflect(directory, task, self._control))

    def patch(self) -> bytes:
        """What the session changed so far, for `git apply` on the tree that it found."""
        return patch(self.opened.workspace.shadow, self.opened.base_tree, self.final_tree)

    def _round(self, task: Task, reflect_now: bool) -> Iterator[Event]:
        opened, state, began, tally = self.opened, self.opened.state, time.monotonic(), _Tally()
        self._control, self._cause = Control(opened.settings.timeout), ""
        state.round += 1
        spent, api = state.cost_usd, state.api_seconds
        if state.round == 1:
            yield from self._introduce()
        before = opened.workspace.shadow.checkpoint()
        self._checkpoints.tree = before.tree
        message = first_message(task, opened.ground, opened.settings.verify) if state.round == 1 else task_text(task)
        yield RoundStarted(state.round, task.text, message, task.outsider)
        yield CheckpointTaken(state.round, 0, before.tree, before.left_out)
        state.messages.append(User(message))
        ended, code = RoundEnded(state.round, "error_internal", "", "the round did not end", 0), 0
        try:
            for event in run(self._session(), self._control):
                tally.note(event)
                if isinstance(event, RoundEnded):
                    ended = event
                yield event
        except LivecoderError as error:
            ended, code = self._failed(error)
            yield ended
        made = self._finish_tree(before.tree, task)
        yield made
        verified = yield from self._verify(ended)
        code = code or SIGNAL_CODES.get(self._cause, 0)
        judged = judge(ended, verified, changed=bool(made.files), must_change=self._must_change, code=code)
        for event in self._learn(task, reflect_now):
            tally.note(event)
            yield event
        yield self._result(ended, judged, made, verified, tally, began, spent, api)

    def _session(self) -> Session:
        opened = self.opened
        knobs = opened.scaffold.knobs
        base = BaseRuns(opened.rooms, opened.base_tree, knobs.command_timeout_seconds, self._control.cancelled)
        return Session(
            model=opened.model,
            sandbox=opened.sandbox,
            state=opened.state,
            limits=self._limits,
            watchers=(*self.learning.watchers, base, self._checkpoints),
            command_timeout=knobs.command_timeout_seconds,
            tree_identity=opened.workspace.shadow.fingerprint,
            keep_output=opened.journal.keep,
        )

    def _introduce(self) -> Iterator[Event]:
        opened = self.opened
        estimate = opened.model.estimate_tokens
        tokens = estimate(opened.system) + estimate(str(BASH_TOOL)) + estimate(ground_text(opened.ground, opened.settings.verify))
        yield SessionStarted(
            session=opened.id,
            workspace=str(opened.workspace.root),
            model=f"{opened.model.name} ({opened.model.recorded})" if opened.model.recorded else opened.model.name,
            sandbox=opened.sandbox.name,
            protections=opened.sandbox.protections,
            permission_mode=opened.settings.permission_mode,
            scaffold=opened.generation,
            tools=tuple(tool.name for tool in opened.scaffold.tools),
            context_tokens=tokens,
            system=opened.system,
            loaded=tuple(f"{i.name} ({estimate(i.text):,} tokens)" for i in opened.ground.instructions),
            verify=opened.settings.verify,
        )
        if opened.why_model:
            yield Warned(f"no model was named: {opened.model.name}, since {opened.why_model}")
        for line in (*opened.scaffold.problems, *opened.left_out[:5]):
            yield Warned(line)

    def _failed(self, error: LivecoderError) -> tuple[RoundEnded, int]:
        state = self.opened.state
        ending = "error_provider" if isinstance(error, ProviderError) else "error_internal"
        return RoundEnded(state.round, ending, "", error.line(), state.turns_this_round), error.exit_code

    def _finish_tree(self, before: str, task: Task) -> PatchMade:
        shadow = self.opened.workspace.shadow
        self.final_tree = shadow.checkpoint().tree
        self._checkpoints.tree = self.final_tree
        if before != self.final_tree:
            Undo(shadow).mark_round(before, self.final_tree, task.text[:200])
        found = stat(shadow, before, self.final_tree)
        return PatchMade(found.files, found.added, found.removed, found.names)

    def _verify(self, ended: RoundEnded) -> Generator[Event, None, Verified | None]:
        command, opened = self.opened.settings.verify, self.opened
        if not command or ended.ending != "success" or self._control.cancelled():
            return None
        trees = Trees(opened.base_tree, self.final_tree)
        weakened = weakened_tests(opened.workspace.shadow.trees, trees.base, trees.final)
        verified = verify(command, opened.rooms, trees, weakened, self._control.cancelled)
        if self._control.cancelled():
            return None
        yield verified
        return verified

    def _learn(self, task: Task, reflect_now: bool) -> Iterator[Event]:
        if self._cause:
            yield Reflected("skipped", "interrupted")
            return
        self._control = Control()
        try:
            yield from self.learning.after_round(task, self._control, reflect_now)
        except LivecoderError as error:
            yield Reflected("failed", error.line())

    def _result(
        self,
        ended: RoundEnded,
        judged: Judged,
        made: PatchMade,
        verified: Verified | None,
        tally: _Tally,
        began: float,
        spent: float,
        api: float,
    ) -> Result:
        opened, state = self.opened, self.opened.state
        return Result(
            session=opened.id,
            subtype=judged.ending,
            is_error=judged.exit_code != 0,
            exit_code=judged.exit_code,
            result=ended.answer,
            reason=judged.reason,
            num_turns=ended.turns,
            duration_ms=round((time.monotonic() - began) * 1000),
            duration_api_ms=round((state.api_seconds - api) * 1000),
            total_cost_usd=state.cost_usd - spent,
            cost_known=state.cost_known,
            usage=state.usage,
            outcome=judged.outcome,
            patch=made,
            verify=verified,
            denials=tuple(tally.denials),
            scaffold_before=opened.generation,
            scaffold_after=self.learning.generation,
            tools_created=tuple(tally.created),
            reflection=tally.reflection,
            evolve_cost_usd=self.learning.cost_usd,
            prompt_bytes=state.prompt_bytes,
            tools_used=tuple(tally.used),
        )
