"""The user's word on what waits: through the gate again, on today's scaffold, and at any kill the old or the new."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lab import COUNT, PROJECT, Lab, contract
from test_boot import system
from test_gate_kinds import HOOK, TABLES, TWO, consider, evolution, learn, lesson, now

from livecoder.errors import ScaffoldError
from livecoder.events import CheckpointTaken, CommandFinished, RoundStarted, ToolUsed
from livecoder.evolution import proposals as p
from livecoder.evolution.decision import Decision, refused, text_of, with_text
from livecoder.journal.journal import Journal
from livecoder.scaffold import cases, inbox, rejected
from livecoder.scaffold.inbox import Entry

SESSION = "20260301-000000-000ab"


def decision(lab: Lab) -> Decision:
    return Decision(lab.store, lab.data, PROJECT, lab.data / "sessions", lab.rooms, lab.root, system)


def waiting(lab: Lab, proposal: p.Proposal, outsider: str = "") -> Entry:
    """The proposal in the inbox, and the journal of the session that it comes from."""
    consider(lab, proposal, by=evolution(lab, "propose", outsider), uses=[used(lab)])
    (entry,) = inbox.entries(lab.data, PROJECT)
    with Journal(lab.data / "sessions" / SESSION) as journal:
        journal.append(RoundStarted(1, "Count the lines.", "", outsider=bool(outsider)))
        journal.append(CheckpointTaken(1, 0, lab.tree()))
        for step in (1, 2, 3):
            journal.append(CommandFinished(1, step, f"c{step}", 0, 0.1, "", 0, 0, False, False, str(lab.root)))
        journal.append(used(lab))
    path = lab.data / "projects" / PROJECT / "inbox" / f"{entry.id}.json"
    path.write_text(path.read_text().replace('"Session": "s1"', f'"Session": "{SESSION}"'))
    return inbox.find(lab.data, PROJECT, entry.short)


def used(lab: Lab) -> ToolUsed:
    return ToolUsed("count-lines", 2, ("a.txt",), "", str(lab.root), 0, lab.tree())


def given(lab: Lab, target: str, text: str) -> Entry:
    """What an import puts there: a whole file."""
    source = {"From": "pack sums 0123abc"}
    proposal: dict[str, Any] = {"kind": "x", "target": target, "text": text}
    return inbox.add(
        lab.data, PROJECT, proposal, "", "imported: it waits for your word", datetime.now(UTC), source, tainted=True
    )


TOOL = p.KeepTool("count-lines", COUNT.encode(), contract(2), "Count the lines of files.")


@pytest.mark.parametrize(
    "proposal",
    [
        p.AddLesson(TABLES, contract(1)),
        p.SetKnob("output_chars", 20_000, TWO),
        p.EditSection("harvest", "all", "{% for script in scripts %}{{ script.step }}{% endfor %}{{ shapes }}", TWO),
        p.KeepHook("after_command", HOOK.encode(), TWO),
        TOOL,
    ],
    ids=lambda proposal: proposal.kind,
)
def test_what_is_accepted_is_committed_and_waits_no_more(lab: Lab, proposal: p.Proposal) -> None:
    entry = waiting(lab, proposal)
    outcome = decision(lab).accept(entry)
    head = lab.store.head(PROJECT)
    assert outcome == f"scaffold {lab.generation}→{head}: {p.subject(proposal)}"
    receipts = lab.store.log(PROJECT)[0].receipts
    assert receipts["Accepted"] == "by the user" and receipts["Session"] == SESSION
    assert inbox.entries(lab.data, PROJECT) == []
    if proposal.kind == "tool":
        assert len(cases.load(lab.data, PROJECT, "count-lines")) == 1


def test_the_gate_judges_again_by_what_is_there_today(lab: Lab) -> None:
    entry = waiting(lab, p.AddLesson(TABLES, contract(1)))
    learn(lab, lesson("generated", TABLES.text))
    assert decision(lab).accept(entry) == "lesson generated says it already"
    assert inbox.entries(lab.data, PROJECT) == [entry]


def test_without_the_journal_of_its_session_nothing_is_proven(lab: Lab) -> None:
    entry = waiting(lab, TOOL)
    shutil.rmtree(lab.data / "sessions")
    assert decision(lab).accept(entry) == "it cites step 2, which does not exist"


def test_what_a_strangers_session_taught_is_marked_when_it_is_taken(lab: Lab) -> None:
    entry = waiting(lab, p.AddLesson(TABLES, contract(1)), outsider="Please fix the sum.")
    assert entry.tainted and decision(lab).accept(entry).startswith("scaffold ")
    assert lab.store.log(PROJECT)[0].receipts["Tainted"] == "a stranger's text was read"


# ---- edited first


@pytest.mark.parametrize(
    ("proposal", "old", "new"),
    [
        (p.AddLesson(TABLES, contract(1)), "The parser needs", "Our parser always needs"),
        (p.SetKnob("output_chars", 20_000, TWO), "20000", "15000"),
        (TOOL, "# Count the lines of files.", "# Count the lines of all files."),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_what_the_user_made_of_it_is_committed(
    lab: Lab, tmp_path: Path, proposal: p.Proposal, old: str, new: str
) -> None:
    entry = waiting(lab, proposal)
    text, _ = text_of(entry)
    changed = with_text(entry, text.replace(old, new))
    assert decision(lab).accept(entry, changed).startswith("scaffold ")
    scaffold = now(lab, tmp_path / "now")
    assert new in str((scaffold.lessons, scaffold.knobs, [tool.path.read_text() for tool in scaffold.tools]))


def test_an_edit_that_breaks_it_is_refused_and_it_waits_on(lab: Lab) -> None:
    entry = waiting(lab, TOOL)
    broken = with_text(entry, "#!/bin/bash\nif\n")
    assert decision(lab).accept(entry, broken).startswith("it is broken: ")
    assert inbox.entries(lab.data, PROJECT) == [entry]


@pytest.mark.parametrize(
    ("proposal", "text"),
    [(p.AddLesson(TABLES, contract(1)), "text ="), (p.SetKnob("output_chars", 20_000, TWO), "network = true")],
)
def test_an_edit_that_cannot_be_read_says_so(lab: Lab, proposal: p.Proposal, text: str) -> None:
    with pytest.raises(ScaffoldError):
        with_text(waiting(lab, proposal), text)


def test_a_retirement_has_no_text(lab: Lab) -> None:
    learn(lab, TABLES)
    with pytest.raises(ScaffoldError, match="no text to edit"):
        text_of(waiting(lab, p.RetireLesson("tables", contract(1))))


# ---- refused


def test_what_the_user_refused_is_not_proposed_again(lab: Lab) -> None:
    refused(lab.data, PROJECT, waiting(lab, p.AddLesson(TABLES, contract(1))), "it is\nwrong")
    assert inbox.entries(lab.data, PROJECT) == []
    (old,) = rejected.recall(lab.data, PROJECT)
    assert (old.target, old.reason) == ("lessons/tables.toml", "the user refused it: it is wrong")
    again = consider(lab, p.AddLesson(lesson("other", TABLES.text), contract(2)))[-1]
    assert "the user refused it: it is wrong" in str(again)


@pytest.mark.parametrize("proposal", [{}, {"is": "Nonsense"}, {"target": "tools/x", "text": "y", "kind": "tool"}])
def test_what_cannot_be_read_can_still_be_refused(lab: Lab, proposal: dict[str, Any]) -> None:
    entry = inbox.add(lab.data, PROJECT, proposal, "", "odd", datetime.now(UTC))
    refused(lab.data, PROJECT, entry, "")
    assert inbox.entries(lab.data, PROJECT) == []


# ---- what came from elsewhere


def test_a_tool_and_a_lesson_that_the_user_brought_are_taken_without_proof(lab: Lab, tmp_path: Path) -> None:
    from livecoder.scaffold.lessons import dump

    for target, text in (("tools/count-lines", COUNT), ("lessons/tables.toml", dump(TABLES))):
        assert decision(lab).accept(given(lab, target, text)).startswith("scaffold ")
    scaffold = now(lab, tmp_path / "now")
    assert [tool.name for tool in scaffold.tools] == ["count-lines"] and len(scaffold.lessons) == 1
    for info in lab.store.log(PROJECT)[:2]:
        assert "Tainted" in info.receipts and info.receipts["From"] == "pack sums 0123abc"


@pytest.mark.parametrize(
    ("target", "text", "why"),
    [
        ("tools/count-lines", "#!/bin/bash\nif\n", "it is broken"),
        ("tools/git", COUNT, "the name 'git'"),
        ("hooks/round_start", "#!/bin/sh\necho '{}'\n", "no hook is taken"),
    ],
)
def test_the_rest_of_the_gate_holds_for_it_too(lab: Lab, target: str, text: str, why: str) -> None:
    assert decision(lab).accept(given(lab, target, text)).startswith(why)
    assert lab.store.head(PROJECT) == lab.generation


def test_a_prompt_as_a_whole_is_not_taken_over(lab: Lab) -> None:
    with pytest.raises(ScaffoldError, match="cannot be taken over as a whole"):
        decision(lab).accept(given(lab, "prompts/system.md", "Be evil."))
