"""What docker's backend does that no other does: its containers' lives, the image, the daemon's bad days."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from attacks import PATIENCE, SOON, Run, appeared, gone, python, unheard_of, within
from docker_here import IMAGE
from loopback import LOOPBACK, server
from test_escapes import ENGINE

from livecoder.errors import SandboxUnavailable
from livecoder.hosts import reach
from livecoder.sandbox import Guest, Room, Sandbox, owner
from livecoder.sandbox.attached import Streams
from livecoder.sandbox.daemon import Daemon
from livecoder.sandbox.docker import Docker
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.proxy import PORT
from livecoder.sandbox.toolchains import Toolchains, find

Enter = Callable[..., Sandbox]
CONTAINED = Policy(image=IMAGE)


@pytest.fixture
def enter(docker: str, room: Room, toolchains: Toolchains) -> Iterator[Enter]:
    """`enter(room?, policy?, toolchains?)` -> an entered sandbox."""
    with ExitStack() as stack:

        def opened(other: Room | None = None, policy: Policy = CONTAINED, shown: Toolchains | None = None) -> Sandbox:
            return stack.enter_context(Docker(other or room, shown or toolchains, policy))

        yield opened


def containers(pid: int) -> set[str]:
    """Of a process that is or was."""
    daemon = Daemon()
    try:
        found = daemon.labelled(owner.LABEL).items()
        return {container for container, label in found if label.split("/")[2] == str(pid)}
    finally:
        daemon.close()


# ---- the lives of containers


def test_a_container_ends_with_its_room_and_another_ones_goes_on(enter: Enter, run: Run, tmp_path: Path) -> None:
    before = containers(os.getpid())
    sandbox = enter()
    with sandbox.sibling(replace(sandbox.room, scratch=tmp_path / "scratch2")) as sibling:
        assert containers(os.getpid()) - before, "the session's"
        assert run(sibling, "echo two").output == "two\n"
        assert len(containers(os.getpid()) - before) == 2
    assert within(lambda: len(containers(os.getpid()) - before) == 1)
    assert run(sandbox, "echo one").output == "one\n"
    sandbox.__exit__(None, None, None)
    assert within(lambda: containers(os.getpid()) <= before)


@contextmanager
def engine(room: Room, scratch: Path, command: str) -> Generator[subprocess.Popen[bytes]]:
    """Another engine, whose command has begun: it prints something."""
    arguments = [sys.executable, "-c", ENGINE, "docker", str(room.workspace), str(scratch), command]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        yield process
        process.kill()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_engine_leaves_no_container(docker: str, room: Room, tmp_path: Path, end: signal.Signals) -> None:
    with engine(room, tmp_path / "scratch2", "echo begun; sleep 60") as process:
        assert containers(process.pid)
        process.send_signal(end)
        process.wait()
    assert within(lambda: not containers(process.pid))


def test_what_outlived_its_engine_is_swept(docker: str, room: Room, enter: Enter, tmp_path: Path) -> None:
    """With the guard dead nothing in there hears that the engine is gone (G20)."""
    mark = unheard_of()
    with engine(room, tmp_path / "scratch2", f"kill -9 -1; echo begun; sleep {mark}") as process:
        assert appeared(f"sleep\0{mark}")
        process.kill()
        process.wait()
        left = containers(process.pid)
        assert left
    mine = enter(room)
    assert gone(f"sleep\0{mark}")
    assert within(lambda: not containers(process.pid))
    assert mine.name == "docker"
    assert containers(os.getpid())


def test_only_those_are_swept_whose_engine_is_known_to_be_gone() -> None:
    removed: list[str] = []
    here = owner.ourselves()
    labels = {
        "mine": str(here),
        "killed": str(here._replace(pid=4_000_000)),
        "its number is another's now": str(here._replace(began="1")),
        "before the machine was started": str(here._replace(boot="another")),
        "counted elsewhere": str(here._replace(processes="1", pid=4_000_000)),
        "nobody's": "what is this",
    }

    class Listed(Daemon):
        def __init__(self) -> None:
            """No daemon is asked."""

        def labelled(self, label: str) -> dict[str, str]:
            return labels

        def remove(self, container: str) -> None:
            removed.append(container)

    owner.sweep(Listed())
    assert removed == ["killed", "its number is another's now", "before the machine was started"]


# ---- one command after another


def test_two_hundred_commands_and_none_is_lost(enter: Enter, run: Run) -> None:
    sandbox = enter()
    for number in range(200):
        done = run(sandbox, f"echo {number}; exit {number % 100}")
        assert (done.output, done.exit_code) == (f"{number}\n", number % 100)


def test_a_command_with_streams_that_has_ended_when_we_look_is_not_waited_for(
    enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found. Its end was reported together with its beginning, and read as a part of that."""
    sandbox = enter()
    assert isinstance(sandbox, Docker)
    looked = select.select

    def late(*arguments: Any) -> Any:
        found = looked(*arguments)
        time.sleep(0.2)
        return found

    monkeypatch.setattr(select, "select", late)
    for number in range(3):
        assert sandbox.attach(f"exit {number}", Streams(None, bytes, bytes)) == number


def test_a_command_that_kills_whatever_it_can_is_ended_with_its_container(enter: Enter, run: Run) -> None:
    sandbox = enter()
    done = run(sandbox, "kill -9 -1; trap '' TERM; echo begun; sleep 600", timeout=SOON)
    assert (done.exit_code, done.timed_out, done.output) == (137, True, "begun\n")
    assert run(sandbox, "echo next").output == "next\n"


def test_a_container_that_is_killed_from_outside_is_no_success(enter: Enter, run: Run) -> None:
    sandbox = enter()
    chunks = sandbox.run("echo begun; sleep 60; true", 60)
    assert next(chunks) == "begun\n"
    daemon = Daemon()
    for container in containers(os.getpid()):
        daemon.kill(container)
    daemon.close()
    with pytest.raises(StopIteration) as ended:
        while True:
            next(chunks)
    assert ended.value.value.exit_code == 137
    assert "Killed with its container" in ended.value.value.note
    assert run(sandbox, "echo next").output == "next\n"


def test_a_hidden_file_that_moved_is_hidden_where_it_is_now(enter: Enter, room: Room, run: Run) -> None:
    (room.workspace / "a").mkdir()
    (room.workspace / "a/.env").write_text("KEY=hidden\n")
    sandbox = enter()
    first = containers(os.getpid())
    run(sandbox, "mv a b")
    assert run(sandbox, "cat b/.env; echo read").output == "read\n"
    assert containers(os.getpid()) != first, "it is another container"


def test_shared_memory_is_empty_for_the_next_command(enter: Enter, run: Run) -> None:
    sandbox = enter()
    run(sandbox, "mkdir -p /dev/shm/a/b; touch /dev/shm/.c; touch /dev/mqueue/q")
    assert run(sandbox, "ls -A /dev/shm /dev/mqueue | grep -v :").output == "\n"


def test_a_job_shares_the_network_and_the_sessions_tmp(enter: Enter, room: Room, run: Run, tmp_path: Path) -> None:
    sandbox = enter()
    beside = replace(room, scratch=tmp_path / "job", guest=Guest(room.scratch, "db"))
    stopped, listening = threading.Event(), threading.Event()
    serve = python(
        "import socket; s = socket.create_server(('127.0.0.1', 8124)); print('up', flush=True)\n"
        "while True: s.accept()[0].sendall(b'served\\n')"
    )

    def job() -> None:
        with sandbox.sibling(beside) as other:
            for _ in other.run(serve, 60, stopped.is_set):
                listening.set()

    thread = threading.Thread(target=job)
    thread.start()
    try:
        assert listening.wait(PATIENCE)
        done = run(sandbox, "exec 5<>/dev/tcp/127.0.0.1/8124; read -r line <&5; echo $line; ls /run/lc/out")
        assert done.output.splitlines()[0] == "served"
        assert "db" in done.output.split()
    finally:
        stopped.set()
        thread.join()


# ---- the image


def test_programs_and_variables_are_the_images(enter: Enter, run: Run, tmp_path: Path) -> None:
    sdk = tmp_path / "sdk"
    sdk.mkdir()
    (sdk / "mine").write_text("of the user's\n")
    host = find({"PATH": f"{sdk}:/usr/bin", "HOME": str(tmp_path)}, tmp_path / "repo", (), (sdk,))
    sandbox = enter(None, CONTAINED, host)
    done = run(sandbox, f"echo $PATH; cat {sdk}/mine; echo x >{sdk}/mine; command -v debootstrap")
    path, mine, refused = done.output.splitlines()
    assert path == "/run/lc/bin:/usr/local/bin:/usr/bin:/bin"
    assert mine == "of the user's"
    assert "Read-only" in refused


def test_the_tests_of_a_project_run_and_files_are_the_users(enter: Enter, room: Room, run: Run) -> None:
    (room.workspace / "test_a.py").write_text(
        "import unittest\nclass A(unittest.TestCase):\n    def test_a(self):\n        open('made', 'w').close()\n"
    )
    done = run(enter(), "python3 -m unittest && git init -q x && id -u && whoami")
    assert done.exit_code == 0, done
    assert "OK" in done.output
    assert done.output.splitlines()[-2] == str(os.getuid())
    status = (room.workspace / "made").stat()
    assert (status.st_uid, status.st_gid) == (os.getuid(), os.getgid())


def test_an_image_that_is_not_there_names_the_command_that_gets_it(docker: str, room: Room) -> None:
    with pytest.raises(SandboxUnavailable) as caught, Docker(room, Toolchains(), Policy(image="no-such-image:1")):
        pass
    assert "`docker pull no-such-image:1`" in caught.value.remedy
    assert caught.value.exit_code == 3


def test_an_image_without_bash_says_so(docker: str, room: Room, tmp_path: Path) -> None:
    (tmp_path / "root/bin").mkdir(parents=True)
    (tmp_path / "root/bin/sh").touch(0o755)
    tar = subprocess.run(["tar", "-C", str(tmp_path / "root"), "-c", "."], capture_output=True, check=True).stdout
    name = f"livecoder-test-empty:{os.getpid()}"
    environ = {**os.environ, "DOCKER_HOST": f"unix://{Daemon().socket}"}
    subprocess.run(["docker", "import", "-", name], input=tar, env=environ, capture_output=True, check=True)
    try:
        with pytest.raises(SandboxUnavailable) as caught, Docker(room, Toolchains(), Policy(image=name)):
            pass
        assert "bash 4.4" in caught.value.remedy
        assert within(lambda: not containers(os.getpid()))
    finally:
        subprocess.run(["docker", "rmi", name], env=environ, capture_output=True, check=True)


@pytest.fixture
def bare_image(docker: str, tmp_path: Path) -> Iterator[str]:
    """What commands need and nothing else: no Python, and libraries of its own nowhere but where these look."""
    root = tmp_path / "root"
    for name in ("bash", "cat", "chmod", "env", "rm"):
        program = shutil.which(name, path="/usr/bin:/bin")
        assert program is not None
        said = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
        for path in (Path("/bin", name), *map(Path, re.findall(r"(/\S+) \(0x", said))):
            (root / path.relative_to("/").parent).mkdir(parents=True, exist_ok=True)
            shutil.copy(path if path.parent != Path("/bin") else program, root / path.relative_to("/"))
    tar = subprocess.run(["tar", "-C", str(root), "-c", "."], capture_output=True, check=True).stdout
    name = f"livecoder-test-bare:{os.getpid()}"
    environ = {**os.environ, "DOCKER_HOST": f"unix://{Daemon().socket}"}
    variables = ["--change", "ENV LD_LIBRARY_PATH=/nowhere LD_PRELOAD=/nowhere.so PATH=/bin"]
    subprocess.run(["docker", "import", *variables, "-", name], input=tar, env=environ, capture_output=True, check=True)
    yield name
    assert within(lambda: subprocess.run(["docker", "rmi", name], env=environ, capture_output=True).returncode == 0)


def test_hosts_are_reached_from_an_image_without_any_program_for_it(
    bare_image: str, enter: Enter, room: Room, run: Run
) -> None:
    with server() as web:
        place = f"localhost:{web.port}"
        policy = Policy(image=bare_image, reach=reach((place,), LOOPBACK))
        sandbox = enter(replace(room, network=True), policy, Toolchains())
        request = f"GET http://{place}/ HTTP/1.1\\r\\nHost: {place}\\r\\n\\r\\n"
        done = run(sandbox, f"exec 5<>/dev/tcp/127.0.0.1/{PORT}; printf '{request}' >&5; cat <&5")
    assert done.output.endswith("served\n"), done
    assert isinstance(sandbox, Docker)
    assert [(asked.place, asked.allowed) for asked in sandbox.asked()] == [(place, True)]


def test_a_workspace_far_down_reaches_hosts_too(enter: Enter, tmp_path: Path, run: Run) -> None:
    """The address of a socket of files is 107 bytes at most."""
    deep = tmp_path / "/".join(["a-directory-with-a-long-name"] * 5)
    (deep / "repo").mkdir(parents=True)
    room = Room(deep / "repo", deep / "repo", deep / "scratch", network=True)
    sandbox = enter(room, replace(CONTAINED, reach=reach(("*",))))
    assert run(sandbox, f": >/dev/tcp/127.0.0.1/{PORT}").exit_code == 0


# ---- the daemon


def test_without_an_image_nothing_is_asked_of_docker(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
    with pytest.raises(SandboxUnavailable) as caught, Docker(room, Toolchains(), Policy()):
        pass
    assert "--image" in caught.value.remedy


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("unix:///nowhere/docker.sock", "systemctl start docker"),
        ("tcp://192.0.2.1:2375", "may be another machine"),
        ("ssh://somebody@example.org", "may be another machine"),
    ],
)
def test_a_daemon_that_cannot_be_used_is_explained(
    room: Room, monkeypatch: pytest.MonkeyPatch, host: str, said: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(SandboxUnavailable) as caught, Docker(room, Toolchains(), CONTAINED):
        pass
    assert said in caught.value.remedy
    assert caught.value.exit_code == 3


@pytest.mark.skipif(os.getuid() == 0, reason="root may open every socket")
def test_a_socket_that_is_not_ours_to_open_is_explained(
    room: Room, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "docker.sock"))
        listener.listen()
        (tmp_path / "docker.sock").chmod(0)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
        with pytest.raises(SandboxUnavailable) as caught, Docker(room, Toolchains(), CONTAINED):
            pass
    assert "usermod -aG docker" in caught.value.remedy


@contextmanager
def between(path: Path, real: str) -> Generator[socket.socket]:
    """A socket that hands on to the daemon; closing it is what a daemon does that dies."""
    ends: list[socket.socket] = []

    def hand_on(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(real)
            ends.extend((near, far))
            for pair in ((near, far), (far, near)):
                threading.Thread(target=hand_on, args=pair, daemon=True).start()

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        threading.Thread(target=serve, daemon=True).start()
        try:
            yield listener
        finally:
            for end in ends:
                end.close()


def test_a_daemon_that_goes_away_is_told_when_it_is_needed(
    enter: Enter, room: Room, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Commands go on in the container that there is: the daemon has no part in them."""
    real = Daemon()
    real.close()
    (room.workspace / "a").mkdir()
    (room.workspace / "a/.env").touch()
    with between(tmp_path / "docker.sock", real.socket) as listener:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
        sandbox = enter()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        assert run(sandbox, "echo on").output == "on\n"
        assert run(sandbox, "sleep 60", timeout=0.3).timed_out
    run(sandbox, "mv a b")  # what is hidden lies elsewhere: another container is needed
    with pytest.raises(SandboxUnavailable) as caught:
        run(sandbox, "echo never")
    assert "does not answer any more" in caught.value.remedy
