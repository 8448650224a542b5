"""A laboratory for what a task teaches: a real repository, a real sandbox on it, a real store and a checkout of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from livecoder.control import Control
from livecoder.events import CommandStarted, Event
from livecoder.evolution.contract import Contract
from livecoder.loop import Session, State, Step, Watcher, drained, run
from livecoder.model import System, User
from livecoder.model.scripted import Scripted
from livecoder.rooms import Rooms
from livecoder.sandbox import Finished
from livecoder.sandbox.bubblewrap import Bubblewrap
from livecoder.scaffold.store import Store
from livecoder.workspace.workspace import Workspace

E = TypeVar("E")
PROJECT = "sample"
COUNT = """#!/usr/bin/env bash
# Count the lines of files.
if [ "$1" = --help ]; then echo "Count the lines of files."; echo "usage: count-lines FILE..."; exit; fi
wc -l "$@"
"""
STAMP = """#!/usr/bin/env bash
# Write a note into a file.
if [ "$1" = --help ]; then echo "Write a note into a file."; echo "usage: stamp FILE"; exit; fi
{body}
"""


@dataclass(slots=True)
class Lab:
    """One project in the middle of a session."""

    root: Path
    workspace: Workspace
    sandbox: Bubblewrap
    rooms: Rooms
    store: Store
    data: Path
    checkout: Path
    generation: str

    def tree(self) -> str:
        return self.workspace.shadow.checkpoint().tree

    def write(self, name: str, text: str) -> bytes:
        path = self.checkout / "tools" / name
        path.write_text(text)
        path.chmod(0o755)
        if pins := self.sandbox.room.pins:
            pins.wrote(name, path.read_bytes())  # as if a command of the session had
        return path.read_bytes()

    def finish(self, command: str) -> Finished:
        return drained(self.sandbox.run(command, 30.0, lambda: False))

    def step(self, number: int, command: str) -> Step:
        """Run a command and show it as the loop would."""
        return Step(CommandStarted(number, number, f"c{number}", command, 30.0), self.finish(command), False)

    def play(self, replies: list[str], *watchers: Watcher) -> tuple[list[Event], Scripted]:
        """A round in which the model says `replies`, with these watchers."""
        model = Scripted(replies)
        state = State([System("You are a test."), User("Do it.")], round=1)
        session = Session(model, self.sandbox, state, (), watchers, 30.0, self.workspace.shadow.fingerprint)
        return list(run(session, Control())), model


def contract(*evidence: int, expects: str = "fewer steps", **changes: Any) -> Contract:
    """A contract that can be held to, on these steps."""
    return replace(Contract(evidence, "it was slow", expects, ("turns",), ("verify",)), **changes)


def say(*commands: str) -> str:
    """A reply of the model: each command in a block of its own."""
    return "\n".join(f"```bash\n{command}\n```" for command in commands)


def inline(source: str) -> str:
    """A program given to Python on stdin."""
    return f"python3 - <<'EOF'\n{source}EOF"


def of(kind: type[E], events: Iterable[Event]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]
