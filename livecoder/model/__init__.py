"""Stage 3a: the model behind one small protocol. Providers, scripts and recordings live in this folder, nothing else.

A model is asked with the whole conversation and answers with text and calls. Conversations only ever grow at the end
between compactions (`livecoder.compaction`), so that a provider's prompt cache holds.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from livecoder.events import Call, Compacted, Retried, TextArrived, Usage


@dataclass(frozen=True, slots=True)
class System:
    text: str


@dataclass(frozen=True, slots=True)
class User:
    text: str


@dataclass(frozen=True, slots=True)
class Assistant:
    text: str
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """The answer to the call with id `call_id` of the last `Assistant`. Every call gets exactly one."""

    call_id: str
    text: str


Message: TypeAlias = System | User | Assistant | Observation
Cancelled: TypeAlias = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model answered. An interrupted reply has the text so far, no calls, and an estimated cost."""

    text: str
    calls: tuple[Call, ...]
    usage: Usage
    cost_usd: float | None
    prompt_bytes: int
    """UTF-8 bytes of the messages as sent."""
    finish: str = "stop"
    """"stop", "length" (cut by the provider), "refused" or "interrupted"."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request beyond its messages: `bash` offers the one tool, else plain text is wanted."""

    turn: int
    bash: bool = True
    max_output_tokens: int | None = None


class Model(Protocol):
    """Anything that answers. `name` is litellm's `provider/model`; `recorded` is "" or says what stands in for it."""

    name: str
    recorded: str

    def ask(
        self, messages: Sequence[Message], ask: Ask, cancelled: Cancelled
    ) -> Generator[TextArrived | Retried | Compacted, None, Reply]:
        """Answer the conversation. Returns within 100 ms once `cancelled()` is true.

        Raises ProviderRefused, ContextOverflow, ProviderUnavailable (after retries), ScriptExhausted,
        RecordingDeparted.
        """
        ...

    def estimate_tokens(self, text: str) -> int:
        """A cheap estimate; never a network call."""
        ...
