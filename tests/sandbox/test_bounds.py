"""The view of an output: within its budget, whole lines, honest about what is missing."""

from __future__ import annotations

import re
import time
import tracemalloc
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from livecoder.sandbox.bounds import Bounds, Live, View
from livecoder.sandbox.clean import clean

IN_PIECES = r" \(too long for one output; in pieces: ([\d:, …]+)\)"
GAP = re.compile(rf"\[… lines? (\d+)(?:-(\d+))? not shown: lc out 7 (\d+):(\d+)(?:{IN_PIECES})?(?:; there: .*)?\]")
FOLD = re.compile(r"\[… the line above (\d+) more times\]")
CLIP = re.compile(r" \[… line (\d+) has ([\d,]+) bytes: lc out 7 \d+:\d+ \| cut -b \d+-\d+\]$")


def view(data: bytes, budget: int = 10_000, sizes: int = 65536) -> View:
    bounds = Bounds(budget, "7")
    for start in range(0, len(data), sizes):
        bounds.feed(data[start : start + sizes])
    return bounds.view()


def test_what_fits_is_shown_as_it_is() -> None:
    assert view(b"one\ntwo\n") == View("one\ntwo\n", 8, 2, clipped=False)
    assert view(b"one\ntwo") == View("one\ntwo", 7, 2, clipped=False)
    assert view(b"") == View("", 0, 0, clipped=False)
    assert view(b"\n\n") == View("\n\n", 2, 2, clipped=False)


def test_head_tail_and_errors_are_shown_and_the_gaps_name_their_command() -> None:
    lines = [f"line {number} of many" for number in range(1, 100_001)]
    lines[50_000 - 1] = "src/a.py:3: error: the one that matters"
    shown = view("\n".join(lines).encode() + b"\n", 2000)
    text = shown.text.splitlines()
    assert text[0] == "line 1 of many"
    assert text[-1] == "line 100000 of many"
    at = text.index("src/a.py:3: error: the one that matters")
    assert re.fullmatch(r"\[… lines \d+-49999 not shown: lc out 7 \d+:49999\]", text[at - 1])
    assert re.fullmatch(r"\[… lines 50001-\d+ not shown: lc out 7 50001:\d+\]", text[at + 1])
    assert (shown.lines, shown.clipped) == (100_000, True)


def test_kinds_of_errors_are_recognised() -> None:
    kinds = (
        "Traceback (most recent call last):",
        "ValueError: x",
        "FAILED tests/test_a.py::test_b",
        "thread 'main' panicked at src/main.rs",
        "E       assert 1 == 2",
        "error[E0308]: mismatched types",
        "java.lang.NullPointerException",
        "Segmentation fault (core dumped)",
        "undefined reference to `f'",
    )
    for kind in kinds:
        lines = ["fine and long enough to fill it"] * 20_000
        lines[10_000] = kind
        assert kind in view("\n".join(lines).encode(), 3000).text.splitlines()


def test_one_endless_line_is_clipped_with_its_size() -> None:
    data = "é".encode() * 25_000_000
    tracemalloc.start()
    bounds = Bounds(10_000, "7")
    for start in range(0, len(data), 65536):
        bounds.feed(data[start : start + 65536])
    shown = bounds.view()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000
    assert shown.text.startswith("ééé")
    assert "line 1 has 50,000,000 bytes: lc out 7 1:1 | cut -b 2499-" in shown.text
    assert "\ufffd" not in shown.text
    assert shown.lines == 1


def test_a_long_progress_line_leaves_its_last_picture() -> None:
    data = b"".join(b"progress %d%%\r" % (number % 100) for number in range(20_000)) + b"done 100%\nnext\n"
    assert view(data).text.splitlines()[-1] == "next"
    assert "done 100%" in view(data).text


def test_64_mib_of_short_lines_are_read_in_little_time() -> None:
    chunk = b"y\n" * 32768
    bounds = Bounds(10_000, "7")
    started = time.process_time()
    for _ in range(1024):
        bounds.feed(chunk)
    assert bounds.view().lines == 32768 * 1024
    assert time.process_time() - started < 3


LINES = st.lists(
    st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="[\u2028"), max_size=200)
    | st.sampled_from(["error: bad", "x" * 3000, "日本語" * 400, "plain", "def f(x):", "    return x", "class C:"]),
    max_size=120,
)
RUNS = st.lists(st.tuples(st.sampled_from(["", "a", "error: bad", "x" * 300]), st.integers(1, 40)), max_size=30)


@settings(max_examples=200, deadline=None)
@given(
    lines=LINES | RUNS.map(lambda runs: [text for text, count in runs for _ in range(count)]),
    budget=st.integers(50, 4000),
    sizes=st.integers(1, 300),
    ended=st.booleans(),
)
def test_every_line_is_shown_clipped_or_named(lines: list[str], budget: int, sizes: int, ended: bool) -> None:
    data = "\n".join(lines).encode() + (b"\n" if ended and lines else b"")
    shown = view(data, budget, sizes)
    originals = data.decode().split("\n")
    originals = originals[:-1] if originals[-1] == "" else originals
    assert (shown.bytes, shown.lines) == (len(data), len(originals))
    if not shown.clipped:
        assert shown.text == clean(data) or shown.folded
        assert len(shown.text) <= budget
        assert unfolded(shown.text) == clean(data).removesuffix("\n")
        return
    number, spent = 1, 0
    for line in shown.text.removesuffix("\n").split("\n"):
        gap, clip, fold = GAP.fullmatch(line), CLIP.search(line), FOLD.fullmatch(line)
        if fold:
            end = number - 1 + int(fold[1])
            assert set(originals[number - 1 : end]) == {originals[number - 2]}
            number, spent = end + 1, spent + len(line) + 1
            continue
        if gap:
            assert int(gap[1]) == int(gap[3]) == number
            number = int(gap[4]) + 1
            assert gap[2] is None or int(gap[2]) == number - 1
            continue
        original = clean(originals[number - 1].encode())
        if clip:
            assert original.startswith(line[: clip.start()])
            assert int(clip[1]) == number
            assert int(clip[2].replace(",", "")) == len(originals[number - 1].encode())
            spent += clip.start() + 1
        else:
            assert line == original
            spent += len(line) + 1
        number += 1
    assert number == len(originals) + 1
    assert spent <= budget


def unfolded(text: str) -> str:
    """`text` with each count of equal lines replaced by the lines, and without a last line feed."""
    lines: list[str] = []
    for line in text.removesuffix("\n").split("\n"):
        fold = FOLD.fullmatch(line)
        lines += [lines[-1]] * int(fold[1]) if fold else [line]
    return "\n".join(lines)


def test_equal_lines_in_a_row_are_counted() -> None:
    shown = view(b"start\n" + b"warning: x is deprecated\n" * 300 + b"end\n")
    assert shown.text == "start\nwarning: x is deprecated\n[… the line above 299 more times]\nend\n"
    assert (shown.clipped, shown.folded, shown.lines) == (False, True, 302)


def test_passing_tests_are_counted_and_failures_stay_whole() -> None:
    passing = "".join(f"tests/test_a.py::test_{n} PASSED [ {n}%]\n" for n in range(60))
    failure = "tests/test_a.py::test_x FAILED [100%]\n\n=== FAILURES ===\n___ test_x ___\nE       assert 1 == 2\n"
    summary = "=== short test summary info ===\nFAILED tests/test_a.py::test_x\n=== 1 failed, 60 passed in 0.1s ===\n"
    shown = view((passing + failure + summary).encode())
    assert shown.text == f"[60 passing lines folded]\n{failure}{summary}"
    assert (shown.clipped, shown.folded) == (False, True)


SOURCE = "import os\n\n" + "".join(
    f"class Shape{n}:\n    @property\n    def area(self):\n        return {n}  # error: not one\n\n" for n in range(400)
)


def test_source_code_is_shown_from_its_start_up_to_the_end_of_a_definition() -> None:
    shown = view(SOURCE.encode(), 2000)
    *code, gap = shown.text.splitlines()
    assert code == SOURCE.splitlines()[: len(code)]
    assert SOURCE.splitlines()[len(code)].lstrip().startswith(("class", "@"))
    assert 1200 < len("\n".join(code)) <= 2000
    first = len(code) + 1
    assert gap.startswith(
        f"[… lines {first}-2002 not shown: lc out 7 {first}:2002 (too long for one output; in pieces: "
    )
    assert "; there: class Shape" in gap
    assert gap.endswith(" more]")
    assert len(gap) < 700


def test_what_would_be_cut_again_is_named_in_pieces_that_are_not() -> None:
    lines = SOURCE.splitlines()[:300]
    gap = GAP.fullmatch(view(("\n".join(lines) + "\n").encode(), 2000).text.splitlines()[-1])
    assert gap is not None and gap[5] is not None
    pieces = [tuple(map(int, piece.split(":"))) for piece in gap[5].split(", ")]
    assert pieces[0][0] == int(gap[3]) and pieces[-1][1] == 300
    assert all(after[0] == before[1] + 1 for before, after in pairwise(pieces))
    for first, last in pieces:
        assert not view(("\n".join(lines[first - 1 : last]) + "\n").encode(), 2000).clipped
    assert "in pieces" not in view(("\n".join(lines[:150]) + "\n").encode(), 2000).text


def test_what_only_quotes_code_is_no_source() -> None:
    failure = "\n".join(f"    def test_{n}():\n>       assert {n} == 0\nE       assert {n} == 0" for n in range(300))
    assert view(f"{failure}\nFAILED tests/test_a.py::test_299\n".encode(), 2000).text.endswith("test_299\n")
    diff = "diff --git a/x b/x\n" + "\n".join(f" def f{n}():\n+    pass" for n in range(300))
    assert view(diff.encode(), 2000).text.endswith("+    pass\n")


def test_a_watcher_sees_everything_at_first_and_later_the_newest_lines() -> None:
    live = Live(plenty=20, each=10)
    assert live.feed(b"one\ntw") == "one\n"
    assert live.feed(b"o\n") == "two\n"
    assert live.feed(b"x\n" * 1000 + b"last") in ("x\n" * 10, "x\n" * 11)
    assert live.feed(b"y\n" * 1000).endswith("y\n")
    assert live.feed(b"open") == ""
    assert live.end() == "open"
