"""L01 to L12: every way in which a provider fails, and what the user, the history and the bill see of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from asking import KEY, QUIET, TASK, Asked
from faulty_provider import Answer, Endpoint, bash, failure, text

from livecoder.errors import ContextOverflow, ProviderRefused, ProviderUnavailable
from livecoder.events import Retried
from livecoder.model import Ask, failures
from livecoder.model.provider import Provider

Make = Callable[..., Provider]
pytestmark = QUIET


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (failure(401, f"Incorrect API key provided: {KEY}"), "does not accept the key"),
        (failure(401, f"bad key {KEY}", type="invalid_request_error"), "does not accept the key"),
        (failure(402, "out of money"), "wants to be paid"),
        (failure(403, f"{KEY} may not"), "denies access"),
        (failure(404, "The model does not exist", code="model_not_found"), "does not know this model"),
        (failure(407, "proxy"), "proxy"),
        (failure(429, "You exceeded your current quota", code="insufficient_quota"), "no quota left"),
        (failure(400, "this model does not support tools"), "cannot call tools"),
        (failure(422, "nonsense"), "refuses the request"),
        (failure(418, "tea"), "refuses the request"),
    ],
)
def test_a_permanent_refusal_is_not_retried_and_never_shows_the_key(
    endpoint: Endpoint, provider: Make, answer: Answer, says: str
) -> None:
    endpoint.answers = [answer]
    with pytest.raises(ProviderRefused, match=says) as caught:
        Asked(provider())
    assert len(endpoint.requests) == 1
    assert (caught.value.exit_code, caught.value.status) == (4, answer.status)
    assert caught.value.remedy
    assert KEY not in caught.value.line()


def test_what_a_password_variable_holds_is_not_shown_either(
    endpoint: Endpoint, provider: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROXY_PASSWORD", "correct-horse")
    endpoint.answers = [failure(400, "proxy: correct-horse is no user")]
    with pytest.raises(ProviderRefused, match=r"proxy: \*\*\* is no user"):
        Asked(provider())


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_a_passing_failure_is_retried_until_it_passes(endpoint: Endpoint, provider: Make, status: int) -> None:
    endpoint.answers = [failure(status), failure(status), text("at last")]
    asked = Asked(provider())
    assert (asked.reply.text, asked.texts) == ("at last", ["at last"])
    assert [retry.attempt for retry in asked.retries] == [1, 2]
    assert str(status) in asked.retries[0].reason


def test_retries_are_counted_and_end(endpoint: Endpoint, provider: Make) -> None:
    endpoint.answers = [failure(503)] * 10
    with pytest.raises(ProviderUnavailable, match="tried 3 times") as caught:
        Asked(provider(retries=2))
    assert len(endpoint.requests) == 3
    assert (caught.value.exit_code, caught.value.status) == (75, 503)


def test_retry_after_in_seconds_is_obeyed(endpoint: Endpoint, provider: Make) -> None:
    endpoint.answers = [failure(429, headers={"Retry-After": "0.3"}), text("ok")]
    started = time.monotonic()
    asked = Asked(provider(max_wait_seconds=5))
    assert time.monotonic() - started >= 0.3  # a lower bound: a slow machine only adds to it
    assert asked.retries[0].wait_seconds == 0.3


def test_retry_after_as_a_date_is_obeyed(endpoint: Endpoint, provider: Make) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    endpoint.answers = [failure(429, headers={"Retry-After": date})]
    stream = provider(max_wait_seconds=3 * 3600).ask(TASK, Ask(turn=1), lambda: False)
    retried = next(stream)
    assert isinstance(retried, Retried) and 3600 < retried.wait_seconds <= 2 * 3600


def test_a_wait_of_an_hour_is_not_waited_for(endpoint: Endpoint, provider: Make) -> None:
    endpoint.answers = [failure(429, headers={"Retry-After": "3600"})]
    with pytest.raises(ProviderUnavailable, match=r"come back at \d\d:\d\d"):
        Asked(provider())
    assert len(endpoint.requests) == 1


def test_an_interrupt_ends_a_wait(endpoint: Endpoint, provider: Make) -> None:
    endpoint.answers = [failure(429, headers={"Retry-After": "600"}), text("never asked for")]
    interrupt = threading.Event()
    stream = provider(max_wait_seconds=900).ask(TASK, Ask(turn=1), interrupt.is_set)
    assert isinstance(next(stream), Retried)
    interrupt.set()
    with pytest.raises(StopIteration) as ended:
        next(stream)
    assert ended.value.value.finish == "interrupted"
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("how", ["cut", "reset"])
def test_half_a_text_is_discarded_and_asked_again(endpoint: Endpoint, provider: Make, how: str) -> None:
    endpoint.answers = [text("half a sen", **{how: True}), text("the whole")]
    asked = Asked(provider(model="openai/gpt-4o"))
    assert asked.reply.text == "the whole"
    assert asked.retries
    assert asked.reply.usage.output_tokens > 20, "the discarded half was paid for, too"


@pytest.mark.parametrize("how", ["cut", "reset"])
def test_no_half_call_is_ever_run(endpoint: Endpoint, provider: Make, how: str) -> None:
    endpoint.answers = [bash("rm -rf build", cut=how == "cut", reset=how == "reset"), bash("ls")]
    assert [call.command for call in Asked(provider()).reply.calls] == ["ls"]


def test_half_a_stream_of_the_other_protocol(endpoint: Endpoint, provider: Make) -> None:
    endpoint.answers = [text("half", cut=True), text("whole")]
    asked = Asked(provider(model="anthropic/claude-sonnet-4-5"))
    assert (asked.reply.text, len(asked.retries)) == ("whole", 1)


@pytest.mark.parametrize("when", ["before the first word", "between words"])
def test_a_stall_is_a_failure(endpoint: Endpoint, provider: Make, when: str) -> None:
    endpoint.answers = [text(*(["so far"] if when == "between words" else []), stall=600), *[text("ok")] * 4]
    asked = Asked(provider(idle_timeout_seconds=1.0))
    assert asked.reply.text == "ok" and asked.retries


def test_a_model_that_thinks_in_silence_is_given_time(endpoint: Endpoint, provider: Make) -> None:
    endpoint.answers = [text("thought", first_pause=3)]
    asked = Asked(provider(model="openai/gpt-5", idle_timeout_seconds=1.5))
    assert (asked.reply.text, asked.retries) == ("thought", [])


@pytest.mark.parametrize("body", [b"{not json", b"<html>502</html>", b"data: {not json\n\n", b""])
def test_a_garbage_body_is_retried(endpoint: Endpoint, provider: Make, body: bytes) -> None:
    endpoint.answers = [Answer(body=body), text("ok")]
    asked = Asked(provider())
    assert (asked.reply.text, len(asked.retries)) == ("ok", 1)


def test_an_empty_reply_is_retried_twice_at_most(endpoint: Endpoint, provider: Make) -> None:
    endpoint.answers = [text(""), text(" \n"), Answer([{"reasoning_content": "hmm"}]), text("never")]
    with pytest.raises(ProviderUnavailable, match="empty reply"):
        Asked(provider())
    assert len(endpoint.requests) == 3


def test_an_overflow_is_told_apart(endpoint: Endpoint, provider: Make) -> None:
    endpoint.answers = [failure(400, "maximum context length is 8192 tokens", code="context_length_exceeded")]
    with pytest.raises(ContextOverflow):
        Asked(provider())


def test_refused_content_is_an_ending_not_an_error(endpoint: Endpoint, provider: Make) -> None:
    policy = failure(400, "Your request was rejected by our content policy", code="content_policy_violation")
    endpoint.answers = [policy, text("", finish="content_filter")]
    model = provider()
    assert [Asked(model).reply.finish for _ in range(2)] == ["refused", "refused"]


def test_nobody_listens(provider: Make) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        with pytest.raises(ProviderUnavailable):
            Asked(provider(api_base=base, retries=1))


def test_a_bug_of_ours_is_no_provider_failure() -> None:
    with pytest.raises(ZeroDivisionError):
        failures.classify(ZeroDivisionError("ours"), "m")


def test_an_error_class_nobody_knows_is_judged_by_its_status() -> None:
    class Unheard(Exception):
        def __init__(self, status: int) -> None:
            super().__init__("unheard of")
            self.status_code = status

    assert failures.classify(Unheard(503), "m").verdict == "again"
    assert failures.classify(Unheard(451), "m").verdict == "refused"


def test_the_table_knows_every_exception_of_the_library() -> None:
    from litellm import exceptions

    found = {
        name
        for name, value in vars(exceptions).items()
        if isinstance(value, type) and issubclass(value, BaseException) and value.__module__.startswith("litellm")
    }
    assert found <= failures.BY_CLASS.keys(), f"litellm grew {sorted(found - failures.BY_CLASS.keys())}"


def python(code: str, cwd: Path, **environment: str) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LITELLM_", "OPENAI_"))}
    clean["PYTHONPATH"] = str(Path(__file__).parents[2])
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, cwd=cwd, env=clean | environment, check=True, capture_output=True, text=True)
    return done.stdout + done.stderr


def test_importing_the_room_imports_no_library(tmp_path: Path) -> None:
    rooms = "provider, scripted, replay, choose, catalogue, failures, retry, wire, calls, background"
    heavy = "{'litellm', 'openai', 'httpx', 'pydantic'}"
    code = f"import sys\nfrom livecoder.model import {rooms}\nprint({heavy} & set(sys.modules))"
    assert python(code, tmp_path).strip() == "set()"


def test_warming_loads_no_hostile_dotenv_and_asks_no_network(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OPENAI_API_BASE=http://198.51.100.7/steal\nLITELLM_MODE=DEV\n")
    code = """
import os, socket, sys, threading
from livecoder.model.provider import Provider, ProviderSettings
asked = []
socket.getaddrinfo = lambda *a, **k: asked.append(a) or []
Provider(ProviderSettings("openai/x"), os.environ).warm()
for thread in threading.enumerate():
    if thread.name == "livecoder-warm":
        thread.join()
print("litellm" in sys.modules, os.environ.get("OPENAI_API_BASE"), asked)
"""
    assert python(code, tmp_path, LITELLM_MODE="DEV").strip() == "True None []"
