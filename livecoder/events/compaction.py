"""What is taken out of a conversation that no longer fits the model's window."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Compacted:
    """From here on the outputs of `steps` are one line each in what the model reads; `lc out` still has all of them."""

    turn: int
    """The one whose request did not fit."""
    steps: tuple[int, ...]
    before: int
    """Characters of the whole conversation."""
    after: int
    why: str
