"""Masking: whatever the secret is, the event can be read again, and says nothing of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from livecoder.events import Event, ModelReplied, Observed, Reflected, ScaffoldCommitted, Usage, UserSaid, Warned
from livecoder.journal.journal import MASK, Journal, read
from livecoder.journal.masking import AS_IT_IS, with_masked_values


def hidden(text: str) -> str:
    return "X" * len(text)


def fields_of_few_words() -> set[str]:
    found: set[str] = set()
    for cls in get_args(Event):
        hints: dict[str, Any] = get_type_hints(cls)
        found |= {name for name, hint in hints.items() if get_origin(hint) is Literal}
    return found


def test_every_field_that_holds_one_of_a_few_words_is_left_alone() -> None:
    assert {"ending", "outcome", "purpose"} <= fields_of_few_words() <= AS_IT_IS


def test_texts_are_masked_at_any_depth_and_keys_and_numbers_never() -> None:
    data = {"event": "call", "text": "ab", "calls": ({"id": "c1", "command": "ls"},), "names": ["x"], "turn": 3}
    assert with_masked_values(data, hidden) == {
        "event": "call",
        "text": "XX",
        "calls": ({"id": "XX", "command": "XX"},),
        "names": ("X",),
        "turn": 3,
    }


@pytest.mark.parametrize("secret", ["reflection", "user_said", "receipts", "12345678", '","text":"', "proposals"])
def test_a_secret_that_is_a_word_of_ours_leaves_a_journal_that_can_be_read(tmp_path: Path, secret: str) -> None:
    events: list[Event] = [
        UserSaid(f"it is {secret}", "steering"),
        ModelReplied(1, "x", (), Usage(12345678), 0.0, 0.1, 12345678, "reflection"),
        ScaffoldCommitted("12345678", "23456789", "tool(x): y", {"Task": secret}),
        Reflected("done", proposals=2),
    ]
    with Journal(tmp_path / "s", [secret]) as journal:
        for event in events:
            journal.append(event)
    said, reply, commit, reflected = read(tmp_path / "s")
    assert said == UserSaid(f"it is {MASK}", "steering")
    assert (reply, reflected) == (events[1], events[3])
    assert isinstance(commit, ScaffoldCommitted) and (commit.before, commit.receipts) == ("12345678", {"Task": MASK})


def test_a_secret_inside_json_inside_a_text_is_found(tmp_path: Path) -> None:
    secret = 'pass"word\\long'
    with Journal(tmp_path / "s", [secret]) as journal:
        journal.append(Warned(json.dumps({"key": secret})))
        journal.append(Observed(1, "c1", secret))
    assert list(read(tmp_path / "s")) == [Warned(f'{{"key": "{MASK}"}}'), Observed(1, "c1", MASK)]
