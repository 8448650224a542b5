"""The scripted model says its lines, remembers what it was asked, and fails loudly when it has no more."""

from __future__ import annotations

from pathlib import Path

import pytest
from asking import TASK, Asked

from livecoder.errors import ConfigError, ProviderUnavailable, ScriptExhausted
from livecoder.events import Call, Usage
from livecoder.model import Ask, Assistant, Observation, Reply
from livecoder.model.scripted import Scripted


def test_blocks_become_calls_and_text_ends_the_round() -> None:
    model = Scripted(["Look.\n```bash\nls\n```", "Done."])
    first = Asked(model)
    assert (first.texts, first.reply.text, first.reply.calls) == (["Look."], "Look.", (Call("call_1_1", "ls"),))
    assert Asked(model).reply.text == "Done."


def test_it_records_what_it_was_asked() -> None:
    model = Scripted(["a", "b"])
    Asked(model)
    longer = (*TASK, Assistant("a"), Observation("x", "y"))
    Asked(model, longer, Ask(turn=2, bash=False))
    assert model.asked == [TASK, longer]
    assert [ask.bash for ask in model.asks] == [True, False]


def test_it_fails_loudly_when_exhausted() -> None:
    model = Scripted(["only one"])
    Asked(model)
    with pytest.raises(ScriptExhausted, match="asked 2 times and has 1"):
        Asked(model)


def test_errors_are_raised_and_replies_given_as_they_are() -> None:
    given = Reply("t", (Call("x", "ls"),), Usage(1, 2, 3), 0.5, 9, "length")
    model = Scripted([ProviderUnavailable("down"), given])
    with pytest.raises(ProviderUnavailable, match="down"):
        Asked(model)
    assert Asked(model).reply is given


def test_without_bash_blocks_are_text() -> None:
    assert Asked(Scripted(["```bash\nls\n```"]), ask=Ask(1, bash=False)).reply.calls == ()


def test_usage_is_estimated_and_free() -> None:
    reply = Asked(Scripted(["x" * 40])).reply
    assert reply.usage == Usage(reply.prompt_bytes // 4, 0, 10)
    assert (reply.prompt_bytes, reply.cost_usd) == (len("You are a test.Do it."), 0.0)


def test_an_interrupt_uses_up_no_reply() -> None:
    model = Scripted(["said"])
    assert Asked(model, cancelled=lambda: True).reply.finish == "interrupted"


def test_calls_in_different_turns_have_different_ids() -> None:
    model = Scripted(["```bash\nls\n```"] * 2)
    first = Asked(model).reply
    second = Asked(model, (*TASK, Assistant("", first.calls), Observation("call_1_1", ""))).reply
    assert first.calls[0].id != second.calls[0].id


def test_a_markdown_script(tmp_path: Path) -> None:
    script = tmp_path / "script.md"
    script.write_text('Look.\n```bash\nls\n```\n---8<---\n{"raise": "ProviderUnavailable"}\n---8<---\nDone.\n')
    model = Scripted.from_file(script)
    assert Asked(model).reply.calls[0].command == "ls"
    with pytest.raises(ProviderUnavailable):
        Asked(model)
    assert Asked(model).reply.text == "Done."


def test_a_json_lines_script(tmp_path: Path) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text(
        '{"text": "```bash\\nls\\n```", "cost_usd": 0.25, "usage": {"input_tokens": 5}}\n'
        '{"text": "cut", "finish": "length"}\n{"text": "Done."}\n'
    )
    model = Scripted.from_file(script)
    first, second, third = (Asked(model).reply for _ in range(3))
    assert (first.calls[0].command, first.cost_usd, first.usage) == ("ls", 0.25, Usage(5))
    assert (second.finish, third.text) == ("length", "Done.")


@pytest.mark.parametrize(
    "text", ['{"raise": "KeyError"}', '{"nothing": 1}', '{"text": "a", "usage": {"x": 1}}', "{oops"]
)
def test_a_broken_script_is_a_configuration_error(tmp_path: Path, text: str) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text(text)
    with pytest.raises(ConfigError, match="not a script"):
        Scripted.from_file(script)
    with pytest.raises(ConfigError):
        Scripted.from_file(tmp_path / "missing.md")
