"""A conversation that the provider finds too long, in the words of each: told apart from what is tried again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from asking import QUIET, Asked
from faulty_provider import Answer, Endpoint, failure, text

from livecoder.errors import ContextOverflow, ProviderRefused, ProviderUnavailable
from livecoder.model.provider import Provider

pytestmark = QUIET
Make = Callable[..., Provider]

OPENAI = (
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens. "
    "Please reduce the length of the messages."
)
REFUSALS = {
    "openai": (400, OPENAI, "context_length_exceeded"),
    "openai, newer": (400, "Your input exceeds the context window of this model.", "context_length_exceeded"),
    "openai, tokens a minute": (
        429,
        "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 31234. "
        "The input or output tokens must be reduced in order to run successfully.",
        "rate_limit_exceeded",
    ),
    "vllm": (
        400,
        "This model's maximum context length is 16384 tokens. However, you requested 122946 tokens "
        "(112946 in the messages, 10000 in the completion). Please reduce the length of the messages or completion.",
        400,
    ),
    "vllm, newer": (400, "The decoder prompt (length 21535) is longer than the maximum model length of 16384.", 400),
    "vllm behind another server": (
        500,
        "The decoder prompt (length 9) is longer than the maximum model length of 8.",
        0,
    ),
    "llama.cpp": (400, "the request exceeds the available context size, try increasing it", 400),
    "ollama": (400, "prompt too long; exceeded max context length by 512 tokens", None),
    "ollama, as a failure of the server": (500, "the input length exceeds the context length", None),
    "lm studio": (
        400,
        "The number of tokens to keep from the initial prompt is greater than the context length.",
        None,
    ),
    "sglang": (400, "The input (5000 tokens) is longer than the model's context length (4096 tokens).", 400),
    "gemini": (400, "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).", 400),
    "xai": (400, "This model's maximum prompt length is 131072 but the request contains 537812 tokens.", None),
    "groq": (413, "Request too large for model on tokens per minute (TPM)", "rate_limit_exceeded"),
    "mistral": (400, "Prompt contains 40000 tokens, too large for model with 32768 maximum context length", None),
    "moonshot": (400, "Invalid request: Your request exceeded model token limit: 131072 (requested: 140000)", None),
    "minimax": (400, "invalid params, context window exceeds limit", None),
    "dashscope": (400, "Range of input length should be [1, 129024]", "invalid_parameter_error"),
    "copilot": (400, "prompt token count of 70000 exceeds the limit of 64000", "model_max_prompt_tokens_exceeded"),
    "text generation inference": (
        422,
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096",
        None,
    ),
}
"""Status, message and code."""
ANTHROPIC = {
    400: "prompt is too long: 213462 tokens > 200000 maximum",
    413: "Request exceeds the maximum size",
}


@pytest.mark.parametrize("who", REFUSALS)
def test_each_provider_says_it_in_its_own_words(endpoint: Endpoint, provider: Make, who: str) -> None:
    status, message, code = REFUSALS[who]
    endpoint.answers = [failure(status, message, code=code, type="invalid_request_error")]
    with pytest.raises(ContextOverflow, match=r"longer than its window|too large"):
        Asked(provider(retries=0))
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("status", ANTHROPIC)
def test_anthropic_says_it_too(endpoint: Endpoint, provider: Make, status: int) -> None:
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": ANTHROPIC[status]}}
    endpoint.answers = [Answer(status=status, error=error)]
    with pytest.raises(ContextOverflow):
        Asked(provider(model="anthropic/claude-sonnet-4-5"))


def test_a_server_that_says_it_in_its_stream_is_understood(endpoint: Endpoint, provider: Make) -> None:
    said = b'data: {"error": {"code": 400, "message": "the request exceeds the available context size"}}\n\n'
    endpoint.answers = [Answer(body=said, headers={})]
    with pytest.raises(ContextOverflow):
        Asked(provider(retries=0))


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (500, "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"),
        (429, "Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000."),
        (429, "too many requests"),
        (503, "the request queue exceeds its limit"),
    ],
)
def test_what_only_sounds_like_it_is_tried_again(endpoint: Endpoint, provider: Make, status: int, message: str) -> None:
    endpoint.answers = [failure(status, message), text("ok")]
    assert Asked(provider(retries=1)).reply.text == "ok"


def test_a_failure_for_now_stays_one(endpoint: Endpoint, provider: Make) -> None:
    endpoint.answers = [failure(503, "overloaded")] * 2
    with pytest.raises(ProviderUnavailable):
        Asked(provider(retries=1))


@pytest.mark.parametrize("ended", ["max_tokens", "model_context_window_exceeded"])
def test_a_reply_that_reached_the_end_of_the_window_is_cut_and_no_answer(
    endpoint: Endpoint, provider: Make, ended: str
) -> None:
    endpoint.answers = [text("I will now", finish=ended)]
    reply = Asked(provider(model="anthropic/claude-sonnet-4-5")).reply
    assert (reply.text, reply.finish) == ("I will now", "length")


@pytest.mark.parametrize(("model", "options"), [("ollama_chat/qwen:4b", {"num_ctx": 32_768}), ("openai/qwen", None)])
def test_ollama_is_told_of_the_window_that_the_user_names(
    endpoint: Endpoint, provider: Make, model: str, options: object
) -> None:
    endpoint.answers = [failure(400, "no")] * 3
    with pytest.raises(ProviderRefused):
        Asked(provider(model=model, context_window=32_768, api_base=endpoint.url))
    sent = endpoint.requests[-1]
    assert (sent.get("options"), "num_ctx" in sent) == (options, False)
