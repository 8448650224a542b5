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


def test_calls_that_only_look_share_one_copy_and_one_room(lab: Lab, shelf: Shelf) -> None:
    assert [r.output for r in replayed(lab, shelf, "cat *.txt | wc -l", 3)] == ["3\n"] * 3
    assert len(copies(lab.rooms)) == 2


@pytest.mark.parametrize(
    "place", ["/tmp/mark", "$HOME/mark", "$HOME/.cache/mark", "/tmp/__pycache__/mark", ".git/mark", "/dev/shm/mark"]
)
def test_what_a_call_leaves_beside_the_copy_is_seen_by_nobody(lab: Lab, shelf: Shelf, place: str) -> None:
    body = f"test -e {place} && echo again || echo first; mkdir -p $(dirname {place}); touch {place}"
    assert [r.output for r in replayed(lab, shelf, body, 3)] == ["first\n"] * 3


def test_a_room_carries_nothing_from_call_to_call(lab: Lab, shelf: Shelf) -> None:
    tree = lab.tree()
    shelf.call(tree, lab.checkout, lambda copy: copy.run("export MARK=there; PATH=/tmp:$PATH; cd /usr", 10))
    ask = 'echo "${MARK:-nothing}"; pwd; ls /run/lc/out; echo "$PATH"'
    after, _ = shelf.call(tree, lab.checkout, lambda copy: copy.run(ask, 10))
    with Shelf(lab.rooms) as fresh:
        first, _ = fresh.call(tree, lab.checkout, lambda copy: copy.run(ask, 10))
    assert after.output == first.output and after.output.startswith(f"nothing\n{lab.root}\n1\n")


def test_another_scaffold_gets_a_room_of_its_own(lab: Lab, shelf: Shelf, tmp_path: Path) -> None:
    lab.write("probe", TOOL.format(body="echo one"))
    (tmp_path / "other/tools").mkdir(parents=True)
    (tmp_path / "other/tools/probe").write_text(TOOL.format(body="echo two"))
    (tmp_path / "other/tools/probe").chmod(0o755)
    replay, case = replayer(lab.rooms, lab.root, shelf), Case(lab.tree(), (), "", ".", 0, "", "", deterministic=True)
    said = [replay(place, "probe", case).output for place in (lab.checkout, tmp_path / "other", lab.checkout)]
    assert said == ["one\n", "two\n", "one\n"] and len(copies(lab.rooms)) == 2


@pytest.mark.parametrize("body", ["ls; echo x > new", "ls; mkdir new", "ls; ln -s /etc new", "ls; touch -r . *.txt"])
def test_a_changed_copy_serves_nobody_again(lab: Lab, shelf: Shelf, body: str) -> None:
    first, second = replayed(lab, shelf, body, 2)
    assert first == second and "new" not in second.output
    assert len(copies(lab.rooms)) == 2
