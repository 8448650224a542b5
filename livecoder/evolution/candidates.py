"""What code proposes after a session: what the ledger would retire, what the user had to say twice, what is in stock.

Values for the gate, which judges them like a model's proposals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from livecoder.events import Harvested, Proposed
from livecoder.evolution.contract import Contract
from livecoder.evolution.fingerprint import Present
from livecoder.evolution.lapses import Lapse, lapses
from livecoder.evolution.proposals import AddLesson, MergeLessons, Proposal, RetireLesson, RetireTool, ReviseLesson
from livecoder.evolution.saidtwice import KINDS, said, said_twice
from livecoder.evolution.stock import from_stock
from livecoder.journal.ledger import Ledger
from livecoder.journal.recall import recall
from livecoder.scaffold.lessons import Lesson, Update, adding
from livecoder.scaffold.scaffold import Scaffold

BY_CODE = ("ledger", "user")
"""Origins of what is proposed here."""


def candidates(sessions: Path, ledger: Ledger, scaffold: Scaffold, root: Path, when: str) -> list[Proposal]:
    """What speaks for itself after a session, but for what earlier sessions have proposed lately: it was judged, or it
    waits in the inbox. `when` is ISO 8601."""
    known = (*scaffold.lessons, *scaffold.tombstones)
    rules = said_twice(said(recall(sessions, KINDS)), known, root, when)
    found: list[Proposal] = [_added(lesson) for lesson in rules]
    found += [_retired(lapse) for lapse in lapses(ledger, scaffold.tools, scaffold.lessons)]
    found += from_stock([e for _, e in recall(sessions, (Harvested,)) if isinstance(e, Harvested)], scaffold)
    before = [event for _, event in recall(sessions, (Proposed,)) if isinstance(event, Proposed)]
    judged = {(event.target, event.origin) for event in before if event.origin in BY_CODE}
    return [proposal for proposal in found if (proposal.target, proposal.origin) not in judged]


def described(
    found: Sequence[Proposal], scaffold: Scaffold, present: Present, session: str, *, tainted: bool
) -> list[Proposal]:
    """Lessons with where they come from and what they are about; one that is known already by that one's name."""
    known = (*scaffold.lessons, *scaffold.tombstones)

    def told(proposal: Proposal) -> Proposal:
        if not isinstance(proposal, AddLesson | ReviseLesson | MergeLessons):
            return proposal
        lesson = _of_agent(proposal, session) if proposal.origin == "edit" else proposal.lesson
        lesson = replace(lesson, model=present.family, session=session, tainted=tainted)
        lesson = replace(lesson, fingerprint=present.fingerprint(lesson))
        coming = adding(lesson, known) if isinstance(proposal, AddLesson) else None
        return replace(proposal, lesson=replace(lesson, id=coming.id) if isinstance(coming, Update) else lesson)

    return [told(proposal) for proposal in found]


def _of_agent(proposal: AddLesson | ReviseLesson | MergeLessons, session: str) -> Lesson:
    """What the agent wrote into a file itself says what it learnt, and not whose word it is or how it went."""
    given = proposal.lesson
    steps = tuple(f"{session}:{step}" for step in proposal.contract.evidence)
    return Lesson(given.id, given.text, given.trigger, steps, given.created, origin="agent", when=given.when)


def _added(lesson: Lesson) -> AddLesson:
    return AddLesson(
        lesson, _by_code("the user said it in more than one session", "the user need not say it again"), "user"
    )


def _retired(lapse: Lapse) -> RetireTool | RetireLesson:
    kind = RetireLesson if lapse.kind == "lesson" else RetireTool
    return kind(lapse.name, _by_code(lapse.why, "sessions go as well without it"), "ledger")


def _by_code(cause: str, expects: str) -> Contract:
    return Contract((), cause, expects, (), ())
