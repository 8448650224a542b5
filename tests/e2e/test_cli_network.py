"""The network that a user allows: a flag or a key, shown at the start, every question in the journal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import Done, Livecoder
from tests.e2e.test_cli_settings import write_config
from tests.sandbox.loopback import Server, server

ON_LOOPBACK = ("--set", "network.private=127.0.0.0/8")


@pytest.fixture
def web() -> Iterator[Server]:
    with server() as made:
        yield made


def fetch(*places: str) -> str:
    return "; ".join(f"curl -sS --noproxy '' http://{place}/" for place in places)


def asked(done: Done) -> list[tuple[str, bool]]:
    return [(line["host"], line["allowed"]) for line in done.lines if line.get("subtype") == "network_asked"]


def texts(done: Done) -> str:
    """All that the model read of its commands."""
    return "\n".join(
        block["content"]
        for line in done.lines
        if line["type"] == "user"
        for block in line["message"]["content"]
        if block["type"] == "tool_result"
    )


def test_a_command_reaches_the_hosts_of_the_flag_and_is_told_what_it_was_refused(
    livecoder: Livecoder, web: Server
) -> None:
    place = f"localhost:{web.port}"
    done = livecoder.task(f"$ {fetch(place, 'evil.example')}", "Done.", flags=(f"--network={place}", *ON_LOOPBACK))

    assert done.lines[0]["network"] == [place]
    assert asked(done) == [(place, True), ("evil.example:80", False)]
    assert "served\n" in texts(done)
    advice = 'the user does not allow it; the user can: network.hosts = ["evil.example"]'
    assert f"[the network refused evil.example:80: {advice}]" in texts(done)
    shown = livecoder("sessions", "show").out
    assert f"network: commands reach {place}" in shown and "network: evil.example:80 refused" in shown


def test_the_users_file_allows_hosts_and_an_empty_flag_takes_them_away(livecoder: Livecoder, web: Server) -> None:
    place = f"localhost:{web.port}"
    write_config(livecoder, f'[network]\nhosts = ["{place}"]\nprivate = ["127.0.0.0/8"]\n')
    assert asked(livecoder.task(f"$ {fetch(place)}", "Done.")) == [(place, True)]

    done = livecoder.task(f"$ {fetch(place)}", "Done.", flags=("--network=",))
    assert done.lines[0]["network"] == []
    assert "served" not in texts(done) and asked(done) == []


def test_the_flag_alone_is_every_public_host_and_none_of_this_machine(livecoder: Livecoder, web: Server) -> None:
    done = livecoder(
        "exec", "do it", "-m", livecoder.script(f"$ {fetch(f'localhost:{web.port}')}", "Done."), "--network", "--json"
    )
    assert done.lines[0]["network"] == ["*"]
    assert asked(done) == [(f"localhost:{web.port}", False)]
    assert web.received == []


def test_verify_reaches_what_commands_reach(livecoder: Livecoder, web: Server) -> None:
    place = f"localhost:{web.port}"
    flags = (f"--network={place}", *ON_LOOPBACK, "--verify", fetch(place) + " --fail")
    done = livecoder.task("$ echo x >new", "Done.", flags=flags)
    assert done.result["outcome"] == "verified"
    assert (place, True) in asked(done)


def test_what_needs_the_network_is_told_how_the_user_allows_it(livecoder: Livecoder, web: Server) -> None:
    wish = "```bash needs=network\ntrue\n```"
    denied = livecoder.task(wish, "Done.", flags=("--set", "model.tools=text"))
    assert "`needs: network` is denied: the user has allowed no host (network.hosts, --network)" in texts(denied)
    allowed = livecoder.task(wish, "Done.", flags=("--set", "model.tools=text", "--network=pypi.org"))
    assert "denied" not in texts(allowed)


@pytest.mark.parametrize("value", ["1.2.3.4", "http://pypi.org", "a..b", "pypi.org:0", "2130706433"])
def test_what_is_no_host_is_said_before_anything_runs(livecoder: Livecoder, value: str) -> None:
    done = livecoder("-p", "x", "-m", livecoder.script("Done."), f"--network={value}")
    assert (done.code, done.out) == (2, "")
    assert "network.hosts" in done.err and "pypi.org, *.example.org" in done.err

    path = write_config(livecoder, f'[network]\nhosts = ["{value}"]\n')
    done = livecoder("-p", "x", "-m", livecoder.script("Done."))
    assert done.code == 3 and f"{path}, line 2" in done.err


def test_without_a_sandbox_no_host_is_filtered_and_that_is_refused(livecoder: Livecoder) -> None:
    done = livecoder("-p", "x", "-m", livecoder.script("Done."), "--sandbox", "none", "--yes-no-sandbox", "--network")
    assert done.code == 2 and "--network needs a sandbox" in done.err


def test_doctor_says_what_is_reached_and_by_which_way(livecoder: Livecoder) -> None:
    assert "network     nothing" in livecoder("doctor").out
    write_config(livecoder, '[network]\nhosts = ["registries"]\nprivate = ["10.1.0.0/16"]\n')
    livecoder.env["HTTPS_PROXY"] = "http://me:canary-4711@proxy.example:3128"
    told = livecoder("doctor").out
    assert "network     registries (network.hosts)" in told and "10.1.0.0/16" in told
    assert "through proxy.example:3128 (HTTPS_PROXY): addresses cannot be checked" in told
    assert "canary" not in told + livecoder("doctor", "--json").out


def test_a_proxy_of_another_kind_is_an_error_and_no_way_around(livecoder: Livecoder) -> None:
    livecoder.env["HTTPS_PROXY"] = "socks5://proxy.example:1080"
    done = livecoder("-p", "x", "-m", livecoder.script("Done."), "--network")
    assert done.code == 3 and "HTTPS_PROXY is no address of an HTTP proxy" in done.err
