"""Figures as people read them: money, time, counts. The same words wherever livecoder prints them."""

from __future__ import annotations

from datetime import datetime


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def money(dollars: float | None) -> str:
    """None: a price that nobody knows."""
    return "price unknown" if dollars is None else f"${dollars:.4f}"


def duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def moment(at: float) -> datetime | None:
    """A journal's time stamp on the reader's clock; None for what is no time."""
    try:
        return datetime.fromtimestamp(at).astimezone() if at > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def when(at: float, form: str = "%Y-%m-%d %H:%M") -> str:
    known = moment(at)
    return f"{known:{form}}" if known else "no known time"
