"""Every kind of proposal waits as JSON and comes back as it was; its subject is one short line."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from lab import contract

from livecoder.errors import ScaffoldError
from livecoder.evolution import proposals as p
from livecoder.scaffold.changes import allowed
from livecoder.scaffold.lessons import Lesson

LESSON = Lesson("tables", "The parser needs its tables.", "pytest", ("s:1",))
CONTRACT = contract(1, 2)
EVERY: list[p.Proposal] = [
    p.KeepTool("count-lines", "#!/bin/sh\necho é\n".encode(), CONTRACT, "Count.", trial=p.Trial(("a",), "b\n")),
    p.RetireTool("count-lines", CONTRACT),
    p.AddLesson(LESSON, CONTRACT),
    p.ReviseLesson(LESSON, CONTRACT, "edit"),
    p.MergeLessons(("a", "b"), LESSON, CONTRACT),
    p.RetireLesson("tables", CONTRACT),
    p.EditSection("system", "rules", "- Be brief.\n", CONTRACT),
    p.SetKnob("output_chars", 20_000, CONTRACT),
    p.SetKnob("nudges", "never", CONTRACT),
    p.KeepHook("round_start", b"#!/bin/sh\necho '{}'\n", CONTRACT),
    p.RemoveHook("round_start", CONTRACT),
]


def name_of(proposal: p.Proposal) -> str:
    return type(proposal).__name__


def test_every_kind_is_here() -> None:
    assert {type(proposal) for proposal in EVERY} == set(get_args(p.Proposal))
    assert {proposal.kind for proposal in EVERY} == set(p.FEWEST_STEPS)


@pytest.mark.parametrize("proposal", EVERY, ids=name_of)
def test_it_comes_back_as_it_was(proposal: p.Proposal) -> None:
    assert p.load(json.loads(json.dumps(p.dump(proposal)))) == proposal


@pytest.mark.parametrize("proposal", EVERY, ids=name_of)
def test_it_names_a_file_that_a_scaffold_can_hold_and_a_subject(proposal: p.Proposal) -> None:
    assert allowed(proposal.target.partition("#")[0])
    assert p.subject(proposal).startswith(f"{proposal.kind}({proposal.name}): ") and len(p.subject(proposal)) <= 100


@pytest.mark.parametrize(
    "values",
    [{}, {"is": "Proposal"}, {"is": "SetKnob", "name": "x"}, {"is": "KeepTool", "contract": 3}, {"is": ["x"]}],
)
def test_what_was_never_written_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ScaffoldError):
        p.load(values)
