"""What ends a round early: a list of small checks, each asked before every turn."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from livecoder.config import Settings
from livecoder.events import LimitWarned, Usage
from livecoder.loop import Limit, State, Step, Stop
from livecoder.observation import timeless


@dataclass(frozen=True, slots=True)
class MaxTurns:
    turns: int

    def before_turn(self, state: State) -> Stop | None:
        if state.turns_this_round >= self.turns:
            return Stop("error_max_turns", f"--max-turns {self.turns} was reached")
        return None


@dataclass(slots=True)
class Aside:
    """What looking back used, beside the turns of the session: the limits count it too."""

    usd: float = 0.0
    tokens: int = 0

    def book(self, usage: Usage, usd: float | None) -> None:
        self.usd += usd or 0.0
        self.tokens += usage.input_tokens + usage.output_tokens


@dataclass(frozen=True, slots=True)
class MaxCost:
    """In US dollars over the session. Says nothing where the price is unknown: `solve` warns of that at the start."""

    usd: float
    aside: Aside = field(default_factory=Aside)

    def before_turn(self, state: State) -> Stop | None:
        if (spent := state.cost_usd + self.aside.usd) >= self.usd:
            return Stop("error_max_budget_usd", f"--max-budget-usd {self.usd:g} was reached (${spent:.4f})")
        return None


@dataclass(frozen=True, slots=True)
class MaxTokens:
    tokens: int
    aside: Aside = field(default_factory=Aside)

    def before_turn(self, state: State) -> Stop | None:
        spent = state.usage.input_tokens + state.usage.output_tokens + self.aside.tokens
        if spent >= self.tokens:
            return Stop("error_max_tokens", f"--max-tokens {self.tokens:,} was reached ({spent:,})")
        return None


@dataclass(slots=True)
class NoProgress:
    """The same command with the same output on the same tree, `repeats` times in a round: tell the model, then stop."""

    repeats: int = 3
    _seen: Counter[str] = field(default_factory=Counter[str])
    _warned: set[str] = field(default_factory=set[str])

    def before_turn(self, state: State) -> Stop | LimitWarned | None:
        if state.turns_this_round == 0:
            self._seen.clear()
            self._warned.clear()
        verdicts = [self._judge(step) for step in state.steps]
        stops = [verdict for verdict in verdicts if isinstance(verdict, Stop)]
        return next(iter([*stops, *filter(None, verdicts)]), None)

    def _judge(self, step: Step) -> Stop | LimitWarned | None:
        output = timeless(step.finished.output)
        key = hashlib.sha256("\0".join((step.started.command, output, step.tree)).encode()).hexdigest()
        self._seen[key] += 1
        if key in self._warned:
            return Stop("error_no_progress", f"`{_short(step.started.command)}` again gave the same on the same tree")
        if self._seen[key] < self.repeats:
            return None
        self._warned.add(key)
        text = (
            f"`{_short(step.started.command)}` was run {self.repeats} times with the same output on the same tree. "
            "Change something or say what blocks you; the next repetition ends the round."
        )
        return LimitWarned("no_progress", text)


def _short(command: str) -> str:
    line = " ".join(command.split())
    return line if len(line) <= 60 else line[:59] + "…"


def left(settings: Settings, state: State, aside: Aside) -> tuple[float, float]:
    """US dollars and tokens that the session may still use; infinity where there is no limit."""
    tokens = state.usage.input_tokens + state.usage.output_tokens + aside.tokens
    return (
        settings.max_budget_usd - state.cost_usd - aside.usd if settings.max_budget_usd else inf,
        settings.max_tokens - tokens if settings.max_tokens else inf,
    )


def limits(settings: Settings, no_progress_repeats: int, aside: Aside | None = None) -> Sequence[Limit]:
    """The limits that hold for a session; a limit of 0 is none."""
    aside = aside or Aside()
    found: list[Limit] = [NoProgress(no_progress_repeats)]
    if settings.max_turns:
        found.append(MaxTurns(settings.max_turns))
    if settings.max_budget_usd:
        found.append(MaxCost(settings.max_budget_usd, aside))
    if settings.max_tokens:
        found.append(MaxTokens(settings.max_tokens, aside))
    return found
