"""What a run cost, counted at the endpoint where there is one of ours, else as livecoder's own journal has it.

At the endpoint every agent is counted alike. A request's bytes are the UTF-8 bytes of its messages' texts, of the names
and arguments of the tool calls in them, and of the offered tools as compact JSON. A reply's bytes are those of the text
that was written for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livecoder import events as e
from livecoder.journal.journal import read

ERROR = re.compile(r'\s*\{"raise":\s*\d+\}\s*')
"""A hand-written answer that is no reply but an HTTP error."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What went over the wire: every request as it was sent, retried ones too."""

    requests: int
    replies: int
    prompt_bytes: int
    reply_bytes: int
    model_seconds: float
    """From each request to its reply, by the times of the endpoint's files."""
    after_replies: int = 0
    """Of these replies: to questions in conversations of their own, asked when the task had been answered."""
    after_bytes: int = 0
    """Of these bytes, prompts and replies."""


@dataclass(frozen=True, slots=True)
class Session:
    """What livecoder's journal says of one session."""

    turns: int
    steps: int
    prompt_bytes: int
    reply_bytes: int
    cost_usd: float | None
    """None where a price is unknown."""
    born: tuple[str, ...]
    """Tools made in this session, offered at its start, and used in it; each name once."""
    offered: tuple[str, ...]
    used: tuple[str, ...]
    model_seconds: float
    command_seconds: float
    verify_seconds: float


def request_bytes(body: Mapping[str, Any]) -> int:
    total = len(json.dumps(body["tools"], separators=(",", ":"), ensure_ascii=False).encode()) if "tools" in body else 0
    return total + sum(map(_message_bytes, body["messages"]))


def _message_bytes(message: Mapping[str, Any]) -> int:
    content = message.get("content") or ""
    parts: Iterable[Any] = [{"text": content}] if isinstance(content, str) else content
    texts = [str(part.get("text", "")) for part in parts]
    for call in message.get("tool_calls") or ():
        texts += [call["function"]["name"], call["function"]["arguments"]]
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)


def requests_in(relay: Path) -> frozenset[str]:
    """The requests that a folder of the hand-answered endpoint has so far."""
    return frozenset(path.name for path in relay.glob("*.request.json"))


def traffic(relay: Path, before: frozenset[str] = frozenset()) -> Traffic:
    """All that came in since `before`."""
    requests = [path for path in sorted(relay.glob("*.request.json")) if path.name not in before]
    replies = prompt = answer = after = after_bytes = 0
    seconds = 0.0
    beginning: list[Any] = []
    for request in requests:
        body = json.loads(request.read_text())
        beginning = beginning or body["messages"][:2]
        aside = body["messages"][:2] != beginning
        prompt += (size := request_bytes(body))
        after_bytes += size if aside else 0
        reply = request.with_name(request.name.replace(".request.", ".reply."))
        if not reply.exists():
            continue
        seconds += max(reply.stat().st_mtime - request.stat().st_mtime, 0.0)
        text: str = json.loads(reply.read_text())["text"]
        if not ERROR.fullmatch(text):
            replies += 1
            answer += (size := len(text.encode()))
            after, after_bytes = after + aside, after_bytes + (size if aside else 0)
    return Traffic(len(requests), replies, prompt, answer, seconds, after, after_bytes)


def session(directory: Path) -> Session:
    """Raises JournalError for a session that cannot be read."""
    events = list(read(directory))
    replies = [event for event in events if isinstance(event, e.ModelReplied)]
    costs = [reply.cost_usd for reply in replies]
    return Session(
        turns=sum(reply.purpose == "turn" for reply in replies),
        steps=sum(isinstance(event, e.CommandFinished) for event in events),
        prompt_bytes=sum(reply.prompt_bytes for reply in replies),
        reply_bytes=sum(len(text.encode()) for reply in replies for text in _written(reply)),
        cost_usd=None if None in costs else sum(cost or 0.0 for cost in costs),
        born=_once(event.name for event in events if isinstance(event, e.ToolCreated)),
        offered=_once(name for event in events if isinstance(event, e.SessionStarted) for name in event.tools),
        used=_once(event.name for event in events if isinstance(event, e.ToolUsed)),
        model_seconds=sum(reply.seconds for reply in replies),
        command_seconds=sum(event.seconds for event in events if isinstance(event, e.CommandFinished)),
        verify_seconds=sum(event.seconds for event in events if isinstance(event, e.Verified)),
    )


def _written(reply: e.ModelReplied) -> list[str]:
    return [reply.text, *(call.command for call in reply.calls)]


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
