"""What a provider can do wrong, over real HTTP: the codes for scripts, the line for people, nothing lost."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Livecoder
from tests.model.faulty_provider import Answer, Endpoint, bash, calls, failure, text

FIX = "sed -i 's/a - b/a + b/' calc.py"


def test_a_task_over_http(livecoder: Livecoder, provider: Endpoint) -> None:
    provider.answers = [bash(FIX), text("Done", ".")]
    done = livecoder("-p", "fix it", "--json", "--patch-out", "fix.patch")

    assert done.result["result"] == "Done."
    assert done.result["usage"]["input_tokens"] == 200
    assert done.result["cost_known"] is False
    assert any("price is unknown" in str(line) for line in done.lines)


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (failure(401, "bad key"), 4, "key"),
        (failure(403, "not for you"), 4, "not for you"),
        (failure(404, "no such model"), 4, "model"),
        (failure(429, "slow down"), 75, "try again"),
        (failure(500, "broken"), 75, "try again"),
        (Answer(body=b"<html>not JSON"), 75, ""),
        (text("half", " a", cut=True), 75, ""),
        (text("half", " a", reset=True), 75, ""),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_a_provider_that_fails_for_good(
    livecoder: Livecoder, provider: Endpoint, answer: Answer, code: int, said: str
) -> None:
    provider.answers = [bash(FIX), *([answer] * 6)]
    done = livecoder("-p", "fix it", "--json")

    assert (done.code, done.result["subtype"]) == (code, "error_provider")
    assert said in done.result["reason"]
    assert done.result["patch"]["files"] == 1


def test_half_replies_of_a_provider_that_fails_are_on_the_bill(livecoder: Livecoder, provider: Endpoint) -> None:
    provider.answers = [text("half" * 1000, cut=True)] * 2
    result = livecoder("-p", "fix it", "--json", "-m", "openai/gpt-4o").result

    assert (result["subtype"], result["exit_code"], len(provider.requests)) == ("error_provider", 75, 2)
    assert result["usage"]["output_tokens"] == 2000
    assert result["total_cost_usd"] > 2000 * 1e-5
    assert result["cost_known"]


@pytest.mark.parametrize(
    "answer",
    [
        calls(("1", "bash", '{"command": ')),
        calls(("1", "bash", '{"cmd": "ls"}')),
        calls(("1", "browser", '{"url": "x"}')),
        calls(("1", "bash", '["ls"]')),
    ],
)
def test_a_call_that_cannot_be_run_is_told_to_the_model_and_the_round_goes_on(
    livecoder: Livecoder, provider: Endpoint, answer: Answer
) -> None:
    provider.answers = [answer, bash(FIX), text("Done.")]
    done = livecoder("-p", "fix it", "--json")

    assert (done.code, done.result["patch"]["files"]) == (0, 1)
    assert len(provider.requests) == 3


def test_an_answer_without_content_is_asked_again_or_ended_with_a_reason(
    livecoder: Livecoder, provider: Endpoint
) -> None:
    provider.answers = [Answer([]) for _ in range(8)]
    done = livecoder("-p", "fix it", "--json")

    assert done.code in (1, 75)
    assert done.result["reason"]


@pytest.mark.parametrize(
    ("model", "code", "said"),
    [
        ("nobody/nothing", 3, "nobody"),
        ("anthropic/claude-x", 3, "ANTHROPIC_API_KEY"),
        ("scripted:/nowhere.md", 3, "/nowhere.md"),
    ],
)
def test_a_model_that_cannot_be_opened_is_one_line(livecoder: Livecoder, model: str, code: int, said: str) -> None:
    done = livecoder("-p", "x", "-m", model)

    assert (done.code, done.out) == (code, "")
    assert said in done.err and len(done.err.splitlines()) == 1
    assert livecoder.sessions() == []


def test_a_refused_connection_is_for_now(livecoder: Livecoder, provider: Endpoint) -> None:
    livecoder.env["LIVECODER_API_BASE"] = "http://127.0.0.1:9/v1"
    done = livecoder("-p", "x", "--json")

    assert (done.code, done.result["subtype"]) == (75, "error_provider")


def test_no_library_speaks_on_stdout_or_in_between(livecoder: Livecoder, provider: Endpoint) -> None:
    provider.answers = [failure(400, "what?")] * 4
    done = livecoder("-p", "x")

    assert (done.code, done.out) == (4, "")
    assert "Give Feedback" not in done.err
    assert done.err.splitlines()[0].startswith("livecoder · ")
    assert "what?" in done.err.splitlines()[-1]


def test_the_key_is_seen_nowhere(livecoder: Livecoder, provider: Endpoint) -> None:
    key = livecoder.env["OPENAI_API_KEY"]
    (livecoder.cwd / "notes.txt").write_text(f"the key is {key}\n")
    provider.answers = [bash("cat notes.txt; env"), text(f"It is {key}.")]
    done = livecoder("-p", "x", "--json", "-v")
    journal = b"".join(path.read_bytes() for path in livecoder.sessions()[-1].rglob("*") if path.is_file())

    assert done.code == 0
    assert "the key is [secret]" in done.out
    assert key not in done.out + done.err
    assert key.encode() not in journal


def test_looking_back_over_http_asks_once_and_runs_no_tests(livecoder: Livecoder, provider: Endpoint) -> None:
    livecoder.task("$ frobnicate", "$ ls", "$ pwd", "Done.")
    provider.answers = [text('{"proposals": []}', first_pause=2)]
    done = livecoder("reflect", "--pending", "--verify", "true")

    assert (done.code, len(provider.requests)) == (0, 1), done.err
    assert not list(livecoder.home.glob("state/projects/*/measured.json"))
