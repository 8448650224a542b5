"""One session in a list: two lines for people, one object for programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from livecoder import events as e
from livecoder.view.facts import title
from livecoder.view.figures import count, moment, money, when
from livecoder.view.story import Story

KINDS = (e.SessionStarted, e.RoundStarted, e.ModelReplied, e.ToolCreated, e.Reflected, e.Result)
"""What of a session's events a list needs."""
STYLES = {"verified": "green", "claimed": "bold", "failed": "red", "looked back": "dim"}


@dataclass(frozen=True, slots=True)
class Listed:
    """`story` is None for a journal that cannot be read; `problem` says why."""

    id: str
    project: str
    story: Story | None
    problem: str = ""

    def lines(self, *, everywhere: bool) -> list[tuple[str, str]]:
        """Text and style; `everywhere`: with the project, since there are several."""
        place = [self.project] if everywhere else []
        story = self.story
        if story is None:
            return [(" · ".join([self.id, *place, "unreadable"]), "yellow"), (f"  {self.problem}", "")]
        parts = [self.id, *place, when(story.began), _state(story)]
        if story.turns:
            parts.append(count(len(story.turns), "turn"))
            parts += [] if story.recorded else [money(story.cost("turn"))]
        parts += [story.started.model] if story.started else []
        parts += [f"+ {', '.join(story.born)}"] if story.born else []
        return [(" · ".join(parts), STYLES.get(story.state, "yellow")), (f"  {title(story)}", "")]

    def to_json(self) -> dict[str, Any]:
        where = {"id": self.id, "project": self.project}
        story = self.story
        if story is None:
            return {**where, "outcome": "unreadable", "problem": self.problem}
        began = moment(story.began)
        last = story.rounds[-1].result if story.rounds else None
        return {
            **where,
            "workspace": story.started.workspace if story.started else None,
            "began": began.isoformat(timespec="seconds") if began else None,
            "model": story.started.model if story.started else None,
            "recorded": story.recorded,
            "task": title(story),
            "rounds": len(story.rounds),
            "turns": len(story.turns),
            "outcome": story.state,
            "subtype": last.subtype if last else None,
            "cost_usd": None if story.recorded else story.cost("turn"),
            "evolve_cost_usd": None if story.recorded else story.cost("reflection"),
            "tools_created": story.born,
        }


def _state(story: Story) -> str:
    result = story.rounds[-1].result if story.rounds else None
    return f"failed ({result.subtype})" if result and result.outcome == "failed" else story.state
