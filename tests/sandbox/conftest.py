"""Rooms to run real commands in. Where bubblewrap does not work, its own probe's reason is the reason to skip."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from livecoder.sandbox import Finished, Room, Sandbox
from livecoder.sandbox.bubblewrap import Bubblewrap
from livecoder.sandbox.host import Host
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.toolchains import Toolchains, find

Run = Callable[..., Finished]


def finish(chunks: Generator[str, None, Finished]) -> Finished:
    """Drain a command and return how it ended."""
    while True:
        try:
            next(chunks)
        except StopIteration as stop:
            return stop.value


@pytest.fixture
def run() -> Run:
    """`run(sandbox, "echo ok")` -> Finished."""

    def command(sandbox: Sandbox, text: str, timeout: float = 30) -> Finished:
        return finish(sandbox.run(text, timeout))

    return command


@pytest.fixture
def room(tmp_path: Path) -> Room:
    workspace, scratch = tmp_path / "repo", tmp_path / "scratch"
    workspace.mkdir()
    scratch.mkdir()
    return Room(workspace, workspace, scratch)


@pytest.fixture
def toolchains(tmp_path: Path) -> Toolchains:
    """No toolchain of the developer's, only what the engine itself needs."""
    engine = (Path(sys.executable), Path(sys.prefix), Path(sys.base_prefix))
    return find({"PATH": "/usr/bin:/bin", "HOME": str(tmp_path / "nobody")}, tmp_path / "repo", engine)


@pytest.fixture
def open_room(toolchains: Toolchains) -> Iterator[Callable[..., Bubblewrap]]:
    """`open_room(room, policy?)` -> an entered sandbox."""
    opened: list[Bubblewrap] = []

    def enter(room: Room, policy: Policy | None = None) -> Bubblewrap:
        sandbox = Bubblewrap(room, toolchains, policy or Policy())
        if reason := sandbox.probe():
            pytest.skip(f"bubblewrap: {reason}")
        opened.append(sandbox.__enter__())
        return sandbox

    yield enter
    for sandbox in opened:
        sandbox.__exit__(None, None, None)


@pytest.fixture
def sandbox(room: Room, open_room: Callable[..., Bubblewrap]) -> Bubblewrap:
    return open_room(room)


@pytest.fixture(params=["bubblewrap", "host"])
def either(
    request: pytest.FixtureRequest, room: Room, toolchains: Toolchains, open_room: Callable[..., Bubblewrap]
) -> Iterator[Sandbox]:
    """The same contract in both backends."""
    if request.param == "bubblewrap":
        yield open_room(room)
    else:
        with Host(room, toolchains, Policy()) as host:
            yield host
