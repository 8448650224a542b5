"""The laboratory, opened and closed around each test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab import PROJECT, Lab

from livecoder.evolution.receipts import Receipt
from livecoder.rooms import Cancelled, Rooms, gitdirs
from livecoder.sandbox import Room
from livecoder.sandbox.bubblewrap import Bubblewrap
from livecoder.sandbox.pinned import Pins
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.toolchains import find
from livecoder.scaffold.store import Store
from livecoder.workspace.copies import Dependencies, clean_copy
from livecoder.workspace.workspace import Workspace


@pytest.fixture
def lab(tmp_path: Path, make_repository: Callable[..., Path]) -> Iterator[Lab]:
    root = make_repository({"a.txt": "one\ntwo\n", "b.txt": "three\n"})
    store = Store.open(tmp_path / "data")
    checkout = tmp_path / "session" / "scaffold"
    generation = store.checkout(PROJECT, checkout)
    pins = Pins(checkout, generation.tools)
    workspace = Workspace.open(root, tmp_path / "state")
    dependencies = Dependencies.snapshot(workspace.shadow, tmp_path / "dependencies")
    engine = (Path(sys.executable), Path(sys.prefix), Path(sys.base_prefix))
    toolchains = find({"PATH": "/usr/bin:/bin", "HOME": str(tmp_path / "nobody")}, root, engine)
    room = Room(root, root, tmp_path / "session" / "room", scaffold=checkout, pins=pins)
    sandbox = Bubblewrap(room, toolchains, Policy())
    if reason := sandbox.probe():
        pytest.skip(f"bubblewrap: {reason}")

    def copier(tree: str, dest: Path, cancelled: Cancelled) -> str:
        return clean_copy(workspace.shadow.trees, tree, dependencies, dest, cancelled).why_in_place

    with sandbox:
        rooms = Rooms(sandbox, copier, gitdirs(root), tmp_path / "session" / "copies")
        yield Lab(root, workspace, sandbox, rooms, store, tmp_path / "data", checkout, generation.id)


@pytest.fixture
def receipt() -> Receipt:
    return Receipt("count things", "s1", "scripted model", "$0.0100")
