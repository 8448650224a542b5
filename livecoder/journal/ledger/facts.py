"""What one session's journal says of the scaffold that it had: which tools and lessons, used how, and how it ended."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from livecoder import events as e

Kind: TypeAlias = Literal["tool", "lesson", "hook"]
CHARS_PER_TOKEN = 4
LOOKS = (("--help",), ("-h",), ("--self-test",))
"""Calls of a tool that do nothing."""
READ: tuple[type[e.Event], ...] = (
    e.SessionStarted,
    e.ModelReplied,
    e.CommandStarted,
    e.UserSaid,
    e.ToolCreated,
    e.ToolRevised,
    e.ToolBroken,
    e.ToolUsed,
    e.Nudged,
    e.HookRan,
    e.HookSaid,
    e.HookFailed,
    e.Harvested,
    e.RoundEnded,
    e.ScaffoldCommitted,
    e.Reflected,
    e.Lasted,
    e.Result,
)
"""The events that say something here."""

_SUBJECT = re.compile(r"(\w+)\(([^)]+)\):")
_TAIL = re.compile(r"(?:[-@:](?:20\d{2}-?\d{2}-?\d{2}|latest|free|thinking|v\d+:\d+))+$")


@dataclass(frozen=True, slots=True)
class Item:
    """One tool, lesson or hook in one session."""

    kind: Kind
    name: str
    at_hand: bool = False
    """It was there when the session began."""
    listed: bool = False
    """It had its line in the prompt."""
    used: int = 0
    """Calls of a tool, showings of a lesson, runs of a hook."""
    failed: int = 0
    said: int = 0
    """Runs of a hook with a remark."""
    denied: int = 0
    """Those that asked the model not to finish yet."""


@dataclass(frozen=True, slots=True)
class Making:
    """What a tool or a lesson cost when it was made or revised, and what it took the place of."""

    kind: Kind
    name: str
    tokens: float
    """Of a tool the output tokens that wrote it: its share, by length, of those replies; of a lesson its share of the
    looking back, input and output."""
    turns: float
    replaced_tokens: int = 0
    """The size of the throw-away script before it: what each later use is estimated to save. 0: not known."""
    replaced_turns: float = 0.0
    """Failed tries for each throw-away script up to then."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One session. Tokens and cost are None where they are no figures (a recording, an unknown price)."""

    session: str
    family: str
    outcome: str = ""
    """Of its last round; "" when it did not come to an end."""
    turns: int = 0
    tokens: int | None = None
    cost_usd: float | None = None
    interrupted: bool = False
    corrected: bool = False
    """The user steered in the middle of a round."""
    two_broken: bool = False
    """Two broken tools in a row."""
    items: tuple[Item, ...] = ()
    made: tuple[Making, ...] = ()
    lasted: tuple[e.Lasted, ...] = ()
    """What it says of earlier sessions' changes."""
    scaffold: str = ""
    """The generation that it began with."""


def family(model: str) -> str:
    """`anthropic/claude-sonnet-4-5-20250929` -> `claude-sonnet-4-5`: neither who serves it nor its date."""
    name = model.strip().lower().rpartition("/")[2]
    return _TAIL.sub("", name)[:80] or name[:80]


def facts(session: str, events: Iterable[e.Event]) -> Facts | None:
    """None for a session that never began."""
    in_order = list(events)
    started = next((event for event in in_order if isinstance(event, e.SessionStarted)), None)
    if started is None:
        return None
    replies = [event for event in in_order if isinstance(event, e.ModelReplied) and event.purpose == "turn"]
    results = [event for event in in_order if isinstance(event, e.Result)]
    priced = not started.recorded and all(reply.cost_usd is not None for reply in replies)
    return Facts(
        session=session,
        family=family(started.model),
        scaffold=started.scaffold,
        outcome=results[-1].outcome if results else "",
        turns=len(replies),
        tokens=None if started.recorded else sum(r.usage.input_tokens + r.usage.output_tokens for r in replies),
        cost_usd=sum(reply.cost_usd or 0.0 for reply in replies) if priced else None,
        interrupted=any(isinstance(event, e.RoundEnded) and event.ending == "interrupted" for event in in_order),
        corrected=any(isinstance(event, e.UserSaid) and event.why == "steering" for event in in_order),
        two_broken=_two_broken(in_order),
        items=tuple(_items(started, in_order)),
        made=(*_tools_made(in_order), *_lessons_made(in_order)),
        lasted=tuple(event for event in in_order if isinstance(event, e.Lasted)),
    )


@dataclass(slots=True)
class _Count:
    at_hand: bool = False
    listed: bool = False
    used: int = 0
    failed: int = 0
    said: int = 0
    denied: int = 0


def _items(started: e.SessionStarted, events: Sequence[e.Event]) -> Iterable[Item]:
    counts: defaultdict[tuple[Kind, str], _Count] = defaultdict(_Count)
    for name in started.tools:
        count = counts["tool", name]
        count.at_hand, count.listed = True, name not in started.unlisted
    for id in started.lessons:
        counts["lesson", id] = _Count(at_hand=True, listed=True, used=1)
    for name in started.hooks:
        counts["hook", name].at_hand = True
    for event in events:
        if isinstance(event, e.ToolUsed) and event.arguments not in LOOKS:
            count = counts["tool", event.name]
            count.used += 1
            count.failed += event.exit_code != 0
        elif isinstance(event, e.Nudged) and event.lesson:
            count = counts["lesson", event.lesson]
            count.at_hand = True
            count.used += 1
        elif isinstance(event, e.HookRan | e.HookSaid | e.HookFailed):
            _count_hook(counts["hook", event.hook], event)
    return (
        Item(kind, name, c.at_hand, c.listed, c.used, c.failed, c.said, c.denied) for (kind, name), c in counts.items()
    )


def _count_hook(count: _Count, event: e.HookRan | e.HookSaid | e.HookFailed) -> None:
    match event:
        case e.HookRan():
            count.used += 1
        case e.HookSaid():
            count.used += 1
            count.said += event.effect == "say"
            count.denied += event.effect == "deny"
        case e.HookFailed():
            count.used += event.ran
            count.failed += event.ran


def _two_broken(events: Iterable[e.Event]) -> bool:
    row = 0
    for event in events:
        if isinstance(event, e.ToolBroken):
            row += 1
        elif isinstance(event, e.ToolCreated | e.ToolRevised):
            row = 0
        if row >= 2:
            return True
    return False


@dataclass(slots=True)
class _Desk:
    """What is known of the session's writing up to the event at hand."""

    shares: dict[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    """Of each call, by id: the output tokens and the part of a turn that it took."""
    calls: dict[int, str] = field(default_factory=dict[int, str])
    """The call of each step."""
    scripts: list[e.Harvested] = field(default_factory=list[e.Harvested])


def _tools_made(events: Iterable[e.Event]) -> Iterable[Making]:
    desk = _Desk()
    for event in events:
        match event:
            case e.ModelReplied():
                whole = sum(len(call.command) for call in event.calls) or 1
                for call in event.calls:
                    share = len(call.command) / whole
                    desk.shares[call.id] = (share * event.usage.output_tokens, share)
            case e.CommandStarted():
                desk.calls[event.step] = event.call_id
            case e.Harvested():
                desk.scripts.append(event)
            case e.ToolCreated() | e.ToolRevised():
                tokens, turns = desk.shares.get(desk.calls.get(event.step, ""), (0.0, 0.0))
                scripts = desk.scripts if isinstance(event, e.ToolCreated) else []
                size = len(scripts[-1].source) // CHARS_PER_TOKEN if scripts else 0
                tries = sum(1 for script in scripts if script.exit_code) / (len(scripts) or 1)
                yield Making("tool", event.name, tokens, turns, size, tries)
            case _:
                pass


def _lessons_made(events: Iterable[e.Event]) -> Iterable[Making]:
    tokens = 0
    names: list[str] = []
    for event in events:
        match event:
            case e.ModelReplied() if event.purpose == "reflection":
                tokens += event.usage.input_tokens + event.usage.output_tokens
            case e.ScaffoldCommitted():
                found = _SUBJECT.match(event.subject)
                if tokens and found and found[1] == "lesson":
                    names.append(found[2])
            case e.Reflected():
                yield from (Making("lesson", name, tokens / len(names), 0.0) for name in names)
                tokens, names = 0, []
            case _:
                pass
