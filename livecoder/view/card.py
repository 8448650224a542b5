"""One card after a task: what livecoder learnt, why, what it expects from it, what it cost, how to take it back.

Eight lines at most: what does not fit is counted, and the history has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from livecoder import events as e

LINES = 8

Row: TypeAlias = tuple[str, str]
"""A line and its style."""


@dataclass(slots=True)
class Card:
    """Collects what a round taught, writes it with the round's result; nothing when it taught nothing."""

    line: Callable[[str, str], None]
    """Writes one line in a style."""
    _commits: list[e.ScaffoldCommitted] = field(default_factory=list[e.ScaffoldCommitted])
    _refused: list[e.ProposalRefused] = field(default_factory=list[e.ProposalRefused])
    _verdicts: list[e.VerdictGiven] = field(default_factory=list[e.VerdictGiven])
    _reflected: e.Reflected | None = None
    _recorded: bool = False

    def show(self, event: e.Event) -> None:
        match event:
            case e.SessionStarted():
                self._recorded = event.recorded
            case e.ScaffoldCommitted():
                self._commits.append(event)
            case e.ProposalRefused():
                self._refused.append(event)
            case e.VerdictGiven():
                self._verdicts.append(event)
            case e.Reflected():
                self._reflected = event
            case e.Result():
                self.write(event.reflection)
            case _:
                pass

    def write(self, reflection: str) -> None:
        """Write the card, if there is something on it, and begin a new one. `reflection` is the state it is in."""
        items = [*map(_verdict, self._verdicts), *map(_commit, self._commits), *map(_refusal, self._refused)]
        commits, words = self._commits, self._words(reflection)
        self._commits, self._refused, self._verdicts, self._reflected = [], [], [], None
        if not items:
            return
        foot: list[Row] = [(f"└ looking back: {words}", "dim")]
        if commits:
            first, last = commits[0].before, commits[-1].after
            foot.insert(0, (f"│ scaffold {first}→{last}; take it back: livecoder scaffold rollback {first}", ""))
        for text, style in [("┌ learnt", "bold"), *_fitting(items, LINES - 1 - len(foot)), *foot]:
            self.line(text, style)

    def _words(self, reflection: str) -> str:
        reflected = self._reflected
        if reflected is None or reflected.state != "done":
            return reflection
        cost = f"${reflected.cost_usd:.4f}" if reflected.cost_usd is not None else "price unknown"
        found = f"{reflected.proposals} proposed, {reflected.accepted} accepted"
        found = found if self._recorded else f"{found}, {cost}"
        if not reflected.predicted:
            return found
        return f"{found}; predicted {reflected.predicted}, came true {reflected.came_true}"


def _fitting(items: Sequence[Sequence[Row]], room: int) -> list[Row]:
    """Each item with its reason where that fits, else the items alone, else as many of them as fit."""
    whole = [row for item in items for row in item]
    if len(whole) <= room:
        return whole
    heads = [item[0] for item in items]
    if len(heads) <= room:
        return heads
    more = len(heads) - room + 1
    return [*heads[: room - 1], (f"│ … and {more} more: livecoder scaffold log", "dim")]


def _commit(commit: e.ScaffoldCommitted) -> list[Row]:
    receipts = commit.receipts
    why = f"from {receipts['Evidence']}; " if "Evidence" in receipts else ""
    expects = f"expects: {receipts['Expects']}" if "Expects" in receipts else receipts.get("Cause", "")
    return [(f"│ + {commit.subject}", "green"), (f"│   {why}{expects}", "")]


def _refusal(refused: e.ProposalRefused) -> list[Row]:
    where = "waits in `livecoder scaffold inbox`" if refused.inbox else "refused"
    return [(f"│ - {refused.kind} {refused.target}: {where}: {refused.reason}", "yellow")]


def _verdict(given: e.VerdictGiven) -> list[Row]:
    style = {"effective": "green", "partial": "green", "harmful": "red"}.get(given.verdict, "dim")
    name = given.subject.partition(":")[0]
    return [(f"│ = {name} of {given.generation} was {given.verdict}: {given.why}", style)]
