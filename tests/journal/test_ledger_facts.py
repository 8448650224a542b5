"""What one session's events say of the scaffold that it had."""

from __future__ import annotations

import dataclasses

import pytest
from sessions import ended, looked_back, ran, replied, shown, started, used

from livecoder.events import (
    Harvested,
    HookFailed,
    HookRan,
    HookSaid,
    Reflected,
    ScaffoldCommitted,
    ToolBroken,
    ToolCreated,
    ToolRevised,
    UserSaid,
)
from livecoder.journal.ledger import Item, Making, facts, family


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("anthropic/claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("openrouter/qwen/qwen3-coder:free", "qwen3-coder"),
        ("openai/gpt-5-nano-2025-08-07", "gpt-5-nano"),
        ("bedrock/anthropic.claude-3-5-haiku-latest", "anthropic.claude-3-5-haiku"),
        ("GPT-4o", "gpt-4o"),
        ("ollama/llama3.1:8b", "llama3.1:8b"),
        ("", ""),
    ],
)
def test_a_family_is_a_model_without_its_server_and_date(model: str, name: str) -> None:
    assert family(model) == name


def test_a_session_that_never_began_says_nothing() -> None:
    assert facts("s", []) is None and facts("s", [replied("ls")]) is None


def test_what_was_at_hand_listed_and_used() -> None:
    session = [
        started(tools=["edit", "count", "old"], unlisted=["old"], lessons=["tables"]),
        used("edit", 0, "a.py"),
        used("edit", 1, "b.py"),
        used("count", 0, "--help"),
        used("fresh", 0, "x"),
        shown("slow"),
        *ended(),
    ]
    found = facts("s1", session)
    assert found is not None and found.family == "model-1" and found.outcome == "verified"
    assert set(found.items) == {
        Item("tool", "edit", True, True, 2, 1),
        Item("tool", "count", True, True),
        Item("tool", "old", True, False),
        Item("tool", "fresh", False, False, 1),
        Item("lesson", "tables", True, True, 1),
        Item("lesson", "slow", True, False, 1),
    }


def test_hooks_at_hand_and_what_they_did() -> None:
    session = [
        dataclasses.replace(started(), hooks=("round_start", "before_finish")),
        HookSaid("round_start", 0, "mind"),
        HookRan("round_start", 0),
        HookSaid("before_finish", 3, "test it first", "deny"),
        HookFailed("before_finish", 3, "exit 1"),
        HookFailed("after_command", 1, "it is not run: nobody accepted this content", off=True, ran=False),
        *ended(),
    ]
    found = facts("s1", session)
    assert found is not None and found.scaffold == "abc1234"
    assert set(found.items) == {
        Item("hook", "round_start", at_hand=True, used=2, said=1),
        Item("hook", "before_finish", at_hand=True, used=2, failed=1, denied=1),
        Item("hook", "after_command"),
    }


def test_tokens_and_cost_are_those_of_the_turns_and_only_where_they_are_figures() -> None:
    paid = facts("s", [started(), replied(), replied(turn=2), looked_back(999)])
    assert paid is not None and (paid.turns, paid.tokens, paid.cost_usd) == (2, 220, pytest.approx(0.02))
    unknown = facts("s", [started(), replied(), replied(turn=2, cost=None)])
    assert unknown is not None and (unknown.tokens, unknown.cost_usd) == (220, None)
    recorded = facts("s", [started(recorded=True), replied()])
    assert recorded is not None and (recorded.tokens, recorded.cost_usd) == (None, None)


def test_how_it_ended() -> None:
    found = facts("s", [started(), *ended("claimed"), UserSaid("no, the other", "steering"), *ended("failed")])
    assert found is not None and (found.outcome, found.interrupted, found.corrected) == ("failed", False, True)
    found = facts("s", [started(), UserSaid("go on", "reply cut"), *ended("failed", interrupted=True)])
    assert found is not None and (found.interrupted, found.corrected) == (True, False)
    killed = facts("s", [started(), replied()])
    assert killed is not None and killed.outcome == ""


@pytest.mark.parametrize(
    ("marks", "two"), [("!", False), ("!!", True), ("!+!", False), ("+!!", True), ("!~!!", True), ("!+!+!", False)]
)
def test_two_broken_tools_in_a_row(marks: str, two: bool) -> None:
    kinds = {
        "!": ToolBroken("a", "why", 1),
        "+": ToolCreated("a", "x", 3, 1),
        "~": ToolRevised("a", "x", 3, 1),
    }
    found = facts("s", [started(), *(kinds[mark] for mark in marks)])
    assert found is not None and found.two_broken == two


def test_a_tool_costs_its_share_of_the_replies_that_wrote_it() -> None:
    session = [
        started(),
        replied("x" * 30, "y" * 10, tokens=(500, 400)),
        ran(1, "c1.0"),
        Harvested(1, "Python", 8, 1, (1,), "s" * 400),
        ran(2, "c1.1"),
        Harvested(2, "Python", 8, 0, (1,), "s" * 800),
        replied("z" * 20, turn=2, tokens=(500, 200)),
        ran(3, "c2.0", turn=2),
        ToolCreated("edit", "Edit.", 9, 3),
        replied("z" * 5, "w" * 15, turn=3, tokens=(500, 100)),
        ran(4, "c3.0", turn=3),
        ToolRevised("edit", "Edit.", 9, 4),
    ]
    found = facts("s", session)
    assert found is not None
    assert found.made == (Making("tool", "edit", 200.0, 1.0, 200, 0.5), Making("tool", "edit", 25.0, 0.25))


def test_a_lesson_costs_its_share_of_the_looking_back() -> None:
    def committed(subject: str) -> ScaffoldCommitted:
        return ScaffoldCommitted("a", "b", subject, {})

    session = [
        started(),
        committed("lesson(by-the-user): Do not."),
        looked_back(900),
        looked_back(100),
        committed("lesson(tables): The tables."),
        committed("tool(edit): retire"),
        committed("lesson(slow): Slow."),
        Reflected("done"),
        Reflected("done"),
    ]
    found = facts("s", session)
    assert found is not None
    assert found.made == (Making("lesson", "tables", 500.0, 0.0), Making("lesson", "slow", 500.0, 0.0))
