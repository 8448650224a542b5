"""A recorded conversation as a file: JSON Lines, a header and one exchange a line, with what was new in each request.

The format holds what a model was told and what it answered; no system prompt, no tools, no keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from livecoder.errors import ConfigError
from livecoder.model.calls import Written

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Header:
    """Where a recording comes from. `workspace` is the path that it calls the workspace; `date` is YYYY-MM-DD."""

    model: str
    date: str
    workspace: str
    title: str
    recording: int = FORMAT


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was new in one request (texts of users and observations, in order), and the answer."""

    new: tuple[str, ...]
    text: str
    calls: tuple[Written, ...] = ()


def read_recording(path: Path) -> tuple[Header, list[Exchange]]:
    """Raises ConfigError for a file that is not a recording of this format."""
    try:
        with path.open(encoding="utf-8") as file:
            header = Header(**json.loads(next(file, "")))
            if header.recording != FORMAT:
                raise ValueError(f"format {header.recording}, and {FORMAT} is read here")
            return header, [_exchange(json.loads(line)) for line in file if line.strip()]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} is not a recording: {error}", "make one with `write_recording`") from error


def write_recording(path: Path, header: Header, exchanges: Iterable[Exchange]) -> None:
    lines = [asdict(header), *map(_line, exchanges)]
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def from_relay(lines: Iterable[str]) -> list[Exchange]:
    """Full requests and replies, `{"request": {"messages": […]}, "reply": {…}}` a line, cut to what is new in each."""
    exchanges: list[Exchange] = []
    before: list[dict[str, Any]] = []
    for line in lines:
        data: dict[str, Any] = json.loads(line)
        messages: list[dict[str, Any]] = data["request"]["messages"]
        shared = 0
        while shared < min(len(before), len(messages)) and before[shared] == messages[shared]:
            shared += 1
        new = [_content(message) for message in messages[shared:] if message["role"] in ("user", "tool")]
        text, calls = _answer(data["reply"])
        exchanges.append(Exchange(tuple(new), text, calls))
        before = messages
    return exchanges


def _exchange(data: dict[str, Any]) -> Exchange:
    new: Sequence[dict[str, Any]] = data["request"]["new"]
    return Exchange(tuple(message["content"] for message in new), *_answer(data["reply"]))


def _line(exchange: Exchange) -> dict[str, Any]:
    reply: dict[str, Any] = {"role": "assistant", "content": exchange.text}
    if exchange.calls:
        reply["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in exchange.calls
        ]
    return {"request": {"new": [{"content": text} for text in exchange.new]}, "reply": reply}


def _content(message: dict[str, Any]) -> str:
    content: str | list[dict[str, Any]] | None = message["content"]
    return "\n".join(part.get("text", "") for part in content) if isinstance(content, list) else content or ""


def _answer(reply: dict[str, Any]) -> tuple[str, tuple[Written, ...]]:
    calls = [
        Written(call["id"], call["function"]["name"], call["function"]["arguments"])
        for call in reply.get("tool_calls") or ()
    ]
    return reply.get("content") or "", tuple(calls)
