"""One reply while it streams in: text, calls and usage are put together from chunks, within a bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from livecoder.events import Usage
from livecoder.model.calls import Written

MOST_TOKENS = 1_000_000_000
"""Of one reply: beyond any model's window. Who reports more, or less than none, is not believed."""
MAX_REPLY = 1024 * 1024
"""Characters of text and calls in one reply; what comes after is not read, and the reply counts as cut."""
BYTES_PER_TOKEN = 4


class CutShort(ConnectionError):
    """The stream ended without saying so: what arrived is not a reply."""


@dataclass(slots=True)
class _Slot:
    """One native call in the making; `key` is the provider's number for it."""

    key: int
    id: str
    name: str
    arguments: list[str]


class Draft:
    def __init__(self) -> None:
        self.finish = ""
        """The provider's word on why it stopped; empty while it has not."""
        self.size = 0
        self.reported: Any = None
        """litellm's own usage object, when the provider sent one."""
        self._text: list[str] = []
        self._slots: list[_Slot] = []

    @property
    def text(self) -> str:
        return "".join(self._text)

    @property
    def written(self) -> list[Written]:
        return [Written(slot.id, slot.name, "".join(slot.arguments) or "{}") for slot in self._slots]

    @property
    def full(self) -> bool:
        return self.size > MAX_REPLY

    def add(self, chunk: Any) -> str:
        """Take in one chunk and return the text in it."""
        usage = getattr(chunk, "usage", None)
        if usage is not None and _plausible(usage):
            self.reported = usage
        if not chunk.choices:
            return ""
        choice = chunk.choices[0]
        self.finish = choice.finish_reason or self.finish
        for part in choice.delta.tool_calls or ():
            self._add_call(part)
        piece: str = choice.delta.content or ""
        self._text.append(piece)
        self.size += len(piece)
        return piece

    def usage(self, prompt_bytes: int) -> Usage:
        """What the provider says, else an estimate."""
        told = self.reported
        if told is None:
            return Usage(prompt_bytes // BYTES_PER_TOKEN, 0, -(-self.size // BYTES_PER_TOKEN))
        return Usage(told.prompt_tokens, _cached(told), told.completion_tokens or 0)

    def _add_call(self, part: Any) -> None:
        """Pieces belong together by number; a new id under an old number is a new call, as some servers send it."""
        key: int = part.index or 0
        slot = next((slot for slot in reversed(self._slots) if slot.key == key), None)
        if slot is None or (part.id and slot.id and part.id != slot.id):
            slot = _Slot(key, "", "", [])
            self._slots.append(slot)
        slot.id = part.id or slot.id
        slot.name = part.function.name or slot.name
        piece: str = part.function.arguments or ""
        slot.arguments.append(piece)
        self.size += len(piece)


def _plausible(usage: Any) -> bool:
    """Whether limits and prices may be reckoned by it: a number below zero would give back what was spent."""
    prompt, completion = usage.prompt_tokens or 0, usage.completion_tokens or 0
    return 0 < prompt <= MOST_TOKENS and 0 <= completion <= MOST_TOKENS and 0 <= _cached(usage) <= prompt


def _cached(usage: Any) -> int:
    details = getattr(usage, "prompt_tokens_details", None)
    return getattr(details, "cached_tokens", None) or 0
