"""Looking back: one request, one repair, typed proposals, and never more than it may cost."""

from __future__ import annotations

import dataclasses
import json
from math import inf
from typing import Any

import pytest

from livecoder.control import Control
from livecoder.errors import ProviderRefused
from livecoder.events import Event, ModelReplied, Usage
from livecoder.evolution import proposals as p
from livecoder.evolution.answers import Origin
from livecoder.evolution.contract import Contract
from livecoder.evolution.proposals import AddLesson, KeepTool, RetireTool
from livecoder.evolution.reflection import (
    FLOOR_TOKENS,
    MAX_OUTPUT_TOKENS,
    Reflection,
    reflect,
    too_dear,
)
from livecoder.model import User
from livecoder.model.scripted import Line, Scripted
from livecoder.scaffold.lessons import Lesson

ORIGIN = Origin("20260301-120000-abcd", "Fix the parser.", "2026-03-01T12:00:00+00:00")
CLAIM: dict[str, Any] = {
    "evidence": [2],
    "cause": "it was slow",
    "expects": "one step less",
    "improves": ["turns"],
    "risks": ["verify"],
}
LESSON: dict[str, Any] = {
    **CLAIM,
    "kind": "lesson",
    "text": "The tests need  the flag -q\nhere.",
    "trigger": " pytest ",
    "evidence": [3, 5],
}
TWO = Contract((2,), "it was slow", "one step less", ("turns",), ("verify",))
NOTHING = '{"proposals": []}'


def asked(*replies: str | Line | Exception, control: Control | None = None) -> tuple[Reflection, list[Event], Scripted]:
    model, events = Scripted(replies), list[Event]()
    looking = reflect(model, "Look back.", ORIGIN, 7, control or Control())
    while True:
        try:
            events.append(next(looking))
        except StopIteration as end:
            return end.value, [event for event in events if isinstance(event, ModelReplied)], model


def answer(*proposals: dict[str, Any]) -> str:
    return json.dumps({"proposals": proposals})


def test_a_lesson_comes_with_where_it_is_from() -> None:
    reflection, _, _ = asked(answer(LESSON))
    (proposal,) = reflection.proposals
    assert isinstance(proposal, AddLesson)
    assert (proposal.contract.evidence, proposal.contract.expects, proposal.origin) == (
        (3, 5),
        "one step less",
        "reflection",
    )
    lesson = proposal.lesson
    assert (lesson.id, lesson.text) == ("the-tests-need-the-flag-q", "The tests need the flag -q here.")
    assert (lesson.trigger, lesson.task, lesson.created) == ("pytest", ORIGIN.task, ORIGIN.when)
    assert lesson.evidence == ("20260301-120000-abcd:3", "20260301-120000-abcd:5")


def test_a_tool_is_revised_or_retired() -> None:
    tool = {**CLAIM, "kind": "tool", "name": "count-lines"}
    reflection, _, _ = asked(answer({**tool, "action": "retire"}, {**tool, "action": "revise", "text": "#!/bin/sh\n"}))
    retired, revised = reflection.proposals
    assert isinstance(retired, RetireTool) and retired.name == "count-lines"
    assert isinstance(revised, KeepTool) and revised.content == b"#!/bin/sh\n" and revised.origin == "reflection"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"kind": "lesson", "action": "revise", "id": "tables", "text": "X.", "trigger": "tables", "when": "task"},
            p.ReviseLesson(Lesson("tables", "X.", "tables", (f"{ORIGIN.session}:2",), ORIGIN.when, when="task"), TWO),
        ),
        (
            {"kind": "lesson", "action": "revise", "id": "tables", "text": "Said better."},
            p.ReviseLesson(Lesson("tables", "Said better.", "", (f"{ORIGIN.session}:2",), ORIGIN.when), TWO),
        ),
        (
            {"kind": "lesson", "action": "merge", "ids": ["a", "b"], "text": "Both in one."},
            p.MergeLessons(
                ("a", "b"), Lesson("both-in-one", "Both in one.", "", (f"{ORIGIN.session}:2",), ORIGIN.when), TWO
            ),
        ),
        ({"kind": "lesson", "action": "retire", "id": "tables"}, p.RetireLesson("tables", TWO)),
        (
            {"kind": "tool", "action": "add", "name": "x", "text": "#!/bin/sh\n", "arguments": ["a"], "stdin": "b"},
            p.KeepTool("x", b"#!/bin/sh\n", TWO, "added by reflection", "reflection", p.Trial(("a",), "b")),
        ),
        (
            {"kind": "prompt", "section": "system#rules", "text": "- Be brief."},
            p.EditSection("system", "rules", "- Be brief.", TWO),
        ),
        ({"kind": "prompt", "section": "harvest", "text": "x"}, p.EditSection("harvest", "all", "x", TWO)),
        ({"kind": "knob", "name": "output_chars", "value": 20_000}, p.SetKnob("output_chars", 20_000, TWO)),
        ({"kind": "knob", "name": "nudges", "value": "never"}, p.SetKnob("nudges", "never", TWO)),
        (
            {"kind": "hook", "action": "add", "event": "round_start", "text": "#!/bin/sh\n"},
            p.KeepHook("round_start", b"#!/bin/sh\n", TWO),
        ),
        ({"kind": "hook", "action": "remove", "event": "round_start"}, p.RemoveHook("round_start", TWO)),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, dict) else None,
)
def test_every_kind_can_be_proposed(given: dict[str, Any], expected: p.Proposal) -> None:
    reflection, _, _ = asked(answer({**CLAIM, **given}))
    found = reflection.proposals[0]
    if isinstance(found, p.ReviseLesson | p.MergeLessons):
        found = dataclasses.replace(found, lesson=dataclasses.replace(found.lesson, task=""))
    assert (found, reflection.failed) == (expected, "")


@pytest.mark.parametrize("missing", ["evidence", "cause", "expects", "improves", "risks"])
def test_without_its_contract_it_is_none(missing: str) -> None:
    bad = {name: value for name, value in LESSON.items() if name != missing}
    reflection, _, model = asked(answer(bad), answer(LESSON))
    assert len(reflection.proposals) == 1
    last = model.asked[1][-1]
    assert isinstance(last, User) and last.text.startswith(f"proposal 1: {missing}: Field required. Give anew")


@pytest.mark.parametrize("text", [NOTHING, f"Here you are:\n```json\n{NOTHING}\n```\nThat is all."])
def test_nothing_to_learn_is_a_good_answer_also_in_prose(text: str) -> None:
    reflection, events, _ = asked(text)
    assert (reflection.proposals, reflection.failed, len(events)) == ((), "", 1)


@pytest.mark.parametrize(
    ("bad", "whole"),
    [
        ("", True),
        ("I learnt a lot.", True),
        ("{not json}", True),
        ('{"proposals": [{"kind": "right"}]}', False),
        ('{"proposals": ["lesson"]}', True),
        (answer({**LESSON, "text": ""}), False),
        (answer({**LESSON, "text": "x" * 401}), False),
        (answer({**LESSON, "evidence": ["three"]}), False),
        (answer(*[LESSON] * 6), True),
        ('{"proposals": [{"kind": "lesson", "text": "\\ud800", "evidence": [1], "expects": "x"}]}', True),
        ('{"proposals": ' + "[" * 5000 + "}", True),
    ],
)
def test_what_is_no_proposal_is_repaired_once(bad: str, whole: bool) -> None:
    reflection, events, model = asked(bad, answer(LESSON))
    assert len(reflection.proposals) == 1 and reflection.failed == ""
    assert len(events) == 2
    last = model.asked[1][-1]
    assert isinstance(last, User) and ("That is not the JSON object that was asked for (" in last.text) == whole
    assert len(last.text) < 400


def test_what_is_well_formed_is_taken_and_the_rest_repaired_alone() -> None:
    long = {**LESSON, "text": "x" * 406}
    reflection, _, model = asked(answer(LESSON, long), answer({**LESSON, "text": "Said shorter."}))
    assert [proposal.summary for proposal in reflection.proposals] == [
        "The tests need the flag -q here.",
        "Said shorter.",
    ]
    assert (reflection.failed, reflection.dropped) == ("", "")
    last = model.asked[1][-1]
    assert isinstance(last, User)
    assert last.text.startswith("proposal 2: text: String should have at most 400 characters (it has 406). Give anew")


def test_what_is_wrong_twice_is_dropped_alone_and_said() -> None:
    long = {**LESSON, "text": "x" * 406}
    reflection, events, _ = asked(answer(LESSON, long), answer(LESSON, long), NOTHING)
    assert (len(reflection.proposals), reflection.failed, len(events)) == (1, "", 2)
    assert reflection.dropped == "proposal 2: text: String should have at most 400 characters (it has 406)"


def test_twice_wrong_it_is_dropped_and_said() -> None:
    reflection, events, model = asked("no", "still no", NOTHING)
    assert reflection.proposals == () and reflection.failed.startswith("the answer was no valid proposal: ")
    assert len(events) == len(model.asked) == 2


def test_every_request_is_booked_apart_and_capped() -> None:
    used = Usage(1000, 0, 100)
    reflection, events, model = asked(Line("no", used, 0.02), Line(NOTHING, used, 0.03))
    assert reflection.cost_usd == pytest.approx(0.05) and reflection.usage == Usage(2000, 0, 200)
    assert [event.purpose for event in events if isinstance(event, ModelReplied)] == ["reflection"] * 2
    assert {(ask.bash, ask.max_output_tokens, ask.turn) for ask in model.asks} == {(False, MAX_OUTPUT_TOKENS, 7)}


def test_a_price_unknown_once_is_unknown() -> None:
    assert asked(Line("no", None, 0.02), Line(NOTHING, None, None))[0].cost_usd is None


def test_an_interrupt_ends_it_without_proposals() -> None:
    control = Control()
    control.cancel("interrupt")
    reflection, _, model = asked(answer(LESSON), control=control)
    assert (reflection.proposals, reflection.failed, len(model.asked)) == ((), "interrupted", 1)


def test_a_provider_that_fails_is_the_callers_to_report() -> None:
    with pytest.raises(ProviderRefused):
        asked(ProviderRefused("no key"))


# ---- the cap: the larger of 10 % of the task's cost and $0.05, inside the budget


@pytest.mark.parametrize(
    ("prompt", "spent_usd", "spent_tokens", "left", "allowed"),
    [
        (1_000, 1.00, 100_000, inf, True),  # twice 2,500 tokens at $10 a million: $0.05
        (3_400, 1.00, 100_000, inf, True),  # $0.098, under 10 % of $1.00
        (3_600, 1.00, 100_000, inf, False),  # $0.102, over it
        (900, 0.10, 10_000, inf, True),  # $0.048: the floor of $0.05 holds
        (1_100, 0.10, 10_000, inf, False),  # $0.052
        (1_000, 1.00, 100_000, 0.04, False),  # the user's budget is nearly spent
        (1_000, 1.00, 100_000, -0.5, False),  # and here it is overspent
        (900_000, 0.0, 100_000, inf, True),  # a model that costs nothing
    ],
)
def test_the_cap_in_dollars(prompt: int, spent_usd: float, spent_tokens: int, left: float, allowed: bool) -> None:
    reason = too_dear(prompt, spent_usd, spent_tokens, True, left)
    assert (reason == "") == allowed
    if reason:
        assert "over the cap of $" in reason


def test_no_more_tokens_than_the_user_allows() -> None:
    assert too_dear(1_000, 0.0, 100_000, True, inf, 5_000) == ""
    assert too_dear(1_000, 0.0, 100_000, True, inf, 4_999) == "about 5,000 tokens, and --max-tokens leaves 4,999"
    assert too_dear(1_000, 0.0, 0, False, inf, -1) == "about 5,000 tokens, and --max-tokens leaves 0"


@pytest.mark.parametrize(
    ("prompt", "spent_tokens", "allowed"),
    [
        (FLOOR_TOKENS // 2 - MAX_OUTPUT_TOKENS, 0, True),
        (FLOOR_TOKENS // 2 - MAX_OUTPUT_TOKENS + 1, 0, False),
        (10_000 - MAX_OUTPUT_TOKENS, 200_000, True),
        (10_000 - MAX_OUTPUT_TOKENS + 1, 200_000, False),
    ],
)
def test_without_a_price_the_cap_is_in_tokens(prompt: int, spent_tokens: int, allowed: bool) -> None:
    assert (too_dear(prompt, 0.0, spent_tokens, False, inf) == "") == allowed
