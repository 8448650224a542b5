"""Requests to the proxy are read in one way or refused: what two programs could read in two ways never passes."""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.sandbox.proxy.hello import NoHello, server_name
from livecoder.sandbox.proxy.request import Malformed, read

END = b"\r\n\r\n"


def head(*lines: bytes) -> bytes:
    return b"\r\n".join(lines) + END


def test_a_tunnel_has_a_host_and_a_port() -> None:
    request = read(head(b"CONNECT PyPI.org:443 HTTP/1.1", b"Host: pypi.org:443"))
    assert (request.host, request.port, request.tunnel) == ("pypi.org", 443, True)


def test_a_plain_request_is_sent_on_with_our_own_host_and_without_what_concerns_one_hop() -> None:
    request = read(
        head(
            b"POST http://Example.org:8080?q=1 HTTP/1.1",
            b"Host: example.ORG:8080",
            b"Content-Length: 3",
            b"Connection: keep-alive, X-Mine",
            b"Proxy-Authorization: Basic eA==",
            b"X-Mine: 1",
            b"Upgrade: h2c",
            b"Accept: */*  ",
        )
    )
    assert request.body_bytes == 3
    assert request.head(request.path) == head(
        b"POST /?q=1 HTTP/1.1", b"Host: example.org:8080", b"Content-Length: 3", b"Accept: */*", b"Connection: close"
    )


ABSOLUTE, HOST = b"GET http://a.org/ HTTP/1.1", b"Host: a.org"


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([b"GET / HTTP/1.1", HOST], "a proxy is asked for http://"),
        ([b"GET https://a.org/ HTTP/1.1", HOST], "a proxy is asked for http://"),
        ([b"GET ftp://a.org/ HTTP/1.1", HOST], "a proxy is asked for http://"),
        ([b"GET http://a.org/ HTTP/2.0", HOST], "no request"),
        ([b"GET  http://a.org/ HTTP/1.1", HOST], "no request"),
        ([b"GET http://a.org/\x00 HTTP/1.1", HOST], "no request"),
        ([b"GET http://a.org/#x HTTP/1.1", HOST], "a proxy is asked for http://"),
        ([b"GET http://user:pw@a.org/ HTTP/1.1", HOST], "no host name"),
        ([b"GET http://a.org@b.org/ HTTP/1.1", b"Host: b.org"], "no host name"),
        ([b"GET http://a.org\\@b.org/ HTTP/1.1", b"Host: b.org"], "no host name"),
        ([b"GET http://127.1/ HTTP/1.1", b"Host: 127.1"], "an address"),
        ([b"GET http://[::1]/ HTTP/1.1", b"Host: [::1]"], "an address"),
        ([b"GET http://a.org/ HTTP/1.1", b"Host: b.org"], "names another host"),
        ([b"GET http://a.org/ HTTP/1.1", b"Host: a.org:81"], "names another host"),
        ([ABSOLUTE], "names another host"),
        ([ABSOLUTE, HOST, HOST], "names another host"),
        ([ABSOLUTE, HOST, b"X : 1"], "malformed"),
        ([ABSOLUTE, HOST, b"X: 1", b" folded"], "malformed"),
        ([ABSOLUTE, HOST, b"X: a\nHost: b.org"], "malformed"),
        ([ABSOLUTE, HOST, b"X: a\rb"], "malformed"),
        ([ABSOLUTE, HOST, b"X: a\x00b"], "malformed"),
        ([ABSOLUTE, HOST, b"Transfer-Encoding: chunked"], "needs a Content-Length"),
        ([ABSOLUTE, HOST, b"Content-Length: 1", b"Transfer-Encoding: chunked"], "needs a Content-Length"),
        ([ABSOLUTE, HOST, b"Content-Length: 1", b"Content-Length: 1"], "Content-Length is malformed"),
        ([ABSOLUTE, HOST, b"Content-Length: 1, 1"], "Content-Length is malformed"),
        ([ABSOLUTE, HOST, b"Content-Length: +1"], "Content-Length is malformed"),
        ([b"CONNECT a.org HTTP/1.1"], "names no port"),
        ([b"CONNECT a.org:0443 HTTP/1.1"], "no host name"),
        ([b"CONNECT a.org:70000 HTTP/1.1"], "port"),
        ([b"CONNECT 2130706433:443 HTTP/1.1"], "an address"),
        ([b"CONNECT a.org%00.b.org:443 HTTP/1.1"], "no host name"),
        ([b"CONNECT \xff.org:443 HTTP/1.1"], "no host name"),
        ([b"CONNECT a.org:443 HTTP/1.1", b"Content-Length: 5"], "no body"),
        ([b"CONNECT a.org:443 HTTP/1.1", b"Transfer-Encoding: chunked"], "no body"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(lines: list[bytes], why: str) -> None:
    with pytest.raises(Malformed, match=why):
        read(head(*lines))


@given(st.binary(max_size=60))
def test_any_bytes_are_a_request_or_malformed(data: bytes) -> None:
    for raw in (
        data + END,
        b"CONNECT " + data + b" HTTP/1.1" + END,
        b"GET http://" + data + b" HTTP/1.1\r\n" + HOST + END,
    ):
        try:
            request = read(raw)
        except Malformed as error:
            assert error.asked.isascii() and error.asked.isprintable()
        else:
            assert request.host.isascii() and request.host.isprintable()


# ---- the first message of TLS


def hello(name: str | None) -> bytes:
    """As OpenSSL says it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    outgoing = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name).do_handshake()
    return outgoing.read()


def test_the_host_of_a_handshake_is_read() -> None:
    assert server_name(hello("pypi.org")) == "pypi.org"
    assert server_name(hello(None)) == ""


def test_every_beginning_of_a_handshake_waits_for_the_rest() -> None:
    whole = hello("pypi.org")
    assert {server_name(whole[:length]) for length in range(len(whole))} == {None}


def test_a_handshake_in_many_records_is_read_as_one() -> None:
    body = hello("pypi.org")[5:]
    records = [b"\x16\x03\x01" + len(part).to_bytes(2) + part for part in (body[:1], body[1:50], body[50:])]
    assert server_name(b"".join(records)) == "pypi.org"


def test_what_is_no_handshake_is_refused() -> None:
    whole = bytearray(hello("pypi.org"))
    whole[5] = 2  # a ServerHello
    short = whole[:60]
    short[3:5], short[5:9] = (55).to_bytes(2), b"\x01" + (51).to_bytes(3)
    for data in (b"GET / HTTP/1.1\r\n", b"SSH-2.0-x", b"\x16\x02\x00\x00\x05", bytes(whole), bytes(short)):
        with pytest.raises(NoHello):
            server_name(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_handshake_a_beginning_or_refused(data: bytes) -> None:
    for raw in (data, b"\x16\x03\x01" + len(data).to_bytes(2) + data):
        try:
            assert server_name(raw) in (None, "") or len(raw) > 40
        except NoHello:
            pass
