"""The arithmetic of few observations: intervals of a rate, its lower bound, and when two rates differ."""

from __future__ import annotations

from functools import lru_cache
from math import exp, lgamma, log, log1p

STEPS = 32
"""Halvings of [0, 1]: exact to ten digits."""
TINY = 1e-300


@lru_cache(maxsize=4096)
def quantile(a: float, b: float, share: float) -> float:
    """The value below which `share` of the distribution Beta(a, b) lies."""
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle, a, b) < share else (low, middle)
    return (low + high) / 2


def interval(well: int, ill: int, level: float = 0.9) -> tuple[float, float]:
    """Between what bounds the rate lies with probability `level`, every rate being as likely before (Beta(1, 1))."""
    tail = (1 - level) / 2
    return quantile(1 + well, 1 + ill, tail), quantile(1 + well, 1 + ill, 1 - tail)


def difference(well: int, ill: int, other_well: int, other_ill: int) -> float:
    """How many times better two rates explain two samples than one rate does: a Bayes factor, all priors Beta(1, 1).

    From 20 the evidence is strong (Kass and Raftery 1995; for two by two tables Gunel and Dickey 1974). It may be
    looked at after every session: where there is one rate, the chance that it *ever* reaches k is at most 1/k (Ville
    1939), on average over that rate. An interval that is looked at again and again promises no such thing.
    """
    two = _log_beta(1 + well, 1 + ill) + _log_beta(1 + other_well, 1 + other_ill)
    return exp(min(two - _log_beta(1 + well + other_well, 1 + ill + other_ill), 700.0))


def below(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by its continued fraction (Numerical Recipes, 6.4)."""
    if x <= 0 or x >= 1:
        return min(max(x, 0.0), 1.0)
    front = exp(a * log(x) + b * log1p(-x) - _log_beta(a, b))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """Lentz's method; a few times the square root of max(a, b) steps are enough."""
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, 1000):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away_from_zero(1 + term * d)
            c = _away_from_zero(1 + term / c)
            found *= c * d
        if abs(c * d - 1) < 1e-12:
            break
    return found


def _away_from_zero(value: float) -> float:
    return value if abs(value) > TINY else TINY


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
