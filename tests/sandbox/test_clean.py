"""What a command prints is shown without anything that a terminal would obey or a reader would not see."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.sandbox.clean import clean


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\x1b[1;31mred\x1b[0m", "red"),
        (b"\x1b]0;title\x07a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "alink"),
        (b"\x1b]52;c;aGk=\x07a\x1bPq#0\x1b\\b\x1b_app\x1b\\c", "abc"),
        ("\u009b31mred\u009d0;t\u009cx".encode(), "redx"),
        (b"\x1b[2J\x1b[6n\x1b(Bx\x1b", "x"),
        (b"\x1b]0;not ended, so not hidden", "0;not ended, so not hidden"),
        (b"10%\r 50%\r100%\nnext", "100%\nnext"),
        (b"line\r\nline\r\n", "line\nline\n"),
        (b"working\r\x1b[K\n", "working\n"),
        (b"b\x08bo\x08o |\x08/\x08-", "bo -"),
        (b"nul\x00bell\x07\x0b\x0c tab\tstays", "nulbell tab\tstays"),
        ("user\u202etxt\u2066 \U000e0041tag".encode(), "usertxt tag"),
        (b"caf\xe9", "caf\ufffd"),
        ("né 日本 👩‍💻".encode(), "né 日本 👩‍💻"),
    ],
)
def test_clean(raw: bytes, text: str) -> None:
    assert clean(raw) == text


@given(st.binary() | st.text("\x1b[]\\\r\n\x9b\x9d\x07mK0;a\x08\u202e").map(str.encode))
def test_no_control_survives_and_lines_keep_their_numbers(raw: bytes) -> None:
    text = clean(raw)
    assert not [c for c in text if unicodedata.category(c) == "Cc" and c not in "\n\t"]
    assert not [c for c in text if c in "\u202e\u2066"]
    assert text.count("\n") == raw.count(b"\n")
    assert clean(text.encode()) == text
