"""Escapes (E of docs/security.md), made for real in every backend: what a command must not reach, change or outlive."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from attacks import (
    CALL,
    Open,
    Repository,
    Run,
    appeared,
    gone,
    private_gitdir,
    python,
    snapshot,
    unheard_of,
)

from livecoder.errors import SandboxUnavailable
from livecoder.sandbox import Room, Sandbox, spawner
from livecoder.sandbox.bubblewrap import Bubblewrap
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.toolchains import Toolchains, find

AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root can prepare this")


def test_e01_nothing_can_be_remounted(sandbox: Sandbox, run: Run) -> None:
    attack = "mount -o remount,bind,rw /usr; mount -o remount,rw /; mount -t tmpfs none /mnt; umount /proc"
    done = run(sandbox, f"{attack}; touch /etc/x /usr/x; grep Cap /proc/self/status")
    assert done.output.count("0000000000000000") == 5
    assert not Path("/etc/x").exists()
    assert not Path("/usr/x").exists()


def test_e02_no_further_user_namespace(sandbox: Sandbox, run: Run) -> None:
    assert run(sandbox, "unshare -Ur id").exit_code != 0
    program = f"""{CALL}
clone3, unshare, clone, setns = {{"x86_64": (435, 272, 56, 308), "aarch64": (435, 97, 220, 268)}}[platform.machine()]
NEWUSER, NEWTIME = 0x10000000, 0x80
print(call(unshare, NEWUSER), call(unshare, NEWTIME), call(clone, NEWUSER | 17, 0, 0, 0, 0))
print(call(clone3, 0, 0), call(setns, 0, 0), call(unshare, 0x400))
"""
    assert run(sandbox, python(program)).output == "EPERM EPERM EPERM\nENOSYS EPERM 0\n"


def test_e03_sockets_of_the_host_are_not_there(sandbox: Sandbox, run: Run, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "host.sock"))
        server.listen()
        done = run(sandbox, f"ls {tmp_path}/host.sock /run/docker.sock /var/run/docker.sock; ls /run")
    assert done.output.count("No such file") == 3
    assert done.output.endswith("\nlc\n")


def test_e04_the_users_git_directory_stays_as_it_is(
    room: Room, open_room: Open, run: Run, make_repository: Repository, tmp_path: Path
) -> None:
    repository = make_repository({"a.py": "x = 1\n"}, name="project")
    before = snapshot(repository / ".git")
    private = private_gitdir(repository, tmp_path / "private")
    sandbox = open_room(
        replace(room, workspace=repository, content=repository, gitdir=private, objects=(repository / ".git/objects",))
    )
    identity = "git config user.email a@b.c; git config user.name a"
    done = run(
        sandbox,
        f"{identity}; echo y >b; git add -A && git commit -qm more && git stash list && git log --oneline | wc -l",
    )
    assert (done.exit_code, done.output) == (0, "2\n")
    assert run(sandbox, "mv .git .g2").exit_code != 0
    run(
        sandbox,
        "ln .git/config stolen; rm -rf .git; echo '[core] fsmonitor=evil' >>.git/config; echo evil >.git/hooks/x",
    )
    assert snapshot(repository / ".git") == before


def test_e04_a_linked_worktree_gets_its_private_gitdir_too(
    room: Room, open_room: Open, run: Run, make_repository: Repository, tmp_path: Path
) -> None:
    repository = make_repository({"a.py": "x = 1\n"}, name="project")
    linked = tmp_path / "linked"
    subprocess.run(["git", "worktree", "add", "-q", str(linked)], cwd=repository, check=True)
    pointer = (linked / ".git").read_text()
    private = private_gitdir(repository, tmp_path / "private")
    sandbox = open_room(
        replace(room, workspace=linked, content=linked, gitdir=private, objects=(repository / ".git/objects",))
    )
    done = run(sandbox, "git rev-parse --show-toplevel --git-dir && git status --short && git log --format=%s")
    assert done.output == f"{linked}\n/run/lc/git\nstart\n"
    assert run(sandbox, "echo gitdir: /tmp/evil >.git").exit_code != 0
    assert (linked / ".git").read_text() == pointer


def test_e05_no_ancestor_of_what_is_protected_can_be_renamed(
    room: Room, open_room: Open, run: Run, make_repository: Repository, tmp_path: Path
) -> None:
    repository = make_repository({"a.py": "x = 1\n", "deep/er/engine/code.py": "good"}, name="project")
    private = private_gitdir(repository, tmp_path / "private")
    room = replace(room, workspace=repository, content=repository, gitdir=private)
    sandbox = open_room(replace(room, sealed=(repository / "deep/er/engine",)))
    for ancestor in (".git", "deep", str(repository), str(tmp_path), "/run/lc", "/run/lc/out", "/usr"):
        assert run(sandbox, f"mv {ancestor} {ancestor}-moved").exit_code != 0
    run(sandbox, "mv deep/er deep/er2; mkdir -p deep/er/engine; echo evil >deep/er/engine/code.py")
    assert (repository / "deep/er/engine/code.py").read_text() == "good"


def test_e06_a_protected_path_that_is_missing_leaves_nothing_behind(room: Room, open_room: Open, run: Run) -> None:
    sandbox = open_room(replace(room, sealed=(room.workspace / "engine",)))
    assert run(sandbox, "ls -A").output == ""
    assert list(room.workspace.iterdir()) == []
    run(sandbox, "mkdir -p .livecoder engine; echo evil >.livecoder/config.toml")
    assert run(sandbox, "cat .livecoder/config.toml").output == "evil\n"  # nobody reads it: see X13


def test_e11_setuid_programs_gain_nothing(sandbox: Sandbox, run: Run) -> None:
    done = run(sandbox, "grep NoNewPrivs /proc/self/status; su -c 'mount -t tmpfs none /mnt'; sudo -n id; ping -c1 ::1")
    assert done.output.startswith("NoNewPrivs:\t1\n")
    assert done.exit_code != 0


def test_e12_no_devices(sandbox: Sandbox, run: Run) -> None:
    done = run(sandbox, "mknod disk b 254 0; cat /dev/vda /dev/sda /dev/mem /dev/kvm")
    assert done.exit_code != 0
    assert not (sandbox.room.workspace / "disk").exists()
    assert done.output.count("No such file") == 4
    hardware = "/sys/{block,bus,class,dev,devices,firmware,kernel,module,power}"
    assert run(sandbox, f"find {hardware} -mindepth 1 2>/dev/null | wc -l").output == "0\n"


@AS_ROOT
def test_e12_a_device_in_the_workspace_is_none(room: Room, open_room: Open, run: Run) -> None:
    os.mknod(room.workspace / "null", 0o20666, os.makedev(1, 3))
    os.mknod(room.workspace / "disk", 0o60666, os.makedev(254, 0))
    sandbox = open_room(room)
    os.mknod(room.workspace / "later", 0o60666, os.makedev(254, 0))
    done = run(sandbox, "cat null; head -c 9 disk; echo into >later")
    assert re.fullmatch(r"(head: .*\n)?bash: line 1: later: (Permission denied|Operation not permitted)\n", done.output)


def test_e13_system_calls_that_only_attacks_need_are_refused(sandbox: Sandbox, run: Run) -> None:
    program = f"""{CALL}
import fcntl, pty, termios
x86, arm = (425, 250, 321, 298, 323, 103, 304, 246, 313), (425, 219, 280, 241, 282, 116, 265, 104, 273)
print({{call(number, 0, 0, 0, 0, 0) for number in (x86 if platform.machine() == "x86_64" else arm)}})
ours, theirs = pty.openpty()
print({{attempt(lambda: fcntl.ioctl(theirs, request, b"x")) for request in (termios.TIOCSTI, 0x541c)}})
print(call(-1), call(470))
"""
    assert run(sandbox, python(program)).output == "{'EPERM'}\n{'EPERM'}\nENOSYS ENOSYS\n"


def test_e13_a_call_of_another_kind_of_program_does_not_exist_or_ends_it(sandbox: Sandbox, run: Run) -> None:
    done = run(sandbox, python(f"{CALL}\nprint(call(0x40000000 | 39))"))
    assert done.output == "ENOSYS\n" or "32-bit" in done.note


def test_e14_no_process_of_the_host(sandbox: Sandbox, run: Run) -> None:
    done = run(
        sandbox, f"grep -l pytest /proc/[0-9]*/cmdline; echo /proc/[0-9]* | wc -w; kill -9 {os.getpid() + 10**6}"
    )
    assert int(done.output.splitlines()[0]) < 10
    assert "No such process" in done.output


def test_e15_a_daemon_ends_with_its_command(sandbox: Sandbox, run: Run) -> None:
    mark = unheard_of()
    done = run(sandbox, f"(setsid sh -c 'trap \"\" TERM HUP; sleep {mark}' &) ; sleep 0.1; echo ok")
    assert (done.output, done.timed_out) == ("ok\n", False)
    assert gone(f"sleep\0{mark}")


ENGINE = """
import sys
from pathlib import Path
from livecoder.sandbox import Room
from livecoder.sandbox.backends import backend
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.toolchains import Toolchains
name, where, scratch, command = sys.argv[1:]
room = Room(Path(where), Path(where), Path(scratch))
with backend(name, room, Toolchains(), Policy(image="livecoder-test:1")) as sandbox:
    for text in sandbox.run(command, 60):
        print(text, flush=True)
"""


def test_e16_killing_the_engine_leaves_no_survivor(backend: str, room: Room, tmp_path: Path) -> None:
    mark = unheard_of()
    command = f"setsid sleep {mark} & echo begun; sleep {mark}"
    arguments = [sys.executable, "-c", ENGINE, backend, str(room.workspace), str(tmp_path / "scratch2"), command]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as engine:
        assert engine.stdout is not None
        assert engine.stdout.readline() == b"begun\n"
        assert appeared(f"sleep\0{mark}")
        engine.send_signal(signal.SIGKILL)
    assert gone(f"sleep\0{mark}")


def test_e17_a_command_outlives_the_thread_that_asked_for_it(sandbox: Sandbox) -> None:
    """The kernel ties a command to the thread that started it: that must not be the asking one."""
    chunks = sandbox.run("echo begun; sleep 0.5; echo done", 30)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(next, chunks).result() == "begun\n"
    assert next(chunks) == "done\n"


def test_e18_without_bubblewrap_it_is_said_how_to_get_it(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spawner, "_WHERE", str(tmp_path))
    with pytest.raises(SandboxUnavailable) as caught, Bubblewrap(room, Toolchains(), Policy()):
        pass
    assert "apt-get install bubblewrap" in caught.value.remedy


def test_e18_where_user_namespaces_are_forbidden_that_is_said(
    room: Room, open_room: Open, run: Run, tmp_path: Path
) -> None:
    """A sandbox in a sandbox: what a container, a hardened kernel or AppArmor would say."""
    checkout = Path(spawner.__file__).parents[2]
    engine = (Path(sys.executable), Path(sys.prefix), Path(sys.base_prefix))
    shown = find({"PATH": "/usr/bin"}, tmp_path / "repo", engine, [checkout / "livecoder"])
    sandbox = open_room(room, None, replace(shown, mounts=(*shown.mounts, checkout / "livecoder")))
    arguments = ["", "bubblewrap", "/tmp", "/tmp/scratch", "echo ran"]
    paths = f"import sys; sys.path.insert(0, {str(checkout)!r}); sys.argv = {arguments}"
    done = run(sandbox, python(f"{paths}\n{ENGINE}"))
    assert "bubblewrap does not work here" in done.output
    assert "ran" not in done.output


@pytest.mark.parametrize("kind", ["user", "net", "pid"])
def test_e18_a_setting_that_forbids_namespaces_is_named(bubblewrap: str, room: Room, kind: str) -> None:
    """Each user namespace has settings of its own, so that they can be made in one."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom livecoder.sandbox import Room\n"
        "from livecoder.sandbox.bubblewrap import Bubblewrap\nfrom livecoder.sandbox.policy import Policy\n"
        "from livecoder.sandbox.toolchains import Toolchains\nwhere, scratch = map(Path, sys.argv[1:])\n"
        "print(Bubblewrap(Room(where, where, scratch), Toolchains(), Policy()).probe())"
    )
    script = f'echo 0 >/proc/sys/user/max_{kind}_namespaces && exec "$@"'
    forbidden = ["unshare", "--user", "--map-root-user", "bash", "-c", script, "bash"]
    words = [*forbidden, sys.executable, "-c", program, str(room.workspace), str(room.scratch)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    assert f"; `sysctl user.max_{kind}_namespaces=15000`" in done.stdout


def test_e18_a_mount_that_fails_is_the_sandboxs_failure_and_is_explained(
    sandbox: Sandbox, run: Run, room: Room, tmp_path: Path
) -> None:
    with sandbox.sibling(replace(room, scratch=tmp_path / "beside")) as sibling:
        (tmp_path / "beside/home").rmdir()
        with pytest.raises(SandboxUnavailable) as caught:
            run(sibling, "true")
    assert "beside/home" in caught.value.remedy


def test_e20_no_inherited_descriptors(sandbox: Sandbox, run: Run) -> None:
    with Path(os.devnull).open() as kept:
        os.set_inheritable(kept.fileno(), True)
        assert run(sandbox, "ls /proc/$$/fd").output == "0\n1\n2\n"
