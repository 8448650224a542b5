"""A room for the loop: a directory in a real sandbox, and rounds in it with a scripted model."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from livecoder.control import Control
from livecoder.events import Call, Event, Retried, RoundEnded, TextArrived
from livecoder.loop import Limit, Session, State, Watcher, run
from livecoder.model import Ask, Cancelled, Message, Model, Observation, Reply, System, User
from livecoder.model.scripted import Line, Scripted
from livecoder.permissions.gatekeeper import Permit, unrestricted
from livecoder.sandbox import Room, Sandbox
from livecoder.sandbox.bubblewrap import Bubblewrap
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.toolchains import Toolchains, find

E = TypeVar("E")


def toolchains(root: Path) -> Toolchains:
    """No toolchain of the developer's, only what the engine itself needs."""
    engine = (Path(sys.executable), Path(sys.prefix), Path(sys.base_prefix))
    return find({"PATH": "/usr/bin:/bin", "HOME": str(root / "nobody")}, root, engine)


@contextmanager
def bubble(tmp_path: Path, root: Path | None = None, base: Path | None = None) -> Generator[Bubblewrap]:
    """A sandbox on `root`, or on an empty directory; skips with its own reason where it does not work."""
    workspace = root or tmp_path / "repo"
    workspace.mkdir(exist_ok=True)
    sandbox = Bubblewrap(Room(workspace, workspace, tmp_path / "scratch", base=base), toolchains(tmp_path), Policy())
    if reason := sandbox.probe():
        pytest.skip(f"bubblewrap: {reason}")
    with sandbox:
        yield sandbox


def say(*commands: str) -> str:
    """A reply of the model: each command in a block of its own."""
    return "\n".join(f"```bash\n{command}\n```" for command in commands)


def of(kind: type[E], events: Iterable[Event]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


def observed(messages: Sequence[Message]) -> list[str]:
    return [message.text for message in messages if isinstance(message, Observation)]


class Until(Scripted):
    """Gives the reply at `place` again and again until an observation has `told`, then those behind it.

    After some hundred times these come all the same.
    """

    def __init__(self, told: str, place: int, *replies: str) -> None:
        super().__init__(replies)
        self._told = told
        self._place = place

    def ask(
        self, messages: Sequence[Message], ask: Ask, cancelled: Cancelled
    ) -> Generator[TextArrived | Retried, None, Reply]:
        number = len(self.asked)
        if self._place < number < 500 and not any(self._told in text for text in observed(messages)):
            self._replies.insert(number, self._replies[self._place])
        return super().ask(messages, ask, cancelled)


@dataclass(slots=True)
class Rounds:
    """A session, round by round."""

    sandbox: Sandbox
    limits: Sequence[Limit] = ()
    watchers: Sequence[Watcher] = ()
    timeout: float = 30.0
    tree: Callable[[], str] = lambda: ""
    permit: Callable[[Call, int], Permit] = unrestricted
    state: State = field(default_factory=lambda: State([System("You are a test.")]))

    def events(
        self, replies: Sequence[str | Line | Reply | Exception] | Model, control: Control | None = None
    ) -> Generator[Event]:
        self.state.round += 1
        self.state.messages.append(User("Do it."))
        model = Scripted(replies) if isinstance(replies, Sequence) else replies
        session = Session(
            model=model,
            sandbox=self.sandbox,
            state=self.state,
            limits=self.limits,
            watchers=self.watchers,
            command_timeout=self.timeout,
            tree_identity=self.tree,
            permit=self.permit,
        )
        yield from run(session, control or Control())

    def play(
        self, replies: Sequence[str | Line | Reply | Exception] | Model, control: Control | None = None
    ) -> tuple[list[Event], RoundEnded]:
        """All events of one round, and its end."""
        events = list(self.events(replies, control))
        assert isinstance(events[-1], RoundEnded)
        assert len(of(RoundEnded, events)) == 1
        return events, events[-1]
