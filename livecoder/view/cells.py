"""Text in the cells of a terminal, some characters of which are two wide and some none."""

from __future__ import annotations

import unicodedata


def one_line(text: str, width: int) -> str:
    return clip(" ".join(text.split()), width)


def clip(text: str, width: int) -> str:
    """`text` in at most `width` cells of a terminal."""
    if sum(map(cells, text)) <= width:
        return text
    used = 1  # for the ellipsis
    for place, character in enumerate(text):
        used += cells(character)
        if used > max(1, width):
            return text[:place] + "…"
    return text


def cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
