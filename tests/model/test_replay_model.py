"""A recording plays again on another machine, and says so when what the model would see is no longer the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from asking import Asked

from livecoder.errors import ConfigError, RecordingDeparted, ScriptExhausted
from livecoder.model import Assistant, Message, Observation, System, User
from livecoder.model.calls import Written
from livecoder.model.masks import mask
from livecoder.model.recording import Exchange, Header, from_relay, read_recording, write_recording
from livecoder.model.replay import Replay

HEADER = Header(model="someone/model", date="2026-01-31", workspace="/home/then/repo", title="a fix")
OUTPUT = """\
platform linux -- Python 3.11.7, pytest-9.2.0, pluggy-1.6.0
rootdir: /home/then/repo
plugins: xdist-3.8.0
/home/then/repo/tests/test_a.py .F
commit 3f2a91c at 12:03:44, object 0x7f3a2b1c9d
wrote /tmp/tmpab12cd/x.log
============ 1 failed, 1 passed in 0.12s ============
[exit 1]
"""
NOW = """\
platform linux -- Python 3.12.1, pytest-9.2.1, pluggy-1.6.0
rootdir: {0}
plugins: xdist-3.9.0, anyio-4.0
{0}/tests/test_a.py .F
commit 9bc01d2 at 9:15:01, object 0x7ffff00001
wrote /tmp/tmpzz99/x.log
======== 1 failed, 1 passed in 11.40s ========
[exit 1 · 12 s]
"""
EXCHANGES = [
    Exchange(("the task",), "Look.", (Written("c1", "bash", '{"command": "cd /home/then/repo && pytest"}'),)),
    Exchange((OUTPUT,), "Fixed /home/then/repo/a.py."),
]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "fix.jsonl"
    write_recording(path, HEADER, EXCHANGES)
    return path


def play(recording: Path, workspace: Path, output: str) -> str:
    """Both requests of the recording, with `output` as what the command printed now."""
    model = Replay(recording, workspace)
    start: tuple[Message, ...] = (System("another prompt"), User("the task on another machine"))
    first = Asked(model, start).reply
    assert first.calls[0].command == f"cd {workspace} && pytest"
    return Asked(model, (*start, Assistant(first.text, first.calls), Observation("c1", output))).reply.text


def test_a_recording_survives_its_file(recording: Path) -> None:
    assert read_recording(recording) == (HEADER, EXCHANGES)


def test_it_plays_on_another_machine(recording: Path) -> None:
    workspace = Path("/srv/now/work")
    assert play(recording, workspace, NOW.format(workspace)) == "Fixed /srv/now/work/a.py."
    assert Replay(recording, workspace).recorded == "recorded someone/model, 2026-01-31"


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ("1 failed", "2 failed"),
        (".F", "F."),
        ("tests/test_a.py", "tests/test_b.py"),
        ("wrote", "removed"),
        ("\n====", "\nan extra line\n===="),
    ],
)
def test_a_departure_names_the_step_and_both_lines(recording: Path, then: str, now: str) -> None:
    workspace = Path("/srv/now/work")
    text = NOW.format(workspace)
    assert then in text
    with pytest.raises(RecordingDeparted, match=r"request 2 differs.*recorded .* now "):
        play(recording, workspace, text.replace(then, now, 1))


def test_missing_output_is_a_departure(recording: Path) -> None:
    with pytest.raises(RecordingDeparted, match="nothing more"):
        play(recording, Path("/srv/now"), "\n".join(NOW.format("/srv/now").splitlines()[:3]))


def test_it_fails_loudly_at_its_end(recording: Path) -> None:
    model = Replay(recording, Path("/srv/now"))
    Asked(model)
    with pytest.raises(RecordingDeparted):
        Asked(model)
    with pytest.raises(ScriptExhausted, match="ends after 2"):
        Asked(model)


@pytest.mark.parametrize(
    "text",
    ["", "{}", "not json", '{"recording": 2, "model": "m", "date": "d", "workspace": "w", "title": "t"}'],
)
def test_what_is_no_recording_is_a_configuration_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(text)
    with pytest.raises(ConfigError, match="not a recording"):
        Replay(path, tmp_path)


def test_a_relay_record_becomes_a_small_recording(tmp_path: Path) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "bash", "arguments": '{"command": "ls"}'}}
    start: list[dict[str, Any]] = [{"role": "system", "content": "s" * 9000}, {"role": "user", "content": "task"}]
    reply: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": [call]}
    turn = [*start, reply, {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "a.py"}]}]
    lines = [
        json.dumps({"request": {"messages": start, "tools": [{"x": 1}]}, "reply": reply}),
        json.dumps({"request": {"messages": turn}, "reply": {"role": "assistant", "content": "done"}}),
    ]
    path = tmp_path / "r.jsonl"
    write_recording(path, HEADER, from_relay(lines))
    assert path.stat().st_size < 800
    assert read_recording(path)[1] == [
        Exchange(("task",), "", (Written("c", "bash", '{"command": "ls"}'),)),
        Exchange(("a.py",), "done"),
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("took 0.12s", "took 3.41 seconds"),
        ("Python 3.11.7", "Python 3.12"),
        ("a 3f2a91c b", "a 0011223344556677 b"),
        ("/tmp/a/b.py: x", "/tmp/pytest-of-me/q.py: x"),
        ("on 2026-01-31", "on 2025-12-01"),
        ("trailing   ", "trailing"),
    ],
)
def test_what_may_differ_is_masked(one: str, other: str) -> None:
    assert mask(one, "") == mask(other, "")


@pytest.mark.parametrize(
    ("one", "other"),
    [("3 passed", "4 passed"), ("deadbee", "facaded"), ("line 12", "line 13"), ("x.py", "y.py"), ("12345", "12346")],
)
def test_what_may_not_differ_is_kept(one: str, other: str) -> None:
    assert mask(one, "") != mask(other, "")


def test_a_sibling_of_the_workspace_is_not_the_workspace() -> None:
    assert mask("/w/repo /w/repo/a /w/repo-old", "/w/repo") == "<workspace> <workspace>/a /w/repo-old"
