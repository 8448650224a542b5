"""The user's word on what waits in the inbox: accepted by way of the gate, changed first, or refused for good."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from livecoder.errors import JournalError, ScaffoldError
from livecoder.events import ProposalRefused, ScaffoldCommitted
from livecoder.evolution import offered
from livecoder.evolution import proposals as p
from livecoder.evolution.candidate import changes
from livecoder.evolution.contract import Contract
from livecoder.evolution.evolve import Evolution, Grounds
from livecoder.evolution.lookback import last_tree
from livecoder.evolution.receipts import Receipt
from livecoder.evolution.remembered import essence
from livecoder.journal.account import account
from livecoder.rooms import Rooms
from livecoder.scaffold import inbox, rejected
from livecoder.scaffold.inbox import Entry
from livecoder.scaffold.knobs import load_knobs, with_knob
from livecoder.scaffold.lessons import dump, parse
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.store import Store

GIVEN = Contract((), "the user brought it", "what it did elsewhere", ("turns",), ("prompt_bytes",))
"""The contract of what came from elsewhere."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What it takes to let a proposal pass the gate again, today."""

    store: Store
    data: Path
    project: str
    sessions: Path
    rooms: Rooms
    workspace: Path
    system: Callable[[Path], str]

    def accept(self, entry: Entry, changed: p.Proposal | None = None) -> str:
        """`scaffold A→B: …` when it was committed, and then it waits no more; else why the gate refuses it.

        `changed` is the proposal as the user edited it.
        """
        if entry.proposal.get("kind") == offered.KIND:
            at = offered.At(self.data, self.project, self.workspace)
            return offered.accept(entry, at, self.store, self.rooms, self.system)
        proposal = changed or proposal_of(entry)
        if not isinstance(proposal, p.KeepTool) and self._in_effect(proposal):
            inbox.remove(self.data, self.project, entry)  # a kill came between the commit and this
            return f"scaffold {self.store.head(self.project)}: it is there already"
        said = entry.receipts
        session = said.get("Session", "")
        grounds, outsider = self._grounds(session)
        if entry.tainted and not outsider:
            outsider = said.get("Task", "") or "a stranger's"
        evolution = Evolution(
            store=self.store,
            data=self.data,
            project=self.project,
            generation=self.store.head(self.project),
            mode="auto",
            rooms=self.rooms,
            workspace=self.workspace,
            system=self.system,
            outsider_text=outsider,
            by_user=True,
        )
        receipt = Receipt(*(said.get(name, "") for name in ("Task", "Session", "Model", "Cost", "From")))
        outcome = list(evolution.consider([proposal], grounds, receipt))[-1]
        if isinstance(outcome, ProposalRefused):
            return outcome.reason
        assert isinstance(outcome, ScaffoldCommitted), "a proposal is committed or refused"
        inbox.remove(self.data, self.project, entry)
        if outcome.before == outcome.after:
            return f"scaffold {outcome.after}: it is there already"
        return f"scaffold {outcome.before}→{outcome.after}: {outcome.subject}"

    def _in_effect(self, proposal: p.Proposal) -> bool:
        """Whether today's scaffold is as the proposal would have it. A tool's cases are its own matter."""
        with TemporaryDirectory(prefix="livecoder-head-") as place:
            root = Path(place) / "head"
            self.store.checkout(self.project, root)
            head = Scaffold.load(root)
            known = {lesson.id: lesson.says for lesson in head.lessons}
            match proposal:
                case p.AddLesson(lesson) | p.ReviseLesson(lesson) | p.MergeLessons(_, lesson):
                    return known.get(lesson.id) == lesson.says
                case p.RetireLesson(name):
                    return name not in known
                case _:
                    pass
            try:
                made = changes(proposal, root, head)
            except ScaffoldError:
                return False
            return all(_content(root / change.path) == change.content for change in made)

    def _grounds(self, session: str) -> tuple[Grounds, str]:
        """By the journal of the session that it comes from; none where that is gone."""
        if not session or Path(session).name != session:
            return Grounds(frozenset()), ""
        try:
            past = account(self.sessions / session)
        except JournalError:
            return Grounds(frozenset()), ""
        return Grounds(frozenset(past.steps), past.uses, last_tree(past.events)), past.outsider_text


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def refused(data: Path, project: str, entry: Entry, why: str) -> None:
    """It waits no more, and the same change is not tried again."""
    try:
        what = offered.essence_of(entry) or essence(proposal_of(entry))
    except ScaffoldError:
        what = hashlib.sha256(repr(sorted(entry.proposal.items())).encode()).hexdigest()[:16]
    reason = f"the user refused it{': ' if why.strip() else ''}{' '.join(why.split())[:200]}"
    target = str(entry.proposal.get("target", "?"))
    rejected.remember(data, project, what, target, reason, datetime.now(UTC))
    inbox.remove(data, project, entry)


def proposal_of(entry: Entry) -> p.Proposal:
    """What an entry proposes. Raises ScaffoldError for one that cannot be read any more, or is no single change."""
    if offered.essence_of(entry):
        raise ScaffoldError("it is a whole scaffold", "accept or refuse it; it is edited in the repository")
    return _given(entry) if "text" in entry.proposal and "is" not in entry.proposal else p.load(entry.proposal)


def _given(entry: Entry) -> p.Proposal:
    """A whole file that the user brought: a tool, a lesson or a hook."""
    target, text = str(entry.proposal.get("target", "")), str(entry.proposal["text"])
    folder, _, name = target.partition("/")
    match folder:
        case "tools":
            return p.KeepTool(name, text.encode(), GIVEN, "imported", "import")
        case "hooks":
            return p.KeepHook(name, text.encode(), GIVEN, "import")
        case "lessons":
            lesson = parse(name.removesuffix(".toml"), text)
            # What is said of it elsewhere is not known here: whose word it is, and how far it reaches.
            given = replace(lesson, scope="project", origin="reflection", tainted=True, retired="")
            return p.AddLesson(given, GIVEN, "import")
        case _:
            raise ScaffoldError(f"{target[:80]} cannot be taken over as a whole", "refuse it, or set it by hand")


def text_of(entry: Entry) -> tuple[str, str]:
    """What of an entry can be edited, and the ending of a file that holds such a text. Raises ScaffoldError."""
    match proposal := proposal_of(entry):
        case p.KeepTool(content=content) | p.KeepHook(content=content):
            return content.decode("utf-8", "replace"), ".py" if b"python" in content[:80] else ".sh"
        case p.AddLesson(lesson) | p.ReviseLesson(lesson) | p.MergeLessons(_, lesson):
            return dump(lesson), ".toml"
        case p.EditSection():
            return proposal.text, ".md"
        case p.SetKnob():
            return with_knob("", proposal.name, proposal.value).lstrip(), ".toml"
        case _:
            raise ScaffoldError("there is no text to edit in it", "accept or refuse it")


def with_text(entry: Entry, text: str) -> p.Proposal:
    """The proposal with what the user made of its text. Raises ScaffoldError for what cannot be read as such."""
    match proposal := proposal_of(entry):
        case p.KeepTool() | p.KeepHook():
            return replace(proposal, content=text.encode())
        case p.AddLesson(lesson) | p.ReviseLesson(lesson) | p.MergeLessons(_, lesson):
            return replace(proposal, lesson=parse(lesson.id, text))
        case p.EditSection():
            return replace(proposal, text=text)
        case p.SetKnob():
            return replace(proposal, value=getattr(load_knobs(text), proposal.name))
        case _:
            return proposal
