"""Commands that last a session: reached by later commands, told when they listen and when they end."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from looping import Rounds, Until, bubble, observed, of, say, toolchains
from test_jobs import GO, TMP, never, no_copy

from livecoder import services
from livecoder.events import Event, ServiceEnded, ServiceStarted
from livecoder.jobs import Jobs
from livecoder.rooms import Rooms, gitdirs
from livecoder.sandbox import Room, Sandbox
from livecoder.sandbox.host import Host
from livecoder.sandbox.policy import Policy
from livecoder.services import MAX_RUNNING, Services

SERVE = """
import socketserver, sys
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"served\\n")
class Server(socketserver.TCPServer):
    allow_reuse_address = True
with Server(("127.0.0.1", int(sys.argv[1])), Handler) as server:
    print("ready", flush=True)
    server.serve_forever()
"""


@pytest.fixture(params=["bubblewrap", "host"])
def sandbox(request: pytest.FixtureRequest, tmp_path: Path, make_repository: Callable[..., Path]) -> Iterator[Sandbox]:
    root = make_repository({"serve.py": SERVE})
    if request.param == "bubblewrap":
        with bubble(tmp_path, root) as inner:
            yield inner
    else:
        with Host(Room(root, root, tmp_path / "scratch"), toolchains(tmp_path), Policy(output_chars=2000)) as inner:
            yield inner


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine takes its time to begin to listen."""
    monkeypatch.setattr(services, "QUIET", 60.0)


@pytest.fixture
def port() -> int:
    """One that is free: without a sandbox it is one of the machine's. The kernel gives none below 32,768 by itself."""
    while True:
        try:
            with socket.create_server(("127.0.0.1", 10_000 + secrets.randbelow(20_000))) as one:
                return int(one.getsockname()[1])
        except OSError:
            continue


def play(
    sandbox: Sandbox, *rounds: list[str] | Until, cancelled: Callable[[], bool] = never
) -> tuple[list[Event], list[str]]:
    """A session of these rounds; its events, and what the model observed."""
    rooms = Rooms(sandbox, no_copy, gitdirs(sandbox.room.workspace), sandbox.room.scratch.parent / "places")
    events: list[Event] = []
    with closing(Services(rooms, cancelled)) as services:
        played = Rounds(sandbox, timeout=120.0)
        for turns in rounds:
            with Jobs(rooms, services, cancelled) as jobs:
                played.watchers = [jobs]
                events += played.play(turns if isinstance(turns, Until) else [*turns, "done"])[0]
    return events, observed(played.state.messages)


def ask(port: int) -> str:
    return f"exec 5<>/dev/tcp/127.0.0.1/{port} && cat <&5"


def test_a_service_is_reached_by_later_commands_and_rounds_once_it_listens(sandbox: Sandbox, port: int) -> None:
    events, texts = play(
        sandbox, [say(f"lc serve --port {port} web lc python serve.py {port}"), say(ask(port))], [say(ask(port))]
    )
    assert f"[service web listens on port {port}, until the session ends]" in texts[0]
    assert texts[1].startswith("served\n") and texts[2].startswith("served\n")
    (started,) = of(ServiceStarted, events)
    assert (started.step, started.name, started.ports) == (1, "web", (port,))
    assert started.command == f"lc python serve.py {port}"
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 5):
        pass  # it ended with the session


def test_without_a_port_the_first_that_it_listens_on_is_told(sandbox: Sandbox, port: int) -> None:
    _, (text,) = play(sandbox, [say(f"lc serve web 'lc python serve.py {port}'")])
    assert f"service web listens on port {port}" in text


def test_a_port_counts_only_when_the_service_itself_has_it(sandbox: Sandbox, port: int) -> None:
    """Someone else's server there would pass for it."""
    command = f"lc serve --port {port} second 'lc python serve.py {port}'"
    _, (_, text) = play(sandbox, [say(f"lc serve first 'lc python serve.py {port}'"), say(command)])
    assert "service second ended before it listened:" in text
    assert "Address already in use" in text and "[exit 1]" in text


def test_one_that_ends_at_once_is_told_with_the_end_of_its_output(sandbox: Sandbox) -> None:
    events, (text,) = play(sandbox, [say("lc serve db 'echo no such database >&2; exit 3'")])
    assert "service db ended before it listened:\nno such database\n[exit 3]" in text
    (ended,) = of(ServiceEnded, events)
    assert (ended.exit_code, ended.stopped, ended.output) == (3, False, "no such database\n")


def test_one_that_listens_nowhere_goes_on_and_says_what_it_printed(
    sandbox: Sandbox, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "PATIENCE", 4.0)
    _, (text, out) = play(sandbox, [say(f"lc serve --port {port} slow 'echo warming up; {GO}'"), say("lc out slow")])
    assert "service slow runs and listens on no port after " in text and "; it says:\nwarming up" in text
    assert out.startswith("warming up\n")


def test_an_end_is_told_once_with_the_next_command(sandbox: Sandbox, port: int) -> None:
    start = f"lc serve --port {port} web 'lc python serve.py {port} & {GO}; kill $!; exit 4'"
    end = "service web has ended by itself:\nready"
    turns = Until(end, 2, say(start), say(f"touch {TMP}/go"), say("sleep 0.2"), say("true"), "done")
    events, texts = play(sandbox, turns)
    assert [text for text in texts if end in text] != texts[-1:] and sum(end in text for text in texts) == 1
    assert [event.exit_code for event in of(ServiceEnded, events)] == [4]


def test_it_is_stopped_and_started_again_only_when_asked_and_both_are_told(sandbox: Sandbox, port: int) -> None:
    start = f"lc serve --port {port} web lc python serve.py {port}"
    events, texts = play(sandbox, [say(start), say(start), say("lc serve --stop web"), say(ask(port), "lc serve")])
    assert "[service web was stopped]" in texts[1] and f"[service web listens on port {port}, " in texts[1]
    assert "[service web was stopped]" in texts[2]
    assert "refused" in texts[3]
    assert "[services: none]" in texts[4]
    assert [type(event) for event in events if isinstance(event, ServiceStarted | ServiceEnded)] == [
        *(ServiceStarted, ServiceEnded, ServiceStarted, ServiceEnded),
    ]
    assert all(event.stopped for event in of(ServiceEnded, events))


def test_what_runs_is_listed_with_its_ports(sandbox: Sandbox, port: int) -> None:
    _, texts = play(sandbox, [say(f"lc serve web lc python serve.py {port}"), say("lc serve")])
    assert f"[services: web (port {port}, " in texts[1]


def test_waiting_ends_when_the_user_wants_out(sandbox: Sandbox) -> None:
    asked: list[int] = []

    def later() -> bool:
        asked.append(1)
        return len(asked) > 2

    _, (text,) = play(sandbox, [say(f"lc serve slow '{GO}'")], cancelled=later)
    assert "service slow runs and listens on no port" in text


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("lc serve --stop nobody", "there is no service nobody (services: none)"),
        (f"lc run one '{GO}'; lc serve one true", "service one was not started: a job of that name still runs"),
    ],
)
def test_what_cannot_be_is_said(sandbox: Sandbox, command: str, answer: str) -> None:
    _, (text,) = play(sandbox, [say(command)])
    assert f"[{answer}]" in text


def test_a_job_does_not_take_a_services_name_and_services_are_few(
    sandbox: Sandbox, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "QUIET", 0.1)
    start = f"lc serve --port {port} web lc python serve.py {port}"
    more = "; ".join(f"lc serve s{number} '{GO}'" for number in range(MAX_RUNNING))
    _, texts = play(sandbox, [say(start), say("lc run web true"), say(more)])
    assert "[job web was not started: a service of that name runs]" in texts[1]
    assert f"[service s{MAX_RUNNING - 1} was not started: {MAX_RUNNING} run already]" in texts[2]


@pytest.mark.parametrize("misuse", ["serve x", "serve X true", "serve --port", "serve --port x y z", "serve --stop"])
def test_misuse_shows_the_usage(sandbox: Sandbox, misuse: str) -> None:
    events, (text,) = play(sandbox, [say(f"lc {misuse}")])
    assert "usage: lc VERB" in text and "[exit 2]" in text
    assert not of(ServiceStarted, events)


def test_where_ports_cannot_be_told_it_says_so_and_does_not_wait_for_one(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def untold(_: Sandbox) -> None:
        return None

    monkeypatch.setattr(type(sandbox), "ports", untold)
    monkeypatch.setattr(services, "QUIET", 0.1)
    monkeypatch.setattr(services, "PATIENCE", 600.0)
    _, (text,) = play(sandbox, [say(f"lc serve --port 8123 web '{GO}'")])
    assert "service web runs; on which port cannot be told in this sandbox" in text
