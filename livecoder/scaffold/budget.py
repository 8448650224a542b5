"""What fits into a prompt: the most valuable set of lines within a fixed number of tokens. Numbers in, numbers out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CHARS_PER_TOKEN = 4
"""An estimate that errs on the long side for English."""


@dataclass(frozen=True, slots=True)
class Line:
    """One candidate for a place in the prompt."""

    tokens: int
    value: int
    """What it is worth, in millionths; whole numbers, so that sums are exact."""


def tokens(text: str) -> int:
    """What a text takes of a budget, its line end included; rounded up."""
    return -(-(len(text) + 1) // CHARS_PER_TOKEN)


def chosen(lines: Sequence[Line], budget: int) -> list[int]:
    """The places of the lines that are worth most together within `budget` tokens.

    The 0/1 knapsack by dynamic programming over the budget (Bellman 1957; Martello and Toth 1990, chapter 2): exact,
    where taking lines greedily by value per token can miss up to half of the value. Among equals the earlier lines are
    taken, which is a fixed order of all sets: so a line that is worth more is never left out for that.
    """
    if sum(line.tokens for line in lines) <= budget:
        return list(range(len(lines)))
    best = [[0] * (max(budget, 0) + 1)]
    for line in reversed(lines):
        without = best[-1]
        shifted = [line.value + value for value in without[: max(len(without) - line.tokens, 0)]]
        best.append(without[: line.tokens] + list(map(max, without[line.tokens :], shifted)))
    taken: list[int] = []
    left = budget
    for place, line in enumerate(lines):
        rest = best[len(lines) - place - 1]
        if line.tokens <= left and line.value + rest[left - line.tokens] >= rest[left]:
            taken.append(place)
            left -= line.tokens
    return taken
