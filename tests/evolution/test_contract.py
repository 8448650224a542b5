"""A change is made under a contract that can turn out wrong; without one it is none."""

from __future__ import annotations

from typing import Any

import pytest
from lab import contract

from livecoder.evolution.contract import MAX_CAUSE, OBSERVABLES, unobservable


def test_a_contract_that_can_be_held_to() -> None:
    assert contract(1).problem(1) == "" and contract(1, 2).problem(2) == ""
    assert contract(3, improves=("tool:count-lines", "lesson:tables"), risks=("turns",)).problem(1) == ""


@pytest.mark.parametrize(
    ("evidence", "changes", "problem"),
    [
        ((), {}, "it cites no step"),
        ((4,), {}, "it cites 1 step, and a change of this kind needs 2"),
        ((4, 4), {}, "it cites 1 step, and a change of this kind needs 2"),
        ((1, 2), {"cause": " "}, "it names no cause"),
        ((1, 2), {"cause": "x" * (MAX_CAUSE + 1)}, "its cause has more than"),
        ((1, 2), {"expects": ""}, "it does not say what it expects"),
        ((1, 2), {"improves": ()}, "it does not say what it improves"),
        ((1, 2), {"risks": ()}, "it does not say what it puts at risk"),
        ((1, 2), {"risks": ("turns",)}, "it both improves and risks turns"),
        ((1, 2), {"improves": ("quality",)}, "nobody can observe 'quality'"),
        ((1, 2), {"risks": ("tool:../x",)}, "nobody can observe 'tool:../x'"),
    ],
)
def test_what_it_lacks(evidence: tuple[int, ...], changes: dict[str, Any], problem: str) -> None:
    assert contract(*evidence, **changes).problem(2).startswith(problem)


def test_every_observable_can_be_observed() -> None:
    assert unobservable(OBSERVABLES) == "" and unobservable([*OBSERVABLES, "mood", "luck"]) == "mood"
