"""A loopback server that plays the model: N shell commands, then a last word. OpenAI's chat protocol, streamed.

What it does besides (parsing, comparing with the last request, reading the client's memory, a bare bubblewrap call now
and then) happens between the last byte of a request and the first byte of its answer: the model's own time.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

# The command says itself how long its work took, from inside the sandbox: bash's start is not its own time.
COMMAND = "s=$EPOCHREALTIME; {work}; printf 'step {step}, own us: %d\\n' $((${{EPOCHREALTIME/./}} - ${{s/./}}))"
LOOK = "echo line {step} of some output"
CHANGE = "echo '# step {step}' >> src/part_{part}/module_{module}.py"


@dataclass(slots=True)
class Turn:
    """One request as the server saw it. Times are of the machine's monotonic clock, in seconds."""

    received: float
    answered: float
    changes: bool
    """Whether the command that this answer asks for changes the tree."""
    prefix: float
    """Bytes shared with the last request from its start, over that one's bytes: tools first, then the messages."""
    raw_prefix: float
    """The same of the request as it was sent."""
    bytes: int
    peak_kb: int
    """The client's peak resident memory so far."""
    bare_seconds: float = 0.0
    """A bare bubblewrap call made during this turn; 0 when none was."""
    own_us: int = 0
    """What the command that this request reports on says of its own time."""


@dataclass(slots=True)
class PlayedModel:
    """`every`: each so many turns a command that changes the tree, and a bare call."""

    steps: int
    every: int = 4
    bare: Callable[[], float] = lambda: 0.0
    peak_kb: Callable[[], int] = lambda: 0
    turns: list[Turn] = field(default_factory=list[Turn])
    _last: bytes = b""
    _last_raw: bytes = b""

    def answer(self, raw: bytes, received: float) -> list[dict[str, Any]]:
        body = json.loads(raw)
        parts: list[Any] = [body.get("tools"), *body["messages"]]
        canonical = b"\n".join(json.dumps(part, separators=(",", ":")).encode() for part in parts)
        step = len(self.turns) + 1
        turn = Turn(
            received=received,
            answered=0.0,
            changes=step % self.every == 0,
            prefix=_shared(self._last, canonical),
            raw_prefix=_shared(self._last_raw, raw),
            bytes=len(raw),
            peak_kb=self.peak_kb(),
            bare_seconds=self.bare() if step % self.every == 2 else 0.0,
            own_us=_own(body["messages"][-1]),
        )
        self._last, self._last_raw = canonical, raw
        self.turns.append(turn)
        return self._chunks(step, turn.changes)

    def _chunks(self, step: int, changes: bool) -> list[dict[str, Any]]:
        first: dict[str, Any] = {"role": "assistant", "content": f"Step {step}." if step <= self.steps else "Done."}
        usage = {"prompt_tokens": 1000 + step, "completion_tokens": 20, "total_tokens": 1020 + step}
        if step > self.steps:
            return [_chunk(first), _chunk({}, "stop"), _chunk(None, usage=usage)]
        work = (CHANGE if changes else LOOK).format(step=step, part=step // 10 % 50, module=step % 10)
        arguments = json.dumps({"command": COMMAND.format(work=work, step=step)})
        call = {"name": "bash", "arguments": arguments}
        called = {"tool_calls": [{"index": 0, "id": f"call_{step}", "type": "function", "function": call}]}
        return [_chunk(first), _chunk(called), _chunk({}, "tool_calls"), _chunk(None, usage=usage)]


def _chunk(delta: dict[str, Any] | None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    start = {"id": "played", "object": "chat.completion.chunk", "created": 1700000000, "model": "played"}
    return {**start, "choices": choices, **more}


def _shared(old: bytes, new: bytes) -> float:
    """The length of the common prefix over the old one's length; found by halving, which compares at memory speed."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low / len(old) if old else 1.0


def _own(message: dict[str, Any]) -> int:
    _, mark, rest = str(message.get("content")).partition("own us: ")
    return int(rest.split()[0]) if mark else 0


def serve(model: PlayedModel) -> HTTPServer:
    """The server, listening on a port of its own in a thread."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            chunks = model.answer(raw, time.monotonic())
            lines = [*(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks), "data: [DONE]\n\n"]
            body = "".join(lines).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            model.turns[-1].answered = time.monotonic()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, name="played-model", daemon=True).start()
    return server


def bare_call(arguments: list[str]) -> float:
    """Seconds of one bare bubblewrap call: the session's own argument list, bash, and nothing to do in it."""
    command = ["bwrap", *arguments, "--", "bash", "--norc", "--noprofile", "-c", ":"]
    began = time.monotonic()
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    return time.monotonic() - began
