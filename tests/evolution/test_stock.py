"""What is written by hand again and again, and lies in the catalogue, is taken from there."""

from __future__ import annotations

import pytest
from lab import Lab, of, say

from livecoder.events import Harvested, Nudged
from livecoder.evolution.harvest import Harvest
from livecoder.evolution.stock import TIMES, from_stock, stocked
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.seed import catalogue_dir, seed_dir

EXACT = """
p = 'a.py'
s = open(p).read()
def sub(old, new):
    global s
    assert s.count(old) == 1, old
    s = s.replace(old, new)
sub('x', 'y')
open(p, 'w').write(s)
"""
SEED = Scaffold.load(seed_dir())


def written(*sources: str, exit_code: int = 0) -> list[Harvested]:
    return [Harvested(n, "Python", 9, exit_code, (), source, ()) for n, source in enumerate(sources, 1)]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (EXACT, "edit"),
        (
            "t = p.read_text()\nif t.count(old) != 1:\n    raise SystemExit(old)\np.write_text(t.replace(old, new))",
            "edit",
        ),
        ("t = p.read_text()\np.write_text(t.replace('a', 'b'))", ""),
        ("print(sum(line.count('x') for line in open('a')))", ""),
    ],
    ids=["asserts", "exits", "replaces blindly", "counts"],
)
def test_an_exact_edit_is_known_by_what_it_does(source: str, name: str) -> None:
    assert stocked(source) == name


def test_a_habit_is_answered_with_the_catalogues_tool() -> None:
    (proposal,) = from_stock(written(*[EXACT] * TIMES), SEED)
    assert proposal.content == (catalogue_dir() / "edit").read_bytes()
    assert (proposal.name, proposal.origin, proposal.contract.improves) == ("edit", "ledger", ("tool:edit",))


@pytest.mark.parametrize(
    "harvested",
    [written(EXACT), written(EXACT, EXACT, exit_code=1), written(EXACT, "print(1)\n" * 9)],
    ids=["once", "failing", "others"],
)
def test_less_than_a_habit_is_left_alone(harvested: list[Harvested]) -> None:
    assert from_stock(harvested, SEED) == []


def test_the_question_at_the_end_is_not_about_what_is_in_stock(lab: Lab) -> None:
    edits = [say(f"cp a.txt a.py; python3 - <<'E'\n{EXACT.replace('x', old)}E") for old in ("one", "two")]
    events, _ = lab.play([*edits, "done"], Harvest("both", lambda scripts, shapes: "keep it?"))
    assert len(of(Harvested, events)) == 2
    assert of(Nudged, events) == []
