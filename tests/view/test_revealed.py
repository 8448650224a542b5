"""What somebody is asked about: nothing can be hidden in it, disguised, or pushed out of sight (I08, I09, T05)."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.view.revealed import revealed, rows


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ls -la 'a b' | wc -l", "ls -la 'a b' | wc -l"),
        ("ls\rrm -rf x", "ls^Mrm -rf x"),
        ("rm x\b\b\b\bls", "rm x^H^H^H^Hls"),
        ("a\tb\x1b[2Kc\x7f\0", "a^Ib^[[2Kc^?^@"),
        ("ls" + " " * 200 + "; rm -rf x", "ls<200 spaces>; rm -rf x"),
        ("ls\n\n\n\n\n\n\nrm x", "ls\n<6 empty lines>\nrm x"),
        ("  if x:\n        y()", "  if x:\n        y()"),
        ("echo \u202exyz\u2066 a\u200bb \u00a0 \U000e0041", "echo <U+202E>xyz<U+2066> a<U+200B>b <U+00A0> <U+E0041>"),
        ("\x9b2J \ufe0f", "<U+009B>2J <U+FE0F>"),
        ("g\u0456t push", "g<\u0456 U+0456>t push"),
        ("\u0455\u0441\u043e\u0440\u0435", "".join(f"<{c} U+{ord(c):04X}>" for c in "\u0455\u0441\u043e\u0440\u0435")),
        (
            "\u03b1bc \uff47it \U0001d420 a\u2215b x\u037e",
            "<\u03b1 U+03B1>bc <\uff47 U+FF47>it <\U0001d420 U+1D420> a<\u2215 U+2215>b x<\u037e U+037E>",
        ),
        (
            "gr\u00f6\u00dfe \u65e5\u672cabc \u0444\u0430\u0439\u043b.py \U0001f680",
            "gr\u00f6\u00dfe \u65e5\u672cabc \u0444\u0430\u0439\u043b.py \U0001f680",
        ),
    ],
)
def test_what_would_be_overlooked_is_in_sight(text: str, shown: str) -> None:
    assert revealed(text) == shown


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.text("ls \r\b\x1b[2K\n\t\u202e\u0456\U000e0041"))
def test_no_text_hides_anything_and_no_line_is_wider_than_asked(text: str) -> None:
    shown = revealed(text)
    assert not [c for c in shown if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cn", "Co")]
    assert " " * 12 not in shown and "\n" * 6 not in shown
    wrapped = rows(text, 10)
    assert "".join(wrapped) == shown.replace("\n", "")
    assert all(sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in row) <= 10 for row in wrapped)


def test_a_long_line_is_wrapped_to_its_end() -> None:
    assert rows("echo " + "x" * 20 + "; rm y", 12) == ["echo xxxxxxx", "xxxxxxxxxxxx", "x; rm y"]
