"""The arithmetic of few observations, held against exact sums and known values."""

from __future__ import annotations

import random
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.journal.ledger.intervals import below, difference, interval, quantile

COUNTS = st.integers(0, 40)


def by_sum(x: float, a: int, b: int) -> float:
    """I_x(a, b) for whole numbers: at least `a` of a + b - 1 throws."""
    n = a + b - 1
    return sum(comb(n, k) * x**k * (1 - x) ** (n - k) for k in range(a, n + 1))


@given(st.floats(0, 1), st.integers(1, 40), st.integers(1, 40))
def test_the_distribution_is_the_sum_of_its_throws(x: float, a: int, b: int) -> None:
    assert below(x, a, b) == pytest.approx(by_sum(x, a, b), abs=1e-9)


@given(st.integers(1, 400), st.integers(1, 400), st.floats(0.01, 0.99))
def test_the_quantile_is_its_inverse(a: int, b: int, share: float) -> None:
    assert below(quantile(a, b, share), a, b) == pytest.approx(share, abs=1e-6)


def test_values_that_can_be_worked_out_by_hand() -> None:
    assert quantile(1, 1, 0.3) == pytest.approx(0.3)
    assert quantile(2, 1, 0.1) == pytest.approx(0.1**0.5)
    assert interval(0, 0, 0.9) == pytest.approx((0.05, 0.95))


@given(COUNTS, COUNTS)
def test_a_lower_bound_rises_with_what_went_well_and_falls_with_what_went_ill(well: int, ill: int) -> None:
    here = quantile(2 + well, 1 + ill, 0.1)
    assert quantile(3 + well, 1 + ill, 0.1) > here > quantile(2 + well, 2 + ill, 0.1)


@given(COUNTS, COUNTS)
def test_more_of_the_same_narrows_an_interval_that_holds_the_rate(well: int, ill: int) -> None:
    low, high = interval(well, ill)
    assert 0 < low < high < 1
    if well and ill:
        assert low < well / (well + ill) < high
    wider = interval(well * 3, ill * 3)
    assert well + ill == 0 or wider[1] - wider[0] < high - low


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_a_difference_has_no_side(a: int, b: int, c: int, d: int) -> None:
    assert difference(a, b, c, d) == pytest.approx(difference(c, d, a, b))
    assert difference(a, b, c, d) == pytest.approx(difference(b, a, d, c))


def test_nothing_seen_says_nothing_and_much_says_much() -> None:
    assert difference(0, 0, 0, 0) == 1.0
    assert difference(0, 0, 90, 10) == pytest.approx(1.0)
    assert difference(19, 1, 10, 10) > 5 and difference(50, 50, 50, 50) < 1
    assert difference(4000, 0, 0, 4000) > 1e100


def test_looked_at_after_every_session_it_still_errs_in_one_of_twenty_at_most() -> None:
    """The promise that an ordinary interval does not keep: 1,000 pairs of equal rates, each looked at 200 times."""
    chance = random.Random(1)
    ever = 0
    for _ in range(1_000):
        rate = chance.random()
        counts = [0, 0, 0, 0]
        most = 0.0
        for _ in range(200):
            counts[2 * (chance.random() < 0.4) + (chance.random() >= rate)] += 1
            most = max(most, difference(*counts))
        ever += most >= 20
    assert ever <= 50
