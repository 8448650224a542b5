"""Figures as people read them."""

from __future__ import annotations

import pytest

from livecoder.view.figures import count, duration, moment, money, when


def test_counts_and_money() -> None:
    assert (count(1, "turn"), count(0, "turn"), count(1234, "turn")) == ("1 turn", "0 turns", "1,234 turns")
    assert (money(0.5), money(None)) == ("$0.5000", "price unknown")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (61, "61 s"), (125.4, "2 min 5 s"), (3600, "1 h 0 min"), (7325, "2 h 2 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize("at", [0.0, -1.0, float("nan"), float("inf"), 1e30])
def test_what_is_no_time_is_said(at: float) -> None:
    assert moment(at) is None and when(at) == "no known time"


def test_a_time_is_on_the_readers_clock() -> None:
    known = moment(1_700_000_000)
    assert known is not None and known.timestamp() == 1_700_000_000 and known.tzinfo is not None
    assert when(1_700_000_000) == f"{known:%Y-%m-%d %H:%M}"
