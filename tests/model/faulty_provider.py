"""A provider on loopback that speaks two protocols and fails in every way that the provider room must survive."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """One scripted HTTP answer. `cut` and `reset` end the connection after the chunks, `stall` waits there."""

    chunks: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    usage: dict[str, Any] | None = field(default_factory=lambda: {"prompt_tokens": 100, "completion_tokens": 20})
    finish: str | None = "stop"
    cut: bool = False
    reset: bool = False
    stall: float = 0
    first_pause: float = 0
    status: int = 200
    error: dict[str, Any] | str | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes | None = None


def text(*pieces: str, **how: Any) -> Answer:
    return Answer([{"content": piece} for piece in pieces], **how)


def calls(*given: tuple[str, str, str], **how: Any) -> Answer:
    """Tool calls (id, name, arguments as text), each in two pieces as providers send them."""
    chunks: list[dict[str, Any]] = []
    for index, (identity, name, arguments) in enumerate(given):
        head = {"index": index, "id": identity, "type": "function", "function": {"name": name, "arguments": ""}}
        chunks.append({"tool_calls": [head]})
        chunks.append({"tool_calls": [{"index": index, "function": {"arguments": arguments}}]})
    how.setdefault("finish", "tool_calls")
    return Answer(chunks, **how)


def bash(command: str, identity: str = "call_1", **how: Any) -> Answer:
    return calls((identity, "bash", json.dumps({"command": command})), **how)


def failure(status: int, message: str = "no", **how: Any) -> Answer:
    error = {"message": message, "type": how.pop("type", "error"), "code": how.pop("code", None)}
    return Answer(status=status, error={"error": error}, **how)


def never(body: dict[str, Any]) -> None:
    return None


class Endpoint:
    """The server: `answers` are given out in order, `requests` are the bodies received, `stop` ends every stall.

    `refuses` may answer a request instead, by its body; no answer is used up then.
    """

    def __init__(self) -> None:
        self.refuses: Callable[[dict[str, Any]], Answer | None] = never
        self.answers: list[Answer] = []
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.stop = threading.Event()
        self.waiting = threading.Event()
        self.lock = threading.Lock()
        endpoint = self

        class Provider(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_POST(self) -> None:
                try:
                    endpoint.serve(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def do_GET(self) -> None:
                body = json.dumps({"models": [{"name": "qwen:4b"}], "data": [{"id": "local.gguf"}]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        self.root = f"http://127.0.0.1:{self.server.server_port}"
        self.url = f"{self.root}/v1"

    def serve(self, exchange: BaseHTTPRequestHandler) -> None:
        body = json.loads(exchange.rfile.read(int(exchange.headers["Content-Length"])))
        with self.lock:
            self.requests.append(body)
            self.headers.append({key.lower(): value for key, value in exchange.headers.items()})
            refusal = self.refuses(body)
            answer = refusal or (self.answers.pop(0) if self.answers else text("(no more answers)"))
        exchange.send_response(answer.status)
        for key, value in answer.headers.items():
            exchange.send_header(key, value)
        exchange.send_header("Connection", "close")
        exchange.close_connection = True
        if answer.error is not None or answer.body is not None:
            payload = answer.body if answer.body is not None else json.dumps(answer.error).encode()
            exchange.send_header("Content-Type", "application/json")
            exchange.send_header("Content-Length", str(len(payload)))
            exchange.end_headers()
            exchange.wfile.write(payload)
            return
        exchange.send_header("Content-Type", "text/event-stream")
        exchange.end_headers()
        write = self.anthropic if exchange.path.endswith("/messages") else self.openai
        write(answer, exchange)

    def openai(self, answer: Answer, exchange: BaseHTTPRequestHandler) -> None:
        head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}

        def event(data: dict[str, Any] | str) -> None:
            line = data if isinstance(data, str) else json.dumps({**head, **data})
            exchange.wfile.write(f"data: {line}\n\n".encode())
            exchange.wfile.flush()

        self.hold(answer.first_pause)
        for delta in answer.chunks:
            event({"choices": [{"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": None}]})
        self.hold(answer.stall)
        if answer.reset:
            linger = b"\1\0\0\0\0\0\0\0"
            exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            exchange.connection.close()
            return
        if answer.cut:
            return
        event({"choices": [{"index": 0, "delta": {}, "finish_reason": answer.finish}]})
        if answer.usage is not None:
            event({"choices": [], "usage": {"total_tokens": 0, **answer.usage}})
        event("[DONE]")

    def anthropic(self, answer: Answer, exchange: BaseHTTPRequestHandler) -> None:
        def event(kind: str, **data: Any) -> None:
            exchange.wfile.write(f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode())
            exchange.wfile.flush()

        usage = {
            "input_tokens": 10,
            "cache_read_input_tokens": 90,
            "cache_creation_input_tokens": 0,
            "output_tokens": 1,
        }
        message: dict[str, Any] = {
            "id": "m",
            "type": "message",
            "role": "assistant",
            "model": "c",
            "content": [],
            "usage": usage,
        }
        event("message_start", message={**message, "stop_reason": None, "stop_sequence": None})
        event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        for delta in answer.chunks:
            event("content_block_delta", index=0, delta={"type": "text_delta", "text": delta["content"]})
        if answer.cut:
            return
        event("content_block_stop", index=0)
        ended = "end_turn" if answer.finish == "stop" else answer.finish
        event("message_delta", delta={"stop_reason": ended, "stop_sequence": None}, usage={"output_tokens": 20})
        event("message_stop")

    def hold(self, seconds: float) -> None:
        if seconds:
            self.waiting.set()
            self.stop.wait(seconds)

    def close(self) -> None:
        self.stop.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
