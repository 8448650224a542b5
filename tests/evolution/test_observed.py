"""What is counted of a round: from events alone, whole rounds only, and the same whenever one asks."""

from __future__ import annotations

from test_digest import step

from livecoder.events import (
    Event,
    HookFailed,
    HookSaid,
    ModelReplied,
    Nudged,
    RoundEnded,
    RoundStarted,
    SessionStarted,
    ToolUsed,
    Usage,
    Verified,
)
from livecoder.evolution.contract import OBSERVABLES
from livecoder.evolution.observed import KINDS, rounds


def started(generation: str) -> SessionStarted:
    return SessionStarted("s", "/repo", "m", "bubblewrap", (), "auto", generation, (), 1, "You are…")


def turn(number: int, purpose: str = "turn") -> ModelReplied:
    told = "turn" if purpose == "turn" else "reflection"
    return ModelReplied(number, "", (), Usage(), 0.0, 1.0, 1_000, told)


def ended(ending: str = "success") -> RoundEnded:
    return RoundEnded(1, "success" if ending == "success" else "interrupted", "", "", 1)


SESSION: list[Event] = [
    started("1111111"),
    RoundStarted(1, "Fix it.", ""),
    turn(1),
    *step(1, "sed -i s/a/b/ x.py", 2),
    *step(2, "pytest -q", 1, truncated=True),
    ToolUsed("count-lines", 2, (), "", "/", 0, "t"),
    ToolUsed("count-lines", 2, (), "", "/", 3, "t"),
    Nudged("lesson", (2,), "learnt earlier here (tables): The parser needs its tables.", "tables"),
    Nudged("cut outputs", (2,), "…"),
    HookSaid("after_command", 2, "run it"),
    HookFailed("round_start", 0, "exit 1"),
    turn(2),
    turn(2, "reflection"),
    ended(),
    Verified("pytest -q", 1, 0, "copy", "", (), "", 1.0),
]


def test_a_round_in_numbers() -> None:
    (found,) = rounds(SESSION)
    assert found.scaffold == "1111111"
    assert found.counts == {
        "turns": 2,
        "prompt_bytes": 2_000,
        "commands": 2,
        "failed_commands": 2,
        "failed_edits": 1,
        "cut_outputs": 1,
        "timeouts": 0,
        "seconds": 2.5,
        "verify": 1,
    }
    assert found.counts.keys() == OBSERVABLES.keys()
    assert found.good == {"tool:count-lines": 1, "lesson:tables": 1, "hook:after_command": 1}
    assert found.bad == {"tool:count-lines": 1, "hook:round_start": 1}


def test_without_verify_nothing_is_said_of_it() -> None:
    (found,) = rounds(SESSION[:-1])
    assert "verify" not in found.counts


def test_rounds_are_told_apart_also_over_sessions() -> None:
    second = [RoundStarted(2, "More.", ""), turn(3), ended()]
    other = [started("2222222"), RoundStarted(1, "Else.", ""), turn(1), ended()]
    found = rounds([*SESSION, *second, *other])
    assert [(one.scaffold, one.counts["turns"]) for one in found] == [("1111111", 2), ("1111111", 1), ("2222222", 1)]


def test_a_round_that_was_cut_short_says_nothing() -> None:
    assert rounds([started("1"), RoundStarted(1, "x", ""), turn(1), ended("interrupted")]) == []
    assert rounds([started("1"), RoundStarted(1, "x", ""), turn(1)]) == []
    assert rounds([]) == []


def test_what_is_read_is_what_is_asked_of_the_journal() -> None:
    assert rounds(event for event in SESSION if isinstance(event, KINDS)) == rounds(SESSION) == rounds(SESSION)
