"""What was refused is remembered: one line each, in order, whatever a crash left, and not without bound."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from livecoder.errors import ScaffoldError
from livecoder.scaffold.rejected import KEPT, Rejected, recall, remember

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_what_was_refused_is_recalled_oldest_first(data: Path) -> None:
    assert recall(data, "p") == []
    remember(data, "p", "aa", "lessons/x.toml", "it names an address", NOON)
    remember(data, "p", "bb", "tools/y", "it is broken: é\n", NOON)
    assert recall(data, "p") == [
        Rejected("aa", "lessons/x.toml", "it names an address", NOON.isoformat()),
        Rejected("bb", "tools/y", "it is broken: é\n", NOON.isoformat()),
    ]
    assert recall(data, "q") == []


@pytest.mark.parametrize("torn", ['{"essence": "cc", "targ', "[]", "\xff", "", "[" * 100_000, '{"x": 1}'])
def test_a_torn_line_costs_itself_alone(data: Path, torn: str) -> None:
    remember(data, "p", "aa", "t", "r", NOON)
    path = data / "projects/p/rejected.jsonl"
    path.write_text(path.read_text() + torn + "\n", errors="surrogateescape")
    remember(data, "p", "bb", "t", "r", NOON)
    assert [entry.essence for entry in recall(data, "p")] == ["aa", "bb"]


def test_it_does_not_grow_without_bound(data: Path) -> None:
    for number in range(2 * KEPT + 1):
        remember(data, "p", str(number), "t", "r", NOON)
    assert [entry.essence for entry in recall(data, "p")] == [str(n) for n in range(KEPT, 2 * KEPT + 1)]


def test_a_project_cannot_lead_elsewhere(data: Path) -> None:
    with pytest.raises(ScaffoldError):
        remember(data, "../p", "aa", "t", "r", NOON)
    assert not data.exists()
