"""stream-json: the envelope that existing parsers read, line by line, as CONVENTIONS has it."""

from __future__ import annotations

import dataclasses
import io
import json
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from showing import (
    CHANGED,
    COMMITTED,
    DENIED,
    FINISHED,
    OBSERVED,
    RAN,
    RAN_TESTS,
    REPLIED,
    RESULT,
    STARTED,
    VERIFIED,
    WAITING,
)

from livecoder import events as e
from livecoder.view.envelope import StreamJson, result

CLASSES: tuple[type[e.Event], ...] = get_args(e.Event)


def lines(*events: e.Event) -> list[dict[str, Any]]:
    out = io.StringIO()
    view = StreamJson(out)
    for event in events:
        view.show(event)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_the_first_line_is_init() -> None:
    assert lines(STARTED) == [
        {
            "type": "system",
            "subtype": "init",
            "schema": e.SCHEMA,
            "session_id": "s1",
            "cwd": "/repo",
            "model": "scripted:x",
            "permission_mode": "auto",
            "sandbox": "bubblewrap",
            "protections": ["no network"],
            "network": [],
            "setup": "",
            "tools": ["bash"],
            "context_tokens": 1234,
            "loaded": ["AGENTS.md (12 tokens)"],
            "scaffold": {"generation": "9f3c1a2", "tools": 1},
        }
    ]


def test_a_reply_is_an_assistant_message_with_its_calls() -> None:
    (_, line) = lines(STARTED, REPLIED)
    assert line == {
        "type": "assistant",
        "session_id": "s1",
        "message": {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "I look first."},
                {"type": "tool_use", "id": "t1", "name": "bash", "input": {"command": "ls", "timeout": 5.0}},
                {"type": "tool_use", "id": "t2", "name": "bash", "input": {"command": "pwd"}},
            ],
            "usage": {"input_tokens": 100, "cache_read_input_tokens": 40, "output_tokens": 10},
        },
        "cost_usd": 0.0041,
    }


def test_an_observation_is_a_tool_result_with_how_the_command_ended() -> None:
    (line,) = lines(RAN, FINISHED, OBSERVED)
    assert line == {
        "type": "user",
        "session_id": "",
        "message": {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "a.txt\n[exit 2]", "is_error": True}],
        },
        "tool_use_result": {"exit_code": 2, "duration_ms": 812, "truncated": False, "timed_out": False},
    }


def test_a_call_that_was_not_run_has_no_result_but_an_error() -> None:
    _, line = lines(FINISHED, OBSERVED, e.Observed(1, "t2", "not run: the round was interrupted"))[:2]
    assert "tool_use_result" not in line
    assert line["message"]["content"][0]["is_error"] is True


def test_a_look_back_is_no_assistant_message() -> None:
    assert lines(dataclasses.replace(REPLIED, purpose="reflection", calls=())) == []


@pytest.mark.parametrize(
    ("event", "subtype"),
    [
        (e.ToolCreated("a", "b", 1, 1), "tool_created"),
        (e.ToolRevised("a", "b", 1, 1), "tool_revised"),
        (e.ToolBroken("a", "b", 1), "tool_broken"),
        (e.Nudged("a", (1,), "b"), "nudge"),
        (e.Harvested(1, "Python", 5, 0, (1, 2), "source"), "harvest"),
        (e.Reflected("done"), "reflection"),
        (e.Proposed("tool", "a", "b", (1,), "c", "use"), "proposal"),
        (COMMITTED, "scaffold_commit"),
        (e.CheckpointTaken(1, 0, "t"), "checkpoint"),
        (DENIED, "permission_denied"),
        (e.PermissionGranted(1, "git push", "once"), "permission_granted"),
        (e.Retried(1, "busy", 1.0, 1), "retry"),
        (WAITING, "proposal_refused"),
    ],
)
def test_evolution_rides_on_system_lines(event: e.Event, subtype: str) -> None:
    _, line = lines(STARTED, event)
    assert (line["type"], line["subtype"], line["session_id"]) == ("system", subtype, "s1")
    assert "source" not in line and "shingles" not in line and "event" not in line


def test_the_result_line() -> None:
    assert lines(RESULT) == [json.loads(json.dumps(result(RESULT)))]
    assert result(RESULT) == {
        "type": "result",
        "subtype": "success",
        "session_id": "s1",
        "is_error": False,
        "exit_code": 0,
        "result": "Done.",
        "reason": "verify passes: pytest -q",
        "num_turns": 12,
        "duration_ms": 61_000,
        "duration_api_ms": 40_000,
        "total_cost_usd": 0.31,
        "cost_known": True,
        "usage": {"input_tokens": 1000, "cache_read_input_tokens": 400, "output_tokens": 100},
        "prompt_bytes": 5000,
        "permission_denials": [{"step": 1, "what": "network", "reason": "no network here"}],
        "patch": {"files": 2, "added": 31, "removed": 4},
        "outcome": "verified",
        "branch": None,
        "verify": {
            "command": "pytest -q",
            "exit_code": 0,
            "base_exit_code": 1,
            "where": "copy",
            "weakened": ("tests/a.py: 1 test fewer",),
            "tests": None,
            "changed": None,
            "base_tests": None,
        },
        "scaffold": {
            "before": "9f3c1a2",
            "after": "b71d0e4",
            "created": ("count-lines",),
            "used": ("edit",),
            "reflection": "pending",
            "evolve_cost_usd": 0.01,
        },
    }


def test_the_result_names_the_branch_that_was_made() -> None:
    made = e.BranchMade("fix", "a" * 40, "b" * 40, ())
    assert result(dataclasses.replace(RESULT, branch=made))["branch"] == {"name": "fix", "commit": "a" * 40}


def test_the_result_names_the_tests_that_changed() -> None:
    told = dataclasses.replace(VERIFIED, tests=RAN_TESTS, changed=CHANGED)
    verify = result(dataclasses.replace(RESULT, verify=told))["verify"]
    assert verify["tests"] == {
        "runner": "pytest",
        "passed": 12,
        "failed": 2,
        "errors": 1,
        "skipped": 0,
        "failing": ("t.py::b", "t.py::c", "t.py::d"),
    }
    assert verify["changed"] == {
        "fixed": ("t.py::a", "t.py::aa"),
        "broken": ("t.py::b",),
        "new_failing": (),
        "still_failing": ("t.py::c",),
        "unclear": (),
        "gone": (),
        "counts": {"fixed": 2, "broken": 1, "new_failing": 0, "still_failing": 60, "unclear": 0, "gone": 0},
    }


def test_without_verify_the_result_says_null() -> None:
    assert lines(dataclasses.replace(RESULT, verify=None))[0]["verify"] is None
    assert lines(VERIFIED)[0]["weakened"] == ["tests/a.py: 1 test fewer"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of([st.from_type(cls) for cls in CLASSES]), max_size=4))
def test_every_event_is_at_most_one_flushed_line_of_json(events: list[e.Event]) -> None:
    found = lines(*events)
    assert len(found) <= len(events)
    assert {line["type"] for line in found} <= {"system", "assistant", "user", "result"}
    assert sum(line["type"] == "result" for line in found) == sum(isinstance(x, e.Result) for x in events)
