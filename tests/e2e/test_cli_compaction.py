"""A model whose window is small, over real HTTP: the task goes on, or ends with a reason and nothing lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from livecoder.events import Compacted
from livecoder.journal.journal import read
from tests.e2e.conftest import Livecoder
from tests.model.faulty_provider import Answer, Endpoint, bash, failure, text

WINDOW = 30_000
"""Bytes of a request's messages, of which the seed's system prompt and first message take some 4,000."""
PRINTS = [f"seq -f 'line %.0f of {name}' 1 600" for name in ("a", "b", "c", "d", "e", "f")]
FIX = "sed -i 's/a - b/a + b/' calc.py"
SHOWS = "shows them, `lc out"
OPENAI = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
VLLM = "The decoder prompt (length 21535) is longer than the maximum model length of 16384."
ANTHROPIC = "prompt is too long: 213462 tokens > 200000 maximum"


class Small:
    """Refuses what is longer than the window, as a provider does."""

    def __init__(self, answer: Answer, window: int = WINDOW) -> None:
        self.answer = answer
        self.window = window
        self.count = 0

    def __call__(self, body: dict[str, Any]) -> Answer | None:
        if len(json.dumps([body.get("system"), body["messages"]])) <= self.window:
            return None
        self.count += 1
        return self.answer


def contents(request: dict[str, Any]) -> list[str]:
    """The texts of what commands printed, as the provider read them."""
    return [message["content"] for message in request["messages"] if message["role"] == "tool"]


REFUSALS = {
    "openai": failure(400, OPENAI, type="invalid_request_error", code="context_length_exceeded"),
    "vllm": Answer(status=400, error={"object": "error", "message": VLLM, "type": "BadRequestError", "code": 400}),
    "ollama": failure(400, "prompt too long; exceeded max context length by 512 tokens", type="api_error"),
}


@pytest.mark.parametrize("who", REFUSALS)
def test_a_task_goes_on_when_the_window_is_full(livecoder: Livecoder, provider: Endpoint, who: str) -> None:
    provider.refuses = small = Small(REFUSALS[who])
    provider.answers = [*map(bash, PRINTS), bash("lc out 1"), bash(FIX), text("Done.")]
    done = livecoder("-p", "fix it", "--json", "--patch-out", "fix.patch")

    assert (done.code, done.result["result"], done.result["patch"]["files"]) == (0, "Done.", 1)
    assert small.count > 0 and not provider.answers
    told = [line for line in done.lines if line.get("subtype") == "compaction"]
    assert len(told) == small.count
    assert told[0]["steps"][0] == 1 and told[0]["after"] < told[0]["before"]

    last = contents(provider.requests[-1])
    assert SHOWS in last[0]
    assert len(last) == len(PRINTS) + 2
    asked_again = next(texts[6] for request in provider.requests if len(texts := contents(request)) == 7)
    first = contents(provider.requests[1])[0]
    assert asked_again == first and first.startswith("line 1 of a\n")


def test_it_is_in_the_journal_and_on_the_terminal(livecoder: Livecoder, provider: Endpoint) -> None:
    provider.refuses = Small(REFUSALS["openai"])
    provider.answers = [*map(bash, PRINTS), text("Done.")]
    done = livecoder("-p", "print")
    (session,) = livecoder.sessions()
    made = [event for event in read(session) if isinstance(event, Compacted)]
    shown = livecoder("sessions", "show", session.name)

    assert done.code == 0
    assert made and made[0].steps[0] == 1
    assert "! made room: the conversation went from" in done.err
    assert "made room" in shown.out


def test_anthropic_too(livecoder: Livecoder, provider: Endpoint) -> None:
    livecoder.env |= {"LIVECODER_API_BASE": provider.root, "ANTHROPIC_API_KEY": "sk-loopback-0123456789"}
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": ANTHROPIC}}
    provider.refuses = small = Small(Answer(status=400, error=error))
    provider.answers = [text(f"```bash\n{command}\n```") for command in [*PRINTS, FIX]] + [text("Done.")]
    done = livecoder("-p", "fix it", "--json", "-m", "anthropic/claude-sonnet-4-5", "--set", "model.tools=text")

    assert (done.code, done.result["result"], done.result["patch"]["files"]) == (0, "Done.", 1)
    assert small.count == sum(line.get("subtype") == "compaction" for line in done.lines) > 0


def test_a_window_in_which_nothing_fits_ends_with_a_reason_and_keeps_what_was_done(
    livecoder: Livecoder, provider: Endpoint
) -> None:
    small = Small(REFUSALS["openai"])
    provider.answers = [bash(FIX), bash(PRINTS[0]), text("never")]

    def shrinking(body: dict[str, Any]) -> Answer | None:
        small.window = WINDOW if len(provider.requests) < 3 else 0
        return small(body)

    provider.refuses = shrinking
    done = livecoder("-p", "fix it", "--json", "--patch-out", "fix.patch")

    assert (done.code, done.result["subtype"], done.result["patch"]["files"]) == (4, "error_provider", 1)
    assert "longer than its window" in done.result["reason"] and "begin a new session" in done.result["reason"]
    assert "+    return a + b" in (livecoder.cwd / "fix.patch").read_text()
    assert "a + b" in (livecoder.cwd / "calc.py").read_text()


def test_a_task_that_is_too_long_by_itself_says_so(livecoder: Livecoder, provider: Endpoint) -> None:
    provider.refuses = Small(REFUSALS["openai"])
    done = livecoder("-p", "-", "--json", stdin=b"a long report\n" * 4_000)

    assert (done.code, done.result["subtype"]) == (4, "error_provider")
    assert "shorten the task" in done.result["reason"]
    assert len(provider.requests) == 1


def test_a_window_that_the_user_names_is_kept_without_a_refusal(livecoder: Livecoder, provider: Endpoint) -> None:
    provider.answers = [*map(bash, PRINTS), text("Done.")]
    for answer in provider.answers:
        answer.usage = None  # as of many local servers: what is estimated counts
    done = livecoder("-p", "print", "--json", "--set", "model.context_window=9000")

    assert done.code == 0
    (told, *_) = [line for line in done.lines if line.get("subtype") == "compaction"]
    assert "tokens of 9,000 are used" in told["why"]
    assert max(len(json.dumps(request["messages"])) for request in provider.requests) / 4 < 9_000
