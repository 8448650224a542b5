"""What the look back is told: the session's digest, the one before it, and what of the scaffold it may change.

Prompts, knobs and hooks are offered only where a session shows trouble: a task that went well asks for none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from livecoder import events as e
from livecoder.errors import JournalError
from livecoder.evolution.contract import OBSERVABLES
from livecoder.evolution.digest import digest
from livecoder.evolution.firstwrong import first_wrong
from livecoder.evolution.harvest import Recurring
from livecoder.evolution.stock import stocked
from livecoder.journal.account import Account, account
from livecoder.scaffold.hooks import EVENTS
from livecoder.scaffold.knobs import described
from livecoder.scaffold.rejected import Rejected
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.sections import sections

DIGEST_CHARS = 12_000
EARLIER_CHARS = 3_000
LESSON_CHARS = 400
SCRIPT_CHARS = 1_500
SCRIPTS = 2
TRIED = 5
"""Earlier sessions that are opened in the search for one to put beside."""
NAMED_REFUSALS = 5
PROMPTS = ("system",)
"""Those whose sections are shown; the others may be rewritten by who knows them."""


def variables(past: Account, earlier: str, scaffold: Scaffold, refused: Sequence[Rejected]) -> dict[str, Any]:
    """What `prompts/reflection.md` is rendered with."""
    wrong = trouble(past.events)
    return {
        "digest": digest(past.events, DIGEST_CHARS),
        "earlier": earlier,
        "lesson_chars": LESSON_CHARS,
        "observables": list(OBSERVABLES),
        "scripts": _scripts(past.events),
        "tools": [f"{tool.name} ({tool.summary})" for tool in scaffold.tools],
        "lessons": [f"{lesson.id}: {lesson.text}" for lesson in scaffold.lessons],
        "refused": [f"{old.target}: {old.reason}" for old in refused[-NAMED_REFUSALS:]],
        "trouble": wrong,
        "knobs": described(scaffold.knobs) if wrong else [],
        "sections": _sections(scaffold) if wrong else [],
        "hooks": list(EVENTS) if wrong else [],
    }


def told_of(scripts: Sequence[e.Harvested], recurring: Sequence[Recurring]) -> dict[str, Any]:
    """What `prompts/harvest.md` is rendered with."""
    rows = [
        {
            "step": script.step,
            "lines": script.lines,
            "language": script.language,
            "similar": " and ".join(script.similar_to),
            "source": script.source[:SCRIPT_CHARS].strip(),
        }
        for script in scripts
    ]
    shapes = [{"text": r.shape, "uses": r.uses, "steps": ", ".join(map(str, r.steps))} for r in recurring]
    return {"scripts": rows, "shapes": shapes}


def trouble(events: Sequence[e.Event]) -> bool:
    """Whether something in a session asks for more than a lesson: a wrong step, cut outputs, a bad end."""
    ended = [event for event in events if isinstance(event, e.RoundEnded)]
    verified = [event for event in events if isinstance(event, e.Verified)]
    cut = sum(isinstance(event, e.CommandFinished) and (event.truncated or event.timed_out) for event in events)
    return (
        cut > 1
        or any(event.ending != "success" for event in ended[-1:])
        or any(event.exit_code for event in verified[-1:])
        or first_wrong(events) is not None
    )


def beside(session: Path, *, few: int) -> str:
    """The digest of the project's last session before this one that has `few` steps or more; "" for none.

    One in which a stranger's text was read is passed over: nothing of it may be learnt unseen.
    """
    older = sorted((path for path in session.parent.glob("*") if path.name < session.name), reverse=True)
    for path in older[:TRIED]:
        try:
            past = account(path)
        except JournalError:
            continue
        if len(past.steps) >= few and not past.outsider_text:
            return digest(past.events, EARLIER_CHARS)
    return ""


def last_tree(events: Sequence[e.Event]) -> str:
    """The checkpoint that a session left; "" for none."""
    return next((event.tree for event in reversed(events) if isinstance(event, e.CheckpointTaken)), "")


def _scripts(events: Sequence[e.Event]) -> list[dict[str, Any]]:
    """Throw-away scripts that worked and whose shape came back, unless a tool was made later in the session, of them.

    Only these can become tools unseen; what the catalogue has is taken from there.
    """
    made = max((event.step for event in events if isinstance(event, e.ToolCreated)), default=0)
    found = [
        event
        for event in events
        if isinstance(event, e.Harvested) and not event.exit_code and event.similar_to and event.step > made
        if not stocked(event.source)
    ]
    return [{"step": event.step, "source": event.source[:SCRIPT_CHARS].rstrip()} for event in found[-SCRIPTS:]]


def _sections(scaffold: Scaffold) -> list[dict[str, str]]:
    return [
        {"name": f"{prompt}#{name}", "text": text.strip("\n")}
        for prompt in PROMPTS
        for name, text in sections(scaffold.prompts[prompt]).items()
    ]
