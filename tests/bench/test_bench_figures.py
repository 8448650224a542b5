"""Bytes are counted at the endpoint, for every agent in the same way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from figures import Traffic, request_bytes, requests_in, traffic
from hypothesis import given, settings
from hypothesis import strategies as st

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@settings(deadline=None)
@given(st.lists(TEXT), TEXT)
def test_each_message_counts_with_the_bytes_of_its_text(texts: list[str], more: str) -> None:
    messages = [{"role": "user", "content": text} for text in texts]
    longer = [*messages, {"role": "assistant", "content": [{"type": "text", "text": more}]}]

    assert request_bytes({"messages": messages}) == sum(len(text.encode()) for text in texts)
    assert request_bytes({"messages": longer}) - request_bytes({"messages": messages}) == len(more.encode())


def test_calls_count_with_name_and_arguments_and_nothing_around() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "bash", "arguments": '{"command": "ls"}'}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}

    assert request_bytes({"messages": [message], "temperature": 0}) == len("bash") + len('{"command": "ls"}')


def test_offered_tools_count_once_a_request_as_compact_json() -> None:
    tools = [{"type": "function", "function": {"name": "bash", "description": "Führt aus."}}]
    compact = '[{"type":"function","function":{"name":"bash","description":"Führt aus."}}]'

    assert request_bytes({"messages": [], "tools": tools}) == len(compact.encode())


def exchange(folder: Path, number: int, said: str, answer: str | None) -> None:
    body: dict[str, Any] = {"messages": [{"role": "user", "content": said}]}
    (folder / f"{number:04d}.request.json").write_text(json.dumps(body))
    if answer is not None:
        (folder / f"{number:04d}.reply.json").write_text(json.dumps({"text": answer}))


def test_a_run_is_what_came_in_since_it_began(tmp_path: Path) -> None:
    exchange(tmp_path, 1, "of an earlier run", "yes")
    before = requests_in(tmp_path)
    exchange(tmp_path, 2, "four", "üb")
    exchange(tmp_path, 3, "four", '{"raise": 429}')
    exchange(tmp_path, 4, "four", None)

    found = traffic(tmp_path, before)
    assert found == Traffic(3, 1, 4 + 4 + 4, 3, found.model_seconds), "an HTTP error is sent for, and is no reply"


def test_what_is_asked_in_another_conversation_comes_after_the_task(tmp_path: Path) -> None:
    exchange(tmp_path, 1, "the task", "done")
    exchange(tmp_path, 2, "keep it?", "none")

    found = traffic(tmp_path)
    assert (found.replies, found.after_replies) == (2, 1)
    assert (found.prompt_bytes + found.reply_bytes, found.after_bytes) == (8 + 4 + 8 + 4, 8 + 4)
