"""A tool runs only with the bytes of the store, or with those that a command of this session left there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from looping import toolchains

from livecoder.loop import drained
from livecoder.rooms import Rooms
from livecoder.sandbox import Finished, Room, Sandbox
from livecoder.sandbox.bubblewrap import Bubblewrap
from livecoder.sandbox.pinned import FOREIGN, Pins
from livecoder.sandbox.policy import Policy

TOOL = "#!/bin/sh\necho {word}\n"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    folder = tmp_path / "scaffold" / "tools"
    folder.mkdir(parents=True)
    return folder


def put(tools: Path, text: str, name: str = "greet") -> None:
    path = tools / name
    path.unlink(missing_ok=True)
    path.write_text(text)
    path.chmod(0o755)


# ---- whose bytes they are


def test_what_the_store_has_is_known_and_anything_else_at_the_start_is_foreign(tools: Path) -> None:
    pins = Pins(tools.parent, {"greet": sha("a"), "count": sha("b")})
    put(tools, "a")
    put(tools, "other", "count")
    put(tools, "new", "more")
    with pins.writing():
        assert pins.foreign() == {"count", "more"} and pins.refused() == {"count": FOREIGN, "more": FOREIGN}


def test_what_changes_while_a_command_runs_is_the_sessions(tools: Path) -> None:
    pins = Pins(tools.parent, {})
    with pins.writing():
        put(tools, "a")
    with pins.writing():
        assert pins.foreign() == set()
    put(tools, "b")
    with pins.writing():
        assert pins.foreign() == {"greet"}
    with pins.writing():
        assert pins.foreign() == {"greet"}, "it stays foreign"
        put(tools, "c")
    with pins.writing():
        assert pins.foreign() == set(), "until the session writes it anew"


def test_the_same_bytes_again_are_no_change(tools: Path) -> None:
    pins = Pins(tools.parent, {"greet": sha("a")})
    for text in "ababa":
        put(tools, text)
        with pins.writing():
            assert bool(pins.foreign()) is (text == "b")


def test_while_a_job_goes_on_nothing_is_foreign(tools: Path) -> None:
    pins = Pins(tools.parent, {})
    with pins.writing():
        with pins.writing():
            put(tools, "a")
        put(tools, "b")
        with pins.writing():
            assert pins.foreign() == set()
    with pins.writing():
        assert pins.foreign() == set()


def test_what_the_engine_put_there_is_known(tools: Path) -> None:
    pins = Pins(tools.parent, {})
    put(tools, "a")
    pins.wrote("greet", b"a")
    with pins.writing():
        assert pins.foreign() == set()


@pytest.mark.parametrize("make", ["link", "fifo", "folder", "huge"])
def test_what_is_no_tool_costs_nothing(tools: Path, tmp_path: Path, make: str) -> None:
    import os

    path = tools / "odd"
    match make:
        case "link":
            path.symlink_to("/dev/zero")
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case _:
            with path.open("wb") as file:
                file.truncate(10**12)
    pins = Pins(tools.parent, {})
    with pins.writing():
        assert pins.foreign() == ({"odd"} if make == "huge" else set())


def test_a_content_that_is_withheld_is_refused_whoever_wrote_it(tools: Path) -> None:
    pins = Pins(tools.parent, {"greet": sha("net")}, lambda data: "no network" if data == b"net" else "")
    put(tools, "net")
    with pins.writing():
        assert pins.refused() == {"greet": "no network"} and pins.foreign() == set()


# ---- at the launch


@pytest.fixture
def sandbox(tmp_path: Path, tools: Path) -> Iterator[Sandbox]:
    workspace = tmp_path / "repo"
    workspace.mkdir()
    pins = Pins(tools.parent, {"greet": sha(TOOL.format(word="hello"))})
    room = Room(workspace, workspace, tmp_path / "scratch", scaffold=tools.parent, pins=pins)
    sandbox = Bubblewrap(room, toolchains(tmp_path), Policy())
    if reason := sandbox.probe():
        pytest.skip(f"bubblewrap: {reason}")
    with sandbox:
        yield sandbox


def run(sandbox: Sandbox, command: str) -> Finished:
    return drained(sandbox.run(command, 30.0, lambda: False))


def test_the_stores_bytes_run_and_others_are_refused_with_a_line(sandbox: Sandbox, tools: Path) -> None:
    put(tools, TOOL.format(word="hello"))
    assert run(sandbox, "greet").output == "hello\n"
    put(tools, TOOL.format(word="evil"))
    refused = run(sandbox, "greet")
    assert (refused.exit_code, refused.output) == (126, f"livecoder: greet is not run: {FOREIGN}\n")
    assert refused.tool_calls == ()
    put(tools, TOOL.format(word="hello"))
    assert run(sandbox, "greet").output == "hello\n"


def test_what_a_command_wrote_runs_in_the_next(sandbox: Sandbox, tools: Path) -> None:
    put(tools, TOOL.format(word="hello"))
    run(sandbox, "sed -i s/hello/bye/ $SCAFFOLD/tools/greet; cp $SCAFFOLD/tools/greet $SCAFFOLD/tools/again")
    assert run(sandbox, "greet; again").output == "bye\nbye\n"


def test_what_only_looks_cannot_write_the_scaffold_and_refuses_the_same(
    sandbox: Sandbox, tools: Path, tmp_path: Path
) -> None:
    put(tools, TOOL.format(word="evil"))
    run(sandbox, "true")
    rooms = Rooms(sandbox, lambda tree, dest, cancelled: "", lambda dest: (dest, ()), tmp_path / "rooms")
    with rooms.look_only(tools.parent) as look:
        assert run(look, "greet").exit_code == 126
        assert "Read-only file system" in run(look, "echo x > $SCAFFOLD/tools/x").output


def test_a_job_that_writes_a_tool_between_two_commands_is_the_session(
    sandbox: Sandbox, tools: Path, tmp_path: Path
) -> None:
    put(tools, TOOL.format(word="hello"))
    rooms = Rooms(sandbox, lambda tree, dest, cancelled: "", lambda dest: (dest, ()), tmp_path / "rooms")
    with rooms.beside("job") as job:
        going = job.run(
            "echo up; read -t 60 <> <(:) || sed -i s/hello/bye/ $SCAFFOLD/tools/greet; sleep 60", 60.0, lambda: False
        )
        assert next(going) == "up\n"
        (tools / "greet").write_text(TOOL.format(word="bye"))  # as the job would
        assert run(sandbox, "greet").output == "bye\n"
        going.close()
