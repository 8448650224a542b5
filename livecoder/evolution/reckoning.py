"""Later rounds judge earlier generations; what proved harmful is taken back alone, and not tried again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from livecoder.errors import ScaffoldError
from livecoder.events import Event, ScaffoldCommitted, VerdictGiven, Warned
from livecoder.evolution import verdicts
from livecoder.evolution.evolve import HISTORY, Evolution
from livecoder.evolution.observed import KINDS, Round, rounds
from livecoder.evolution.remembered import CONTENT, REVERTS
from livecoder.evolution.takeback import undoing
from livecoder.evolution.verdicts import Verdict, due, judged, verdict_on
from livecoder.journal.recall import recall
from livecoder.scaffold import rejected
from livecoder.scaffold.store import GenerationInfo


def reckon(evolution: Evolution, sessions: Path) -> Iterator[Event]:
    """The verdicts that have become due, by the journals of this project; what is harmful is reverted in mode `auto`.

    Raises ScaffoldError where history or verdicts cannot be read.
    """
    history = evolution.store.log(evolution.project, HISTORY)
    known = verdicts.load(evolution.data, evolution.project)
    if all(verdict_on(info.id, known.values()) or "Improves" not in info.receipts for info in history):
        return  # nothing waits for a verdict: no journal is opened
    for info, before, after in due(history, known, _seen(sessions)):
        verdict = judged(info, before, after)
        known[info.id] = verdict
        verdicts.save(evolution.data, evolution.project, known.values())
        yield VerdictGiven(info.id, info.subject, verdict.word, verdict.why)
        if verdict.word == "harmful" and evolution.mode == "auto":
            yield _reverted(evolution, info, history, verdict)


def _seen(sessions: Path) -> list[Round]:
    """The rounds of the project's last sessions, oldest first."""
    events = [(session, event) for session, event in recall(sessions, KINDS)]
    by_session = [list(group) for _, group in groupby(events, key=lambda pair: pair[0])]
    return [one for group in reversed(by_session) for one in rounds(event for _, event in group)]


def _reverted(evolution: Evolution, info: GenerationInfo, history: Sequence[GenerationInfo], verdict: Verdict) -> Event:
    parent = next((older for older in history[history.index(info) + 1 :]), None)
    when = datetime.now(UTC)
    receipts = {REVERTS: info.id, "Cause": verdict.why}
    subject = f"revert: {info.subject}"[:100]
    if parent is None:
        return Warned(f"{info.id} is harmful ({verdict.why}) and cannot be taken back: nothing is older")
    try:
        changes = undoing(evolution.store, evolution.project, info, parent.id)
        head = evolution.store.head(evolution.project)
        commit = evolution.store.commit(evolution.project, head, changes, subject, receipts, when)
    except ScaffoldError as error:
        return Warned(f"{info.id} is harmful ({verdict.why}) and was not taken back: {error.line()}")
    if content := info.receipts.get(CONTENT):
        reason = f"it was taken back: {verdict.why}"
        rejected.remember(evolution.data, evolution.project, content, info.subject, reason, when)
    evolution.accepted += changes
    evolution.generation = commit.after
    return ScaffoldCommitted(commit.before, commit.after, subject, receipts)
