"""Attacks that are in nobody's list (O of docs/security.md). Those marked as found succeeded before they were tests."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from attacks import CALL, Open, Run, python, snapshot, within

from livecoder.errors import SandboxUnavailable
from livecoder.sandbox import Room, Sandbox

AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only for root is there anything to gain")


def test_o01_no_setting_of_the_kernel_is_changed(sandbox: Sandbox, run: Run) -> None:
    """Found. core_pattern names a program that the kernel runs outside, as root, when a process crashes.

    Root needs no capability to write it, and bubblewrap covers /proc/sys only where it finds the directory writable.
    """
    before = Path("/proc/sys/kernel/core_pattern").read_text()
    assert "Read-only" in run(sandbox, "echo core >/proc/sys/kernel/core_pattern").output
    writable = "find /proc -maxdepth 4 -type f -perm /222 -not -path '/proc/[0-9]*' -not -path '/proc/*self/*'"
    # What docker hides is /dev/null, and takes whatever is written.
    attack = f"{writable} 2>/dev/null | while read -r file; do [[ ! -c $file ]] && {{ : >>$file; }} && echo $file; done"
    done = run(sandbox, f"({attack}) 2>&1 | sed 's/.*: //' | sort -u | grep -v ^/proc/pressure")
    refusals = {"Read-only file system", "Operation not permitted", "Permission denied"}
    assert set(done.output.splitlines()) <= refusals
    assert Path("/proc/sys/kernel/core_pattern").read_text() == before


@AS_ROOT
def test_o01_what_only_root_reads_of_the_kernel_reads_as_empty(sandbox: Sandbox, run: Run) -> None:
    done = run(sandbox, "cd /proc; cat timer_list keys kpagecount kpageflags kpagecgroup sysrq-trigger")
    assert set(done.output.splitlines()) <= {"cat: sysrq-trigger: No such file or directory"}


def test_o02_a_crash_is_no_business_of_the_hosts_crash_handler(sandbox: Sandbox, run: Run) -> None:
    """Found, by core(5): the limit of 0 that was set does not keep the kernel from starting one; one of 1 byte does."""
    done = run(sandbox, "ulimit -c unlimited 2>/dev/null; cat /proc/self/limits; kill -SEGV $$")
    assert done.exit_code == 139
    assert next(line for line in done.output.splitlines() if "core file" in line).split()[4:6] == ["1", "1"]


@pytest.mark.parametrize("way", ["chmod", "fchmod", "chmod at", "install"])
def test_o03_no_set_user_id_program_is_left_behind(sandbox: Sandbox, run: Run, way: str) -> None:
    """Found. Whoever else is on the machine would be the user, or root, by running it."""
    program = {
        "chmod": python("import os; os.chmod('shell', 0o4755)"),
        "fchmod": python("import os; os.fchmod(os.open('shell', 0), 0o4755)"),
        "chmod at": python("import os; os.chmod('shell', 0o6755, dir_fd=os.open('.', 0))"),
        "install": "install -m 4755 /bin/sh shell",
    }
    done = run(sandbox, f"cp /bin/sh shell; {program[way]}")
    assert "not permitted" in done.output
    assert not (sandbox.room.workspace / "shell").stat().st_mode & 0o4000


def test_o03_an_empty_file_made_with_the_bit_loses_it_when_it_is_filled(sandbox: Sandbox, run: Run) -> None:
    made = "import os; fd = os.open('shell', os.O_CREAT | os.O_RDWR, 0o4755); os.ftruncate(fd, 99); os.write(fd, b'x')"
    assert run(sandbox, python(made)).exit_code == 0
    assert not (sandbox.room.workspace / "shell").stat().st_mode & 0o4000


@contextmanager
def server(path: Path, name: str = "") -> Generator[None]:
    """A program of the host that listens on a socket at `path`, bound by `name` from its directory where given."""
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(path.parent)
        try:
            listener.bind(name or str(path))
        finally:
            os.chdir(here)
        listener.listen()
        yield


CONNECT = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1]); print('connected')"


def test_o04_a_server_of_the_host_behind_a_socket_in_the_workspace(room: Room, open_room: Open, run: Run) -> None:
    """Found. A tmux or process manager there would run anything, outside."""
    (room.workspace / "run").mkdir()
    with server(room.workspace / "run/tmux"):
        sandbox = open_room(room)
        assert "connected" not in run(sandbox, f"lc python -c {CONNECT!r} run/tmux; ls -l run").output
        run(sandbox, "mv run elsewhere; mv elsewhere/tmux x; rm -f elsewhere/tmux")
        assert run(sandbox, f"lc python -c {CONNECT!r} elsewhere/tmux").output.endswith("refused\n")
        assert (room.workspace / "elsewhere/tmux").is_socket()


def test_o04_one_that_begins_to_listen_later_and_far_down(room: Room, open_room: Open, run: Run) -> None:
    deep = room.workspace / "a/b/c/d/e/f/node_modules"
    deep.mkdir(parents=True)
    sandbox = open_room(room)
    run(sandbox, "true")
    with server(deep / "late"):
        assert run(sandbox, f"cd {deep}; lc python -c {CONNECT!r} late").output.endswith("refused\n")


def test_o04_one_that_is_bound_by_a_relative_name(room: Room, open_room: Open, run: Run) -> None:
    sandbox = open_room(room)
    program = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.bind('./here'); s.listen(); print(); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=room.workspace, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as host:
        assert host.stdout and host.stdout.readline() == b"\n"
        done = run(sandbox, f"lc python -c {CONNECT!r} here")
        host.communicate(b"\n")
    assert done.output.endswith("refused\n")


def test_o04_the_sessions_own_sockets_work(room: Room, sandbox: Sandbox, run: Run) -> None:
    own = "import socket; s = socket.socket(socket.AF_UNIX); s.bind('own'); s.listen()"
    connect = "socket.socket(socket.AF_UNIX).connect('own'); print('connected')"
    assert run(sandbox, python(f"{own}; {connect}")).output == "connected\n"


def test_o05_a_thousand_decoys_do_not_uncover_a_secret(room: Room, open_room: Open) -> None:
    """Found. Beyond some number files were not hidden any more; now nothing is run."""
    for number in range(1001):
        (room.workspace / f".env.{number}").touch()
    with pytest.raises(SandboxUnavailable, match="too many to hide"):
        open_room(room)
    assert open_room(replace(room, show_dotenv=True)).name


def test_o05_no_second_name_shows_a_secret(room: Room, open_room: Open, run: Run) -> None:
    (room.workspace / ".env").write_text("KEY=hidden\n")
    sandbox = open_room(room)
    attacks = (
        "ln .env x",
        "cp -l .env x",
        "cat /proc/self/cwd/.env",
        "tar c .env | strings",
        "cat /proc/self/root/$PWD/.env",
    )
    for attack in attacks:
        assert "hidden" not in run(sandbox, f"{attack}; cat x 2>/dev/null").output


def test_o06_the_sandboxs_process_1_is_out_of_reach(sandbox: Sandbox, run: Run) -> None:
    """Found. It hands on the exit code, by a counter that a command could take from it and set itself."""
    program = f"""{CALL}
import struct
pidfd_open, pidfd_getfd = 434, 438
pidfd = call(pidfd_open, 1, 0)
for number in range(3, 12):
    if isinstance(fd := call(pidfd_getfd, pidfd, number, 0), int):
        os.write(fd, struct.pack("Q", 1))
print(call({{"x86_64": 101, "aarch64": 117}}[platform.machine()], 0x4206, 1, 0, 0))
for name in ("fd/3", "fd/4", "mem", "maps", "environ", "cwd/x", "root/x", "exe"):
    try:
        print(open(f"/proc/1/{{name}}", "rb").read(9))
    except (FileNotFoundError, PermissionError):
        pass
"""
    signals = "for n in {1..64}; do kill -$n 1; done; echo 1 >/proc/1/mem; echo 9 >/proc/1/fd/4"
    done = run(sandbox, f"{python(program)}\n{signals}; exit 7")
    assert done.output.startswith("EPERM\nbash: ")
    assert done.exit_code == 7
    assert run(sandbox, "echo next").output == "next\n"


def elf(code: bytes) -> bytes:
    """A program of the x86-64 that consists of this code alone."""
    start, size = 0x400078, 0x78 + len(code)
    header = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, start, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return header + struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, size, size, 4096) + code


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="other processors have no such door")
def test_o07_the_system_calls_of_32_bits_do_not_pass_by_the_filter(room: Room, sandbox: Sandbox, run: Run) -> None:
    exit_3 = bytes.fromhex("b801000000 bb03000000 cd80")  # mov eax, 1; mov ebx, 3; int 0x80
    (room.workspace / "old").write_bytes(elf(exit_3))
    (room.workspace / "old").chmod(0o755)
    done = run(sandbox, "./old")
    assert done.exit_code == 159
    assert "32-bit" in done.note


def test_o08_a_command_killed_in_its_first_moments_leaves_nothing(sandbox: Sandbox) -> None:
    """Found. Between two steps bubblewrap's inner process has left the group and is not yet tied to the outer one."""
    with adopting():
        before = children()
        for number in range(60):
            deadline = time.monotonic() + number / 10_000
            assert list(sandbox.run("sleep 600", 600, partial(_over, deadline))) == []
        assert within(lambda: not living(children() - before)), children()


def _over(deadline: float) -> bool:
    return time.monotonic() > deadline


@contextmanager
def adopting() -> Generator[None]:
    """Meanwhile what loses its parent below this process becomes its child: others run tests like this one."""
    prctl, set_child_subreaper = ctypes.CDLL(None).prctl, 36
    assert prctl(set_child_subreaper, 1) == 0
    try:
        yield
    finally:
        assert prctl(set_child_subreaper, 0) == 0


def children() -> set[int]:
    """Of this process, those that have ended too."""
    found: set[int] = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if parent == str(os.getpid()):
            found.add(int(stat.parent.name))
    return found


def living(adopted: set[int]) -> set[int]:
    """Those that have ended are taken away."""
    return {pid for pid in adopted if os.waitpid(pid, os.WNOHANG) == (0, 0)}


def test_o09_a_link_on_the_way_to_a_mount_leads_nowhere(room: Room, sandbox: Sandbox, run: Run, tmp_path: Path) -> None:
    """Found. Bubblewrap follows links when it mounts, and sees the host then: it made directories there."""
    outside = tmp_path / "outside"
    outside.mkdir()
    for place in [*reversed(room.workspace.parents[:-1]), room.workspace]:
        run(sandbox, f"mv {place} {place}-moved; rm -rf {place}; ln -s /oldroot{outside} {place}; mkdir -p {place}")
    assert run(sandbox, "echo works >made; cat made").output == "works\n"
    assert (room.workspace / "made").exists()
    assert list(outside.iterdir()) == []


def test_o10_the_next_command_is_not_prepared_by_this_one(room: Room, sandbox: Sandbox, run: Run) -> None:
    before = snapshot(room.scratch / "lc/bin")
    attacks = (
        "echo evil >>/run/lc/stage; echo evil >/run/lc/command; echo evil >/run/lc/bin/lc; rm -f /run/lc/bin/lc",
        "mv /run/lc/in /run/lc/in2; rmdir /run/lc/in; ln -sfn /etc /run/lc/in",
        "rm -rf /run/lc/in; mkdir -p /run/lc/in/state/a/b /run/lc/in/names/c /run/lc/in/calls",
        "ln -s / /run/lc/in/state; ln -s /etc/passwd /run/lc/in/names",
        "umount /run/lc/in /tmp .; mount --bind /tmp /run/lc",
        "export BASH_ENV=/tmp/evil ENV=/tmp/evil LD_PRELOAD=/tmp/evil.so; echo 'echo evil' >/tmp/evil",
        "export PROMPT_COMMAND=/tmp/evil PS4='$(/tmp/evil)' SHELLOPTS",
        "echo 'echo evil' | tee ~/.bashrc ~/.profile ~/.bash_profile ~/.bash_login >/dev/null",
        "alias cd=evil; cd() { echo evil; }; export -f cd; trap 'echo evil' EXIT DEBUG",
    )
    for attack in attacks:
        run(sandbox, attack)
        assert run(sandbox, "cd /; echo fine").output == "fine\n"
    assert snapshot(room.scratch / "lc/bin") == before


def test_o11_names_of_files_are_no_arguments_of_ours(room: Room, open_room: Open, run: Run) -> None:
    odd = ("--bind", "-rf", "a\nb", "$(id)", ";id", "\x1b[2J", "%s%n", "x" * 255)
    for name in odd:
        (room.workspace / name).mkdir()
        (room.workspace / name / ".env").write_text("KEY=hidden\n")
    done = run(open_room(room), "cat */.env -- */.env ./*/.env; ls | wc -l")
    assert "hidden" not in done.output
    assert "uid=" not in done.output


def test_o12_what_the_filter_allows_is_enough_for_ordinary_work(sandbox: Sandbox, run: Run) -> None:
    """An attack on the user's patience: a filter that breaks tools would be switched off."""
    program = """
import asyncio, multiprocessing, socket, subprocess, tempfile, threading
async def main():
    server = await asyncio.start_unix_server(lambda r, w: w.close(), "/tmp/server")
    reader, writer = await asyncio.open_unix_connection("/tmp/server")
    writer.close()
    server.close()
    done = await asyncio.create_subprocess_exec("true")
    return await done.wait()
if __name__ == "__main__":
    print(asyncio.run(main()))
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            print(method, pool.map(abs, [-1, -2]))
    with multiprocessing.Manager() as manager:
        print(list(manager.list([1])))
    print(socket.getaddrinfo("localhost", 80)[0][4][0] in ("127.0.0.1", "::1"))
"""
    (sandbox.room.workspace / "work.py").write_text(program)
    done = run(sandbox, "lc python work.py")
    assert done.output == ("0\nfork [1, 2]\nspawn [1, 2]\nforkserver [1, 2]\n[1]\nTrue\n"), done.output
