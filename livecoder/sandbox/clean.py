"""Bytes of a command as text that is safe to show: no escape sequence, no control or direction character survives.

Line feeds and tabs stay, so lines keep their numbers. Nothing here knows about budgets.
"""

from __future__ import annotations

import re

# CSI; then the strings OSC, DCS, SOS, PM and APC with their ends; then the short escapes; both as ESC x and as C1.
# An unterminated string loses its introducer only: it must not hide the text behind it.
_ESCAPES = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*(?:[@-~]|$)"
    "|(?:\x1b[\\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x80-\x9f\n]*(?:\x07|\x1b\\\\|\x9c)"
    "|\x1b[ -/]*[0-~]?",
    re.MULTILINE,
)
_OVERSTRUCK = re.compile("[^\x08\n]\x08")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_INVISIBLE = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e0fff]")


def clean(data: bytes) -> str:
    """Decode with replacement and clean; as many lines come out as went in."""
    text = data.decode("utf-8", "replace")
    if "\x1b" in text or not text.isascii():
        text = _INVISIBLE.sub("", _ESCAPES.sub("", text))
    if "\x08" in text:
        text = _OVERSTRUCK.sub("", text)
    if "\r" in text:
        text = "\n".join(map(_last_state, text.split("\n")))
    return _CONTROLS.sub("", text)


def _last_state(line: str) -> str:
    """What a terminal shows after carriage returns: a progress bar leaves its last picture, not all of them."""
    return next((part for part in reversed(line.split("\r")) if part.strip()), "")
