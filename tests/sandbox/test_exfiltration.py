"""Exfiltration (X of docs/security.md): what a command must not read, and whom it must not reach."""

from __future__ import annotations

import re
import socket
import socketserver
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from attacks import CALL, PATIENCE, Open, Run, finish, python

from livecoder.sandbox import Guest, Room, Sandbox


def test_x01_a_secret_of_the_environment_is_nowhere(
    sandbox: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVIDER_API_KEY", "canary-4711")
    done = run(sandbox, "env; cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'; cat /proc/1/environ")
    assert "canary-4711" not in done.output
    assert "HOME=/home/livecoder" in done.output
    assert re.search("/proc/1/environ: (No such file|Permission denied)", done.output)


def test_x02_home_is_private_and_lasts_for_the_session(sandbox: Sandbox, run: Run) -> None:
    assert run(sandbox, "ls -A ~ | wc -l; ls ~/.ssh ~/.aws ~/.netrc").output.count("No such file") == 3
    home = Path.home()
    seen = run(sandbox, f"ls -A {home} {home}/.gitconfig {home}/.npmrc {home}/.config {home}/.ssh").output
    assert seen.count("No such file") >= 4
    run(sandbox, "echo kept >~/note")
    assert run(sandbox, "cat ~/note").output == "kept\n"


def test_x02_the_engines_own_directories_are_not_there(room: Room, sandbox: Sandbox, run: Run, own_home: Path) -> None:
    (own_home / "config").mkdir(parents=True)
    (own_home / "config/config.toml").write_text("[model]\n")
    assert run(sandbox, f"ls {own_home} {room.scratch}").output.count("No such file") == 2


def test_x03_no_network(sandbox: Sandbox, run: Run) -> None:
    program = f"""{CALL}
import socket
def reach(family, kind, address):
    with socket.socket(family, kind) as one:
        one.settimeout(3)
        one.connect(address)
        one.send(b"x")
STREAM, DATAGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM
for address in ("192.0.2.1", "169.254.169.254", "1.1.1.1", "10.0.0.1"):
    print(attempt(lambda: reach(socket.AF_INET, STREAM, (address, 80))), end=" ")
    print(attempt(lambda: reach(socket.AF_INET, DATAGRAM, (address, 53))))
print(attempt(lambda: reach(socket.AF_INET6, STREAM, ("2001:db8::1", 80))))
print(attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)))
families = [n for n in range(46) if attempt(lambda: socket.socket(n, STREAM).close()) != "EPERM"]
print([socket.AddressFamily(n).name for n in families])
"""
    *reached, sixth, raw, families = run(sandbox, python(program)).output.splitlines()
    assert {word for line in reached for word in line.split()} == {"ENETUNREACH"}
    assert sixth in ("ENETUNREACH", "EADDRNOTAVAIL")
    assert raw == "EPERM"
    assert families == "['AF_UNIX', 'AF_INET', 'AF_INET6', 'AF_NETLINK']"
    assert run(sandbox, "getent hosts example.org").exit_code != 0


def test_x04_loopback_inside_works_and_the_hosts_is_another(sandbox: Sandbox, run: Run) -> None:
    program = (
        "import socket\nserver = socket.create_server(('localhost', 0))\n"
        "socket.create_connection(server.getsockname())\nprint('connected', socket.gethostname())"
    )
    assert run(sandbox, f'lc python -c "{program}"').output == "connected livecoder\n"
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        port = server.server_address[1]
        assert "refused" in run(sandbox, f"echo >/dev/tcp/127.0.0.1/{port}").output


SERVER = """
import socketserver
class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"served\\n")
with socketserver.TCPServer(("127.0.0.1", 8123), Handler) as server:
    print("listening", flush=True)
    server.serve_forever()
"""


def test_x04_a_service_of_a_job_is_reached_by_later_commands_and_by_nobody_else(
    room: Room, sandbox: Sandbox, open_room: Open, run: Run, tmp_path: Path
) -> None:
    ask = "exec 5<>/dev/tcp/127.0.0.1/8123; cat <&5"
    assert "refused" in run(sandbox, ask).output
    beside = replace(room, scratch=tmp_path / "beside", guest=Guest(room.scratch, "db"))
    listening, stopped = threading.Event(), threading.Event()

    def serve() -> None:
        with sandbox.sibling(beside) as job:
            for _ in job.run(python(SERVER), 600, stopped.is_set):
                listening.set()

    job = threading.Thread(target=serve)
    job.start()
    try:
        assert listening.wait(PATIENCE)
        assert run(sandbox, ask).output == "served\n"
        done = run(sandbox, "grep CapEff /proc/self/status; echo >/dev/tcp/192.0.2.1/80; mount -t tmpfs none /tmp")
        assert "CapEff:\t0000000000000000" in done.output
        assert "unreachable" in done.output
        assert done.exit_code == 32  # of mount(8), whose words are others for root than for a user
        other = Room(tmp_path / "other", tmp_path / "other", tmp_path / "scratch2")
        other.workspace.mkdir()
        assert "refused" in run(open_room(other), ask).output
        with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", 8123), 3):
            pass
    finally:
        stopped.set()
        job.join()
    assert "refused" in run(sandbox, ask).output


def test_x11_the_files_of_a_ci_system_are_not_there(
    sandbox: Sandbox, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        (tmp_path / name).touch()
        monkeypatch.setenv(name, str(tmp_path / name))
    done = run(sandbox, f"env | grep GITHUB; cat {tmp_path}/GITHUB_ENV; echo PATH=/evil >>{tmp_path}/GITHUB_ENV")
    assert done.output == f"cat: {tmp_path}/GITHUB_ENV: No such file or directory\n"
    assert (tmp_path / "GITHUB_ENV").read_text() == ""


def test_x14_tmp_is_private_to_a_room_and_lasts(room: Room, open_room: Open, run: Run, tmp_path: Path) -> None:
    other = Room(tmp_path / "other", tmp_path / "other", tmp_path / "scratch2")
    other.workspace.mkdir()
    one, two = open_room(room), open_room(other)
    run(one, "echo secret >/tmp/note; echo secret >/dev/shm/note; echo more >/var/tmp/more")
    assert run(one, "cat /tmp/note /tmp/more; ls /dev/shm").output == "secret\nmore\n"
    assert run(two, "ls /tmp/note /tmp/more").exit_code == 2
    assert not Path("/tmp/note").exists()


def test_x14_two_sandboxes_at_once_share_no_name(room: Room, open_room: Open, tmp_path: Path) -> None:
    """Abstract sockets and message queues have no file that could be hidden: their name spaces are apart."""
    other = Room(tmp_path / "other", tmp_path / "other", tmp_path / "scratch2")
    other.workspace.mkdir()
    hold = "import socket; s = socket.socket(socket.AF_UNIX); s.bind('\\0meet'); s.listen()"
    chunks = open_room(room).run(python(f"{hold}; print('held', flush=True); import time; time.sleep(600)"), 600)
    assert next(chunks) == "held\n"
    ask = "import socket; socket.socket(socket.AF_UNIX).connect('\\0meet')"
    assert "refused" in finish(open_room(other).run(python(ask), PATIENCE)).output
    chunks.close()
