"""From proposals to generations: judges each one, boots what it would give, commits it with its receipts.

Modes: `off` nothing, `propose` everything waits in the inbox, `auto` what the gate accepts is committed, but for hooks.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from livecoder.config import Evolve
from livecoder.errors import ScaffoldError
from livecoder.events import Event, ProposalRefused, Proposed, ScaffoldCommitted, ToolUsed
from livecoder.evolution import candidate as made_of
from livecoder.evolution import proposals as p
from livecoder.evolution import verdicts
from livecoder.evolution.boot import boots
from livecoder.evolution.gate import Bench, Verdict, judge_words
from livecoder.evolution.receipts import Receipt, receipts_of
from livecoder.evolution.remembered import CONTENT, essence, why_not_again
from livecoder.evolution.replay import INTERRUPTED, Shelf, replayer
from livecoder.evolution.trials import judge_deeds
from livecoder.rooms import Rooms, never, runner
from livecoder.sandbox import Sandbox
from livecoder.scaffold import cases, inbox, rejected
from livecoder.scaffold.changes import SETTINGS, Conflict, FileChange, check
from livecoder.scaffold.files import read_file
from livecoder.scaffold.hooks import accept, read_hooks
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.sections import sections
from livecoder.scaffold.store import Store

HISTORY = 200
"""Generations that are looked through for what was taken back."""
PROPOSES = "the gate accepts it; evolution only proposes here"
LENT = "it is the repository's own (.livecoder/scaffold): whoever works on the repository removes it there"
HOOKS_WAIT = "the gate accepts it; hooks wait for your word"


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a session's journal has to say for its proposals."""

    steps: frozenset[int]
    uses: Sequence[ToolUsed] = ()
    tree: str = ""
    """The checkpoint that it left."""


@dataclass(slots=True)
class _Batch:
    """What is judged at once: the proposals of one round, or of one look back."""

    grounds: Grounds
    receipt: Receipt
    cancelled: Callable[[], bool]
    shelf: Shelf
    lesson_chars: int = 0


@dataclass(slots=True)
class _Made:
    """What came of one proposal on a candidate."""

    verdict: Verdict
    changes: Sequence[FileChange] = ()
    diff: str = ""


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
    by_user: bool = False
    """The user's own decision: what the gate accepts is committed, hooks too."""
    why_propose: str = PROPOSES
    accepted: list[FileChange] = field(default_factory=list[FileChange])
    """What was committed so far."""

    def consider(
        self,
        found: Sequence[p.Proposal],
        grounds: Grounds,
        receipt: Receipt,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[Event]:
        """Judge and commit proposals one by one; each is an event, each refusal has its reason.

        Once `cancelled()` is true what runs is killed, and nothing is committed any more.
        """
        with Shelf(self.rooms, cancelled) as shelf:
            yield from self._considered(found, _Batch(grounds, receipt, cancelled, shelf))

    def _considered(self, found: Sequence[p.Proposal], batch: _Batch) -> Iterator[Event]:
        for proposal in found:
            contract = proposal.contract
            yield Proposed(
                proposal.kind,
                proposal.target,
                proposal.summary,
                contract.evidence,
                contract.expects,
                proposal.origin,
                contract.cause,
                contract.improves,
                contract.risks,
            )
            try:
                yield self._consider(proposal, batch)
            except ScaffoldError as error:
                yield ProposalRefused(proposal.kind, proposal.target, error.line())

    def _consider(self, proposal: p.Proposal, batch: _Batch) -> Event:
        if batch.cancelled():
            return ProposalRefused(proposal.kind, proposal.target, INTERRUPTED)
        if isinstance(proposal, p.KeepTool | p.KeepHook) and self.rooms.no_copies:
            return ProposalRefused(proposal.kind, proposal.target, self.rooms.no_copies)
        if isinstance(proposal, p.RetireTool) and proposal.target in self.store.lent(self.project):
            return ProposalRefused(proposal.kind, proposal.target, LENT)
        made = self._made(proposal, batch)
        reason = made.verdict.reason
        if batch.cancelled():
            return ProposalRefused(proposal.kind, proposal.target, INTERRUPTED)
        if reason:
            if made.verdict.lasting:
                self.remember(proposal, reason)
            if made.verdict.waits:
                return self._to_inbox(proposal, made, batch, reason)
            return ProposalRefused(proposal.kind, proposal.target, reason)
        if self.mode == "propose" and not self.by_user:
            return self._to_inbox(proposal, made, batch, self.why_propose)
        if proposal.kind == "hook" and not self.by_user:
            return self._to_inbox(proposal, made, batch, HOOKS_WAIT)
        try:
            return self._commit(proposal, made, batch)
        except Conflict as error:
            return self._to_inbox(proposal, made, batch, str(error))

    def rate(self, model: str) -> verdicts.Rate:
        """How often this model's predictions came true here."""
        return verdicts.rate_of(self.data, self.project, model)

    def remember(self, proposal: p.Proposal, reason: str) -> None:
        """Not to be tried again."""
        when = datetime.now(UTC)
        rejected.remember(self.data, self.project, essence(proposal), proposal.target, reason, when)

    def _made(self, proposal: p.Proposal, batch: _Batch) -> _Made:
        candidate = Path(tempfile.mkdtemp(dir=self._scratch()))
        try:
            self.store.checkout(self.project, candidate)
            head = Scaffold.load(candidate)
            batch.lesson_chars = batch.lesson_chars or sum(len(lesson.text) for lesson in head.lessons)
            with ExitStack() as rooms:
                made = _tried(proposal, self._bench(batch, candidate, head, rooms), head)
            if not made.verdict.reason:
                reason = boots(candidate, self.rooms, self.system, batch.cancelled)
                made.verdict = Verdict(reason, made.verdict.cases, proposal.kind in ("prompt", "knob"))
            return made
        finally:
            shutil.rmtree(candidate, ignore_errors=True)

    def _bench(self, batch: _Batch, candidate: Path, head: Scaffold, rooms: ExitStack) -> Bench:
        refused, history = rejected.recall(self.data, self.project), self.store.log(self.project, HISTORY)
        hooks, _ = read_hooks(candidate)

        @cache
        def room() -> Sandbox:
            return rooms.enter_context(self.rooms.look_only(candidate))

        def look(command: str, seconds: float) -> tuple[int, str]:
            return runner(room(), batch.cancelled)(command, seconds)

        tools = {tool.name: tool.path.read_bytes() for tool in head.tools}
        return Bench(
            candidate=candidate,
            workspace=self.workspace,
            tools=tools,
            lessons=(*head.lessons, *head.tombstones),
            prompts=head.prompts,
            hooks={hook.event: read_file(candidate, hook.path).data for hook in hooks},
            settings=_settings(candidate),
            steps=batch.grounds.steps,
            uses=batch.grounds.uses,
            # A tool that was retired or rolled back has none: a new one of its name is not held to them.
            cases=lambda name: cases.load(self.data, self.project, name) if name in tools else (),
            replay=replayer(self.rooms, self.workspace, batch.shelf, batch.cancelled),
            check=look,
            tree=batch.grounds.tree,
            outsider_text=self.outsider_text,
            lesson_chars=batch.lesson_chars,
            by_user=self.by_user,
            not_again=lambda proposal: "" if self.by_user else why_not_again(essence(proposal), refused, history),
        )

    def _commit(self, proposal: p.Proposal, made: _Made, batch: _Batch) -> Event:
        receipts, subject = self._receipts(proposal, batch), p.subject(proposal)
        if self.by_user and isinstance(proposal, p.KeepHook):
            # Before the commit: a hook in the scaffold whose content nobody took is told as such.
            accept(self.data, hashlib.sha256(proposal.content).hexdigest())
        base = self._base(proposal)
        commit = self.store.commit(self.project, base, made.changes, subject, receipts, datetime.now(UTC))
        if made.verdict.cases and isinstance(proposal, p.KeepTool):
            cases.save(self.data, self.project, proposal.name, made.verdict.cases)
        self.generation = commit.after
        self.accepted += made.changes
        return ScaffoldCommitted(commit.before, commit.after, subject, receipts)

    def _base(self, proposal: p.Proposal) -> str:
        """What the change was made from: the session's generation, or today's head for a part of a file.

        Raises Conflict when somebody else changed that very part since.
        """
        head = self.store.head(self.project)
        if head == self.generation or not isinstance(proposal, p.EditSection | p.SetKnob):
            return self.generation
        with tempfile.TemporaryDirectory(dir=self._scratch()) as place:
            parts: list[object] = []
            for name, ref in (("then", self.generation), ("now", head)):
                self.store.checkout_ref(ref, Path(place) / name)
                scaffold = Scaffold.load(Path(place) / name)
                parts.append(_part(proposal, scaffold))
        if parts[0] != parts[1]:
            raise Conflict([proposal.target])
        return head

    def _to_inbox(self, proposal: p.Proposal, made: _Made, batch: _Batch, reason: str) -> ProposalRefused:
        receipts = self._receipts(proposal, batch)
        waiting = inbox.entries(self.data, self.project)
        if any(entry.receipts.get(CONTENT) == receipts[CONTENT] for entry in waiting):
            return ProposalRefused(proposal.kind, proposal.target, "it waits in the inbox already")
        tainted = bool(self.outsider_text)
        when = datetime.now(UTC)
        inbox.add(self.data, self.project, p.dump(proposal), made.diff, reason, when, receipts, tainted)
        return ProposalRefused(proposal.kind, proposal.target, reason, inbox=True)

    def _receipts(self, proposal: p.Proposal, batch: _Batch) -> dict[str, str]:
        # What is made from a part that the repository lends holds words of whoever wrote that.
        lent = proposal.target.partition("#")[0] in self.store.lent(self.project)
        tainted = bool(self.outsider_text) or lent
        return receipts_of(proposal, batch.receipt, tainted=tainted, by_user=self.by_user)

    def _scratch(self) -> Path:
        self.rooms.directory.mkdir(parents=True, exist_ok=True)
        return self.rooms.directory


def _tried(proposal: p.Proposal, bench: Bench, head: Scaffold) -> _Made:
    """Words first: nothing is written before they are accepted. Then the change is made on the candidate and tried."""
    verdict = judge_words(proposal, bench)
    if verdict.reason:
        return _Made(verdict)
    try:
        changes = made_of.changes(proposal, bench.candidate, head)
        check(changes)  # a name from a model may be a path
    except ScaffoldError as error:
        return _Made(Verdict(str(error), lasting=isinstance(proposal, p.SetKnob)))
    diff = made_of.diff(changes, bench.candidate)
    made_of.apply(changes, bench.candidate)
    unread = [line for line in Scaffold.load(bench.candidate).problems if line not in head.problems]
    verdict = Verdict(unread[0], lasting=True) if unread else judge_deeds(proposal, bench)
    return _Made(verdict, changes, diff)


def _settings(candidate: Path) -> str:
    """Where they cannot be read, as `Scaffold.load` has told, those of the default."""
    try:
        return read_file(candidate, SETTINGS).data.decode("utf-8", "replace")
    except ScaffoldError:
        return ""


def _part(proposal: p.EditSection | p.SetKnob, scaffold: Scaffold) -> object:
    if isinstance(proposal, p.SetKnob):
        return getattr(scaffold.knobs, proposal.name, None)
    return sections(scaffold.prompts.get(proposal.prompt, "")).get(proposal.section)
