"""A long text is clipped at a line's end, and says how much is missing."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from livecoder.view.evidence import Excerpt, clipped


@given(st.lists(st.text("abc", max_size=5), max_size=20), st.integers(1, 50))
def test_what_is_shown_and_what_is_counted_are_the_whole(lines: list[str], most: int) -> None:
    text = "".join(f"{line}\n" for line in lines)
    shown = clipped(text, most)

    assert text.startswith(shown.text) and len(shown.text) <= most
    if not shown.missing:
        assert shown.text == text
    elif shown.text.endswith("\n"):
        missing = int(re.findall(r"^\d+", shown.missing)[0])
        assert shown.text.count("\n") + missing == len(lines)


def test_one_endless_line_is_cut_within() -> None:
    assert clipped("x" * 100, 10) == Excerpt("x" * 10, "1 more line not shown here")
    assert clipped("a\nb", 10) == Excerpt("a\nb")
