"""The gaps are where the table says, no more and no fewer; a closed one fails here and leaves the table."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import page
import pytest
from attacks import CALL, Open, Run, python
from docker_here import IMAGE
from gaps import ELSEWHERE, GAPS

from livecoder.errors import SandboxUnavailable
from livecoder.sandbox import Guest, Room, Sandbox, backends, guard
from livecoder.sandbox.cgroups import Group, Limits
from livecoder.sandbox.policy import MIB, Policy
from livecoder.sandbox.toolchains import Toolchains

ROOT = Path(__file__).parents[2]


def test_g01_a_set_group_id_program_can_be_left(sandbox: Sandbox, run: Run) -> None:
    assert run(sandbox, "cp /bin/sh shell; chmod 2755 shell").exit_code == 0
    assert (sandbox.room.workspace / "shell").stat().st_mode & 0o2000


@pytest.mark.parametrize("place", ["1/2/3/4/5", "node_modules", "build"])
def test_g02_a_secret_far_down_or_in_a_dependency_folder(room: Room, open_room: Open, run: Run, place: str) -> None:
    (room.workspace / place).mkdir(parents=True)
    (room.workspace / place / ".env").write_text("KEY=hidden\n")
    assert "hidden" in run(open_room(room), f"cat {place}/.env").output


def test_g03_shared_memory_that_nobody_maps(
    room: Room, backend: str, open_room: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    if backend == "docker":
        pytest.skip("docker always has control groups")

    def none(_limits: Limits) -> Group:
        raise OSError(errno.ENOTSUP, "none in this test")

    monkeypatch.setattr(guard, "session_group", none)
    sandbox = open_room(room, Policy(memory_bytes=64 * MIB))
    assert run(sandbox, "head -c 100M /dev/zero >/dev/shm/x; sleep 0.3; echo kept").output == "kept\n"


def test_g04_a_program_traces_the_shell_of_its_command(sandbox: Sandbox, run: Run) -> None:
    seize = '{"x86_64": 101, "aarch64": 117}[platform.machine()], 0x4206, os.getppid(), 0, 0'
    assert run(sandbox, python(f"{CALL}\nprint(call({seize}))")).output == "0\n"


def test_g05_a_server_of_another_container_far_down(room: Room, open_room: Open, run: Run) -> None:
    deep = room.workspace / "1/2/3/4/5"
    deep.mkdir(parents=True)
    serve = "import socket; s = socket.socket(socket.AF_UNIX); s.bind('door'); s.listen(); print(flush=True); input()"
    apart = [shutil.which("bwrap") or "bwrap", "--unshare-net", "--dev-bind", "/", "/"]
    with subprocess.Popen(
        [*apart, sys.executable, "-c", serve], cwd=deep, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as host:
        assert host.stdout and host.stdout.readline() == b"\n"
        connect = python("import socket; socket.socket(socket.AF_UNIX).connect('door'); print('connected')")
        done = run(open_room(room), f"cd {deep}\n{connect}")
        host.communicate(b"\n")
    assert done.output == "connected\n"


def test_g05_a_pipe_far_down(room: Room, open_room: Open, run: Run) -> None:
    deep = room.workspace / "1/2/3/4/5"
    deep.mkdir(parents=True)
    os.mkfifo(deep / "pipe")
    reader = os.open(deep / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    run(open_room(room), f"echo said >{deep}/pipe")
    assert os.read(reader, 10) == b"said\n"
    os.close(reader)


def test_g06_what_lies_deeper_than_a_path(room: Room, open_room: Open, run: Run) -> None:
    program = (
        "import os, time\nos.chdir('/tmp')\nfor _ in range(300):\n    os.mkdir('twenty-characters-x')\n"
        "    os.chdir('twenty-characters-x')\nopen('big', 'wb').write(bytes(40 << 20))\ntime.sleep(0.3)\nprint('kept')"
    )
    assert run(open_room(room, Policy(scratch_bytes=16 * MIB)), python(program)).output == "kept\n"


def test_g07_a_repository_with_commands_in_it_stays(sandbox: Sandbox, run: Run) -> None:
    run(sandbox, "git init -q inner; git -C inner config core.fsmonitor 'touch /tmp/pwned'")
    assert "fsmonitor" in (sandbox.room.workspace / "inner/.git/config").read_text()


def test_g08_is_shown_by_o07() -> None:
    assert "test_o07_" in (ROOT / "tests/sandbox/test_own_attacks.py").read_text()


@pytest.fixture
def contained(docker: str, room: Room, toolchains: Toolchains) -> Iterator[Callable[..., Sandbox]]:
    """`contained(policy?, room?)` -> an entered sandbox of docker."""
    with ExitStack() as stack:

        def enter(policy: Policy | None = None, other: Room | None = None) -> Sandbox:
            allowed = replace(policy or Policy(), image=IMAGE)
            return stack.enter_context(backends.backend("docker", other or room, toolchains, allowed))

        yield enter


HOLD = "data = bytearray(150 << 20); print('held', flush=True); time.sleep(600)"


def test_g16_each_container_has_limits_of_its_own(contained: Callable[..., Sandbox], run: Run, tmp_path: Path) -> None:
    session = contained(Policy(memory_bytes=256 * MIB))
    beside = replace(session.room, scratch=tmp_path / "job", guest=Guest(session.room.scratch, "job"))
    with session.sibling(beside) as job:
        chunks = job.run(python(f"import time; {HOLD}"), 600)
        assert next(chunks) == "held\n"
        assert run(session, python("data = bytearray(150 << 20); print('held too')")).output == "held too\n"
        chunks.close()


def test_g17_a_path_that_is_not_utf_8_is_refused(contained: Callable[..., Sandbox], tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"caf\xe9")
    odd.mkdir()
    with pytest.raises(SandboxUnavailable, match="docker cannot show this directory"):
        contained(None, Room(odd, odd, tmp_path / "scratch2"))


def test_g18_a_message_queue_stays(contained: Callable[..., Sandbox], run: Run) -> None:
    sandbox = contained()
    run(sandbox, "ipcmk -Q")
    assert "644" in run(sandbox, "ipcs -q").output


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make one")
def test_g19_a_harmless_device_in_the_workspace_is_one(contained: Callable[..., Sandbox], room: Room, run: Run) -> None:
    sandbox = contained()
    os.mknod(room.workspace / "zero", 0o20666, os.makedev(1, 5))
    assert run(sandbox, "head -c 9 zero | wc -c").output == "9\n"


def test_g20_is_shown_by_test_docker() -> None:
    assert "def test_what_outlived_its_engine_is_swept" in (ROOT / "tests/sandbox/test_docker.py").read_text()


# ---- the page


def test_every_gap_is_shown_or_says_why_not() -> None:
    shown = {name[:3].upper() for name in re.findall(r"^def test_(g\d\d_\w+)", Path(__file__).read_text(), re.M)}
    assert {gap.id for gap in GAPS if not gap.unshown} == shown
    assert [gap.id for gap in GAPS] == [f"G{number:02}" for number in range(1, len(GAPS) + 1)]


def test_the_tests_that_the_page_names_exist() -> None:
    for where in ELSEWHERE.values():
        file, _, name = where.partition("::")
        assert f"def {name.split()[0]}(" in (ROOT / file).read_text(), where


def test_the_page_is_up_to_date() -> None:
    text = page.PAGE.read_text()
    assert page.written(text) == text, "run .venv/bin/python tests/sandbox/page.py"
