"""Rooms to run real commands in, once for each backend. One that does not start here is skipped with its reason.

Where `LIVECODER_TEST_SANDBOXES` names it, as `.ci/run` does, that is a failure instead. Where a docker daemon answers,
its image is made first (`tests/docker_here.py`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import docker_here
import pytest
from attacks import Open, Run, finish

from livecoder.sandbox import Finished, Room, Sandbox, backends, canary
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.toolchains import Toolchains, find

BACKENDS = backends.NAMES
ENGINE = (Path(sys.executable), Path(sys.prefix), Path(sys.base_prefix))


def make(name: str, room: Room, toolchains: Toolchains, policy: Policy) -> Sandbox:
    return backends.backend(name, room, toolchains, replace(policy, image=docker_here.IMAGE))


@pytest.fixture(scope="session")
def verdicts() -> dict[str, canary.Verdict]:
    """How each backend did against the canary attacks, once for all tests."""
    toolchains = find({"PATH": "/usr/bin:/bin"}, Path("/nowhere"), ENGINE)

    def judged(name: str) -> canary.Verdict:
        if name == "docker" and (reason := docker_here.missing()):
            return canary.Verdict(reason=reason)
        return canary.attacked(lambda room: make(name, room, toolchains, Policy()))

    return {name: judged(name) for name in BACKENDS}


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, verdicts: dict[str, canary.Verdict]) -> str:
    return docker_here.required(request.param, verdicts[request.param].reason)


@pytest.fixture
def bubblewrap(verdicts: dict[str, canary.Verdict]) -> str:
    """For what this backend alone does."""
    return docker_here.required("bubblewrap", verdicts["bubblewrap"].reason)


@pytest.fixture
def docker(verdicts: dict[str, canary.Verdict]) -> str:
    return docker_here.required("docker", verdicts["docker"].reason)


@pytest.fixture
def run() -> Run:
    """`run(sandbox, "echo ok")` -> Finished."""

    def command(sandbox: Sandbox, text: str, timeout: float = 120) -> Finished:
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
    if name != "none":
        docker_here.required(name, request.getfixturevalue("verdicts")[name].reason)
    with make(name, room, toolchains, Policy()) as sandbox:
        yield sandbox
