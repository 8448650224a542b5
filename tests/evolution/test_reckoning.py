"""Three planted changes, one good, one idle, one bad: later rounds say which is which, and only the bad one goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lab import PROJECT, Lab, contract, of
from test_boot import system
from test_observed import ended, started

from livecoder.config import Evolve
from livecoder.events import (
    CommandFinished,
    CommandStarted,
    Event,
    ModelReplied,
    RoundStarted,
    ScaffoldCommitted,
    ToolUsed,
    Usage,
    VerdictGiven,
    Warned,
)
from livecoder.evolution import proposals as p
from livecoder.evolution import verdicts
from livecoder.evolution.evolve import Evolution, Grounds
from livecoder.evolution.receipts import Receipt
from livecoder.evolution.reckoning import reckon
from livecoder.evolution.remembered import essence
from livecoder.evolution.verdicts import WINDOW
from livecoder.journal.journal import Journal
from livecoder.scaffold import rejected
from livecoder.scaffold.lessons import Lesson
from livecoder.scaffold.scaffold import Scaffold

RECEIPT = Receipt("count things", "s1", "m", "$0.01")
GROUNDS = Grounds(frozenset({1, 2}))
TIMED_OUT = p.SetKnob(
    "command_timeout_seconds", 10, contract(1, 2, improves=("seconds",), risks=("timeouts",), cause="waiting is dear")
)
IDLE = p.SetKnob("no_progress_repeats", 4, contract(1, 2, improves=("cut_outputs",), risks=("prompt_bytes",)))
GOOD = p.AddLesson(
    Lesson("tables", "The parser needs its tables."), contract(1, improves=("turns",), risks=("verify",))
)


def session(sessions: Path, number: int, generation: str, turns: int, timeouts: int = 0) -> None:
    """The journal of a session with one round."""
    events: list[Event] = [started(generation), RoundStarted(1, "Fix it.", "")]
    events += [ModelReplied(n, "", (), Usage(), 0.0, 1.0, 1_000) for n in range(turns)]
    for step in range(1, 4):
        late = step <= timeouts
        events.append(CommandStarted(1, step, f"c{step}", "pytest -q", 10.0))
        events.append(CommandFinished(1, step, f"c{step}", 137 if late else 0, 9.0, "", 0, 0, False, late, "/repo"))
    with Journal(sessions / f"2026030{number // 60}-{number % 60:02}0000-000ab") as journal:
        for event in [*events, ended()]:
            journal.append(event)


def evolution(lab: Lab, mode: Evolve = "auto") -> Evolution:
    head = lab.store.head(PROJECT)
    return Evolution(lab.store, lab.data, PROJECT, head, mode, lab.rooms, lab.root, system)


def accept(lab: Lab, proposal: p.Proposal) -> str:
    """The generation that the proposal gives."""
    (commit,) = of(ScaffoldCommitted, evolution(lab).consider([proposal], GROUNDS, RECEIPT))
    return commit.after


def stream(lab: Lab, proposals: Sequence[p.Proposal], *, before: int, turns: int, timeouts: int) -> list[str]:
    """Eight rounds without, one change after the other, eight rounds with all; the generations."""
    sessions, number = lab.data / "sessions", 1
    for _ in range(WINDOW):
        session(sessions, number, lab.store.head(PROJECT), before + number % 2)
        number += 1
    generations = [accept(lab, proposal) for proposal in proposals]
    for _ in range(WINDOW):
        session(sessions, number, generations[-1], turns + number % 2, timeouts)
        number += 1
    return generations


def test_each_gets_its_verdict_and_the_bad_one_alone_is_taken_back(lab: Lab, tmp_path: Path) -> None:
    good, idle, bad = stream(lab, [GOOD, IDLE, TIMED_OUT], before=10, turns=4, timeouts=2)
    judging = evolution(lab)
    events = list(reckon(judging, lab.data / "sessions"))
    assert [(e.generation, e.verdict) for e in of(VerdictGiven, events)] == [
        (good, "effective"),
        (idle, "ineffective"),
        (bad, "harmful"),
    ]
    (revert,) = of(ScaffoldCommitted, events)
    assert revert.subject == "revert: knob(command_timeout_seconds): 10: waiting is dear"
    assert revert.receipts["Reverts"] == bad and "timeouts worse" in revert.receipts["Cause"]
    assert judging.generation == revert.after == lab.store.head(PROJECT)

    lab.store.checkout(PROJECT, tmp_path / "now")
    now = Scaffold.load(tmp_path / "now")
    assert (now.knobs.command_timeout_seconds, now.knobs.no_progress_repeats) == (120, 4)
    assert [lesson.id for lesson in now.lessons] == ["tables"]

    rates = verdicts.rate(verdicts.load(lab.data, PROJECT).values(), "m")
    assert rates.line() == "predicted 3, came true 1"
    assert list(reckon(judging, lab.data / "sessions")) == [], "what was judged stays judged"


def test_what_was_taken_back_is_not_tried_again(lab: Lab) -> None:
    stream(lab, [TIMED_OUT], before=10, turns=10, timeouts=2)
    list(reckon(evolution(lab), lab.data / "sessions"))
    (old,) = rejected.recall(lab.data, PROJECT)
    assert old.essence == essence(TIMED_OUT) and old.reason.startswith("it was taken back: ")
    again = replace(TIMED_OUT, contract=contract(2, 1, cause="another cause"))
    refused = list(evolution(lab).consider([again], GROUNDS, RECEIPT))[-1]
    assert "it was refused before" in str(refused) and lab.store.log(PROJECT)[0].subject.startswith("revert: ")


def test_where_it_may_only_propose_it_only_says_so(lab: Lab) -> None:
    stream(lab, [TIMED_OUT], before=10, turns=10, timeouts=2)
    head = lab.store.head(PROJECT)
    events = list(reckon(evolution(lab, "propose"), lab.data / "sessions"))
    assert [type(event) for event in events] == [VerdictGiven] and lab.store.head(PROJECT) == head


def test_what_came_after_it_is_in_nobodys_way(lab: Lab) -> None:
    lab.write("count-lines", "#!/bin/sh\necho Count.\necho usage\nwc -l a.txt\n")
    made = p.KeepTool(
        "count-lines",
        (lab.checkout / "tools/count-lines").read_bytes(),
        contract(1, improves=("tool:count-lines",), risks=("turns",)),
    )
    use = ToolUsed("count-lines", 1, (), "", str(lab.root), 0, lab.tree())
    sessions = lab.data / "sessions"
    for number in range(1, 9):
        session(sessions, number, lab.store.head(PROJECT), 4)
    (commit,) = of(ScaffoldCommitted, evolution(lab).consider([made], Grounds(frozenset({1}), [use]), RECEIPT))
    later = accept(lab, GOOD)
    for number in range(9, 17):
        session(sessions, number, later, 12)
    found = list(reckon(evolution(lab), sessions))
    assert [(e.generation, e.verdict) for e in of(VerdictGiven, found)] == [
        (commit.after, "harmful"),
        (later, "harmful"),
    ]
    subjects = [one.subject for one in lab.store.log(PROJECT)]
    assert subjects[:2] == ["revert: lesson(tables): The parser needs its tables.", "revert: tool(count-lines):"]
    assert lab.store.diff(lab.store.log(PROJECT)[-1].id, lab.store.head(PROJECT)) == ""


def test_what_was_changed_again_by_hand_is_told_and_left(lab: Lab) -> None:
    from livecoder.scaffold.changes import FileChange
    from livecoder.scaffold.lessons import dump

    sessions = lab.data / "sessions"
    for number in range(1, 9):
        session(sessions, number, lab.store.head(PROJECT), 4)
    accept(lab, GOOD)
    mine = dump(Lesson("tables", "My own words.")).encode()
    change, head = FileChange("lessons/tables.toml", mine), lab.store.head(PROJECT)
    now = lab.store.commit(PROJECT, head, [change], "by hand", {}, datetime.now(UTC))
    for number in range(9, 17):
        session(sessions, number, now.after, 12)
    verdict, warned = reckon(evolution(lab), sessions)
    assert isinstance(verdict, VerdictGiven) and verdict.verdict == "harmful"
    assert isinstance(warned, Warned) and "lessons/tables.toml was changed again since" in warned.text


@pytest.mark.parametrize("rounds", [0, WINDOW - 1])
def test_before_there_is_enough_to_see_nothing_is_said(lab: Lab, rounds: int) -> None:
    after = accept(lab, GOOD)
    for number in range(1, rounds + 1):
        session(lab.data / "sessions", number, after, 12)
    assert list(reckon(evolution(lab), lab.data / "sessions")) == []
