"""Replays share a copy only as long as no call changed it, and never a /tmp."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import Lab

from livecoder.evolution.replay import Replayed, Shelf, replayer
from livecoder.rooms import Rooms
from livecoder.scaffold.cases import Case

TOOL = "#!/bin/bash\n{body}\n"


@pytest.fixture
def shelf(lab: Lab) -> Iterator[Shelf]:
    with Shelf(lab.rooms) as shelf:
        yield shelf
    assert not any(lab.rooms.directory.iterdir()), "a closed shelf leaves nothing behind"


def replayed(lab: Lab, shelf: Shelf, body: str, times: int) -> list[Replayed]:
    lab.write("probe", TOOL.format(body=body))
    case = Case(lab.tree(), (), "", ".", 0, "", "", deterministic=True)
    replay = replayer(lab.rooms, lab.root, shelf)
    return [replay(lab.checkout, "probe", case) for _ in range(times)]


def copies(rooms: Rooms) -> list[Path]:
    return list(rooms.directory.iterdir())


def test_calls_that_only_look_share_one_copy(lab: Lab, shelf: Shelf) -> None:
    assert [r.output for r in replayed(lab, shelf, "cat *.txt | wc -l; mkdir /tmp/x", 3)] == ["3\n"] * 3
    assert len(copies(lab.rooms)) == 1


@pytest.mark.parametrize("body", ["ls; echo x > new", "ls; mkdir new", "ls; ln -s /etc new", "ls; touch -r . *.txt"])
def test_a_changed_copy_serves_nobody_again(lab: Lab, shelf: Shelf, body: str) -> None:
    first, second = replayed(lab, shelf, body, 2)
    assert first == second and "new" not in second.output
    assert len(copies(lab.rooms)) == 2
