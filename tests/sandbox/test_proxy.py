"""The filtering proxy by itself: real sockets on loopback, names that lead there."""

from __future__ import annotations

import base64
import socket
import threading
import time

import pytest
from loopback import ANSWER, LOOPBACK, Filter, drained, filtering, server

from livecoder.hosts import Upstream, reach
from livecoder.sandbox.proxy import CONNECTIONS, Patience, Proxy
from livecoder.sandbox.proxy.log import Log


def get(place: str, path: str = "/", *further: bytes) -> bytes:
    lines = [f"GET http://{place}{path} HTTP/1.1".encode(), f"Host: {place}".encode(), *further]
    return b"\r\n".join([*lines, b"", b""])


def connect(place: str) -> bytes:
    return f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode()


def tunnel(proxy: Filter, place: str) -> socket.socket:
    """An open one."""
    connection = proxy.connect()
    connection.sendall(connect(place))
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += connection.recv(1) or pytest.fail(f"closed after {answer!r}")
    assert answer.startswith(b"HTTP/1.1 200")
    return connection


def test_a_host_that_is_named_is_reached_and_counted() -> None:
    with server() as web, filtering(f"web.example:{web.port}") as proxy:
        place = f"web.example:{web.port}"
        assert proxy.ask(get(place, "/path?q=1")) == ANSWER
        assert proxy.ask(get(place)) == ANSWER
        assert web.received[0].startswith(b"GET /path?q=1 HTTP/1.1\r\nHost: " + place.encode())
        assert b"Connection: close" in web.received[0]
        (asked,) = proxy.taken()
    assert (asked.place, asked.allowed, asked.why, asked.count) == (place, True, "", 2)


def test_a_body_is_passed_on_while_the_answer_comes() -> None:
    body = b"x" * 300_000
    with server(until=body) as web, filtering(f"web.example:{web.port}") as proxy:
        request = get(f"web.example:{web.port}", "/", b"Content-Length: %d" % len(body))
        assert proxy.ask(request.replace(b"GET", b"POST") + body) == ANSWER
        assert web.received[0].endswith(b"\r\n\r\n" + body)


def test_what_is_refused_is_said_with_the_setting_that_allows_it_and_is_not_even_looked_up() -> None:
    with filtering("a.example") as proxy:
        answer = proxy.ask(get("evil.example"))
        assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
        assert answer.endswith(b"livecoder: evil.example:80 is refused: the user does not allow it\n")
        assert proxy.ask(connect("evil.example:8443")).startswith(b"HTTP/1.1 403 ")
        assert [(asked.place, asked.setting) for asked in proxy.taken()] == [
            ("evil.example:80", 'network.hosts = ["evil.example"]'),
            ("evil.example:8443", 'network.hosts = ["evil.example:8443"]'),
        ]
        assert proxy.lookups == []


def test_a_host_that_does_not_answer_is_told_apart_from_one_that_is_refused() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        place = f"web.example:{closed.getsockname()[1]}"
        with filtering(place) as proxy:
            assert proxy.ask(get(place)).startswith(b"HTTP/1.1 502 ")
            assert proxy.asked() == [(place, True, "it could not be reached: Connection refused")]


def test_a_tunnel_carries_both_ways_and_half_an_end() -> None:
    with (
        server(b"", until=b"END") as echo,
        filtering(f"db.example:{echo.port}") as proxy,
        tunnel(proxy, f"db.example:{echo.port}") as connection,
    ):
        connection.sendall(b"one")
        assert connection.recv(100) == b"one"
        connection.sendall(b"two")
        connection.shutdown(socket.SHUT_WR)
        assert drained(connection) == b"two"


def test_much_passes_through_a_tunnel_while_neither_side_reads_at_first() -> None:
    data = bytes(range(256)) * 20_000
    with (
        server(b"", until=b"never") as echo,
        filtering(f"db.example:{echo.port}") as proxy,
        tunnel(proxy, f"db.example:{echo.port}") as connection,
    ):
        sender = threading.Thread(target=lambda: (connection.sendall(data), connection.shutdown(socket.SHUT_WR)))
        sender.start()
        assert drained(connection) == data
        sender.join()


def test_through_the_machines_own_proxy_a_tunnel_is_asked_for_and_a_plain_request_sent_whole() -> None:
    token = b"Proxy-Authorization: Basic " + base64.b64encode(b"me:pass word")
    with server(b"HTTP/1.1 200 fine\r\n\r\n") as theirs:
        through = Upstream("127.0.0.1", theirs.port, "me:pass word")
        with filtering("web.example", "db.example:5432", upstream=through) as proxy:
            proxy.ask(get("web.example", "/x", b"Proxy-Authorization: Basic mine"))
            tunnel(proxy, "db.example:5432").close()
            assert proxy.ask(get("evil.example")).startswith(b"HTTP/1.1 403 ")
            assert proxy.lookups == []
    plain, asked = theirs.received
    assert plain.startswith(b"GET http://web.example/x HTTP/1.1\r\nHost: web.example\r\n")
    assert asked.startswith(b"CONNECT db.example:5432 HTTP/1.1\r\nHost: db.example:5432\r\n")
    assert plain.count(token) == asked.count(token) == 1
    assert b"mine" not in plain


def test_a_refusal_of_the_machines_own_proxy_is_passed_on_in_words() -> None:
    with (
        server(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as theirs,
        filtering("db.example:5432", upstream=Upstream("127.0.0.1", theirs.port)) as proxy,
    ):
        answer = proxy.ask(connect("db.example:5432"))
    assert b"the proxy of HTTPS_PROXY says: 407 Proxy Authentication Required" in answer


def test_who_sends_nothing_is_let_go() -> None:
    with filtering("a.example", patience=Patience(head=0.3)) as proxy, proxy.connect() as silent:
        silent.sendall(b"GET http://a.example/ HT")
        assert drained(silent) == b""


def test_a_tunnel_in_which_nothing_moves_is_closed() -> None:
    with (
        server(b"", until=b"never") as echo,
        filtering(f"db.example:{echo.port}", patience=Patience(idle=2)) as proxy,
        tunnel(proxy, f"db.example:{echo.port}") as connection,
    ):
        connection.sendall(b"one")
        assert drained(connection) == b"one"


def test_leaving_closes_what_is_open_and_nothing_listens_any_more() -> None:
    with server(b"", until=b"never") as echo, filtering(f"db.example:{echo.port}") as proxy:
        connection = tunnel(proxy, f"db.example:{echo.port}")
        proxy_port = proxy.port
        idle = proxy.connect()
    assert drained(connection) == drained(idle) == b""
    connection.close()
    idle.close()
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", proxy_port), 5):
        pass


def test_leaving_while_a_connection_is_being_taken_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    starting = threading.Event()

    class SlowToStart(threading.Thread):
        def start(self) -> None:
            starting.set()
            time.sleep(0.05)
            super().start()

    for _ in range(8):  # the threads are waited for in any order
        starting.clear()
        with monkeypatch.context() as patch, filtering("a.example") as proxy:
            patch.setattr(threading, "Thread", SlowToStart)
            client = proxy.connect()
            assert starting.wait(20)
        assert drained(client) == b""
        client.close()


def test_a_connection_for_which_there_is_no_thread_is_closed_and_the_next_is_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class NoneLeft(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    with server() as web, filtering(f"web.example:{web.port}") as proxy:
        with monkeypatch.context() as patch:
            patch.setattr(threading, "Thread", NoneLeft)
            with proxy.connect() as refused:
                assert drained(refused) == b""
        assert proxy.ask(get(f"web.example:{web.port}")) == ANSWER


def test_leaving_does_not_wait_for_a_name_that_is_being_looked_up() -> None:
    asked, release, answered = threading.Event(), threading.Event(), threading.Event()

    def resolve(name: str, port: int) -> list[str]:
        asked.set()
        release.wait(60)
        answered.set()
        return ["127.0.0.1"]

    listener = socket.create_server(("127.0.0.1", 0))
    with Proxy(listener, reach(("a.example",)), Log(), resolve):
        client = socket.create_connection(listener.getsockname(), 20)
        client.sendall(get("a.example"))
        assert asked.wait(20)
    assert not answered.is_set()
    release.set()
    assert drained(client) == b""
    client.close()


def test_beyond_its_connections_it_serves_one_after_another() -> None:
    with server() as web, filtering(f"web.example:{web.port}") as proxy:
        silent = [proxy.connect() for _ in range(CONNECTIONS)]
        with proxy.connect() as late:
            late.sendall(get(f"web.example:{web.port}"))
            late.settimeout(0.3)
            with pytest.raises(TimeoutError):
                late.recv(1)
            late.settimeout(20)
            silent.pop().close()
            assert drained(late) == ANSWER
        for each in silent:
            each.close()


def test_a_range_of_the_users_is_needed_for_what_is_not_public() -> None:
    with server() as web:
        place = f"web.example:{web.port}"
        with filtering(place, private=()) as proxy:
            answer = proxy.ask(get(place))
            assert answer.startswith(b"HTTP/1.1 403 ") and b"its address is private" in answer
        with filtering(place, private=LOOPBACK) as proxy:
            assert proxy.ask(get(place)) == ANSWER
