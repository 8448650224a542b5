"""What one session's journal says of it as a whole: what was asked, what was done, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from livecoder.events import CommandFinished, Event, ModelReplied, RoundStarted, SessionStarted, ToolUsed
from livecoder.journal.journal import read


@dataclass(frozen=True, slots=True)
class Account:
    events: tuple[Event, ...]
    task: str
    """What the last round was asked; empty before the first."""
    steps: tuple[int, ...]
    uses: tuple[ToolUsed, ...]
    outsider_text: str
    """Everything that outsiders asked for; empty when every task was the user's."""
    recorded: bool
    """The model was a recording or a script."""
    tokens: int
    cost_usd: float
    cost_known: bool


def account(directory: Path) -> Account:
    """The session in `directory`; what looking back cost is not the task's. Raises JournalError as `read` does."""
    events = tuple(read(directory))
    rounds = [event for event in events if isinstance(event, RoundStarted)]
    replies = [event for event in events if isinstance(event, ModelReplied) and event.purpose == "turn"]
    return Account(
        events=events,
        task=rounds[-1].task if rounds else "",
        steps=tuple(event.step for event in events if isinstance(event, CommandFinished)),
        uses=tuple(event for event in events if isinstance(event, ToolUsed)),
        outsider_text="\n".join(event.task for event in rounds if event.outsider),
        recorded=any(event.recorded for event in events if isinstance(event, SessionStarted)),
        tokens=sum(reply.usage.input_tokens + reply.usage.output_tokens for reply in replies),
        cost_usd=sum(reply.cost_usd or 0.0 for reply in replies),
        cost_known=all(reply.cost_usd is not None for reply in replies),
    )
