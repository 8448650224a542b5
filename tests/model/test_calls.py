"""What a model wrote becomes calls; what is wrong is said, and everything can be written again as valid JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.events import Call
from livecoder.model.calls import LONGEST, MAX_COMMAND, Written, read_native, read_text, write_native, write_text


def native(arguments: object, name: str = "bash") -> Call:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return read_native([Written("id", name, text)], set(), 1)[0]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ('{"command": "ls', "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("", "not valid JSON"),
        ('["ls"]', "JSON object"),
        ("{}", "`command`"),
        ({"command": 7}, "`command`"),
        ({"command": "  \n"}, "`command`"),
        ({"command": None}, "`command`"),
        ({"command": "ls", "timeout": "soon"}, "`timeout`"),
        ({"command": "ls", "timeout": -1}, "`timeout`"),
        ({"command": "ls", "timeout": True}, "`timeout`"),
        ('{"command": "ls", "timeout": NaN}', "`timeout`"),
        ({"command": "ls", "needs": "root"}, "`needs`"),
        ({"command": "ls", "needs": ["network"]}, "`needs`"),
        ({"command": "x" * (MAX_COMMAND + 1)}, "longer than"),
    ],
)
def test_a_call_that_cannot_be_run_says_why(arguments: object, says: str) -> None:
    call = native(arguments)
    assert says in call.problem
    assert len(call.command) < 3000


def test_a_timeout_as_text_is_understood() -> None:
    assert native({"command": "ls", "timeout": "30"}) == Call("id", "ls", 30.0)


def test_a_timeout_beyond_every_number_is_a_long_one() -> None:
    endless = [native(f'{{"command": "ls", "timeout": {number}}}') for number in ("1" + "0" * 400, "1e999")]
    assert [(call.timeout, call.problem) for call in endless] == [(LONGEST, "")] * 2


def test_raw_line_breaks_in_json_are_understood() -> None:
    assert native('{"command": "a\nb"}').command == "a\nb"


def test_an_unknown_tool_is_named_without_control_characters() -> None:
    problem = native({}, "edit\0\x1b[2J").problem
    assert "edit" in problem
    assert problem.isprintable()


def test_a_lone_surrogate_does_not_reach_the_sandbox() -> None:
    assert native('{"command": "echo \\ud800"}').command == "echo ?"


@pytest.mark.parametrize("identity", ["", "a\nb", "é"])
def test_ids_that_no_provider_takes_are_replaced(identity: str) -> None:
    assert read_native([Written(identity, "bash", "{}")], set(), 3)[0].id == "call_3_1"


def test_ids_that_carry_a_signature_are_kept() -> None:
    signed = "call_1__thought__AbC+/=="
    assert read_native([Written(signed, "bash", "{}")], set(), 1)[0].id == signed


def test_blocks_become_calls_and_the_rest_stays() -> None:
    text, calls = read_text("First\n```bash\nls\n```\nthen\n```sh\npwd\ncd x\n```\nend", set(), 2)
    assert text == "First\n\nthen\n\nend"
    assert calls == (Call("call_2_1", "ls"), Call("call_2_2", "pwd\ncd x"))


def test_other_languages_and_inline_code_are_text() -> None:
    written = "```python\nprint()\n```\nuse `bash`"
    assert read_text(written, set(), 1) == (written, ())


def test_the_first_line_of_a_block_can_say_more() -> None:
    _, calls = read_text("```bash timeout=600 needs=network\npip install x\n```", set(), 1)
    assert calls == (Call("call_1_1", "pip install x", 600.0, "network"),)


def test_a_longer_fence_holds_a_shorter_one() -> None:
    _, calls = read_text("````bash\ncat > a.md <<E\n```bash\nls\n```\nE\n````", set(), 1)
    assert [call.command for call in calls] == ["cat > a.md <<E\n```bash\nls\n```\nE"]


def test_a_block_without_an_end_is_not_run() -> None:
    _, calls = read_text("```bash\nrm -rf build", set(), 1)
    assert "not closed" in calls[0].problem


def test_an_empty_block_is_not_run() -> None:
    _, calls = read_text("```bash\n```", set(), 1)
    assert calls[0].problem


commands = st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1).filter(
    lambda text: text.strip() and text == text.rstrip("\n") and "\x00" not in text
)
runnable = st.builds(Call, st.just("call_1_1"), commands, st.none() | st.just(2.5), st.sampled_from(["", "network"]))


@given(runnable)
def test_a_written_block_reads_as_the_same_call(call: Call) -> None:
    assert read_text(f"before\n\n{write_text(call)}\n\nafter", set(), 1) == ("before\n\nafter", (call,))


@given(runnable)
def test_a_written_tool_call_reads_as_the_same_call(call: Call) -> None:
    again = write_native(call)
    written = Written(again["id"], again["function"]["name"], again["function"]["arguments"])
    assert read_native([written], set(), 1) == (call,)


@given(st.text())
def test_any_arguments_at_all_give_a_call_that_can_be_replayed(arguments: str) -> None:
    call = native(arguments)
    assert json.loads(write_native(call)["function"]["arguments"])["command"] == call.command
    call.command.encode()
