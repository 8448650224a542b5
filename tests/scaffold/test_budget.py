"""The knapsack: the best set within the budget, held against trying every set."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from livecoder.scaffold.budget import Line, chosen, tokens

LINES = st.lists(st.builds(Line, st.integers(1, 12), st.integers(0, 9)), max_size=8)


def value(lines: list[Line], places: list[int]) -> int:
    return sum(lines[place].value for place in places)


@given(LINES, st.integers(-1, 60))
def test_it_is_within_the_budget_and_worth_as_much_as_any_set_that_is(lines: list[Line], budget: int) -> None:
    taken = chosen(lines, budget)
    assert sum(lines[place].tokens for place in taken) <= max(budget, 0)
    sets = itertools.chain.from_iterable(itertools.combinations(range(len(lines)), n) for n in range(len(lines) + 1))
    fit = [places for places in sets if sum(lines[place].tokens for place in places) <= budget]
    assert value(lines, taken) == max((value(lines, list(places)) for places in fit), default=0)


@given(LINES.filter(len), st.integers(0, 60), st.data())
def test_a_line_that_is_worth_more_stays_in(lines: list[Line], budget: int, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(lines) - 1))
    dearer = list(lines)
    dearer[place] = Line(lines[place].tokens, lines[place].value + data.draw(st.integers(1, 9)))
    assert place not in chosen(lines, budget) or place in chosen(dearer, budget)


def test_among_equals_the_earlier_lines_are_taken() -> None:
    assert chosen([Line(2, 5)] * 4, 5) == [0, 1]


def test_tokens_are_rounded_up_and_a_line_end_counts() -> None:
    assert [tokens("x" * length) for length in (0, 3, 4, 7, 8)] == [1, 1, 2, 2, 3]
