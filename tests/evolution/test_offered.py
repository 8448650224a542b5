"""A repository's scaffold that was taken: what it may say of itself, what is made from it, and what takes it away."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lab import COUNT, PROJECT, Lab, contract, of
from test_boot import system

from livecoder.events import ProposalRefused, ScaffoldCommitted
from livecoder.evolution.evolve import LENT, Evolution, Grounds
from livecoder.evolution.offered import At, in_force, offered
from livecoder.evolution.proposals import EditSection, KeepTool, Proposal, RetireTool, ReviseLesson
from livecoder.evolution.receipts import Receipt
from livecoder.evolution.standing import standing
from livecoder.journal.ledger import Ledger
from livecoder.scaffold.layer import read_layer, take
from livecoder.scaffold.lessons import parse
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.sections import sections
from livecoder.scaffold.seed import seed_dir

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BOAST = 'text = "Tidy up before you go."\norigin = "user"\nscope = "global"\nhelpful = 900\ncreated = "2001-01-01"\n'


@pytest.fixture
def at(lab: Lab) -> At:
    """A repository whose scaffold was taken: a tool, a general lesson, a prompt."""
    place = lab.root / ".livecoder/scaffold"
    for folder in ("tools", "lessons", "prompts"):
        (place / folder).mkdir(parents=True)
    (place / "tools/count-lines").write_text(COUNT)
    (place / "tools/count-lines").chmod(0o755)
    (place / "lessons/tidy.toml").write_text(BOAST)
    (place / "prompts/system.md").write_text((seed_dir() / "prompts/system.md").read_text() + "Be brief.\n")
    made = At(lab.data, PROJECT, lab.root)
    take(lab.data, PROJECT, read_layer(lab.root), NOW)
    lab.store.layer = in_force(made)
    return made


def current(lab: Lab, tmp_path: Path) -> Scaffold:
    lab.store.checkout(PROJECT, tmp_path / "now")
    return Scaffold.load(tmp_path / "now")


def considered(lab: Lab, receipt: Receipt, *proposals: Proposal) -> list[ProposalRefused | ScaffoldCommitted]:
    evolution = Evolution(lab.store, lab.data, PROJECT, lab.generation, "auto", lab.rooms, lab.root, system)
    events = list(evolution.consider(proposals, Grounds(frozenset({1, 2, 3})), receipt))
    return [*of(ProposalRefused, events), *of(ScaffoldCommitted, events)]


def test_a_lesson_of_it_is_shown_and_boasts_of_nothing(lab: Lab, at: At, tmp_path: Path) -> None:
    scaffold = current(lab, tmp_path)
    (lesson,) = scaffold.lessons
    assert (lesson.text, lesson.scope, lesson.origin) == ("Tidy up before you go.", "repo", "reflection")
    assert (lesson.helpful, lesson.tainted, lesson.created) == (0, True, NOW.isoformat())
    assert standing(scaffold, Ledger(())).general == (lesson,)


def test_its_prompt_stands_where_the_project_has_none_of_its_own(lab: Lab, at: At, tmp_path: Path) -> None:
    scaffold = current(lab, tmp_path)
    assert scaffold.prompts["system"].endswith("Be brief.\n") and "system" not in scaffold.seeded


def test_nothing_of_the_project_takes_it_away(lab: Lab, at: At, receipt: Receipt, tmp_path: Path) -> None:
    (refused,) = considered(lab, receipt, RetireTool("count-lines", contract(1, 2)))
    assert isinstance(refused, ProposalRefused) and refused.reason == LENT
    assert [tool.name for tool in current(lab, tmp_path).tools] == ["count-lines"]


def test_what_is_made_from_it_is_the_projects_own_and_remembers_the_stranger(
    lab: Lab, at: At, receipt: Receipt, tmp_path: Path
) -> None:
    given = current(lab, tmp_path)
    name, text = list(sections(given.prompts["system"]).items())[-1]
    section = EditSection("system", name, text + "Be kind.\n", contract(1, 2))
    better = replace(given.lessons[0], text="Tidy up, also in the cellar.", evidence=("s:1",))
    for proposal in (section, ReviseLesson(better, contract(1))):
        (commit,) = considered(lab, receipt, proposal)
        assert isinstance(commit, ScaffoldCommitted) and commit.receipts["Tainted"]
        lab.generation = commit.after
    assert lab.store.lent(PROJECT).keys() == {"tools/count-lines"}
    own = {file.path: file.data.decode() for file in lab.store.history(PROJECT).files()}
    assert own["prompts/system.md"].endswith("Be brief.\nBe kind.\n")
    assert parse("tidy", own["lessons/tidy.toml"]).text == "Tidy up, also in the cellar."


def test_a_new_tool_that_says_the_same_is_refused(lab: Lab, at: At, receipt: Receipt) -> None:
    (refused,) = considered(lab, receipt, KeepTool("lines-of", COUNT.encode(), contract(2), ""))
    assert isinstance(refused, ProposalRefused) and refused.reason == "it is the same as count-lines"


def test_what_was_taken_in_one_repository_is_a_strangers_in_another(lab: Lab, at: At, tmp_path: Path) -> None:
    elsewhere = replace(at, project="other-00000000")
    assert in_force(elsewhere).files == ()
    assert offered(elsewhere, lab.store, NOW).files == ()


def test_what_cannot_be_asked_about_is_told_and_not_used(lab: Lab, at: At) -> None:
    (lab.data / "projects/other-00000000/rejected.jsonl").mkdir(parents=True)
    found = offered(replace(at, project="other-00000000"), lab.store, NOW)
    assert found.files == () and "cannot be asked about" in found.notices[0]


def test_a_list_of_what_was_taken_that_cannot_be_read_takes_nothing(lab: Lab, at: At) -> None:
    (listed,) = lab.data.glob("projects/*/repository.taken")
    listed.write_bytes(b"\xff\xfe\n")
    assert in_force(at).files == ()
