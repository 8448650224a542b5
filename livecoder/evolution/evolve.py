"""From proposals to generations: judges each one, boots what it would give, commits it with its receipts.

Modes: `off` nothing, `propose` everything waits in the inbox, `auto` what the gate accepts is committed.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from livecoder.config import Evolve
from livecoder.errors import ScaffoldError
from livecoder.events import Event, ProposalRefused, Proposed, ScaffoldCommitted, ToolUsed
from livecoder.evolution import proposals as p
from livecoder.evolution.boot import boots
from livecoder.evolution.gate import Bench, Verdict, judge
from livecoder.evolution.replay import INTERRUPTED, Shelf, replayer
from livecoder.rooms import Rooms, never, runner
from livecoder.scaffold import cases, inbox
from livecoder.scaffold.changes import Conflict, FileChange, check
from livecoder.scaffold.lessons import Lesson, Retire, adding, apply, dump
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.store import Store


@dataclass(frozen=True, slots=True)
class Receipt:
    """What every commit of a session says of where it comes from."""

    task: str
    session: str
    model: str
    cost: str


@dataclass(slots=True)
class Evolution:
    """The scaffold of one project over one session."""

    store: Store
    data: Path
    project: str
    generation: str
    """The generation that the session's checkout is based on."""
    mode: Evolve
    rooms: Rooms
    workspace: Path
    system: Callable[[Path], str]
    """Renders the system prompt of the scaffold in a directory; raises ScaffoldError."""
    outsider_text: str = ""

    def consider(
        self,
        found: Sequence[p.Proposal],
        uses: Sequence[ToolUsed],
        steps: Iterable[int],
        receipt: Receipt,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[Event]:
        """Judge and commit proposals one by one; each is an event, each refusal has its reason.

        Once `cancelled()` is true what runs is killed, and nothing is committed any more.
        """
        known = frozenset(steps)
        for proposal in found:
            yield Proposed(
                proposal.kind, proposal.target, proposal.summary, proposal.evidence, proposal.expects, proposal.origin
            )
            try:
                yield self._consider(proposal, uses, known, receipt, cancelled)
            except Conflict as error:
                yield self._to_inbox(proposal, str(error))
            except ScaffoldError as error:
                yield ProposalRefused(proposal.kind, proposal.target, error.line())

    def _consider(
        self,
        proposal: p.Proposal,
        uses: Sequence[ToolUsed],
        steps: frozenset[int],
        receipt: Receipt,
        cancelled: Callable[[], bool],
    ) -> Event:
        if cancelled():
            return ProposalRefused(proposal.kind, proposal.target, INTERRUPTED)
        if isinstance(proposal, p.KeepTool) and self.rooms.no_copies:
            return ProposalRefused(proposal.kind, proposal.target, self.rooms.no_copies)
        candidate = Path(tempfile.mkdtemp(dir=self._scratch()))
        try:
            self.store.checkout(self.project, candidate)
            head = Scaffold.load(candidate)
            tools = {tool.name: tool.path.read_bytes() for tool in head.tools}
            changes = _changes(proposal, (*head.lessons, *head.tombstones))
            check(changes)  # a name from a model may be a path: nothing is written before it is known to be none
            _apply(changes, candidate)
            verdict = self._judge(proposal, head, tools, candidate, uses, steps, cancelled)
            reason = verdict.reason or boots(candidate, self.rooms, self.system, cancelled)
        finally:
            shutil.rmtree(candidate, ignore_errors=True)
        if reason or cancelled():
            return ProposalRefused(proposal.kind, proposal.target, INTERRUPTED if cancelled() else reason)
        if self.mode == "propose":
            return self._to_inbox(proposal, "the gate accepts it; evolution only proposes here")
        return self._commit(proposal, changes, verdict, receipt)

    def _judge(
        self,
        proposal: p.Proposal,
        head: Scaffold,
        tools: Mapping[str, bytes],
        candidate: Path,
        uses: Sequence[ToolUsed],
        steps: frozenset[int],
        cancelled: Callable[[], bool],
    ) -> Verdict:
        with self.rooms.look_only(candidate) as sandbox, Shelf(self.rooms) as shelf:
            bench = Bench(
                candidate=candidate,
                workspace=self.workspace,
                tools=tools,
                lessons=(*head.lessons, *head.tombstones),
                steps=steps,
                uses=uses,
                cases=lambda name: cases.load(self.data, self.project, name),
                replay=replayer(self.rooms, self.workspace, shelf, cancelled),
                check=runner(sandbox, cancelled),
                outsider_text=self.outsider_text,
            )
            return judge(proposal, bench)

    def _commit(self, proposal: p.Proposal, changes: Sequence[FileChange], verdict: Verdict, receipt: Receipt) -> Event:
        receipts = {
            "Task": receipt.task,
            "Session": receipt.session,
            "Model": receipt.model,
            "Evidence": ", ".join(f"step {step}" for step in proposal.evidence),
            "Expects": proposal.expects,
            "Cost": receipt.cost,
        }
        when = datetime.now(UTC)
        commit = self.store.commit(self.project, self.generation, changes, p.subject(proposal), receipts, when)
        if verdict.cases and isinstance(proposal, p.KeepTool):
            cases.save(self.data, self.project, proposal.name, verdict.cases)
        self.generation = commit.after
        return ScaffoldCommitted(commit.before, commit.after, p.subject(proposal), receipts)

    def _to_inbox(self, proposal: p.Proposal, reason: str) -> ProposalRefused:
        text = _text(proposal)
        summary = {"kind": proposal.kind, "target": proposal.target, "expects": proposal.expects, "text": text}
        inbox.add(self.data, self.project, summary, text, reason, datetime.now(UTC))
        return ProposalRefused(proposal.kind, proposal.target, reason, inbox=True)

    def _scratch(self) -> Path:
        self.rooms.directory.mkdir(parents=True, exist_ok=True)
        return self.rooms.directory


def _changes(proposal: p.Proposal, lessons: Sequence[Lesson]) -> list[FileChange]:
    match proposal:
        case p.KeepTool():
            return [FileChange(proposal.target, proposal.content, True)]
        case p.RetireTool():
            return [FileChange(proposal.target, None)]
        case p.AddLesson():
            return apply(lessons, adding(proposal.lesson, lessons))
        case p.RetireLesson():
            return apply(lessons, Retire(proposal.name, proposal.expects))


def _text(proposal: p.Proposal) -> str:
    """What waits to be read: the new file, or nothing for one that goes."""
    match proposal:
        case p.KeepTool():
            return proposal.content.decode("utf-8", "replace")
        case p.AddLesson():
            return dump(proposal.lesson)
        case p.RetireTool() | p.RetireLesson():
            return ""


def _apply(changes: Sequence[FileChange], root: Path) -> None:
    for change in changes:
        path = root / change.path
        if change.content is None:
            path.unlink(missing_ok=True)
            continue
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(change.content)
        path.chmod(0o755 if change.executable else 0o644)
