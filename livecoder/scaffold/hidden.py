"""Characters that a reader does not see but a model does, or that move what a reader sees.

The one list of them for tool summaries, lessons and prompts; no rule about meaning lives here.
"""

from __future__ import annotations

import unicodedata

_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Control, format (bidi, zero-width, tags), unassigned, private use, surrogates, line and paragraph separators."""
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and symbols that are drawn as nothing."""


def hidden(text: str, allowed: str = "") -> str:
    """The first hidden character of `text` as "U+202E at 17", or "" when every character can be seen."""
    for place, character in enumerate(text):
        if character not in allowed and _is_hidden(character):
            return f"U+{ord(character):04X} at {place}"
    return ""


def visible(text: str, allowed: str = "\n\t") -> str:
    """The text with every hidden character in plain sight, as in `<U+202E>`: for a terminal, which obeys some."""
    if text.isprintable() and text.isascii():
        return text
    shown = (c if c in allowed or not _is_hidden(c) else f"<U+{ord(c):04X}>" for c in text)
    return "".join(shown)


def _is_hidden(character: str) -> bool:
    if " " <= character <= "~":
        return False
    # Variation selectors are marks, but a run of them carries any bytes one likes.
    selector = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    return selector or character in _BLANKS or unicodedata.category(character) in _CATEGORIES
