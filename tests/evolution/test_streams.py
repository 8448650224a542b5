"""Streams of 200 tasks with planted tools and lessons that help, do nothing or harm: what is kept, shown and said.

Only the model and the outcome of a task are made up, by a seeded coin. What is offered, what goes and what is said of
it is decided by the code that sessions use.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from livecoder.errors import ScaffoldError
from livecoder.evolution.gate import MAX_TOOLS
from livecoder.evolution.lapses import lapses
from livecoder.evolution.record import MORE, word
from livecoder.evolution.standing import Standing, standing, tool_line
from livecoder.journal.ledger import Facts, Item, Kind, Ledger, Making
from livecoder.scaffold.budget import tokens
from livecoder.scaffold.knobs import Knobs
from livecoder.scaffold.lessons import MAX_GENERAL, Add, Lesson, Retire, cost, operated
from livecoder.scaffold.lessons.operations import MAX_LESSONS
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.tools import Tool

TASKS = 200
RATE = 0.55
HELP, HARM = 0.3, -0.4
USE = 0.4
"""How often a tool with a line is used, and how often a trigger fires."""
SEEDS = range(2)


@dataclass(slots=True)
class Stream:
    """One project over many tasks. `effects` says by name what an entry really does to a task that uses it."""

    seed: int
    arriving: dict[int, list[tuple[str, float]]]
    """By task: names (`tool…` or `lesson…`) that are proposed after it, with their effect."""
    chance: random.Random = field(init=False)
    tools: list[Tool] = field(default_factory=list[Tool])
    lessons: list[Lesson] = field(default_factory=list[Lesson])
    effects: dict[str, float] = field(default_factory=dict[str, float])
    facts: list[Facts] = field(default_factory=list[Facts])
    praised: set[str] = field(default_factory=set[str])
    """Entries of which it was ever said that tasks went well more often with them."""
    prompts: list[int] = field(default_factory=list[int])
    """What the entries took of each prompt, in tokens."""

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    @property
    def active(self) -> list[Lesson]:
        return [lesson for lesson in self.lessons if not lesson.retired]

    def run(self, tasks: int = TASKS) -> Stream:
        for number in range(tasks):
            self._task(number)
            self._learn(number)
            for entry in self.arriving.get(number, []):
                self._propose(number, *entry)
            assert len(self.tools) <= MAX_TOOLS and len(self.active) <= MAX_LESSONS
            assert sum(1 for lesson in self.active if not lesson.trigger) <= MAX_GENERAL
        return self

    def _shown(self, ledger: Ledger) -> Standing:
        dead = [lesson for lesson in self.lessons if lesson.retired]
        parts = (tuple(self.tools), tuple(self.active), tuple(dead))
        return standing(Scaffold("g", Knobs(), *parts, {}, frozenset(), ()), ledger, "m")

    def _task(self, number: int) -> None:
        shown = self._shown(Ledger(self.facts))
        self.prompts.append(sum(tokens(tool_line(tool)) for tool in shown.tools) + cost(shown.general))
        items = list(self._items(shown))
        rate = RATE + sum(self.effects[item.name] for item in items if item.used)
        outcome = "verified" if self.chance.random() < rate else "failed"
        made = tuple(Making("tool", name, 500.0, 1.0) for name, _ in self.arriving.get(number, []))
        self.facts.append(Facts(f"s{number:03}", "m", outcome, 5, 5000, 0.05, items=tuple(items), made=made))

    def _items(self, shown: Standing) -> Iterator[Item]:
        for tool in self.tools:
            listed = tool in shown.tools
            wanted = not tool.name.startswith("tool-unused")
            yield Item("tool", tool.name, True, listed, int(listed and wanted and self.chance.random() < USE))
        for lesson in shown.general:
            yield Item("lesson", lesson.id, True, True, 1)
        for lesson in shown.timely:
            if self.chance.random() < USE:
                yield Item("lesson", lesson.id, True, False, 1)

    def _learn(self, number: int) -> None:
        ledger = Ledger(self.facts)
        self.praised |= {name for name in self.effects if word(ledger.record(_kind(name), name)) == MORE}
        for lapse in lapses(ledger, self.tools, self.active):
            if lapse.kind == "tool":
                self.tools = [tool for tool in self.tools if tool.name != lapse.name]
            else:
                self.lessons = operated(self.lessons, Retire(lapse.name, lapse.why))

    def _propose(self, number: int, name: str, effect: float) -> None:
        self.effects[name] = effect
        if _kind(name) == "tool":
            if len(self.tools) < MAX_TOOLS:
                self.tools.append(Tool(name, Path(name), f"Does what {name} does.", 9, "d"))
            return
        session = f"s{number:03}"
        trigger = "" if name.startswith("lesson-general") else f"run {name}"
        cited = (f"{session}:1", f"s{max(0, number - 1):03}:1")
        lesson = Lesson(name, f"{name} says {name * 3}.", trigger, cited, f"{number:03}", session=session)
        try:
            self.lessons = operated(self.lessons, Add(lesson))
        except ScaffoldError:
            pass  # its places are taken


def _kind(name: str) -> Kind:
    return "tool" if name.startswith("tool") else "lesson"


def planted() -> dict[int, list[tuple[str, float]]]:
    """Something new after every other task: mostly what does nothing, some that nobody uses, two of each other kind."""
    arriving: dict[int, list[tuple[str, float]]] = {
        5: [("tool-good", HELP), ("lesson-good", HELP)],
        10: [("tool-bad", HARM), ("lesson-bad", HARM)],
    }
    for number in range(0, TASKS, 2):
        kind = ("tool-plain", "tool-unused", "lesson-plain", "lesson-general")[number // 2 % 4]
        arriving.setdefault(number, []).append((f"{kind}-{number:03}", 0.0))
    return arriving


@pytest.mark.parametrize("seed", SEEDS)
def test_what_harms_goes_what_helps_stays_and_the_prompt_stays_flat(seed: int) -> None:
    stream = Stream(seed, planted()).run()
    names = {tool.name for tool in stream.tools} | {lesson.id for lesson in stream.active}
    assert names >= {"tool-good", "lesson-good"} and not names & {"tool-bad", "lesson-bad"}
    assert next(lesson for lesson in stream.lessons if lesson.id == "lesson-bad").retired
    # From the hundredth task on as much is proposed as before, and nothing more is in the prompt.
    budgets = Knobs().tools_token_budget + Knobs().lessons_token_budget
    assert max(stream.prompts) <= budgets
    assert max(stream.prompts[100:]) <= 1.25 * max(stream.prompts[50:100])
    assert sum(1 for tool in stream.tools if "unused" in tool.name) < MAX_TOOLS / 2


def test_where_nothing_makes_a_difference_hardly_anything_is_said_to() -> None:
    """At most one in twenty, of all entries ever and at any of 200 looks, over several streams."""
    praised = entries = 0
    for seed in SEEDS:
        arriving = planted()
        neutral = {number: [(name, 0.0) for name, _ in entries] for number, entries in arriving.items()}
        stream = Stream(100 + seed, neutral).run()
        praised, entries = praised + len(stream.praised), entries + len(stream.effects)
    assert entries >= 200 and praised <= entries / 20


def test_a_stream_is_the_same_twice() -> None:
    one, two = (Stream(7, planted()).run(60) for _ in range(2))
    assert one.facts == two.facts and [t.name for t in one.tools] == [t.name for t in two.tools]
    assert dataclasses.asdict(one)["lessons"] == dataclasses.asdict(two)["lessons"]
