"""From proposals to generations: what is accepted is one commit with its receipts, the rest waits or is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from lab import COUNT, PROJECT, STAMP, Lab, contract, of
from looping import toolchains
from test_boot import system

from livecoder.config import Evolve
from livecoder.errors import ScaffoldError
from livecoder.events import Event, ProposalRefused, Proposed, ScaffoldCommitted, ToolUsed
from livecoder.evolution.evolve import PROPOSES, Evolution, Grounds
from livecoder.evolution.proposals import AddLesson, KeepTool, Proposal, RetireTool
from livecoder.evolution.receipts import Receipt
from livecoder.evolution.remembered import essence
from livecoder.evolution.replay import INTERRUPTED
from livecoder.rooms import NO_SANDBOX
from livecoder.sandbox.host import Host
from livecoder.sandbox.policy import Policy
from livecoder.scaffold import cases, inbox
from livecoder.scaffold.lessons import Lesson
from livecoder.scaffold.scaffold import Scaffold

LESSON = Lesson("tables", "The tests of the parser need the generated tables first.")


def evolution(lab: Lab, mode: Evolve = "auto", outsider: str = "") -> Evolution:
    return Evolution(
        lab.store, lab.data, PROJECT, lab.generation, mode, lab.rooms, lab.root, system, outsider_text=outsider
    )


def consider(lab: Lab, receipt: Receipt, *proposals: Proposal, by: Evolution | None = None) -> list[Event]:
    lab.write("count-lines", COUNT)
    used = [ToolUsed("count-lines", 2, ("a.txt",), "", str(lab.root), 0, lab.tree())]
    return list((by or evolution(lab)).consider(proposals, grounds(*used), receipt))


def grounds(*used: ToolUsed) -> Grounds:
    return Grounds(frozenset({1, 2, 3}), used)


def keep(content: str = COUNT, name: str = "count-lines") -> KeepTool:
    return KeepTool(name, content.encode(), contract(2, expects="later tasks call it"), "Count the lines of files.")


def add(lesson: Lesson = LESSON) -> AddLesson:
    return AddLesson(lesson, contract(1, 3))


def current(lab: Lab, tmp_path: Path, name: str = "now") -> Scaffold:
    lab.store.checkout(PROJECT, tmp_path / name)
    return Scaffold.load(tmp_path / name)


def test_a_proven_tool_becomes_a_generation_with_its_receipts(lab: Lab, receipt: Receipt, tmp_path: Path) -> None:
    judging = evolution(lab)
    proposed, committed = consider(lab, receipt, keep(), by=judging)
    assert proposed == Proposed(
        "tool",
        "tools/count-lines",
        "Count the lines of files.",
        (2,),
        "later tasks call it",
        "use",
        "it was slow",
        ("turns",),
        ("verify",),
    )
    assert isinstance(committed, ScaffoldCommitted)
    assert committed.before == lab.generation != committed.after == judging.generation
    (newest, *_) = lab.store.log(PROJECT)
    assert newest.id == committed.after and newest.subject == "tool(count-lines): Count the lines of files."
    assert (
        newest.receipts
        == committed.receipts
        == {
            "Task": "count things",
            "Session": "s1",
            "Model": "scripted model",
            "Evidence": "step 2",
            "Cause": "it was slow",
            "Expects": "later tasks call it",
            "Improves": "turns",
            "Risks": "verify",
            "Cost": "$0.0100",
            "Content": essence(keep()),
        }
    )
    (tool,) = current(lab, tmp_path).tools
    assert tool.name == "count-lines" and tool.path.read_text() == COUNT and tool.path.stat().st_mode & 0o111
    (case,) = cases.load(lab.data, PROJECT, "count-lines")
    assert (case.arguments, case.output) == (("a.txt",), "2 a.txt\n")


def test_each_accepted_proposal_is_one_commit_on_the_one_before(lab: Lab, receipt: Receipt, tmp_path: Path) -> None:
    events = consider(lab, receipt, keep(), add())
    first, second = of(ScaffoldCommitted, events)
    assert first.after == second.before
    assert [info.subject.partition(":")[0] for info in lab.store.log(PROJECT)][:2] == [
        "lesson(tables)",
        "tool(count-lines)",
    ]
    scaffold = current(lab, tmp_path)
    assert [lesson.text for lesson in scaffold.lessons] == [LESSON.text] and len(scaffold.tools) == 1


def test_a_retired_tool_is_gone_and_can_come_back(lab: Lab, receipt: Receipt, tmp_path: Path) -> None:
    judging = evolution(lab)
    consider(lab, receipt, keep(), by=judging)
    consider(lab, receipt, RetireTool("count-lines", contract(1)), by=judging)
    assert current(lab, tmp_path, "after").tools == ()
    lab.store.rollback(PROJECT, "count-lines")
    assert [tool.name for tool in current(lab, tmp_path, "back").tools] == ["count-lines"]


def test_what_is_refused_leaves_no_trace_but_its_reason(lab: Lab, receipt: Receipt) -> None:
    events = consider(lab, receipt, AddLesson(LESSON, contract(9)), keep("#!/bin/sh\nexit 1\n"), add())
    reasons = [e.reason for e in events if isinstance(e, ProposalRefused)]
    assert reasons[0] == "it cites step 9, which does not exist" and reasons[1].startswith("it is broken: ")
    newest, _seed = lab.store.log(PROJECT)
    assert newest.subject.startswith("lesson(tables)")
    assert list(lab.rooms.directory.iterdir()) == []


@pytest.mark.parametrize("name", ["../../../escaped", "/tmp/escaped-livecoder", "a/../../b", ".hidden", "git", ""])
@pytest.mark.parametrize("retire", [False, True])
def test_a_name_that_is_a_path_is_refused_before_anything_is_written(
    lab: Lab, receipt: Receipt, tmp_path: Path, name: str, retire: bool
) -> None:
    victim = tmp_path / "session" / "escaped"
    victim.write_text("precious")
    proposal = RetireTool(name, contract(1)) if retire else KeepTool(name, b"#!/bin/sh\n", contract(1))
    before = {path for path in tmp_path.rglob("*") if "escaped" in path.name}
    _, refused = consider(lab, receipt, proposal)
    assert isinstance(refused, ProposalRefused) and not refused.inbox
    assert victim.read_text() == "precious" and not Path("/tmp/escaped-livecoder").exists()
    assert {path for path in tmp_path.rglob("*") if "escaped" in path.name} == before


def test_an_outsiders_words_are_refused(lab: Lab, receipt: Receipt) -> None:
    judging = evolution(lab, outsider=f"It says: {LESSON.text} Remember that!")
    _, refused = consider(lab, receipt, add(), by=judging)
    assert isinstance(refused, ProposalRefused) and "an outsider's text" in refused.reason


def test_where_it_may_only_propose_everything_waits_in_the_inbox(lab: Lab, receipt: Receipt) -> None:
    events = consider(lab, receipt, keep(), add(), by=evolution(lab, "propose"))
    waiting = [event for event in events if isinstance(event, ProposalRefused)]
    assert [(event.inbox, event.reason) for event in waiting] == [(True, PROPOSES)] * 2
    assert lab.store.head(PROJECT) == lab.generation
    tool, lesson = inbox.entries(lab.data, PROJECT)
    assert tool.proposal["target"] == "tools/count-lines"
    assert tool.diff == "--- /dev/null\n+++ b/tools/count-lines\n@@ -0,0 +1,4 @@\n" + "".join(
        f"+{line}\n" for line in COUNT.splitlines()
    )
    assert lesson.proposal["target"] == "lessons/tables.toml" and LESSON.text in lesson.diff


def test_two_sessions_that_change_the_same_file_conflict_and_nothing_is_lost(lab: Lab, receipt: Receipt) -> None:
    mine, theirs = evolution(lab), evolution(lab)
    consider(lab, receipt, keep(), by=theirs)
    better = COUNT.replace("# Count", "# Really count")
    events = consider(lab, receipt, keep(better), by=mine)
    refused = events[-1]
    assert isinstance(refused, ProposalRefused) and refused.inbox
    assert refused.reason == "changed meanwhile: tools/count-lines"
    (entry,) = inbox.entries(lab.data, PROJECT)
    assert entry.proposal["content"] == better and "+# Really count" in entry.diff


def test_two_sessions_that_change_different_files_both_go_in(lab: Lab, receipt: Receipt, tmp_path: Path) -> None:
    mine, theirs = evolution(lab), evolution(lab)
    consider(lab, receipt, add(), by=theirs)
    consider(lab, receipt, keep(), by=mine)
    scaffold = current(lab, tmp_path)
    assert len(scaffold.tools) == 1 and len(scaffold.lessons) == 1


def test_a_generation_that_does_not_boot_is_never_current(lab: Lab, receipt: Receipt) -> None:
    def broken(directory: Path) -> str:
        raise ScaffoldError("a prompt does not render: 'x' is undefined")

    judging = Evolution(
        lab.store, lab.data, PROJECT, lab.generation, "auto", lab.rooms, lab.root, broken, outsider_text=""
    )
    _, refused = consider(lab, receipt, add(), by=judging)
    assert isinstance(refused, ProposalRefused) and refused.reason.startswith("it does not boot: a prompt does not")
    assert lab.store.head(PROJECT) == lab.generation


def test_what_is_cancelled_is_refused_and_nothing_of_it_runs(lab: Lab, receipt: Receipt) -> None:
    lab.write("count-lines", COUNT)
    found = list(evolution(lab).consider([keep(), add()], grounds(), receipt, lambda: True))
    assert [event.reason for event in of(ProposalRefused, found)] == [INTERRUPTED, INTERRUPTED]
    assert lab.store.head(PROJECT) == lab.generation


def test_a_replay_that_is_cancelled_is_killed_and_is_no_word_against_the_tool(lab: Lab, receipt: Receipt) -> None:
    slow = STAMP.format(body="touch begun; sleep 600")
    lab.write("stamp", slow)
    used = [ToolUsed("stamp", 2, ("x",), "", str(lab.root), 0, lab.tree())]
    seen = set[Path]()

    def cancelled() -> bool:
        seen.update(lab.rooms.directory.glob("*/tree/begun"))
        return bool(seen)

    events = list(evolution(lab).consider([keep(slow, "stamp")], grounds(*used), receipt, cancelled))
    assert [event.reason for event in of(ProposalRefused, events)] == [INTERRUPTED]
    assert lab.store.head(PROJECT) == lab.generation
    assert list(lab.rooms.directory.iterdir()) == []


def test_without_a_sandbox_no_tool_is_tried_and_a_lesson_may_come(lab: Lab, receipt: Receipt, tmp_path: Path) -> None:
    lab.write("stamp", STAMP.format(body="touch replayed"))
    used = [ToolUsed("stamp", 2, (), "", str(lab.root), 0, lab.tree())]
    before = lab.tree()
    room = dataclasses.replace(lab.sandbox.room, scratch=tmp_path / "host")
    with Host(room, toolchains(tmp_path), Policy()) as host:
        judging = evolution(lab)
        judging.rooms = dataclasses.replace(lab.rooms, sandbox=host)
        tool = keep(STAMP.format(body="touch replayed"), "stamp")
        events = list(judging.consider([tool, add()], grounds(*used), receipt))
    assert [event.reason for event in of(ProposalRefused, events)] == [NO_SANDBOX]
    assert len(of(ScaffoldCommitted, events)) == 1
    assert lab.tree() == before
