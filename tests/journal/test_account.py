"""What a session's journal says of it as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from livecoder.events import Event, ModelReplied, RoundStarted, ToolUsed, Usage
from livecoder.journal.account import account
from livecoder.journal.journal import Journal

USED = ToolUsed("count", 3, ("a.txt",), "", ".", 0, "tree")


def replied(tokens: int, cost: float | None, *, looking_back: bool = False) -> ModelReplied:
    return ModelReplied(1, "x", (), Usage(tokens, 0, 10), cost, 0.1, 5, "reflection" if looking_back else "turn")


def written(directory: Path, *events: Event) -> Path:
    with Journal(directory) as journal:
        for event in events:
            journal.append(event)
    return directory


def test_the_bill_is_that_of_the_turns_alone(tmp_path: Path) -> None:
    found = account(written(tmp_path / "s", replied(100, 0.2), replied(50, 0.1), replied(900, 9.0, looking_back=True)))
    assert (found.tokens, found.cost_usd, found.cost_known) == (170, pytest.approx(0.3), True)


def test_one_reply_of_unknown_price_makes_the_bill_unknown(tmp_path: Path) -> None:
    assert not account(written(tmp_path / "s", replied(1, 0.2), replied(1, None))).cost_known


def test_the_task_is_the_last_one_and_outsiders_are_remembered(tmp_path: Path) -> None:
    rounds = RoundStarted(1, "a stranger's wish", "m", outsider=True), RoundStarted(2, "mine", "m")
    found = account(written(tmp_path / "s", rounds[0], USED, rounds[1]))
    assert (found.task, found.outsider_text, found.uses) == ("mine", "a stranger's wish", (USED,))


def test_a_session_in_which_nothing_happened_has_no_task(tmp_path: Path) -> None:
    found = account(written(tmp_path / "s"))
    assert (found.task, found.steps, found.outsider_text) == ("", (), "")
