"""A session told once: its events folded into rounds, turns and steps, for every view that shows it as a whole.

Values only: how a page or a report looks is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

from livecoder import events as e
from livecoder.view.notes import Note, learnt, notes

Timed: TypeAlias = tuple[float, e.Event]
"""An event, and when it was written: seconds since the epoch."""
State: TypeAlias = e.Outcome | Literal["unfinished", "looked back"]
"""How a session stands: `unfinished` has no ending in the journal, `looked back` had no task of its own."""
UNKNOWN = "not run, or killed with everything: nothing is known of it"
Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a turn. `number` is 0 where it was not run; `told` then says why, unless everything ended there."""

    number: int
    command: str
    finished: e.CommandFinished | None
    told: str
    """What the model read of it."""
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    at: float
    reply: e.ModelReplied
    steps: tuple[Step, ...]
    notes: tuple[Note, ...]
    """What came between its last step and the next turn."""

    @property
    def failed(self) -> bool:
        return any(step.finished is None or step.finished.exit_code for step in self.steps)


@dataclass(frozen=True, slots=True)
class Round:
    at: float
    started: e.RoundStarted
    notes: tuple[Note, ...]
    """What came before its first turn."""
    turns: tuple[Turn, ...]
    trees: tuple[str, ...]
    """Its checkpoints, the first one from before it."""
    made: e.PatchMade | None
    verified: e.Verified | None
    ended: e.RoundEnded | None
    learnt: tuple[Note, ...]
    result: e.Result | None

    @property
    def answer(self) -> str:
        return self.ended.answer if self.ended else ""

    @property
    def state(self) -> State:
        return self.result.outcome if self.result else "unfinished"


@dataclass(frozen=True, slots=True)
class Story:
    began: float
    ended: float
    started: e.SessionStarted | None
    notes: tuple[Note, ...]
    """What came before the first round."""
    rounds: tuple[Round, ...]
    learnt: tuple[Note, ...]
    """What came of earlier sessions, when this one looked back on them."""
    replies: tuple[e.ModelReplied, ...]
    born: tuple[str, ...]
    """Tools by name, as are the next ones."""
    revised: tuple[str, ...]
    used: tuple[str, ...]

    @property
    def state(self) -> State:
        if self.rounds:
            return self.rounds[-1].state
        return "looked back" if self.learnt else "unfinished"

    @property
    def turns(self) -> tuple[Turn, ...]:
        return tuple(turn for round_ in self.rounds for turn in round_.turns)

    @property
    def recorded(self) -> bool:
        return self.started is not None and self.started.recorded

    @property
    def usage(self) -> e.Usage:
        return sum((reply.usage for reply in self.replies), e.Usage())

    def cost(self, purpose: Literal["turn", "reflection"]) -> float | None:
        """In dollars; None where the price of a reply is unknown."""
        prices = [reply.cost_usd for reply in self.replies if reply.purpose == purpose]
        known = [price for price in prices if price is not None]
        return sum(known) if len(known) == len(prices) else None


def tell(timed: Iterable[Timed]) -> Story:
    """Fold a session's events, all of them or some kinds only."""
    entries = list(timed)
    events = [event for _, event in entries]
    head, *rounds = _parted(entries, lambda event: isinstance(event, e.RoundStarted))
    before = [event for _, event in head]
    return Story(
        began=entries[0][0] if entries else 0.0,
        ended=entries[-1][0] if entries else 0.0,
        started=_last(events, e.SessionStarted),
        notes=notes(before),
        rounds=tuple(map(_round, rounds)),
        learnt=learnt(before),
        replies=tuple(_all(events, e.ModelReplied)),
        born=_names(events, e.ToolCreated),
        revised=_names(events, e.ToolRevised),
        used=_names(events, e.ToolUsed),
    )


def _round(entries: Sequence[Timed]) -> Round:
    events = [event for _, event in entries]
    head, *turns = _parted(entries, lambda event: isinstance(event, e.ModelReplied) and event.purpose == "turn")
    (started,) = _all(events[:1], e.RoundStarted)
    return Round(
        at=entries[0][0],
        started=started,
        notes=notes(event for _, event in head),
        turns=tuple(map(_turn, turns)),
        trees=tuple(event.tree for event in _all(events, e.CheckpointTaken)),
        made=_last(events, e.PatchMade),
        verified=_last(events, e.Verified),
        ended=_last(events, e.RoundEnded),
        learnt=learnt(events),
        result=_last(events, e.Result),
    )


def _turn(entries: Sequence[Timed]) -> Turn:
    (at, reply), *rest = entries
    assert isinstance(reply, e.ModelReplied), "a turn begins with its reply"
    steps, after = _steps([event for _, event in rest], reply.calls)
    return Turn(at, reply, steps, notes(after))


def _steps(events: Sequence[e.Event], calls: Sequence[e.Call]) -> tuple[tuple[Step, ...], list[e.Event]]:
    """A step ends where the model is told of it; what is left after the last one is returned as well."""
    waiting = {call.id: call.command for call in calls}
    steps: list[Step] = []
    own: list[e.Event] = []
    for event in events:
        own.append(event)
        if isinstance(event, e.CommandStarted):
            waiting.pop(event.call_id, "")
        if isinstance(event, e.Observed):
            steps.append(_step(own, waiting.pop(event.call_id, "")))
            own = []
    if _last(own, e.CommandStarted):  # killed in its midst
        steps.append(_step(own, ""))
        own = []
    return (*steps, *(Step(0, command, None, "", ()) for command in waiting.values())), own


def _step(events: Sequence[e.Event], command: str) -> Step:
    started, told = _last(events, e.CommandStarted), _last(events, e.Observed)
    return Step(
        number=started.step if started else 0,
        command=started.command if started else command,
        finished=_last(events, e.CommandFinished),
        told=told.text if told else "",
        notes=notes(events),
    )


def _parted(entries: Iterable[Timed], begins: Callable[[e.Event], bool]) -> list[list[Timed]]:
    """`entries` cut before each one that begins a part; the first part has what came before all of them."""
    parts: list[list[Timed]] = [[]]
    for entry in entries:
        if begins(entry[1]):
            parts.append([])
        parts[-1].append(entry)
    return parts


def _all(events: Iterable[e.Event], kind: type[Kind]) -> list[Kind]:
    return [event for event in events if isinstance(event, kind)]


def _last(events: Sequence[e.Event], kind: type[Kind]) -> Kind | None:
    return next((event for event in reversed(events) if isinstance(event, kind)), None)


def _names(events: Iterable[e.Event], kind: type[e.ToolCreated | e.ToolRevised | e.ToolUsed]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(event.name for event in _all(events, kind)))
