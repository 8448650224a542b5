"""The miner: procedures recur with few arguments; what always has other ones is a way of looking, never a tool."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.events import CommandFinished, CommandStarted
from livecoder.evolution import mined
from livecoder.evolution.miner import MAX_SETS, MAX_SHAPES, Call, Mined, called, counted, worthwhile
from livecoder.journal.journal import Journal


def stream(template: str, uses: int, sets: int, failures: int = 0) -> Iterator[Call]:
    """`uses` runs of a command line with `sets` different arguments, the first `failures` of them failing."""
    for number in range(uses):
        call = called(template.format(number % sets), int(number < failures))
        assert call is not None
        yield call


def proposed(*streams: Iterator[Call]) -> list[str]:
    known: dict[str, Mined] = {}
    for calls in streams:
        known = counted(known, calls)
    return list(worthwhile(known))


PROCEDURE = "git stash && pytest -q tests/test_{}.py; git stash pop"
SHAPE = "git stash ; pytest -q <path> ; git stash pop"


def test_a_procedure_with_few_arguments_is_proposed() -> None:
    assert proposed(stream(PROCEDURE, 6, 2)) == [SHAPE]
    assert proposed(stream(PROCEDURE, 1_000, 200 - 1)) == [SHAPE]


@pytest.mark.parametrize(
    ("uses", "sets", "failures", "why"),
    [
        (2, 1, 0, "two uses"),
        (5, 2, 0, "less than three uses for each set of arguments"),
        (30, 1, 0, "always the same arguments"),
        (30, 2, 30, "it never worked"),
        (1_000, 990, 0, "nearly always other arguments"),
        (3_000, 990, 0, "more different arguments than are counted apart"),
    ],
)
def test_what_has_no_reuse_is_not_proposed(uses: int, sets: int, failures: int, why: str) -> None:
    assert proposed(stream(PROCEDURE, uses, sets, failures)) == [], why


@pytest.mark.parametrize(
    "command",
    [
        "sed -n 10,20p a.txt",
        "sed -i s/a/b/ a.txt",
        "cd src && sed -n 10,20p a.txt | head -20",
        "cat a.txt | grep x",
        "echo start; pytest -q; echo $?",
        "pytest -q 2>&1 | tail -5",
        "for f in *.py; do sed -i s/a/b/ $f; done",
        "true",
        "",
        "x=1",
    ],
)
def test_one_program_is_no_procedure_whatever_stands_round_it(command: str) -> None:
    assert called(command, 0) is None


def test_a_procedure_is_one_shape_with_its_steps_in_order() -> None:
    one, other = called("sort a.txt | uniq -c", 0), called("uniq -c b.txt | sort", 0)
    assert one is not None and other is not None and one.shape != other.shape
    assert called(" && ".join(["make"] * 60), 0) is None  # longer than anybody would name


def test_what_a_tool_does_already_is_not_proposed() -> None:
    known = counted({}, stream("count-lines src/{}.py | sort", 9, 3))
    assert list(worthwhile(known)) == ["count-lines <path> ; sort"]
    assert worthwhile(known, ["count-lines"]) == {}


def test_the_most_used_come_first() -> None:
    streams = stream("sort f{} | uniq -c", 9, 3), stream("sort f{} | uniq -d", 12, 3), stream("nl f{} | sort", 9, 3)
    assert proposed(*streams) == ["sort <word> ; uniq -d", "nl <word> ; sort", "sort <word> ; uniq -c"]


CALLS = st.lists(st.builds(Call, st.sampled_from("abcd"), st.sampled_from([f"{n}" for n in range(6)]), st.booleans()))


@given(CALLS)
def test_a_proposal_is_what_the_rules_say(calls: list[Call]) -> None:
    expected: set[str] = set()
    for shape in "abcd":
        mine = [call for call in calls if call.shape == shape]
        sets = {call.arguments for call in mine}
        if len(mine) >= 3 and len(sets) >= 2 and any(call.ok for call in mine) and len(mine) / len(sets) >= 3:
            expected.add(shape)
    assert set(worthwhile(counted({}, calls))) == expected


@given(CALLS, CALLS)
def test_counting_in_two_goes_is_counting_once_and_changes_nothing_it_was_given(a: list[Call], b: list[Call]) -> None:
    first = counted({}, a)
    before = dict(first)
    assert counted(first, b) == counted({}, [*a, *b])
    assert first == before == counted({}, a)


def test_what_is_kept_is_bounded() -> None:
    often = [Call("often", str(number % 3), True) for number in range(30)]
    once = [Call(f"once {number}", "x", True) for number in range(MAX_SHAPES + 1)]
    many = [Call("many", str(number), True) for number in range(MAX_SETS + 50)]
    known = counted({}, [*often, *many, *once])
    assert len(known) <= MAX_SHAPES and list(worthwhile(known)) == ["often"]
    assert len(known["many"].sets) == MAX_SETS and known["many"].reuse == 0.0


def ran(journal: Journal, step: int, command: str, exit_code: int | None = 0) -> None:
    """One command in a journal; None: it has not ended yet."""
    journal.append(CommandStarted(1, step, f"c{step}", command, 30.0))
    if exit_code is not None:
        journal.append(CommandFinished(1, step, f"c{step}", exit_code, 0.1, "", 0, 0, False, False, "/"))


def session(sessions: Path, number: int, commands: list[str]) -> Path:
    directory = sessions / f"20260301-12000{number}-001aa"
    with Journal(directory) as journal:
        for step, command in enumerate(commands, 1):
            ran(journal, step, command)
    return directory


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    return tmp_path / "project" / "sessions"


def test_the_index_is_made_from_the_journals_and_kept(sessions: Path) -> None:
    for number in range(3):
        session(sessions, number, ["ls", PROCEDURE.format("a"), PROCEDURE.format("b")])
    assert list(worthwhile(mined.refresh(sessions).shapes)) == [SHAPE]
    assert mined.load(sessions) == mined.updated(mined.Index(), sessions)
    assert mined.load(sessions).shapes[SHAPE] == Mined(6, 6, mined.load(sessions).shapes[SHAPE].sets)


def test_only_what_is_new_is_read(sessions: Path) -> None:
    first = session(sessions, 0, [PROCEDURE.format("a")] * 3)
    mined.refresh(sessions)
    with Journal(first) as journal:
        ran(journal, 4, PROCEDURE.format("b"))
        ran(journal, 5, PROCEDURE.format("b"), None)
    assert mined.refresh(sessions).shapes[SHAPE].uses == 4
    with Journal(first) as journal:
        ran(journal, 5, PROCEDURE.format("b"), 0)
    now = mined.refresh(sessions)
    assert now.shapes[SHAPE].uses == 5 and now == mined.updated(mined.Index(), sessions)


def test_any_cut_between_two_updates_gives_the_same_index(sessions: Path) -> None:
    rolls = random.Random(4)
    index = mined.Index()
    for number in range(4):
        directory = sessions / f"20260301-12000{number}-001aa"
        for step in range(1, 12):
            with Journal(directory) as journal:
                ran(journal, step, PROCEDURE.format(rolls.choice("ab")), rolls.choice([0, 0, 1]))
            if rolls.random() < 0.3:
                index = mined.updated(index, sessions)
    index = mined.updated(index, sessions)
    assert index == mined.updated(mined.Index(), sessions)
    assert index.shapes[SHAPE].uses == 44


def test_a_session_that_is_gone_takes_its_counts_with_it(sessions: Path) -> None:
    first = session(sessions, 0, [PROCEDURE.format("a")] * 6)
    session(sessions, 1, [PROCEDURE.format("b")])
    mined.refresh(sessions)
    for path in first.iterdir():
        path.unlink()
    assert mined.refresh(sessions).shapes[SHAPE].uses == 1


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"version": 0}), json.dumps({"seen": {"x": "y"}})])
def test_an_index_that_cannot_be_used_is_made_again(sessions: Path, text: str) -> None:
    session(sessions, 0, [PROCEDURE.format("a")])
    mined.place(sessions).write_text(text)
    assert mined.load(sessions) == mined.Index()
    assert mined.refresh(sessions).shapes[SHAPE].uses == 1


def test_a_journal_that_cannot_be_read_is_passed_over(sessions: Path) -> None:
    session(sessions, 0, [PROCEDURE.format("a")])
    (sessions / "20260301-120009-001aa").mkdir()
    (sessions / "20260301-120009-001aa/journal.sqlite").write_text("no database")
    assert mined.refresh(sessions).shapes[SHAPE].uses == 1


def test_without_sessions_nothing_is_written(sessions: Path) -> None:
    assert mined.refresh(sessions) == mined.Index()
    assert not mined.place(sessions).exists()
