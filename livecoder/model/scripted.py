"""A model that says what it was told to say, for tests, demos and the gate's boot check; it fails loudly at its end."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from livecoder import errors
from livecoder.events import Retried, TextArrived, Usage
from livecoder.model import Ask, Cancelled, Message, Reply
from livecoder.model.calls import read_text
from livecoder.model.draft import BYTES_PER_TOKEN
from livecoder.model.wire import Wire

CUT = "---8<---"
"""The line between two replies in a Markdown script."""


@dataclass(frozen=True, slots=True)
class Line:
    """A reply as text, with what it is said to have used; None: an estimate."""

    text: str
    usage: Usage | None = None
    cost_usd: float | None = 0.0
    finish: str = "stop"


class Scripted:
    """Answers with `replies` in order: an error is raised, a `Reply` given as it is, text read for ```bash blocks."""

    recorded = "scripted model"

    def __init__(self, replies: Sequence[str | Line | Reply | Exception], name: str = "scripted") -> None:
        self.name = name
        self.asked: list[tuple[Message, ...]] = []
        """The conversation of every request."""
        self.asks: list[Ask] = []
        """What else each request asked."""
        self._replies = list(replies)
        self._wire = Wire()

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read a script: JSON Lines (`.jsonl`), else Markdown cut by lines of `---8<---`.

        A JSON object, on a line or alone in a section, is `{"text": …}` with optional `usage`, `cost_usd` and
        `finish`, or `{"raise": "ProviderUnavailable", "what": …}`. Raises ConfigError for anything else.
        """
        try:
            text = path.read_text(encoding="utf-8")
            lines = text.splitlines()
            parts = lines if path.suffix == ".jsonl" else _sections(lines)
            return cls([_entry(part) for part in parts if part.strip()], name=f"scripted:{path}")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise errors.ConfigError(f"{path} is not a script: {error}", "see `Scripted.from_file`") from error

    def warm(self) -> None:
        """Nothing to prepare."""

    def estimate_tokens(self, text: str) -> int:
        return -(-len(text) // BYTES_PER_TOKEN)

    def ask(
        self, messages: Sequence[Message], ask: Ask, cancelled: Cancelled
    ) -> Generator[TextArrived | Retried, None, Reply]:
        self.asked.append(tuple(messages))
        self.asks.append(ask)
        self._wire.follow(messages)
        if cancelled():
            return Reply("", (), Usage(), 0.0, self._wire.bytes, "interrupted")
        number = len(self.asked)
        if number > len(self._replies):
            raise errors.ScriptExhausted(
                f"{self.name} was asked {number} times and has {len(self._replies)} replies",
                "add replies to the script",
            )
        reply = self._replies[number - 1]
        if isinstance(reply, Exception):
            raise reply
        if not isinstance(reply, Reply):
            reply = self._read(reply if isinstance(reply, Line) else Line(reply), ask)
        if reply.text:
            yield TextArrived(reply.text)
        return reply

    def _read(self, line: Line, ask: Ask) -> Reply:
        text, calls = read_text(line.text, self._wire.ids, ask.turn) if ask.bash else (line.text, ())
        usage = line.usage or Usage(self._wire.bytes // BYTES_PER_TOKEN, 0, self.estimate_tokens(line.text))
        return Reply(text, calls, usage, line.cost_usd, self._wire.bytes, line.finish)


def _sections(lines: list[str]) -> list[str]:
    sections: list[list[str]] = [[]]
    for line in lines:
        if line.rstrip() == CUT:
            sections.append([])
        else:
            sections[-1].append(line)
    return ["\n".join(section) for section in sections]


def _entry(part: str) -> Line | Exception:
    if not part.lstrip().startswith("{"):
        return Line(part.strip())
    data: dict[str, Any] = json.loads(part)
    if "raise" in data:
        kind: object = getattr(errors, data["raise"], None)
        if not isinstance(kind, type) or not issubclass(kind, errors.LivecoderError):
            raise ValueError(f"no error is named {data['raise']!r}")
        return kind(data.get("what", "raised by the script"))
    usage = Usage(**data.pop("usage")) if "usage" in data else None
    return Line(**data, usage=usage)
