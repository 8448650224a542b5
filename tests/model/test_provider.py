"""What a provider is sent, and what a good reply becomes. One process imports litellm for this file."""

from __future__ import annotations

import gc
import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import GeneratorType
from typing import Any

import pytest
from asking import QUIET, TASK, Asked
from faulty_provider import Answer, Endpoint, bash, calls, text

from livecoder.errors import ProviderUnavailable
from livecoder.events import Call, TextArrived, Usage
from livecoder.model import Ask, Assistant, Message, Observation, Reply, System, User
from livecoder.model.choose import open_model
from livecoder.model.provider import Provider, ProviderSettings

Make = Callable[..., Provider]
pytestmark = QUIET


def test_text_streams_and_ends_the_round(endpoint: Endpoint, provider: Make) -> None:
    endpoint.answers = [text("All ", "done.")]
    asked = Asked(provider())
    assert asked.texts == ["All ", "done."]
    assert (asked.reply.text, asked.reply.calls, asked.reply.finish) == ("All done.", (), "stop")
    assert asked.reply.usage == Usage(100, 0, 20)


def test_bash_is_the_only_tool_offered(endpoint: Endpoint, provider: Make) -> None:
    Asked(provider())
    assert [tool["function"]["name"] for tool in endpoint.requests[0]["tools"]] == ["bash"]


def test_private_settings_of_the_library_stay_here(endpoint: Endpoint, provider: Make) -> None:
    Asked(provider())
    assert endpoint.requests[0].keys() == {"model", "messages", "stream", "stream_options", "tools"}


def test_several_calls_come_in_order(endpoint: Endpoint, provider: Make) -> None:
    ls = json.dumps({"command": "ls"})
    pwd = json.dumps({"command": "pwd", "timeout": 5, "needs": "network"})
    endpoint.answers = [calls(("a", "bash", ls), ("b", "bash", pwd))]
    assert Asked(provider()).reply.calls == (Call("a", "ls"), Call("b", "pwd", 5.0, "network"))


def test_equal_ids_are_made_unique_within_and_across_replies(endpoint: Endpoint, provider: Make) -> None:
    ls = json.dumps({"command": "ls"})
    endpoint.answers = [calls(("same", "bash", ls), ("same", "bash", ls)), bash("ls", "same")]
    model = provider()
    first = Asked(model).reply
    history = (*TASK, Assistant("", first.calls), *(Observation(call.id, "x") for call in first.calls))
    second = Asked(model, history).reply
    assert [call.id for call in (*first.calls, *second.calls)] == ["same", "same_2", "same_3"]


def test_fifty_calls_in_one_reply(endpoint: Endpoint, provider: Make) -> None:
    given = [(f"c{i}", "bash", json.dumps({"command": f"echo {i}"})) for i in range(50)]
    endpoint.answers = [calls(*given)]
    assert [call.command for call in Asked(provider()).reply.calls] == [f"echo {i}" for i in range(50)]


def test_a_server_that_numbers_every_call_zero(endpoint: Endpoint, provider: Make) -> None:
    both = calls(("a", "bash", '{"command": "ls"}'), ("b", "bash", '{"command": "pwd"}'))
    for chunk in both.chunks:
        chunk["tool_calls"][0]["index"] = 0
    endpoint.answers = [both]
    assert [call.command for call in Asked(provider()).reply.calls] == ["ls", "pwd"]


def test_broken_arguments_are_told_and_replayed_as_valid_json(endpoint: Endpoint, provider: Make) -> None:
    endpoint.answers = [calls(("a", "bash", '{"command": "rm -rf'), ("b", "edit\0", "{}")), text("ok")]
    model = provider()
    broken = Asked(model).reply
    assert "not valid JSON" in broken.calls[0].problem
    assert "only tool is bash" in broken.calls[1].problem
    history = (*TASK, Assistant("", broken.calls), *(Observation(call.id, call.problem) for call in broken.calls))
    Asked(model, history)
    sent = endpoint.requests[1]["messages"][2]["tool_calls"]
    assert json.loads(sent[0]["function"]["arguments"]) == {"command": '{"command": "rm -rf'}
    assert [call["function"]["name"] for call in sent] == ["bash", "bash"]


def test_a_growing_conversation_is_sent_whole_each_time(endpoint: Endpoint, provider: Make) -> None:
    endpoint.answers = [bash("ls"), text("ok")]
    model = provider()
    first = Asked(model).reply
    second = Asked(model, (*TASK, Assistant("look", first.calls), Observation("call_1", "a.py"))).reply
    roles = [message["role"] for message in endpoint.requests[1]["messages"]]
    assert roles == ["system", "user", "assistant", "tool"]
    assert endpoint.requests[1]["messages"][:2] == endpoint.requests[0]["messages"]
    assert second.prompt_bytes == first.prompt_bytes + len("look") + len('{"command": "ls"}') + len("a.py")


def test_the_text_form_needs_no_tools(endpoint: Endpoint, provider: Make) -> None:
    endpoint.answers = [text("Look:\n```ba", "sh\nls\n```\nand\n```sh timeout=9\npwd\n```"), text("done")]
    model = provider(tools="text")
    reply = Asked(model).reply
    assert [(call.command, call.timeout) for call in reply.calls] == [("ls", None), ("pwd", 9.0)]
    assert reply.text == "Look:\n\nand"
    Asked(model, (*TASK, Assistant(reply.text, reply.calls), *(Observation(c.id, "out") for c in reply.calls)))
    assert "tools" not in endpoint.requests[0]
    assert "```bash" in endpoint.requests[0]["messages"][0]["content"]
    told = endpoint.requests[1]["messages"]
    assert [message["role"] for message in told] == ["system", "user", "assistant", "user"]
    assert told[3]["content"] == "Output of command 1:\nout\n\nOutput of command 2:\nout"


def test_without_bash_the_answer_is_plain_text(endpoint: Endpoint, provider: Make) -> None:
    endpoint.answers = [text("```bash\nls\n```")]
    asked = Asked(provider(tools="text"), ask=Ask(turn=1, bash=False, max_output_tokens=77))
    assert (asked.reply.text, asked.reply.calls) == ("```bash\nls\n```", ())
    assert endpoint.requests[0]["max_tokens"] == 77


def test_a_reflection_after_calls_offers_the_tool_but_forbids_it(endpoint: Endpoint, provider: Make) -> None:
    history: tuple[Message, ...] = (*TASK, Assistant("", (Call("a", "ls"),)), Observation("a", "x"), User("Reflect."))
    Asked(provider(), history, Ask(turn=2, bash=False))
    assert endpoint.requests[0]["tool_choice"] == "none"


def test_cache_marks_go_to_anthropic(endpoint: Endpoint, provider: Make) -> None:
    endpoint.answers = [text("hello")]
    history: tuple[Message, ...] = (*TASK, Assistant("", (Call("a", "ls"),)), Observation("a", "x"))
    asked = Asked(provider(model="anthropic/claude-sonnet-4-5"), history)
    sent = endpoint.requests[0]
    marked = {"type": "ephemeral"}
    assert sent["system"][0]["cache_control"] == marked
    assert sent["messages"][0]["content"][0]["cache_control"] == marked
    assert sent["messages"][-1]["content"][0]["cache_control"] == marked
    assert asked.reply.usage == Usage(100, 90, 20)


def test_cache_marks_do_not_go_to_others(endpoint: Endpoint, provider: Make) -> None:
    Asked(provider(model="openai/gpt-4o"))
    assert "cache_control" not in json.dumps(endpoint.requests[0])


def test_a_known_price_counts_cached_tokens_cheaper(endpoint: Endpoint, provider: Make) -> None:
    cached = {"prompt_tokens": 1000, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 1000}}
    endpoint.answers = [text("a", usage={"prompt_tokens": 1000, "completion_tokens": 0}), text("a", usage=cached)]
    full, cheap = (Asked(provider(model="openai/gpt-4o")).reply for _ in range(2))
    assert cheap.usage.cached_tokens == 1000
    assert full.cost_usd == pytest.approx(0.0025)
    assert cheap.cost_usd == pytest.approx(0.00125)


def test_an_unknown_price_is_none_not_zero(provider: Make) -> None:
    assert Asked(provider()).reply.cost_usd is None


def test_missing_usage_is_estimated(endpoint: Endpoint, provider: Make) -> None:
    endpoint.answers = [text("x" * 400, usage=None)]
    reply = Asked(provider(model="openai/gpt-4o"), (System("s" * 4000), User("u"))).reply
    assert reply.usage == Usage(1000, 0, 100)
    assert reply.cost_usd == pytest.approx(1000 * 2.5e-6 + 100 * 1e-5)


@pytest.mark.parametrize(
    "told",
    [
        {"prompt_tokens": -100_000, "completion_tokens": -50},
        {"prompt_tokens": 10, "completion_tokens": -500_000},
        {"prompt_tokens": 10**400, "completion_tokens": 1},
        {"prompt_tokens": 10, "completion_tokens": 10**18},
        {"prompt_tokens": 10, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 100_000}},
        {"prompt_tokens": 10, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": -100_000}},
    ],
    ids=["less than none", "written less than none", "no number", "endless", "more cached than sent", "cached less"],
)
def test_usage_that_cannot_be_is_estimated(endpoint: Endpoint, provider: Make, told: dict[str, object]) -> None:
    endpoint.answers = [text("x" * 400, usage=told)]
    reply = Asked(provider(model="openai/gpt-4o"), (System("s" * 4000), User("u"))).reply
    assert reply.usage == Usage(1000, 0, 100)
    assert reply.cost_usd == pytest.approx(1000 * 2.5e-6 + 100 * 1e-5)


@pytest.mark.parametrize("model", ["openai/gpt-4o", "anthropic/claude-sonnet-4-5"])
@pytest.mark.parametrize("answer", [text("whole"), text(*["x" * 65536] * 40), text("half", cut=True)])
def test_no_reply_leaves_a_connection_to_the_garbage_collector(
    endpoint: Endpoint, provider: Make, model: str, answer: Answer
) -> None:
    """It would close it whenever it likes: also while the next request holds the lock that closing takes."""
    endpoint.answers = [answer]
    gc.collect()
    gc.disable()
    try:
        with suppress(ProviderUnavailable):
            Asked(provider(model=model, retries=0))
        assert soon(lambda: not suspended_reads())
    finally:
        gc.enable()


def suspended_reads() -> list[str]:
    """Generators of the HTTP library that have begun and not ended."""
    found: list[Any] = [each for each in gc.get_objects() if isinstance(each, GeneratorType)]
    return [each.gi_code.co_name for each in found if each.gi_frame and "httpx" in each.gi_code.co_filename]


def soon(met: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while not met() and time.monotonic() < end:
        time.sleep(0.05)
    return met()


def test_a_reply_cut_at_its_limit_says_so(endpoint: Endpoint, provider: Make) -> None:
    endpoint.answers = [text("half a sent", finish="length")]
    assert Asked(provider()).reply.finish == "length"


def test_a_reply_of_five_megabytes_is_bounded(endpoint: Endpoint, provider: Make) -> None:
    endpoint.answers = [text(*["x" * 65536] * 80)]
    reply = Asked(provider()).reply
    assert reply.finish == "length"
    assert 1024 * 1024 <= len(reply.text) <= 1024 * 1024 + 65536


def test_an_argument_of_megabytes_is_not_run(endpoint: Endpoint, provider: Make) -> None:
    endpoint.answers = [bash("x" * 300_000), bash("y" * 2_000_000)]
    model = provider()
    for reply in (Asked(model).reply, Asked(model).reply):
        assert reply.calls[0].problem
        assert len(reply.calls[0].command) < 3000


def test_an_interrupt_answers_at_once_and_is_paid_for(endpoint: Endpoint, provider: Make) -> None:
    endpoint.answers = [text("so far", stall=600)]
    interrupt = threading.Event()
    stream = provider(model="openai/gpt-4o").ask(TASK, Ask(turn=1), interrupt.is_set)
    assert next(stream) == TextArrived("so far")
    interrupt.set()
    with pytest.raises(StopIteration) as ended:
        next(stream)
    reply: Reply = ended.value.value
    assert (reply.text, reply.calls, reply.finish) == ("so far", (), "interrupted")
    assert reply.cost_usd and reply.usage.input_tokens > 0


def test_an_interrupt_in_the_middle_of_a_call_runs_nothing(endpoint: Endpoint, provider: Make) -> None:
    endpoint.answers = [bash("rm -rf .", stall=600)]
    reply = Asked(provider(), cancelled=endpoint.waiting.is_set).reply
    assert (reply.calls, reply.finish) == ((), "interrupted")


def test_a_server_on_loopback_needs_no_key(endpoint: Endpoint, provider: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    endpoint.answers = [text("hello")]
    model = open_model(ProviderSettings("openai/local", endpoint.url), os.environ, Path("/nowhere"))
    assert Asked(model).reply.text == "hello"
    assert endpoint.headers[0]["authorization"] == "Bearer none"


def test_an_interrupt_before_the_request_costs_nothing(endpoint: Endpoint, provider: Make) -> None:
    reply = Asked(provider(model="openai/gpt-4o"), cancelled=lambda: True).reply
    assert (reply.finish, reply.cost_usd, reply.usage) == ("interrupted", 0.0, Usage())
    assert endpoint.requests == []
