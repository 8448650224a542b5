"""A model that plays a recording, and notices when what it is told now is no longer what was recorded."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from pathlib import Path

from livecoder.errors import RecordingDeparted, ScriptExhausted
from livecoder.events import Call, Retried, TextArrived, Usage
from livecoder.model import Ask, Cancelled, Message, Observation, Reply, User
from livecoder.model.calls import Written, read_native, read_text
from livecoder.model.draft import BYTES_PER_TOKEN
from livecoder.model.masks import first_difference, mask
from livecoder.model.recording import Exchange, read_recording
from livecoder.model.wire import Wire


class Replay:
    """Answers as recorded. The first request (the task, and what is known of this machine) is not compared."""

    def __init__(self, path: Path, workspace: Path) -> None:
        """`workspace` is where the repository lies now: it takes the place of the recorded path in every answer."""
        self.header, self._exchanges = read_recording(path)
        self.name = self.header.model
        self.recorded = f"recorded {self.header.model}, {self.header.date}"
        self._path = path
        self._workspace = str(workspace)
        self._wire = Wire()
        self._step = 0

    def warm(self) -> None:
        """Nothing to prepare."""

    def estimate_tokens(self, text: str) -> int:
        return -(-len(text) // BYTES_PER_TOKEN)

    def ask(
        self, messages: Sequence[Message], ask: Ask, cancelled: Cancelled
    ) -> Generator[TextArrived | Retried, None, Reply]:
        new = [message.text for message in self._wire.follow(messages) if isinstance(message, User | Observation)]
        if cancelled():
            return Reply("", (), Usage(), 0.0, self._wire.bytes, "interrupted")
        if self._step >= len(self._exchanges):
            raise ScriptExhausted(f"{self._path} ends after {self._step} requests", "record the conversation again")
        exchange = self._exchanges[self._step]
        self._step += 1
        if self._step > 1:
            self._compare(exchange, new)
        text, calls = self._answer(exchange, ask)
        if text:
            yield TextArrived(text)
        written = len(text) + sum(len(call.command) for call in calls)
        usage = Usage(self._wire.bytes // BYTES_PER_TOKEN, 0, -(-written // BYTES_PER_TOKEN))
        return Reply(text, calls, usage, 0.0, self._wire.bytes)

    def _answer(self, exchange: Exchange, ask: Ask) -> tuple[str, tuple[Call, ...]]:
        text = self._here(exchange.text)
        if exchange.calls:
            native = [Written(call.id, call.name, self._here(call.arguments, True)) for call in exchange.calls]
            return text, read_native(native, self._wire.ids, ask.turn)
        return read_text(text, self._wire.ids, ask.turn) if ask.bash else (text, ())

    def _here(self, text: str, quoted: bool = False) -> str:
        """`text` with the recorded workspace's path replaced by ours; `quoted` inside JSON."""
        ours = json.dumps(self._workspace)[1:-1] if quoted else self._workspace
        return text.replace(self.header.workspace, ours) if self.header.workspace else text

    def _compare(self, exchange: Exchange, new: list[str]) -> None:
        then = "\n".join(mask(text, self.header.workspace) for text in exchange.new)
        now = "\n".join(mask(text, self._workspace) for text in new)
        if pair := first_difference(then, now):
            raise RecordingDeparted(
                f"{self._path}: request {self._step} differs from its recording: recorded {pair[0]!r}, now {pair[1]!r}",
                "the code or the machine changed what the model sees: look at the step, then record again",
            )
