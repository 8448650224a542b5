"""A session in a list: two lines for people, an object for programs; what is not known is not claimed."""

from __future__ import annotations

import dataclasses
import json

from showing import ASKED, CREATED, REPLIED, RESULT, SESSION, STARTED, timed

from livecoder import events as e
from livecoder.view.figures import moment, when
from livecoder.view.listing import KINDS, Listed
from livecoder.view.story import tell


def listed(*events: e.Event) -> Listed:
    return Listed("20260102-030405-678ab", "repo-1234abcd", tell(timed(*(x for x in events if isinstance(x, KINDS)))))


def test_a_session_for_people() -> None:
    (line, style), (task, _) = listed(*SESSION).lines(everywhere=False)
    began = when(1_700_000_000)
    assert line == f"20260102-030405-678ab · {began} · verified · 2 turns · $0.0061 · scripted:x · + count-lines"
    assert (style, task) == ("green", "  Count the lines.")


def test_with_several_projects_each_is_named() -> None:
    assert " · repo-1234abcd · " in listed(*SESSION).lines(everywhere=True)[0][0]


def test_a_session_for_programs() -> None:
    began = moment(1_700_000_000)
    assert began is not None
    assert json.loads(json.dumps(listed(*SESSION).to_json())) == {
        "id": "20260102-030405-678ab",
        "project": "repo-1234abcd",
        "workspace": "/repo",
        "began": began.isoformat(),
        "model": "scripted:x",
        "recorded": False,
        "task": "Count the lines.",
        "rounds": 1,
        "turns": 2,
        "outcome": "verified",
        "subtype": "success",
        "cost_usd": 0.0061,
        "evolve_cost_usd": 0.0,
        "tools_created": ["count-lines"],
    }


def test_a_recorded_session_cost_nobody_anything() -> None:
    recorded = listed(dataclasses.replace(STARTED, recorded=True, model="scripted model"), *SESSION[1:])
    assert (
        "$" not in recorded.lines(everywhere=False)[0][0] and "scripted model" in recorded.lines(everywhere=False)[0][0]
    )
    assert (recorded.to_json()["cost_usd"], recorded.to_json()["recorded"]) == (None, True)


def test_a_price_that_nobody_knows() -> None:
    unknown = listed(STARTED, ASKED, dataclasses.replace(REPLIED, cost_usd=None), RESULT)
    assert " · price unknown · " in unknown.lines(everywhere=False)[0][0]
    assert unknown.to_json()["cost_usd"] is None


def test_how_it_failed_and_that_it_never_ended() -> None:
    failed = dataclasses.replace(RESULT, outcome="failed", subtype="error_max_turns", is_error=True)
    line, style = listed(STARTED, ASKED, REPLIED, failed).lines(everywhere=False)[0]
    assert " · failed (error_max_turns) · " in line and style == "red"
    line, style = listed(STARTED, ASKED, REPLIED, CREATED).lines(everywhere=False)[0]
    assert " · unfinished · 1 turn · " in line and style == "yellow"
    assert listed(STARTED, ASKED).to_json()["outcome"] == "unfinished"


def test_a_session_that_cannot_be_read_is_named_with_the_reason() -> None:
    lost = Listed("20260102-030405-678ab", "repo", None, "entry 3 was changed after it was written")
    assert lost.lines(everywhere=False) == [
        ("20260102-030405-678ab · unreadable", "yellow"),
        ("  entry 3 was changed after it was written", ""),
    ]
    assert lost.to_json()["outcome"] == "unreadable" and "entry 3" in lost.to_json()["problem"]


def test_a_session_in_which_nothing_happened() -> None:
    (line, _), (task, _) = listed().lines(everywhere=False)
    assert "no known time · unfinished" in line and task == "  nothing was asked"
    assert listed().to_json()["began"] is None


def test_a_session_that_looked_back() -> None:
    looked = dataclasses.replace(REPLIED, purpose="reflection", calls=())
    (line, _), (task, _) = listed(looked, e.Reflected("done")).lines(everywhere=False)
    assert " · looked back" in line and "looking back" in task
