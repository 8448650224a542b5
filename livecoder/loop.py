"""Stage 2: ask the model, run its commands, observe, repeat. No UI, git, provider or container in here.

`run` yields typed events; whoever reads them (the journal first) may act before the next one happens. What else must
happen round a step (checkpoints, tools, harvest, nudges) is a `Watcher`; what ends a round early is a limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from livecoder.control import Control
from livecoder.errors import LivecoderError, ProviderError
from livecoder.events import (
    Call,
    CommandStarted,
    Ending,
    Event,
    LimitWarned,
    ModelReplied,
    Observed,
    RoundEnded,
    Usage,
    UserSaid,
    Warned,
)
from livecoder.model import Ask, Assistant, Message, Model, Observation, Reply, User
from livecoder.observation import Observations, recorded
from livecoder.permissions.gatekeeper import Permit, unrestricted
from livecoder.sandbox import Finished, Sandbox

CUT = "Your reply was cut at the provider's output limit. Go on from where it stopped, in smaller pieces."
LAST_QUESTION = "last question"
CAUSES: dict[str, tuple[Ending, str]] = {
    "timeout": ("error_timeout", "the time limit was reached"),
    "interrupt": ("interrupted", "interrupted by the user"),
    "terminate": ("interrupted", "terminated by a signal"),
    "hangup": ("interrupted", "the terminal went away"),
}


@dataclass(frozen=True, slots=True)
class Stop:
    """Why the round ends: a limit's verdict, or the model's."""

    ending: Ending
    reason: str


ANSWERED = Stop("success", "the model replied without a command")
NO_ANSWER = Stop("error_unsolved", "the model ended without a word")
REFUSED = Stop("error_unsolved", "the provider refused to answer (content policy)")


@dataclass(frozen=True, slots=True)
class Notice:
    """What a watcher has to report: an event, and what of it the model is told (nothing when empty)."""

    event: Event
    say: str = ""
    reopens: bool = False
    """At a round's end: what the model answers to this is the round's answer."""


@dataclass(frozen=True, slots=True)
class Step:
    """One command that ran, for watchers."""

    started: CommandStarted
    finished: Finished
    tree_changed: bool
    tree: str = ""
    """Identity of the working tree after it."""
    limit: float | None = None
    """The seconds that the model itself gave it."""


@dataclass(slots=True)
class State:
    """The only thing that changes in a session: the conversation, the counters and the bill."""

    messages: list[Message]
    round: int = 0
    turn: int = 0
    turns_this_round: int = 0
    step: int = 0
    usage: Usage = field(default_factory=Usage)
    cost_usd: float = 0.0
    cost_known: bool = True
    api_seconds: float = 0.0
    prompt_bytes: int = 0
    tree: str = ""
    """Identity of the working tree after the last step."""
    observations: Observations = field(default_factory=Observations)
    steps: list[Step] = field(default_factory=list[Step])
    """The steps of the turn at hand."""

    def book(self, reply: Reply, seconds: float) -> None:
        self.usage = self.usage + reply.usage
        self.cost_usd += reply.cost_usd or 0.0
        self.cost_known = self.cost_known and reply.cost_usd is not None
        self.api_seconds += seconds
        self.prompt_bytes += reply.prompt_bytes


class Limit(Protocol):
    def before_turn(self, state: State) -> Stop | LimitWarned | None: ...


class Watcher(Protocol):
    def after_step(self, step: Step, state: State) -> Iterable[Notice]:
        """Look at what a command did."""
        ...

    def before_end(self, state: State) -> Notice | None:
        """A last question to the model before the round ends, asked at most once a round."""
        ...


@dataclass(frozen=True, slots=True)
class Session:
    """What a round needs. Assembled by `solve`, replaced piece by piece in tests."""

    model: Model
    sandbox: Sandbox
    state: State
    limits: Sequence[Limit]
    watchers: Sequence[Watcher]
    command_timeout: float = 120.0
    tree_identity: Callable[[], str] = lambda: ""
    keep_output: Callable[[Path], str] = lambda _: ""
    """Stores a full output, returns its blob id."""
    permit: Callable[[Call, int], Permit] = unrestricted
    """Asked before a command runs, with the number that its step will have."""


def run(session: Session, control: Control) -> Iterator[Event]:
    """One round: until the model replies without a command, a limit says stop, or the control is cancelled."""
    state = session.state
    state.turns_this_round = 0
    state.steps.clear()  # a round that was stopped leaves its own; they were judged then
    stop, answer = yield from _until_answered(session, control)
    if stop.ending == "success":
        stop, answer = yield from _last_questions(session, control, stop, answer)
    yield RoundEnded(state.round, stop.ending, answer, stop.reason, state.turns_this_round)


def _until_answered(session: Session, control: Control) -> Generator[Event, None, tuple[Stop, str]]:
    """Turn after turn; why it ended, and the model's answer if there is one."""
    cuts = 0
    while True:
        stop = yield from _limits(session, control)
        if stop:
            return stop, ""
        reply = yield from _ask(session, control)
        if reply.finish == "interrupted":
            continue  # the control is cancelled: the limits say how
        if reply.finish == "refused":
            return REFUSED, ""
        if reply.calls:
            yield from _observe_all(session, control, reply.calls)
        elif reply.finish == "length" and cuts < 2:
            cuts += 1
            yield from _say(session.state, CUT, "reply cut")
        else:
            return (ANSWERED if reply.text.strip() else NO_ANSWER), reply.text


def _last_questions(
    session: Session, control: Control, stop: Stop, answer: str
) -> Generator[Event, None, tuple[Stop, str]]:
    """What watchers still want to know. The answer stands, whatever comes of it but a signal or the time limit."""
    for watcher in session.watchers:
        if control.cancelled() or any(isinstance(limit.before_turn(session.state), Stop) for limit in session.limits):
            break
        question = watcher.before_end(session.state)
        if question is None:
            continue
        yield question.event
        if not question.say:
            continue
        try:
            end, again = yield from _asked(session, control, question)
        except ProviderError as error:
            yield Warned(f"the last question has no answer: {error.line()}")
            break
        if end.ending != "success":
            return (stop if control.cause in ("", "interrupt") else end), answer
        answer = again if question.reopens else answer
    return stop, answer


def _asked(session: Session, control: Control, question: Notice) -> Generator[Event, None, tuple[Stop, str]]:
    """What reopens the round is asked in its conversation; any other in one of its own: the whole one again, with each
    turn, costs far more than what is asked."""
    state = session.state
    whole = state.messages
    if not question.reopens:
        state.messages = whole[:1]
    try:
        yield from _say(state, question.say, LAST_QUESTION)
        return (yield from _until_answered(session, control))
    finally:
        if not question.reopens:
            state.messages = whole


def _limits(session: Session, control: Control) -> Generator[Event, None, Stop | None]:
    """Why the round must end now, if it must; warnings and the user's steering go to the model on the way."""
    if control.cancelled():
        return Stop(*CAUSES[control.cause])
    for limit in session.limits:
        if isinstance(verdict := limit.before_turn(session.state), Stop):
            return verdict
        if verdict is not None:
            yield verdict
            yield from _say(session.state, verdict.text, verdict.limit)
    if steering := control.take_steering():
        yield from _say(session.state, steering, "steering")
    return None


def _say(state: State, text: str, why: str) -> Iterator[Event]:
    state.messages.append(User(text))
    yield UserSaid(text, why)


def _ask(session: Session, control: Control) -> Generator[Event, None, Reply]:
    state = session.state
    state.turn += 1
    state.turns_this_round += 1
    state.steps.clear()
    began = time.monotonic()
    reply = yield from session.model.ask(state.messages, Ask(state.turn), control.cancelled)
    seconds = time.monotonic() - began
    state.book(reply, seconds)
    if reply.text or reply.calls:
        state.messages.append(Assistant(reply.text, reply.calls))
    yield ModelReplied(state.turn, reply.text, reply.calls, reply.usage, reply.cost_usd, seconds, reply.prompt_bytes)
    return reply


def _observe_all(session: Session, control: Control, calls: Sequence[Call]) -> Iterator[Event]:
    """Every call gets exactly one observation, also when the engine fails: a session may go on after that."""
    left = list(calls)
    try:
        while left:
            yield from _observe(session, control, left[0])
            left.pop(0)
    except LivecoderError as error:
        session.state.messages += [Observation(call.id, f"not known: {error}") for call in left]
        raise


def _observe(session: Session, control: Control, call: Call) -> Iterator[Event]:
    """Run one call, unless it cannot be run, and tell the model."""
    text = call.problem or (yield from _step(session, control, call))
    session.state.messages.append(Observation(call.id, text))
    yield Observed(session.state.turn, call.id, text)


def _step(session: Session, control: Control, call: Call) -> Generator[Event, None, str]:
    if control.cancelled():
        return "not run: the round was interrupted"
    state = session.state
    state.step += 1
    permit = session.permit(call, state.step)
    yield from permit.events
    if permit.refused:
        return permit.refused
    timeout = min(call.timeout or session.command_timeout, 3600.0)
    started = CommandStarted(state.turn, state.step, call.id, call.command, timeout)
    yield started
    finished = drained(session.sandbox.run(started.command, timeout, control.cancelled))
    tree = session.tree_identity()
    changed, state.tree = tree != state.tree, tree
    yield recorded(started, finished, changed, session.keep_output(finished.spool) if finished.spool else "")
    said = [permit.said]
    step = Step(started, finished, changed, tree, call.timeout)
    state.steps.append(step)
    for watcher in session.watchers:
        for notice in watcher.after_step(step, state):
            yield notice.event
            if notice.say:
                said.append(notice.say)
    return state.observations.of(state.step, finished, said)


def drained(stream: Generator[str, None, Finished]) -> Finished:
    """Run a command to its end; its output is shown once, as the bounded view."""
    while True:
        try:
            next(stream)
        except StopIteration as end:
            return end.value
