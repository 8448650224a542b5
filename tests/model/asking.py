"""One question to a model, asked to its end: the way in which every test of the model room asks."""

from __future__ import annotations

import pytest

from livecoder.events import Retried, TextArrived
from livecoder.model import Ask, Cancelled, Message, Model, Reply, System, User

QUIET = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:litellm"),
    pytest.mark.filterwarnings("ignore:.*`ReadOnly` qualifier:UserWarning"),
]
"""The library warns about itself; it mutes that at its import, which pytest undoes after each test."""
KEY = "sk-secret-0123456789"
TASK: tuple[Message, ...] = (System("You are a test."), User("Do it."))


class Asked:
    """What was yielded, and what came back."""

    def __init__(
        self,
        model: Model,
        messages: tuple[Message, ...] = TASK,
        ask: Ask | None = None,
        cancelled: Cancelled = lambda: False,
    ) -> None:
        self.texts: list[str] = []
        self.retries: list[Retried] = []
        self.reply = self._run(model, messages, ask or Ask(turn=1), cancelled)

    def _run(self, model: Model, messages: tuple[Message, ...], ask: Ask, cancelled: Cancelled) -> Reply:
        stream = model.ask(messages, ask, cancelled)
        while True:
            try:
                event = next(stream)
            except StopIteration as stop:
                return stop.value
            if isinstance(event, TextArrived):
                self.texts.append(event.text)
            elif isinstance(event, Retried):
                self.retries.append(event)
