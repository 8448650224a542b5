"""What ends a round early: a list of small checks, each asked before every turn."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from livecoder.config import Settings
from livecoder.events import LimitWarned
from livecoder.loop import Limit, State, Step, Stop
from livecoder.observation import timeless


@dataclass(frozen=True, slots=True)
class MaxTurns:
    turns: int

    def before_turn(self, state: State) -> Stop | None:
        if state.turns_this_round >= self.turns:
            return Stop("error_max_turns", f"--max-turns {self.turns} was reached")
        return None


@dataclass(frozen=True, slots=True)
class MaxCost:
    """In US dollars over the session. Says nothing where the price is unknown: `solve` warns of that at the start."""

    usd: float

    def before_turn(self, state: State) -> Stop | None:
        if state.cost_usd >= self.usd:
            return Stop("error_max_budget_usd", f"--max-budget-usd {self.usd:g} was reached (${state.cost_usd:.4f})")
        return None


@dataclass(frozen=True, slots=True)
class MaxTokens:
    tokens: int

    def before_turn(self, state: State) -> Stop | None:
        spent = state.usage.input_tokens + state.usage.output_tokens
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


def limits(settings: Settings, no_progress_repeats: int) -> Sequence[Limit]:
    """The limits that hold for a session; a limit of 0 is none."""
    found: list[Limit] = [NoProgress(no_progress_repeats)]
    if settings.max_turns:
        found.append(MaxTurns(settings.max_turns))
    if settings.max_budget_usd:
        found.append(MaxCost(settings.max_budget_usd))
    if settings.max_tokens:
        found.append(MaxTokens(settings.max_tokens))
    return found
