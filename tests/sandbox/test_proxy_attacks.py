"""Attacks on the one way to a network, by itself and from inside a real sandbox."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from attacks import Open, Run, appeared, gone, python, unheard_of, within
from loopback import ANSWER, LOOPBACK, accepting, drained, filtering, server
from test_docker import containers
from test_escapes import ENGINE
from test_proxy import connect, get, tunnel
from test_proxy_requests import hello

from livecoder.errors import SandboxUnavailable
from livecoder.hosts import Upstream, reach
from livecoder.rooms import Cancelled, Rooms, gitdirs
from livecoder.sandbox import Guest, Room, Sandbox
from livecoder.sandbox.bubblewrap import Bubblewrap
from livecoder.sandbox.docker import Docker
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.proxy import PORT
from livecoder.sandbox.proxy.log import DISTINCT

ASK = f"""
import socket, sys
def ask(data):
    with socket.create_connection(("127.0.0.1", {PORT}), 20) as one:
        one.sendall(data)
        one.shutdown(socket.SHUT_WR)
        answer = b""
        while more := one.recv(65536):
            answer += more
        return answer
"""


def networked(room: Room, open_room: Open, *hosts: str, private: tuple[str, ...] = LOOPBACK) -> Bubblewrap | Docker:
    sandbox = open_room(replace(room, network=True), Policy(reach=reach(hosts, private)))
    assert isinstance(sandbox, Bubblewrap | Docker)
    return sandbox


def fetch(url: str) -> str:
    """What a program prints that finds the proxy by its variables, also for names of this machine."""
    return python(
        "import os, urllib.request, urllib.error\n"
        "os.environ.pop('NO_PROXY', None), os.environ.pop('no_proxy', None)\n"
        f"try:\n    answer = urllib.request.urlopen({url!r})\n"
        "except urllib.error.HTTPError as error:\n    answer = error\n"
        "print(answer.read().decode(), end='')"
    )


@pytest.mark.parametrize(
    "target",
    [
        *("allowed.example.evil.example", "notallowed.example", "allowed.example.", "allowed.example\0.evil.example"),
        *("127.0.0.1", "2130706433", "0x7f.1", "017700000001", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"),
        *("user@allowed.example", "allowed.example@evil.example", "evil.example#allowed.example", "localhost"),
    ],
)
def test_x05_only_the_very_host_is_reached(target: str) -> None:
    with server() as web, filtering(f"allowed.example:{web.port}") as proxy:
        place, data = f"{target}:{web.port}", f"Host: allowed.example:{web.port}\r\n\r\n"
        for request in (f"CONNECT {place} HTTP/1.1\r\n\r\n", f"GET http://{place}/ HTTP/1.1\r\n{data}"):
            if target == "allowed.example.":
                continue  # the same name with its root: the row below
            answer = proxy.ask(request.encode())
            assert answer.startswith((b"HTTP/1.1 403 ", b"HTTP/1.1 400 "))
        assert proxy.lookups == web.received == []
        assert not any(allowed for _, allowed, _ in proxy.asked())
        assert proxy.ask(get(f"allowed.example.:{web.port}")) == ANSWER


@pytest.mark.parametrize("port", [22, 25, 80, 3128, 8443])
def test_x05_a_tunnel_to_another_port_is_refused(port: int) -> None:
    with filtering("allowed.example") as proxy:
        assert proxy.ask(connect(f"allowed.example:{port}")).startswith(b"HTTP/1.1 403 ")
        assert [(place, allowed) for place, allowed, _ in proxy.asked()] == [(f"allowed.example:{port}", False)]


def test_x05_a_handshake_with_another_host_ends_the_tunnel() -> None:
    with accepting() as world, filtering("allowed.example", upstream=Upstream("127.0.0.1", world.port)) as proxy:
        for data, passes in ((hello("allowed.example"), True), (hello("evil.example"), False)):
            with tunnel(proxy, "allowed.example:443") as connection:
                connection.sendall(data)
                assert (drained(connection) == b"served\n") is passes
            why = "" if passes else "what was sent is no TLS handshake with this host"
            assert proxy.asked() == [("allowed.example:443", passes, why)]
    assert [bool(data) for data in world.received] == [True, False]


def test_x05_a_redirect_is_asked_for_again_and_refused(room: Room, open_room: Open, run: Run) -> None:
    elsewhere = b"HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\n\r\n"
    with server(elsewhere) as web:
        sandbox = networked(room, open_room, f"localhost:{web.port}")
        done = run(sandbox, fetch(f"http://localhost:{web.port}/"))
        assert done.output == "livecoder: evil.example:80 is refused: the user does not allow it\n"
        assert [(asked.place, asked.allowed) for asked in sandbox.asked()] == [
            (f"localhost:{web.port}", True),
            ("evil.example:80", False),
        ]


def test_x06_an_empty_list_and_no_list_are_no_network(room: Room, open_room: Open, run: Run) -> None:
    for nothing in (Policy(), Policy(reach=reach(()))):
        sandbox = open_room(replace(room, network=True), nothing)
        assert _means(sandbox) == "no network"
        done = run(sandbox, f"env | grep -i proxy; echo >/dev/tcp/127.0.0.1/{PORT}; echo >/dev/tcp/192.0.2.1/80")
        assert "refused" in done.output and "unreachable" in done.output and "PROXY" not in done.output


def test_o13_a_name_that_changes_its_address_meanwhile() -> None:
    with server() as web:
        place = f"a.example:{web.port}"
        answers = [["127.0.0.1"], ["10.0.0.1"]]
        names = {"a.example": answers[0]}
        with filtering(place, names=names) as proxy:
            assert proxy.ask(get(place)) == ANSWER
            assert proxy.lookups == ["a.example"]  # once: what was checked is what is connected to
            names["a.example"] = answers[1]
            assert proxy.ask(get(place)).startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fe80::1%lo", "64:ff9b::7f00:1", "0.0.0.0"]
)
def test_o14_a_public_name_of_a_private_address(address: str) -> None:
    with server() as web:
        place = f"a.example:{web.port}"
        with filtering(place, names={"a.example": [address]}, private=()) as proxy:
            assert proxy.ask(get(place)).startswith(b"HTTP/1.1 403 ")
            assert web.received == []


@pytest.mark.parametrize("announced", [0, 4])
def test_o15_a_second_request_behind_the_first(announced: int) -> None:
    with server() as web, filtering(f"a.example:{web.port}") as proxy:
        place = f"a.example:{web.port}"
        first = get(place, "/", b"Content-Length: %d" % announced).replace(b"GET", b"POST")
        assert proxy.ask(first + b"body" * bool(announced) + get("evil.example", "/smuggled")) == ANSWER
    (data,) = web.received
    assert data.endswith(b"\r\n\r\nbody" if announced else b"\r\n\r\n") and b"smuggled" not in data


def test_o16_another_protocol_through_the_port_of_tls() -> None:
    with accepting() as world, filtering("allowed.example", upstream=Upstream("127.0.0.1", world.port)) as proxy:
        for data in (
            b"SSH-2.0-OpenSSH_9.2\r\n",
            b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
            b"\x16\x03\x01\xff\xff",
        ):
            with tunnel(proxy, "allowed.example:443") as connection:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                assert drained(connection) == b""
        assert not any(world.received)


def test_o17_there_is_no_way_around_the_proxy(room: Room, open_room: Open, run: Run) -> None:
    with server() as web:
        sandbox = networked(room, open_room, "*")
        done = run(
            sandbox,
            f"unset HTTPS_PROXY https_proxy HTTP_PROXY http_proxy; echo >/dev/tcp/127.0.0.1/{web.port};"
            "echo >/dev/tcp/192.0.2.1/443; echo >/dev/udp/192.0.2.1/53; getent hosts example.org || echo unknown;"
            "ip route 2>/dev/null; cat /proc/net/route | wc -l",
        )
        assert "refused" in done.output and done.output.count("unreachable") == 4 and "unknown\n1\n" in done.output
        assert web.received == []


def test_o18_a_command_neither_holds_nor_takes_over_the_listening_socket(room: Room, open_room: Open, run: Run) -> None:
    sandbox = networked(room, open_room, "*")
    program = f"""
import os, socket
for fd in range(3, 256):
    try:
        print(fd, os.readlink(f"/proc/self/fd/{{fd}}"))
    except OSError:
        pass
one = socket.socket()
one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
for address in ("127.0.0.1", "0.0.0.0"):
    try:
        one.bind((address, {PORT}))
        one.listen()
        print("taken")
    except OSError as error:
        print(error.strerror)
"""
    output = run(sandbox, python(program)).output
    assert "socket:" not in output and "taken" not in output
    assert output.count("Address already in use") == 2


def test_o19_strange_names_are_shown_as_plain_text_and_many_are_counted() -> None:
    with filtering("a.example") as proxy:
        proxy.ask(b"CONNECT \x1b[2Jevil:443 HTTP/1.1\r\n\r\n")
        proxy.ask("GET http://\u202eevil/ HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        for number in range(DISTINCT + 20):
            proxy.ask(connect(f"h{number}.example:443"))
        taken = proxy.taken()
    assert all(asked.place.isascii() and asked.place.isprintable() for asked in taken)
    assert len(taken) == DISTINCT + 1
    assert (taken[-1].place, taken[-1].count) == ("further hosts", 22)


def test_o20_a_proxy_that_ends_leaves_no_network(room: Room, open_room: Open, run: Run) -> None:
    with server() as web:
        sandbox = networked(room, open_room, f"localhost:{web.port}")
        asking = f"{fetch(f'http://localhost:{web.port}/')}\necho >/dev/tcp/127.0.0.1/{web.port}"
        assert run(sandbox, asking).output.startswith("served\n")
        sandbox._network._proxy.__exit__(None, None, None)  # pyright: ignore (as if it had died)
        said = run(sandbox, asking).output
        assert "served\n" not in said
        assert "Connection refused>" in said and f"/dev/tcp/127.0.0.1/{web.port}: Connection refused" in said


def test_o21_the_password_of_the_machines_own_proxy_is_not_inside(room: Room, open_room: Open, run: Run) -> None:
    hosts = reach(("*",), (), Upstream("127.0.0.1", 9, "me:canary-4711"))
    sandbox = open_room(replace(room, network=True), Policy(reach=hosts))
    look = "env; cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'"
    done = run(sandbox, f"{look}\n{fetch('http://a.example/')}")
    assert "HTTPS_PROXY=http://127.0.0.1:3128" in done.output
    assert "canary" not in done.output


def test_o22_tools_are_looked_at_and_replayed_without_a_network(room: Room, open_room: Open, tmp_path: Path) -> None:
    sandbox = networked(room, open_room, "*")
    tools = tmp_path / "scaffold"
    (tools / "tools").mkdir(parents=True)
    rooms = Rooms(sandbox, _empty, gitdirs(room.workspace), tmp_path / "rooms")
    (room.workspace / ".git").mkdir()
    with rooms.look_only(tools) as look, rooms.empty(tools) as empty:
        assert {_means(each) for each in (look, empty)} == {"no network"}
    with rooms.beside("job") as job:
        assert _means(job) == "network: every public host alone, by a proxy"


def _empty(tree: str, dest: Path, cancelled: Cancelled) -> str:
    raise AssertionError("no copy is made here")


def _means(sandbox: Sandbox) -> str:
    return next(each for each in sandbox.protections if each.startswith(("no network", "network: ")))


def test_o22_what_is_looked_at_does_not_reach_the_proxy_of_a_job_either(
    room: Room, open_room: Open, run: Run, tmp_path: Path
) -> None:
    """Found. In containers every room joined the network that a job had opened."""
    session = networked(room, open_room, "*")
    beside = replace(session.room, scratch=tmp_path / "job", guest=Guest(session.room.scratch, "job"))
    look = replace(session.room, scratch=tmp_path / "look", network=False)
    knock = f"(: >/dev/tcp/127.0.0.1/{PORT}) 2>/dev/null && echo open || echo shut"
    with session.sibling(beside) as job, session.sibling(look) as apart:
        assert [run(each, knock).output for each in (session, job, apart)] == ["open\n", "open\n", "shut\n"]


def test_o20_a_killed_engine_takes_proxy_and_network_with_it(backend: str, room: Room, tmp_path: Path) -> None:
    program = ENGINE.replace("Path(scratch))", "Path(scratch), network=True)")
    program = program.replace("Policy(", "Policy(reach=reach(('*',)), ").replace(
        "import Policy", "import Policy; from livecoder.hosts import reach"
    )
    mark = unheard_of()
    words = [backend, str(room.workspace), str(tmp_path / "scratch2"), f"echo begun; sleep {mark}"]
    with subprocess.Popen([sys.executable, "-c", program, *words], stdout=subprocess.PIPE) as engine:
        assert engine.stdout is not None
        assert engine.stdout.readline() == b"begun\n"
        assert appeared(f"sleep\0{mark}")
        engine.kill()
    assert gone(f"sleep\0{mark}")
    if backend == "docker":
        assert within(lambda: not containers(engine.pid))


def test_o20_a_proxy_that_cannot_be_opened_is_no_open_network(
    room: Room, open_room: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(SandboxUnavailable, match="the network cannot be filtered here"):
        networked(room, open_room, "*")
