"""What a task usually takes in a project, from its journals: requests to the model and what one of them costs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from livecoder.events import ModelReplied, SessionStarted
from livecoder.journal.recall import recall

SESSIONS = 50


@dataclass(frozen=True, slots=True)
class Usual:
    """Medians over `sessions`, recordings left out. `turn_usd` is None where no price is known."""

    sessions: int
    turns: float
    turn_usd: float | None

    @property
    def task_usd(self) -> float | None:
        return None if self.turn_usd is None else self.turns * self.turn_usd


def usual(sessions: Path) -> Usual | None:
    """None where no session with a real model is known."""
    costs: defaultdict[str, list[float | None]] = defaultdict(list)
    recorded: set[str] = set()
    for session, event in recall(sessions, (SessionStarted, ModelReplied), SESSIONS):
        if isinstance(event, SessionStarted) and event.recorded:
            recorded.add(session)
        elif isinstance(event, ModelReplied) and event.purpose == "turn":
            costs[session].append(event.cost_usd)
    real = [found for session, found in costs.items() if session not in recorded]
    if not real:
        return None
    priced = [cost for found in real for cost in found if cost is not None]
    return Usual(len(real), median(len(found) for found in real), median(priced) if priced else None)
