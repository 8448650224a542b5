"""A session told: what happened is in one place of it, in order, whole or not."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from showing import (
    ANSWERED,
    ASKED,
    COMMITTED,
    CREATED,
    ENDED,
    FINISHED,
    OBSERVED,
    RAN,
    REPLIED,
    RESULT,
    SESSION,
    STARTED,
    USED,
    timed,
)

from livecoder import events as e
from livecoder.view.story import Story, tell


def told(*events: e.Event) -> Story:
    return tell(timed(*events))


def test_a_session_is_rounds_of_turns_of_steps() -> None:
    story = told(*SESSION)
    (round_,) = story.rounds
    first, last = round_.turns

    assert (story.state, story.began, story.started) == ("verified", 1_700_000_000.0, STARTED)
    assert (round_.started, round_.answer, round_.result) == (ASKED, "Done.", RESULT)
    assert round_.trees == ("tree-0", "tree-1")
    assert [(step.number, step.command, step.finished, step.told) for step in first.steps] == [
        (1, "ls", FINISHED, OBSERVED.text),
        (0, "pwd", None, "not run: the round was interrupted"),
    ]
    assert [note.label for note in first.steps[0].notes] == ["tool born", "tool used"]
    assert [(note.label, note.text) for note in first.notes] == [("the user said meanwhile", "in Python, please")]
    assert (last.reply, last.steps) == (ANSWERED, ())
    assert [note.label for note in round_.learnt] == ["proposed", "kept", "refused", "looking back"]
    assert (story.born, story.used) == (("count-lines",), ("count-lines",))


def test_each_task_of_a_conversation_is_a_round() -> None:
    again = dataclasses.replace(ASKED, round=2, task="And the words.")
    failed = dataclasses.replace(RESULT, outcome="failed")
    story = told(STARTED, ASKED, ANSWERED, RESULT, again, REPLIED, RAN, FINISHED, OBSERVED, failed)

    assert [(round_.started.task, round_.state) for round_ in story.rounds] == [
        ("Count the lines.", "verified"),
        ("And the words.", "failed"),
    ]
    assert story.state == "failed"
    assert [turn.reply for turn in story.turns] == [ANSWERED, REPLIED]


@pytest.mark.parametrize("length", range(len(SESSION)))
def test_a_session_killed_anywhere_is_unfinished_and_has_what_happened_until_then(length: int) -> None:
    events = SESSION[:length]
    story = told(*events)

    assert story.state == "unfinished"
    assert len(story.turns) == sum(isinstance(event, e.ModelReplied) for event in events)
    steps = [step for turn in story.turns for step in turn.steps]
    assert [step.number for step in steps if step.number] == [1] * (RAN in events)
    assert [step.command for step in steps] == ([c.command for c in REPLIED.calls] if REPLIED in events else [])
    assert (FINISHED in [step.finished for step in steps]) == (FINISHED in events)


def test_a_command_that_the_kill_cut_short_has_no_end() -> None:
    (step, never) = told(ASKED, REPLIED, RAN).turns[0].steps
    assert (step.number, step.finished, step.told) == (1, None, "")
    assert (never.number, never.command) == (0, "pwd")


def test_looking_back_is_no_turn_and_its_cost_is_kept_apart() -> None:
    looked = dataclasses.replace(REPLIED, purpose="reflection", calls=(), cost_usd=0.5)
    story = told(STARTED, ASKED, REPLIED, ANSWERED, ENDED, looked, e.Reflected("done"), RESULT)

    assert len(story.turns) == 2
    assert story.cost("turn") == pytest.approx(0.0041 + 0.002)
    assert story.cost("reflection") == 0.5
    assert [note.label for note in story.rounds[0].learnt] == ["looked back", "looking back"]


def test_a_session_may_only_look_back_on_others() -> None:
    looked = dataclasses.replace(REPLIED, purpose="reflection", calls=())
    story = told(looked, COMMITTED, e.Reflected("done"))

    assert (story.state, story.rounds, len(story.learnt)) == ("looked back", (), 3)


def test_one_price_unknown_makes_the_cost_unknown() -> None:
    assert told(ASKED, REPLIED, dataclasses.replace(ANSWERED, cost_usd=None)).cost("turn") is None
    assert told(ASKED, REPLIED, dataclasses.replace(ANSWERED, cost_usd=None)).cost("reflection") == 0


def test_some_kinds_of_events_alone_are_enough_for_a_summary() -> None:
    wanted = (e.SessionStarted, e.RoundStarted, e.ModelReplied, e.ToolCreated, e.Result)
    summary = told(*(event for event in SESSION if isinstance(event, wanted)))
    whole = told(*SESSION)

    assert (summary.state, len(summary.turns), summary.born) == (whole.state, len(whole.turns), whole.born)
    assert summary.cost("turn") == whole.cost("turn")


def test_nothing_happened() -> None:
    assert (told().state, told().turns, told().started) == ("unfinished", (), None)


EVENTS = st.sampled_from([*SESSION, CREATED, USED, e.BaseRan(1, "ls", 0, "", 0.1), e.Retried(1, "busy", 1.0, 1)])


@given(st.lists(EVENTS))
def test_any_events_in_any_order_are_told(events: list[e.Event]) -> None:
    story = told(*events)
    assert len(story.rounds) == events.count(ASKED)
    assert story.replies == tuple(event for event in events if isinstance(event, e.ModelReplied))


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=8))
def test_no_command_and_no_note_is_lost_or_told_twice(turns: list[tuple[int, bool]]) -> None:
    """Turns of so many commands, each with or without a word from the user after it."""
    events: list[e.Event] = [ASKED]
    for turn, (commands, steered) in enumerate(turns, 1):
        calls = tuple(e.Call(f"{turn}.{number}", f"echo {turn}.{number}") for number in range(commands))
        events.append(dataclasses.replace(ANSWERED, turn=turn, calls=calls))
        for step, call in enumerate(calls, 1):
            events.append(e.CommandStarted(turn, step, call.id, call.command, 1.0))
            events.append(dataclasses.replace(FINISHED, call_id=call.id))
            events += [CREATED, e.Observed(turn, call.id, "[exit 0]")]
        events += [e.UserSaid("go on", "steering")] if steered else []
    story = told(*events)

    assert [len(turn.steps) for turn in story.turns] == [commands for commands, _ in turns]
    assert [len(turn.notes) for turn in story.turns] == [steered for _, steered in turns]
    commands = [event.command for event in events if isinstance(event, e.CommandStarted)]
    assert [step.command for turn in story.turns for step in turn.steps] == commands
    assert all(len(step.notes) == 1 for turn in story.turns for step in turn.steps)
