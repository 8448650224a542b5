"""What of a scaffold a session shows, and in which order: by what the ledger saw of it, within fixed budgets.

Observed, not caused: what a line is worth says how the sessions went that used it, and nothing of why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from livecoder.evolution.gate import MAX_TOOLS
from livecoder.journal.ledger import Ledger, Record
from livecoder.journal.ledger.intervals import quantile
from livecoder.scaffold.budget import Line, chosen, tokens
from livecoder.scaffold.lessons import Lesson, cost, general
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.tools import Tool

PRIOR = (2, 1)
"""What is new counts as having gone well twice and ill once: behind what has proved itself, before what has failed."""
LOWER = 0.1
MILLION = 1_000_000
FADES = 10
"""Sessions in a row that began with a tool and did not use it, after which it has no line in the prompt: of one that
was never used since it was made; else that many times as many as there usually are from use to use."""
ADVICE_SESSIONS = 20
BROKEN_SESSIONS = 2


@dataclass(frozen=True, slots=True)
class Standing:
    """One session's choice."""

    tools: tuple[Tool, ...] = ()
    """Those with a line in the prompt, most valuable first."""
    unlisted: tuple[Tool, ...] = ()
    general: tuple[Lesson, ...] = ()
    """The lessons in the prompt, most valuable first."""
    timely: tuple[Lesson, ...] = ()
    """Those that wait for their trigger, most valuable first."""
    timely_tokens: int = 0
    """What the lessons' budget has left for those."""
    stale: Mapping[str, str] = field(default_factory=dict[str, str])
    """Lessons that are shown to nobody, by id, and why."""


def standing(
    scaffold: Scaffold, ledger: Ledger, family: str = "", stale: Callable[[Lesson], str] = lambda _: ""
) -> Standing:
    """The choice for a session of this model family. One budget holds for all lessons: those in the prompt leave half
    of it, or as much as the others could use, to those that come at their moment."""
    listed = _listed(scaffold, ledger, family)
    gone = {lesson.id: why for lesson in scaffold.lessons if (why := stale(lesson))}
    lessons = [lesson for lesson in scaffold.lessons if lesson.id not in gone]
    values = {lesson.id: lesson_worth(lesson, ledger.record("lesson", lesson.id, family)) for lesson in lessons}
    ranked = sorted(lessons, key=lambda lesson: (-values[lesson.id], lesson.id))
    timely = tuple(lesson for lesson in ranked if lesson.trigger)
    budget = scaffold.knobs.lessons_token_budget
    shown = general(lessons, budget - min(budget // 2, sum(tokens(lesson.text) for lesson in timely)), values)
    return Standing(
        tools=listed,
        unlisted=tuple(tool for tool in scaffold.tools if tool not in listed),
        general=tuple(shown),
        timely=timely,
        timely_tokens=budget - cost(shown),
        stale=gone,
    )


def lesson_worth(lesson: Lesson, record: Record) -> int:
    """The lower bound of the rate at which sessions went well that were shown the lesson, in millionths.

    The bound (a tenth of the Beta distribution over that rate lies below it) and not the mean, since few observations
    promise little: as in ranking by the lower end of an interval (E. Miller, How Not To Sort By Average Rating, 2009).
    The counts are ACE's, helpful and harmful (arXiv 2510.04618), and fade: what is not confirmed any more is worth in
    the end what is new. The user's own word outranks all.
    """
    if lesson.origin == "user":
        return MILLION
    return _lower(record.well_lately + lesson.helpful, record.ill_lately + lesson.harmful)


def tool_worth(record: Record) -> int:
    """The same for a tool's line: it did well where it was used and the session did not go ill."""
    well = record.with_it.sessions - record.with_it.ill
    return _lower(well, max(record.listed - well, record.with_it.ill))


def fading(ledger: Ledger, names: Iterable[str], family: str = "") -> frozenset[str]:
    """The tools that lose their line: at hand time and again, and not used. One use and it is back."""
    return frozenset(name for name in names if idle(ledger.record("tool", name, family), FADES))


def idle(record: Record, sessions: int) -> bool:
    """Whether it was not used for so many of its usual gaps (one session for what was never used since it was made).

    By the gap and not by sessions alone: a tool that every third task uses is idle for ten in one case of sixty.
    """
    gap = (record.at_hand - record.idle) / record.resumed if record.resumed else 1.0
    return record.idle >= sessions * gap


def advises_tools(ledger: Ledger, family: str) -> bool:
    """Whether this model is encouraged to make tools at all: not while two of its last sessions broke two in a row.

    Weak models are set back by tool-making (Live-SWE-agent: GPT-5-nano from 44 % to 14 %); they may still make them.
    """
    latest = [facts for facts in ledger.sessions if facts.family == family][-ADVICE_SESSIONS:]
    return sum(facts.two_broken for facts in latest) < BROKEN_SESSIONS


def tool_line(tool: Tool) -> str:
    """As the prompt has it."""
    return f"  {tool.name}: {tool.summary}"


def _listed(scaffold: Scaffold, ledger: Ledger, family: str) -> tuple[Tool, ...]:
    faded = fading(ledger, (tool.name for tool in scaffold.tools), family)
    values = {tool.name: tool_worth(ledger.record("tool", tool.name, family)) for tool in scaffold.tools}
    kept = [tool for tool in scaffold.tools if tool.name not in faded]
    ranked = sorted(kept, key=lambda tool: (-values[tool.name], tool.name))[:MAX_TOOLS]
    # The knapsack breaks ties by place, which must not move when a value does: by name.
    fixed = sorted(ranked, key=lambda tool: tool.name)
    lines = [Line(tokens(tool_line(tool)), values[tool.name]) for tool in fixed]
    taken = {fixed[place].name for place in chosen(lines, scaffold.knobs.tools_token_budget)}
    return tuple(tool for tool in ranked if tool.name in taken)


def _lower(well: float, ill: float) -> int:
    return round(MILLION * quantile(PRIOR[0] + well, PRIOR[1] + ill, LOWER))
