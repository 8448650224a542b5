"""Advice by evidence: a pattern in the steps is named with its steps, once a session, and never without it."""

from __future__ import annotations

import pytest
from lab import Lab, of, say

from livecoder.events import Nudged
from livecoder.evolution.nudges import Nudges
from livecoder.model import Observation

COMPOUND = [f"grep -n {word} a.txt | sort | head -{n}" for n, word in enumerate(("o.e", "t.o", "x.y", "z.y"), 1)]
FAILED_EDITS = ["sed -i s/one/uno/ nowhere.txt", "git apply missing.patch", "patch -p1 < missing.patch"]
CUT = [f"seq {n} 9000" for n in (1, 2, 3)]


def nudges(lab: Lab, commands: list[str], watcher: Nudges | None = None) -> list[tuple[str, tuple[int, ...]]]:
    events, _ = lab.play([*map(say, commands), "done"], watcher or Nudges("evidence"))
    return [(nudge.pattern, nudge.steps) for nudge in of(Nudged, events)]


@pytest.mark.parametrize(
    ("commands", "pattern", "steps"),
    [
        (COMPOUND, "repeated command", (1, 2, 3)),
        (FAILED_EDITS, "failed edits", (1, 2)),
        (CUT, "cut outputs", (1, 2)),
    ],
    ids=["repeated command", "failed edits", "cut outputs"],
)
def test_each_pattern_is_named_once_with_its_steps(
    lab: Lab, commands: list[str], pattern: str, steps: tuple[int, ...]
) -> None:
    assert nudges(lab, commands) == [(pattern, steps)]


def test_the_model_reads_it_with_the_observation_it_is_about(lab: Lab) -> None:
    _, model = lab.play([*map(say, COMPOUND), "done"], Nudges("evidence"))
    last = model.asked[3][-1]
    assert isinstance(last, Observation) and "the same command shape at steps 1, 2, 3" in last.text


def test_several_calls_in_one_reply_count_as_several_steps(lab: Lab) -> None:
    events, _ = lab.play([say(*FAILED_EDITS), "done"], Nudges("evidence"))
    assert [nudge.steps for nudge in of(Nudged, events)] == [(1, 2)]


def test_an_edit_by_a_script_counts_when_it_fails(lab: Lab) -> None:
    script = "python3 - <<'EOF'\nfrom pathlib import Path\nt = Path('no.txt').read_text().replace('a', 'b')\nEOF"
    assert nudges(lab, [script, script]) == [("failed edits", (1, 2))]


@pytest.mark.parametrize(
    "commands",
    [
        ["ls", "ls", "ls", "ls"],
        ["git status | cat"] * 4,
        ["sed -i s/one/uno/ a.txt", "sed -i s/two/due/ a.txt", "sed -i s/x/y/ b.txt"],
        ["sed -n 1,9p a.txt", "sed -n 1,9p b.txt", "sed -n 9,12p a.txt"],
        ["false", "false", "false"],
    ],
    ids=["plain commands", "two programs", "edits that work", "two files", "failures that are no edits"],
)
def test_without_evidence_there_is_no_advice(lab: Lab, commands: list[str]) -> None:
    assert nudges(lab, commands) == []


def test_the_knob_says_how_often_is_a_repetition(lab: Lab) -> None:
    assert nudges(lab, COMPOUND, Nudges("evidence", repeats=2)) == [("repeated command", (1, 2))]
    assert nudges(lab, COMPOUND, Nudges("evidence", repeats=5)) == []


def test_two_modes_exist_for_comparison(lab: Lab) -> None:
    assert nudges(lab, COMPOUND, Nudges("never")) == []
    assert nudges(lab, ["ls", "ls"], Nudges("every_step")) == [("every step", (1,)), ("every step", (2,))]


def test_who_is_not_encouraged_hears_nothing(lab: Lab) -> None:
    assert nudges(lab, COMPOUND, Nudges("evidence", encouraged=lambda: False)) == []
