"""What a room decides: what is written, where a copy is seen, what a sandbox leaves behind."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from attacks import Open, Run

from livecoder.errors import SandboxUnavailable
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


ODD = ("with space", "new\nline", os.fsdecode(b"caf\xe9"), "--bind", "$(id);'\"", "ü漢", "x" * 200)


@pytest.mark.parametrize("name", ODD)
def test_a_workspace_may_have_any_name(backend: str, open_room: Open, run: Run, tmp_path: Path, name: str) -> None:
    if backend == "docker" and name.encode(errors="replace") != os.fsencode(name):
        pytest.skip("a gap: test_g17")
    for place in ("repo", "scratch"):
        (tmp_path / name / place).mkdir(parents=True)
    workspace = tmp_path / name / "repo"
    (workspace / ".env").write_text("KEY=hidden\n")
    extra = tmp_path / name / "extra"
    extra.mkdir()
    sandbox = open_room(Room(workspace, workspace, tmp_path / name / "scratch", extra=(extra,)))
    done = run(sandbox, 'cat .env; echo made >made; echo "$PWD" >../extra/where; mkdir -p sub; cd sub')
    assert (done.exit_code, done.output) == (0, "")
    assert (workspace / "made").read_text() == "made\n"
    assert (extra / "where").read_bytes() == os.fsencode(f"{workspace}\n")
    assert run(sandbox, "cat made || cat ../made").output.endswith("made\n")


@pytest.mark.parametrize("name", ODD)
def test_a_file_may_have_any_name(sandbox: Sandbox, run: Run, name: str) -> None:
    (sandbox.room.workspace / name).write_text("found\n")
    assert run(sandbox, "cat -- *").output == "found\n"


def test_a_gitdir_that_is_a_link_is_refused(room: Room, open_room: Open, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (room.workspace / ".git").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SandboxUnavailable, match="symbolic link"):
        open_room(replace(room, gitdir=tmp_path / "elsewhere"))


def test_a_folder_on_the_way_to_a_mount_that_became_a_link_is_refused(
    room: Room, open_room: Open, run: Run, tmp_path: Path
) -> None:
    """The user's own doing, between two commands: a command could not."""
    extra = room.workspace / "a/b"
    extra.mkdir(parents=True)
    around = replace(room, workspace=extra, content=extra, extra=(room.workspace,))
    sandbox = open_room(around)
    assert run(sandbox, "echo works").output == "works\n"
    (room.workspace / "a").rename(room.workspace / "moved")
    (room.workspace / "a").symlink_to(tmp_path)
    with pytest.raises(SandboxUnavailable, match="is no directory any more"):
        run(sandbox, "true")
