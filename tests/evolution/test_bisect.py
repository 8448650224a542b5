"""The search for the generation that broke it, and the probes that tell a good one from a bad one."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lab import COUNT, STAMP, Lab

from livecoder.evolution.bisect import Command, Hooks, Recorded, acts_on_the_model, search
from livecoder.evolution.replay import replayer
from livecoder.scaffold.cases import Case


@given(st.integers(2, 500).flatmap(lambda size: st.tuples(st.just(size), st.integers(1, size - 1))))
def test_the_first_bad_one_is_found_in_few_tries(sizes: tuple[int, int]) -> None:
    size, culprit = sizes
    found = search(range(size), lambda each: f"{each} is bad" if each >= culprit else "")
    assert (found.first_bad, found.why) == (culprit, f"{culprit} is bad")
    assert len(found.tried) <= 2 + math.ceil(math.log2(size))


@given(st.lists(st.booleans(), min_size=2, max_size=40))
def test_whatever_fails_the_one_named_fails_and_the_one_before_does_not(bad: list[bool]) -> None:
    found = search(range(len(bad)), lambda each: "bad" if bad[each] else "")
    if bad[-1] and not bad[0]:
        assert found.first_bad is not None and bad[found.first_bad] and not bad[found.first_bad - 1]
    else:
        assert found.first_bad is None


def test_ends_that_do_not_differ_are_told_apart() -> None:
    assert search([1, 2, 3], lambda _: "").tried == ((3, ""),)
    always = search([1, 2, 3], lambda each: f"{each} fails")
    assert (always.first_bad, always.why, len(always.tried)) == (None, "1 fails", 2)
    assert search([1], lambda each: "fails").first_bad is None


TOOLS = ("count-lines",)


def case(lab: Lab, *arguments: str, output: str = "", effect: str = "") -> Case:
    return Case(lab.tree(), arguments, "", ".", 0, output, effect, True)


def recorded(lab: Lab, **cases: list[Case]) -> Recorded:
    named = {name.replace("_", "-"): found for name, found in cases.items()}
    return Recorded(replayer(lab.rooms, lab.root), named)


def test_recorded_calls_must_do_what_they_did(lab: Lab) -> None:
    probe = recorded(lab, count_lines=[case(lab, "b.txt", output="1 b.txt\n"), case(lab, "a.txt", output="2 a.txt\n")])
    assert probe.failure(lab.checkout, TOOLS) == ""  # no such tool there yet
    lab.write("count-lines", COUNT)
    assert probe.failure(lab.checkout, TOOLS) == ""
    lab.write("count-lines", COUNT.replace("wc -l", "wc -c"))
    assert probe.failure(lab.checkout, TOOLS) == "`count-lines b.txt` prints something else than before"
    lab.write("count-lines", COUNT + "exit 3\n")
    assert probe.failure(lab.checkout, TOOLS).startswith("`count-lines b.txt` exits 3 instead of 0: 1 b.txt")
    lab.write("count-lines", COUNT + "rm b.txt\n")
    assert (
        probe.failure(lab.checkout, TOOLS)
        == "`count-lines b.txt` changes other files, or other text in them, than before"
    )


def test_what_an_earlier_text_printed_is_no_fault(lab: Lab) -> None:
    probe = recorded(lab, count_lines=[case(lab, "a.txt", output="2 a.txt\n")])
    lab.write("count-lines", COUNT.replace("wc -l", "wc -c"))
    assert probe.failure(lab.checkout, []) == ""
    lab.write("count-lines", COUNT + "exit 3\n")
    assert probe.failure(lab.checkout, []) != ""


def test_a_call_that_cannot_be_made_again_says_nothing_against_a_scaffold(lab: Lab) -> None:
    lab.write("count-lines", COUNT)
    lost = replace(case(lab, "a.txt", output="2 a.txt\n"), tree="f" * 40)
    probe = recorded(lab, count_lines=[lost])
    assert (probe.failure(lab.checkout, TOOLS), probe.unplayable) == ("", {"count-lines"})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("#!/bin/sh\ncat >/dev/null; echo '{}'\n", ""),
        ('#!/bin/sh\necho \'{"say": "x"}\'; echo noise >&2\n', ""),
        ("#!/bin/sh\nexit 3\n", "hook before_finish ends with exit code 3 (it has 2 s)"),
        ("#!/bin/sh\nsleep 60\n", "hook before_finish ends with exit code 137 (it has 2 s)"),
        ("#!/bin/sh\necho ok\n", "hook before_finish prints no JSON object: ok"),
        ("#!/bin/sh\necho '[1]'\n", "hook before_finish prints no JSON object: [1]"),
        ("#!/nowhere\n", "hook before_finish ends with exit code 127 (it has 2 s)"),
    ],
)
def test_a_hook_must_answer_in_time(lab: Lab, text: str, why: str) -> None:
    path = lab.checkout / "hooks" / "before_finish"
    path.write_text(text)
    path.chmod(0o755)
    assert Hooks(lab.rooms).failure(lab.checkout) == why


def test_the_users_command_runs_on_a_copy_with_the_scaffold(lab: Lab) -> None:
    lab.write("stamp", STAMP.format(body='echo new > "$1"'))
    before = lab.tree()
    passes = Command(lab.rooms, before, "stamp a.txt && grep -q new a.txt && test -d $SCAFFOLD/hooks")
    assert passes.failure(lab.checkout) == ""
    fails = Command(lab.rooms, before, "echo; echo what happened; exit 9")
    assert fails.failure(lab.checkout) == "`echo; echo what happened; exit 9` exits 9: what happened"
    assert Command(lab.rooms, before, "exit 2").failure(lab.checkout) == "`exit 2` exits 2"
    assert lab.tree() == before


def test_what_acts_on_the_model_is_known_by_its_file() -> None:
    for path in ("prompts/system.md", "lessons/a.toml", "scaffold.toml"):
        assert acts_on_the_model(["tools/x", path])
    assert not acts_on_the_model(["tools/x", "hooks/round_start"])


def test_a_probe_leaves_nothing_behind(lab: Lab) -> None:
    Hooks(lab.rooms).failure(lab.checkout)
    Command(lab.rooms, lab.tree(), "touch x").failure(lab.checkout)
    assert not lab.rooms.directory.exists() or list(lab.rooms.directory.iterdir()) == []
    assert not Path(lab.root / "x").exists()
