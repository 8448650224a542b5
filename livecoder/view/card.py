"""One card after a task: what livecoder learnt, why, what it expects from it, what it cost, how to take it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from livecoder import events as e


@dataclass(slots=True)
class Card:
    """Collects what a round taught, writes it with the round's result; nothing when it taught nothing."""

    line: Callable[[str, str], None]
    """Writes one line in a style."""
    _commits: list[e.ScaffoldCommitted] = field(default_factory=list[e.ScaffoldCommitted])
    _refused: list[e.ProposalRefused] = field(default_factory=list[e.ProposalRefused])
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
            case e.Reflected():
                self._reflected = event
            case e.Result():
                self.write(event.reflection)
            case _:
                pass

    def write(self, reflection: str) -> None:
        """Write the card, if there is something on it, and begin a new one. `reflection` is the state it is in."""
        commits, refusals, words = self._commits, self._refused, self._words(reflection)
        self._commits, self._refused, self._reflected = [], [], None
        if not commits and not refusals:
            return
        self.line("┌ learnt", "bold")
        for commit in commits:
            receipts = commit.receipts
            self.line(f"│ + {commit.subject}", "green")
            self.line(f"│   from {receipts.get('Evidence', '')}; expects: {receipts.get('Expects', '')}", "")
        for refused in refusals:
            where = "waits in the inbox" if refused.inbox else "refused"
            self.line(f"│ - {refused.kind} {refused.target}: {where}: {refused.reason}", "yellow")
        if commits:
            first, last = commits[0].before, commits[-1].after
            self.line(f"│ scaffold {first}→{last}; take it back: livecoder scaffold rollback {first}", "")
        self.line(f"└ looking back: {words}", "dim")

    def _words(self, reflection: str) -> str:
        reflected = self._reflected
        if reflected is None or reflected.state != "done":
            return reflection
        cost = f"${reflected.cost_usd:.4f}" if reflected.cost_usd is not None else "price unknown"
        found = f"{reflected.proposals} proposed, {reflected.accepted} accepted"
        return found if self._recorded else f"{found}, {cost}"
