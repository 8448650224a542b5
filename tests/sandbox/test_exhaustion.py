"""Exhaustion (R of docs/security.md): memory, processes, disk, output, time. Each ends, and the reason is told.

Every limit is shown as the kernel keeps it here and as it is kept where no control group can be made.
"""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from attacks import PATIENCE, SOON, Open, Run, finish, python

from livecoder.sandbox import Room, Sandbox, guard
from livecoder.sandbox.cgroups import Group, Limits
from livecoder.sandbox.policy import MIB, Policy
from livecoder.sandbox.removal import remove

HELD, WATCHED = "held by the kernel", "watched"


@pytest.fixture(params=[HELD, WATCHED])
def limited(
    request: pytest.FixtureRequest, room: Room, open_room: Open, backend: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Sandbox]:
    """`limited(Policy(…))` -> a sandbox whose limits are kept in this way."""

    def none(_limits: Limits) -> Group:
        raise OSError(errno.ENOTSUP, "none in this test")

    def enter(policy: Policy) -> Sandbox:
        if request.param == WATCHED and backend == "docker":
            pytest.skip("docker always has control groups")
        if request.param == WATCHED:
            monkeypatch.setattr(guard, "session_group", none)
        sandbox = open_room(room, policy)
        if request.param == HELD and not any("held by control groups" in each for each in sandbox.protections):
            pytest.skip(f"no control groups here: {sandbox.protections[-1]}")
        return sandbox

    return enter


def test_r01_endless_output_is_stopped_and_costs_the_engine_nothing(room: Room, open_room: Open, run: Run) -> None:
    sandbox = open_room(room, Policy(output_bytes=32 * MIB))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = run(sandbox, "yes")
    assert "printed 32 MiB" in done.note
    assert len(done.output) < 11_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024  # in KiB


def test_r02_one_line_of_50_mb(sandbox: Sandbox, run: Run) -> None:
    done = run(sandbox, "head -c 50000000 /dev/zero | tr '\\0' x; echo; echo end")
    assert (done.exit_code, done.output_bytes) == (0, 50_000_005)
    assert done.output.endswith("end\n")
    assert len(done.output) < 11_000


def test_r03_a_fork_bomb_is_stopped_and_the_session_goes_on(limited: Callable[..., Sandbox], run: Run) -> None:
    sandbox = limited(Policy(processes=200))
    bomb = "import os, time\nfor _ in range(600):\n    if os.fork() == 0:\n        time.sleep(60)\n        os._exit(0)"
    done = run(sandbox, f"if {python(bomb)}\nthen sleep 60; fi")  # unless the kernel refuses it is seen from outside
    assert "200 (sandbox.pids)" in done.note
    assert run(sandbox, "echo alive").output == "alive\n"


def test_r04_too_much_memory_ends_the_command_and_is_explained(limited: Callable[..., Sandbox], run: Run) -> None:
    sandbox = limited(Policy(memory_bytes=256 * MIB))
    done = run(sandbox, python("import time; data = bytearray(2 << 30); time.sleep(60); print(len(data))"))
    assert done.exit_code == 137
    assert "0.25 GiB (sandbox.memory)" in done.note
    assert "2147483648" not in done.output
    assert run(sandbox, "echo alive").output == "alive\n"


def test_r04_memory_that_several_processes_share_counts_once(limited: Callable[..., Sandbox], run: Run) -> None:
    program = (
        "import os, time\ndata = bytearray(150 << 20)\n"
        "children = [pid for _ in range(3) if (pid := os.fork()) == 0 and (time.sleep(0.5), os._exit(0)) or pid]\n"
        "[os.waitpid(pid, 0) for pid in children]; print('done')"
    )
    done = run(limited(Policy(memory_bytes=400 * MIB)), python(program))
    assert (done.output, done.note) == ("done\n", "")


def test_r05_tmp_and_home_together_have_a_limit(limited: Callable[..., Sandbox], run: Run) -> None:
    sandbox = limited(Policy(scratch_bytes=64 * MIB))
    fill = "for i in 1 2 3 4 5 6; do head -c 20M /dev/zero >/tmp/f$i; cp /tmp/f$i ~/f$i; done; sleep 60"
    done = run(sandbox, fill)
    assert done.exit_code == 137
    assert "0.0625 GiB (sandbox.scratch)" in done.note
    assert run(sandbox, "rm /tmp/f* ~/f*; sleep 0.2; echo room again").output == "room again\n"
    assert run(sandbox, "head -c 30M /dev/zero >/tmp/f; sleep 0.2; echo fits").output == "fits\n"


def test_r05_shared_memory_has_a_size_and_counts_as_memory(room: Room, open_room: Open, run: Run) -> None:
    sandbox = open_room(room, Policy(shared_memory_bytes=8 * MIB))
    assert "No space left" in run(sandbox, "head -c 20M /dev/zero >/dev/shm/x").output


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a small disk")
def test_r05_a_command_that_fills_the_disk_is_stopped(tmp_path: Path, open_room: Open, run: Run) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)], check=True)
    try:
        for name in ("work", "scratch"):
            (disk / name).mkdir()
        sandbox = open_room(Room(disk / "work", disk / "work", disk / "scratch"))
        done = run(sandbox, "head -c 50M /dev/zero >big; sleep 60")
        assert "disk is nearly full" in done.note
        assert run(sandbox, "rm big; sleep 0.2; echo room again").output == "room again\n"
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_r06_a_file_cannot_grow_without_end(room: Room, open_room: Open, run: Run) -> None:
    sandbox = open_room(room, Policy(file_bytes=MIB))
    assert run(sandbox, "truncate -s 1T big").exit_code == 153
    assert run(sandbox, "ulimit -f unlimited; head -c 5000000 /dev/zero >big").exit_code != 0
    assert Path(room.workspace, "big").stat().st_size <= MIB


def test_r07_a_repository_of_100_000_files_opens(room: Room, open_room: Open, run: Run) -> None:
    make = "for d in $(seq 100); do mkdir d$d; (cd d$d; touch $(seq 1000)); done"
    subprocess.run(["bash", "-c", make], cwd=room.workspace, check=True)
    (room.workspace / "d99/.env").write_text("KEY=hidden\n")
    assert run(open_room(room), "cat d99/.env; ls d42 | wc -l").output == "1000\n"
    remove(room.workspace)


def test_r07_directories_deeper_than_any_path(room: Room, sandbox: Sandbox, run: Run) -> None:
    program = "import os\nfor _ in range(2000):\n    os.mkdir('a-rather-long-name')\n    os.chdir('a-rather-long-name')"
    for place in (".", "/tmp", "~", "/run/lc/in"):
        assert run(sandbox, f"cd {place}\n{python(program)}").exit_code == 0
    done = run(sandbox, "cd /; echo still here")
    assert done.output == "still here\n"
    for place in (room.workspace, room.scratch):
        remove(place)  # pytest itself could not
        assert not place.exists()


def test_r08_a_time_limit_kills_what_ignores_signals(sandbox: Sandbox, run: Run) -> None:
    done = run(sandbox, "trap '' TERM INT HUP; echo begun; setsid sleep 600 & sleep 600", timeout=SOON)
    assert (done.exit_code, done.timed_out, done.output) == (137, True, "begun\n")


@pytest.mark.parametrize(
    "asks", ["read -r line", "cat", "cat </dev/tty", "sudo true", "git log --help | head -1", "vi -es"]
)
def test_r09_whatever_asks_gets_no_answer_at_once(sandbox: Sandbox, run: Run, asks: str) -> None:
    done = run(sandbox, f"{asks}; echo went on")
    assert done.output.endswith("went on\n")
    assert not done.timed_out


def test_r10_an_archive_that_unpacks_to_gigabytes(room: Room, open_room: Open, run: Run) -> None:
    with zipfile.ZipFile(room.workspace / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("zeros", b"\0" * (64 * MIB))
    unpack = python("import zipfile; zipfile.ZipFile('bomb.zip').extractall('/tmp'); print('unpacked')")
    assert "unpacked" not in run(open_room(room, Policy(file_bytes=16 * MIB)), unpack).output


def test_r11_a_pipe_in_the_repository_blocks_nobody(room: Room, open_room: Open, run: Run) -> None:
    os.mkfifo(room.workspace / "pipe")
    sandbox = open_room(room)
    done = run(
        sandbox, "timeout 2 cat pipe; echo $?; mkfifo own; ls /run/lc/in; mkfifo /run/lc/in/base /run/lc/in/calls"
    )
    assert done.output.startswith("0\n")
    assert finish(sandbox.run("echo on", PATIENCE)).output == "on\n"
