"""Rooms to run real commands in, once for each backend. One that does not start here is skipped with its reason.

Where `LIVECODER_TEST_SANDBOXES` names it, as `.ci/run` does, that is a failure instead.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from attacks import Open, Run, finish

from livecoder.sandbox import Finished, Room, Sandbox, canary
from livecoder.sandbox.backends import backend as make
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.toolchains import Toolchains, find

BACKENDS = ("bubblewrap",)
ENGINE = (Path(sys.executable), Path(sys.prefix), Path(sys.base_prefix))


@pytest.fixture(scope="session")
def verdicts() -> dict[str, canary.Verdict]:
    """How each backend did against the canary attacks, once for all tests."""
    toolchains = find({"PATH": "/usr/bin:/bin"}, Path("/nowhere"), ENGINE)
    return {name: canary.attacked(lambda room, name=name: make(name, room, toolchains, Policy())) for name in BACKENDS}


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, verdicts: dict[str, canary.Verdict]) -> str:
    name: str = request.param
    if reason := verdicts[name].reason:
        if name in os.environ.get("LIVECODER_TEST_SANDBOXES", "").split(","):
            pytest.fail(f"{name} must work here: {reason}")
        pytest.skip(f"{name}: {reason}")
    return name


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
    return find({"PATH": "/usr/bin:/bin", "HOME": str(tmp_path / "nobody")}, tmp_path / "repo", ENGINE)


@pytest.fixture
def open_room(backend: str, toolchains: Toolchains) -> Iterator[Open]:
    """`open_room(room, policy?, toolchains?)` -> an entered sandbox."""
    with ExitStack() as stack:

        def enter(room: Room, policy: Policy | None = None, shown: Toolchains | None = None) -> Sandbox:
            return stack.enter_context(make(backend, room, shown or toolchains, policy or Policy()))

        yield enter


@pytest.fixture
def sandbox(room: Room, open_room: Open) -> Sandbox:
    return open_room(room)


@pytest.fixture(params=[*BACKENDS, "none"])
def either(request: pytest.FixtureRequest, room: Room, toolchains: Toolchains) -> Iterator[Sandbox]:
    """The same contract in every backend, and without a sandbox."""
    name: str = request.param
    if name != "none" and (reason := request.getfixturevalue("verdicts")[name].reason):
        pytest.skip(f"{name}: {reason}")
    with make(name, room, toolchains, Policy()) as sandbox:
        yield sandbox
