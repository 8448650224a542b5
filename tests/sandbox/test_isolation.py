"""The attacks of SECURITY.md that apply to the first form of the sandbox, made for real. Ids are the document's."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from livecoder.errors import SandboxUnavailable
from livecoder.sandbox import Finished, Room, Sandbox
from livecoder.sandbox.bubblewrap import Bubblewrap
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.toolchains import Toolchains

Run = Callable[..., Finished]
Open = Callable[..., Bubblewrap]
Repository = Callable[..., Path]


def survivors(mark: str) -> list[str]:
    """Host processes that have `mark` on their command line, this test's own aside."""
    found: list[str] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                if mark.encode() in (entry / "cmdline").read_bytes():
                    found.append(entry.name)
            except OSError:
                continue
    return found


def appeared(mark: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not survivors(mark):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def gone(mark: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while survivors(mark):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_e01_nothing_can_be_remounted(sandbox: Sandbox, run: Run) -> None:
    done = run(
        sandbox,
        "mount -o remount,bind,rw /usr; mount -o remount,rw /; touch /etc/x /usr/x; grep CapEff /proc/self/status",
    )
    assert "CapEff:\t0000000000000000" in done.output
    assert not Path("/etc/x").exists()
    assert not Path("/usr/x").exists()


def test_e02_no_further_user_namespace(sandbox: Sandbox, run: Run) -> None:
    assert run(sandbox, "unshare -Ur id").exit_code != 0


def test_e03_sockets_of_the_host_are_not_there(sandbox: Sandbox, run: Run, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "host.sock"))
        server.listen()
        done = run(sandbox, f"ls {tmp_path}/host.sock /run/docker.sock /var/run /run")
    assert "host.sock': No such file" in done.output
    assert done.output.count("No such file") == 3
    assert done.output.endswith("/run:\nlc\n")


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
    run(sandbox, "rm -rf .git; echo '[core] fsmonitor=evil' >>.git/config; echo evil >.git/hooks/pre-commit")
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


def private_gitdir(repository: Path, private: Path) -> Path:
    """What the workspace makes: HEAD, refs and index copied, the user's objects as alternates."""
    for name in ("objects/info", "refs/heads", "hooks"):
        (private / name).mkdir(parents=True)
    (private / "objects/info/alternates").write_text("/run/lc/objects/0\n")
    (private / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = false\n")
    (private / "HEAD").write_text("ref: refs/heads/main\n")
    (private / "refs/heads/main").write_bytes((repository / ".git/refs/heads/main").read_bytes())
    (private / "index").write_bytes((repository / ".git/index").read_bytes())
    return private


def snapshot(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()}


def test_e11_setuid_programs_gain_nothing(sandbox: Sandbox, run: Run) -> None:
    assert "NoNewPrivs:\t1" in run(sandbox, "grep NoNewPrivs /proc/self/status").output


def test_e12_no_devices(sandbox: Sandbox, run: Run) -> None:
    done = run(sandbox, "mknod disk b 254 0; cat /dev/vda /dev/sda /dev/mem; ls /sys")
    assert done.exit_code != 0
    assert not (sandbox.room.workspace / "disk").exists()
    assert done.output.count("No such file") == 4


def test_e14_no_process_of_the_host(sandbox: Sandbox, run: Run) -> None:
    done = run(
        sandbox, f"grep -l pytest /proc/[0-9]*/cmdline; echo /proc/[0-9]* | wc -w; kill -9 {os.getpid() + 10**6}"
    )
    assert int(done.output.splitlines()[0]) < 10
    assert "No such process" in done.output


def test_e15_a_daemon_ends_with_its_command(sandbox: Sandbox, run: Run) -> None:
    mark = "7331.25"
    done = run(sandbox, f"(setsid sh -c 'trap \"\" TERM HUP; sleep {mark}' &) ; sleep 0.1; echo ok")
    assert done.output == "ok\n"
    assert done.seconds < 5
    assert gone(f"sleep\0{mark}", 0.2)


def test_e16_killing_the_engine_leaves_no_survivor(room: Room, sandbox: Sandbox, tmp_path: Path) -> None:
    mark = "7332.25"
    script = (
        "import sys; from pathlib import Path; from livecoder.sandbox import Room\n"
        "from livecoder.sandbox.bubblewrap import Bubblewrap; from livecoder.sandbox.policy import Policy\n"
        "from livecoder.sandbox.toolchains import Toolchains\n"
        "where = Path(sys.argv[1])\n"
        "with Bubblewrap(Room(where, where, Path(sys.argv[2])), Toolchains(), Policy()) as sandbox:\n"
        f"    for text in sandbox.run('setsid sleep {mark} & echo begun; sleep {mark}', 60): print(text, flush=True)\n"
    )
    arguments = [sys.executable, "-c", script, str(room.workspace), str(tmp_path / "scratch2")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as engine:
        assert engine.stdout is not None
        assert engine.stdout.readline() == b"begun\n"
        assert appeared(f"sleep\0{mark}", 10)
        engine.send_signal(signal.SIGKILL)
    assert gone(f"sleep\0{mark}", 1)


def test_e18_a_mount_that_fails_is_the_sandboxs_failure_and_is_explained(
    sandbox: Sandbox, run: Run, room: Room
) -> None:
    assert run(sandbox, "exit 1").exit_code == 1
    (room.scratch / "home").rmdir()
    with pytest.raises(SandboxUnavailable) as caught:
        run(sandbox, "true")
    assert "scratch/home" in caught.value.remedy


def test_e20_no_inherited_descriptors(sandbox: Sandbox, run: Run) -> None:
    with Path(os.devnull).open() as kept:
        os.set_inheritable(kept.fileno(), True)
        assert run(sandbox, "ls /proc/$$/fd").output == "0\n1\n2\n"
        assert run(sandbox, "cat /proc/1/environ").output == ""


def test_x01_a_secret_of_the_environment_is_nowhere(
    sandbox: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVIDER_API_KEY", "canary-4711")
    done = run(sandbox, "env; cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'; grep -c . /proc/*/environ")
    assert "canary-4711" not in done.output
    assert "HOME=/home/livecoder" in done.output


def test_x02_home_is_private_and_lasts_for_the_session(sandbox: Sandbox, run: Run) -> None:
    assert run(sandbox, "ls -A ~ | wc -l; ls ~/.ssh ~/.aws ~/.netrc").output.count("No such file") == 3
    home = Path.home()
    seen = run(sandbox, f"ls -A {home} {home}/.gitconfig {home}/.npmrc {home}/.config {home}/.ssh").output
    assert seen.count("No such file") >= 4
    run(sandbox, "echo kept >~/note")
    assert run(sandbox, "cat ~/note").output == "kept\n"


def test_x03_no_network(sandbox: Sandbox, run: Run) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        for host in ("192.0.2.1", "169.254.169.254"):
            assert "unreachable" in run(sandbox, f"echo >/dev/tcp/{host}/80", timeout=10).output
        assert "refused" in run(sandbox, f"echo >/dev/tcp/127.0.0.1/{port}").output
    assert run(sandbox, "getent hosts example.org", timeout=10).exit_code != 0


def test_x04_loopback_inside_works(sandbox: Sandbox, run: Run) -> None:
    program = (
        "import socket\nserver = socket.create_server(('localhost', 0))\n"
        "socket.create_connection(server.getsockname())\nprint('connected', socket.gethostname())"
    )
    assert run(sandbox, f'lc python -c "{program}"').output == "connected livecoder\n"


def test_x14_tmp_is_private_to_a_room_and_lasts(room: Room, open_room: Open, run: Run, tmp_path: Path) -> None:
    other = Room(tmp_path / "other", tmp_path / "other", tmp_path / "scratch2")
    other.workspace.mkdir()
    one, two = open_room(room), open_room(other)
    run(one, "echo secret >/tmp/note; echo secret >/dev/shm/note; echo more >/var/tmp/more")
    assert run(one, "cat /tmp/note /tmp/more; ls /dev/shm").output == "secret\nmore\n"
    assert run(two, "ls /tmp/note /tmp/more").exit_code == 2
    assert not Path("/tmp/note").exists()


def test_two_rooms_run_at_once(room: Room, open_room: Open, run: Run, tmp_path: Path) -> None:
    other = Room(tmp_path / "other", tmp_path / "other", tmp_path / "scratch2")
    other.workspace.mkdir()
    sandboxes = [open_room(room), open_room(other)]
    done: dict[str, str] = {}

    def work(sandbox: Bubblewrap) -> None:
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


def test_a_copy_is_seen_at_the_workspaces_own_path(room: Room, sandbox: Bubblewrap, run: Run, tmp_path: Path) -> None:
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


def test_the_engines_environment_cannot_be_changed_from_the_workspace(room: Room, run: Run, tmp_path: Path) -> None:
    prefix = room.workspace / ".venv"
    (prefix / "bin").mkdir(parents=True)
    sandbox = Bubblewrap(room, Toolchains(engine=(prefix / "bin/python", prefix)), Policy())
    if reason := sandbox.probe():
        pytest.skip(f"bubblewrap: {reason}")
    with sandbox:
        assert "Read-only" in run(sandbox, "touch .venv/bin/evil; mv .venv other").output
        assert run(sandbox, "touch own").exit_code == 0
