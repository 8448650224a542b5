"""Control groups, of version 1 for real where they may be made, and of version 2 as the files that it is made of."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from livecoder.sandbox.cgroups import Group, Hits, Limits, session_group, surroundings

LIMITS = Limits(300 * 1024 * 1024, 77)


@contextmanager
def real() -> Generator[Group]:
    try:
        group = session_group(LIMITS)
    except OSError as error:
        pytest.skip(f"no control groups here: {error}")
    try:
        yield group
    finally:
        group.remove()


def test_a_session_has_a_group_with_its_limits_and_leaves_none() -> None:
    with real() as session:
        room = session.make("room-1", LIMITS)
        assert (room.memory / room.version.memory).read_text().strip() == str(LIMITS.memory)
        assert (room.pids / "pids.max").read_text().strip() == "77"
        assert room.hits() == Hits()
    assert not any(path.exists() for path in (*room.paths, *session.paths))


@contextmanager
def apart(process: Path) -> Generator[None]:
    """`process` shows groups of its own, as /proc/PID does: no other test's session sweeps what is left there."""
    with real() as session:
        places = [path.parent / f"test-{secrets.token_hex(4)}" for path in session.paths]
        for place in places:
            place.mkdir()
        groups = [line.split(":") for line in Path("/proc/self/cgroup").read_text().splitlines()]
        if session.takes_threads:
            ends: dict[str, str] = dict(zip(("memory", "pids"), (f"/{place.name}" for place in places), strict=True))
        else:
            (places[0] / "cgroup.subtree_control").write_text("+memory +pids")
            ends = {"": f"/../{places[0].name}/inner"}
        lines = [f"{number}:{names}:{os.path.normpath(path + ends.get(names, ''))}" for number, names, path in groups]
        (process / "cgroup").write_text("\n".join(lines))
        (process / "mountinfo").write_bytes(Path("/proc/self/mountinfo").read_bytes())
        try:
            yield
        finally:
            for place in places:
                place.rmdir()


def test_what_a_killed_session_left_is_ended_and_removed_by_the_next(tmp_path: Path) -> None:
    program = (
        "import os, subprocess, sys\nfrom pathlib import Path\n"
        "from livecoder.sandbox.cgroups import Limits, session_group\n"
        "room = session_group(Limits(10**9, 99), Path(sys.argv[1])).make('room-1', Limits(10**9, 99))\n"
        "left = subprocess.Popen(['sleep', '600'], stdout=subprocess.DEVNULL)\nroom.admit(left.pid)\n"
        "print(left.pid, room.pids.parent, flush=True)\nos.kill(os.getpid(), 9)"
    )
    with apart(tmp_path):
        done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, check=False)
        assert done.returncode == -signal.SIGKILL
        pid, place = done.stdout.decode().split()
        assert Path(place).is_dir() and _runs(pid)
        session_group(LIMITS, tmp_path).remove()
        assert not Path(place).exists() and not _runs(pid)


def _runs(pid: str) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "Z (zombie)" not in status.read_text()


def test_who_has_logged_in_is_told_what_gives_them_groups_and_it_does() -> None:
    """By systemd as it is: a login session belongs to it, what the user's own manager starts to the user."""
    if os.getuid() == 0 or not Path(f"/run/user/{os.getuid()}/systemd").is_dir():
        pytest.skip("no ordinary user with a systemd of their own")
    program = (
        "from livecoder.sandbox.cgroups import Limits, session_group\n"
        "try:\n    session_group(Limits(10**9, 99)).remove(); print('made')\nexcept OSError as error:\n    print(error)"
    )
    words = [sys.executable, "-c", program]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    if told == "made\n":
        pytest.skip("groups can be made in this session")
    way_out = re.search("`(systemd-run .*) livecoder`", told)
    assert way_out, told
    done = subprocess.run([*way_out[1].split(), *words], capture_output=True, text=True, check=True)
    assert done.stdout == "made\n", done.stderr


@pytest.fixture
def unified(tmp_path: Path) -> Path:
    """A process as version 2 shows it: its own group below a slice that hands controllers on. Mounted at `top`."""
    (tmp_path / "top/user.slice/own.scope").mkdir(parents=True)
    (tmp_path / "top/user.slice/cgroup.subtree_control").write_text("cpu memory pids\n")
    (tmp_path / "cgroup").write_text("0::/user.slice/own.scope\n")
    (tmp_path / "mountinfo").write_text(f"31 23 0:28 / {tmp_path}/top rw,relatime - cgroup2 cgroup2 rw\n")
    return tmp_path


def test_version_2_gets_a_group_beside_our_own(unified: Path) -> None:
    session = session_group(LIMITS, unified)
    room = session.make("room-1", LIMITS)
    room.admit(4711)
    assert session.memory.parent == unified / "top/user.slice"
    assert (session.memory / "cgroup.subtree_control").read_text() == "+memory +pids"
    for group in (session, room):
        assert (group.memory / "memory.max").read_text() == str(LIMITS.memory)
        assert (group.memory / "pids.max").read_text() == "77"
    assert (room.memory / "cgroup.procs").read_text() == "4711"
    assert not room.takes_threads
    (room.memory / "memory.events").write_text("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n")
    (room.memory / "pids.events").write_text("max 5\n")
    assert room.hits() == Hits(2, 5)


def test_beside_our_own_group_its_limits_hold_as_well(unified: Path) -> None:
    (unified / "top/user.slice/own.scope/memory.max").write_text("1000000\n")
    (unified / "top/user.slice/own.scope/pids.max").write_text("max\n")
    assert session_group(LIMITS, unified).limits == Limits(1000000, 77)


def test_surroundings_are_the_same_for_all_scopes_of_a_place(unified: Path) -> None:
    found = surroundings(unified)
    (unified / "cgroup").write_text("0::/user.slice/other.scope\n")
    assert surroundings(unified) == found == "0::/user.slice"
    (unified / "cgroup").write_text("0::/user.slice/user.service/other.scope\n")
    assert surroundings(unified) != found
    (unified / "cgroup").unlink()
    assert surroundings(unified) == ""


@pytest.mark.parametrize("handed_on", ["cpu", "memory", "cpu pids"])
def test_version_2_without_the_controllers_is_no_place(unified: Path, handed_on: str) -> None:
    (unified / "top/user.slice/cgroup.subtree_control").write_text(f"{handed_on}\n")
    with pytest.raises(OSError, match="no control groups for memory and processes"):
        session_group(LIMITS, unified)


def test_in_a_container_the_paths_are_below_what_is_mounted(tmp_path: Path) -> None:
    (tmp_path / "cgroup").write_text("3:pids:/docker/abc/inner\n2:memory:/docker/abc/inner\n1:name=systemd:/x\n")
    mounts = [f"3 2 0:3 /docker/abc {tmp_path}/{name} rw - cgroup cgroup rw,{name}\n" for name in ("memory", "pids")]
    (tmp_path / "mountinfo").write_text("".join(mounts))
    for name in ("memory", "pids"):
        (tmp_path / name / "inner").mkdir(parents=True)
    session = session_group(LIMITS, tmp_path)
    assert session.memory.parent == tmp_path / "memory/inner"
    assert session.pids.parent == tmp_path / "pids/inner"
    assert session.takes_threads


def test_what_cannot_be_made_leaves_nothing_behind(unified: Path) -> None:
    place = unified / "top/user.slice"
    session_group(LIMITS, unified)
    (place / "cgroup.subtree_control").unlink()
    with pytest.raises(FileNotFoundError):
        session_group(LIMITS, unified)
    assert len(list(place.glob("livecoder-*"))) == 1


def test_what_was_left_in_one_hierarchy_only_is_swept_too() -> None:
    """Found. A session below another group for memory had left it, and each one that followed did without limits."""
    with real() as session:
        if len(session.paths) == 1:
            pytest.skip("version 2 has one hierarchy")
        stale = session.pids.parent / f"livecoder-{2**22 + secrets.randbelow(2**20)}-0000"
        stale.mkdir()
        session_group(LIMITS).remove()
        assert not stale.exists()


SWEEP = """
import sys
from livecoder.sandbox.cgroups import Limits, session_group
print("ready", flush=True)
sys.stdin.readline()
session_group(Limits(10**9, 99)).remove()
"""


def test_sessions_that_begin_at_once_sweep_the_same_leavings() -> None:
    """Found. Whoever lost the race for a group that another one removed did without the kernel's limits."""
    left = (
        "import os\nfrom livecoder.sandbox.cgroups import Limits, session_group\n"
        "session = session_group(Limits(10**9, 99))\n"
        "for number in range(10):\n    session.make(f'room-{number}', Limits(10**9, 99))\n"
        "os.kill(os.getpid(), 9)"
    )
    with real():
        subprocess.run([sys.executable, "-c", left], check=False)
        pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        sweepers = [subprocess.Popen([sys.executable, "-c", SWEEP], text=True, **pipes) for _ in range(6)]
        for each in sweepers:
            assert each.stdout and each.stdout.readline() == "ready\n"
        for each in sweepers:
            assert each.stdin
            each.stdin.write("go\n")
            each.stdin.flush()
        assert [each.communicate() for each in sweepers] == [("", "")] * len(sweepers)
