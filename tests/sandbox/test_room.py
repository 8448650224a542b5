"""What a room decides: what is written, where a copy is seen, what a sandbox leaves behind."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from attacks import Open, Run

from livecoder.sandbox import Room, Sandbox
from livecoder.sandbox.toolchains import Toolchains


def test_two_rooms_run_at_once(room: Room, open_room: Open, run: Run, tmp_path: Path) -> None:
    other = Room(tmp_path / "other", tmp_path / "other", tmp_path / "scratch2")
    other.workspace.mkdir()
    sandboxes = [open_room(room), open_room(other)]
    done: dict[str, str] = {}

    def work(sandbox: Sandbox) -> None:
        for _ in range(3):
            done[sandbox.room.workspace.name] = run(sandbox, "echo $PWD >>here; sleep 0.1; cat here").output

    threads = [threading.Thread(target=work, args=(sandbox,)) for sandbox in sandboxes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == {"repo": f"{room.workspace}\n" * 3, "other": f"{other.workspace}\n" * 3}


def test_the_room_decides_what_is_written(room: Room, open_room: Open, run: Run, tmp_path: Path) -> None:
    base, extra = tmp_path / "base", tmp_path / "extra"
    for path in (base, extra):
        path.mkdir()
        (path / "file").write_text(path.name)
    sandbox = open_room(replace(room, base=base, extra=(extra,), read_only=True))
    assert run(sandbox, "cat /run/lc/base/file").output == "base"
    for forbidden in (f"{extra}/file", "file", "/run/lc/base/file", "/run/lc/out/1", "/run/lc/command", "/usr/x", "/x"):
        assert "Read-only file system" in run(sandbox, f"echo x >{forbidden}").output
    assert list(room.workspace.iterdir()) == []
    assert run(open_room(replace(room, extra=(extra,))), f"echo new >{extra}/file").exit_code == 0
    assert (extra / "file").read_text() == "new\n"


def test_a_copy_is_seen_at_the_workspaces_own_path(room: Room, sandbox: Sandbox, run: Run, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    with sandbox.sibling(replace(room, content=copy, scratch=tmp_path / "scratch2")) as sibling:
        assert run(sibling, "pwd; touch made").output == f"{room.workspace}\n"
    assert (copy / "made").exists()
    assert not (room.workspace / "made").exists()


def test_nothing_of_the_engine_is_left_in_the_workspace(sandbox: Sandbox, run: Run) -> None:
    run(sandbox, "true")
    assert list(sandbox.room.workspace.iterdir()) == []


def test_abandoned_commands_leave_no_descriptor_open(sandbox: Sandbox, run: Run) -> None:
    run(sandbox, "true")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        chunks = sandbox.run("echo begun; sleep 60", 60)
        next(chunks)
        chunks.close()
        run(sandbox, "true")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("place", [".venv", "backend/.venv"])
def test_the_engines_environment_cannot_be_changed_from_the_workspace(
    room: Room, open_room: Open, run: Run, place: str
) -> None:
    prefix = room.workspace / place
    (prefix / "bin").mkdir(parents=True)
    sandbox = open_room(room, None, Toolchains(engine=(prefix / "bin/python", prefix)))
    top = place.split("/")[0]
    done = run(sandbox, f"touch {place}/bin/evil; mv {top} moved; rm -rf {place}; mkdir {place}/evil")
    assert done.output.count("Read-only") + done.output.count("busy") >= 4
    assert [path.name for path in prefix.rglob("*")] == ["bin"]
    assert run(sandbox, f"touch own; mkdir -p {top}; touch {top}/../mine").exit_code == 0
