"""Why a part of the scaffold is as it is: the commits that touched it, the steps that led to them, its record since.

Read from the store and the journals, as far as these still exist; nothing is judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from livecoder.errors import JournalError
from livecoder.events import CommandFinished, CommandStarted, Nudged, ToolUsed
from livecoder.evolution.record import about_change, observed
from livecoder.journal.journal import read
from livecoder.journal.ledger import Ledger
from livecoder.journal.recall import recall
from livecoder.scaffold.history import GenerationInfo, History
from livecoder.scaffold.parts import Part

_CITED = re.compile(r"(?:(?P<session>[\w-]+):|\bstep )(?P<step>\d+)")
_SESSION = re.compile(r"\d{8}-[\w-]{1,40}")
SESSIONS = 1_000
"""How far back a record looks."""
GENERATIONS = 300
"""The same, in generations."""


@dataclass(frozen=True, slots=True)
class CitedStep:
    """A step that a commit cites. `exit_code` is None where its journal does not say."""

    step: int
    command: str = ""
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One commit that touched the part, with what its receipts cite; `lost` says why a journal is not read."""

    info: GenerationInfo
    values: tuple[object, object]
    """What the part was before it and with it; None where it was not there."""
    steps: tuple[CitedStep, ...]
    lost: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the journals say of a tool or a lesson since its last change."""

    uses: int
    failures: int
    sessions: int


def reasons(history: History, part: Part, sessions: Path) -> list[Reason]:
    """Every commit that touched the part, newest first."""
    found: list[Reason] = []
    for info in history.touching(part):
        cited = [int(match["step"]) for match in _CITED.finditer(info.receipts.get("Evidence", ""))]
        steps, lost = _steps(sessions, info.receipts.get("Session", ""), cited) if cited else ((), "")
        found.append(Reason(info, history.values(info, part), steps, lost))
    return found


def standing(part: Part, sessions: Path, last: GenerationInfo | None) -> Standing | None:
    """How the part did since the session of its last change; None for kinds that no journal counts."""
    since = last.receipts.get("Session", "") if last else ""
    if part.kind == "tool":
        uses = [
            (session, event.exit_code)
            for session, event in recall(sessions, (ToolUsed,), SESSIONS)
            if isinstance(event, ToolUsed) and event.name == part.name and session >= since
        ]
    elif part.kind == "lesson":
        uses = [
            (session, 0)
            for session, event in recall(sessions, (Nudged,), SESSIONS)
            if isinstance(event, Nudged) and event.pattern == "lesson" and f"({part.name})" in event.text
            if session >= since
        ]
    else:
        return None
    return Standing(len(uses), sum(1 for _, code in uses if code), len({session for session, _ in uses}))


def observations(history: History, part: Part, last: GenerationInfo | None, ledger: Ledger) -> Iterator[str]:
    """What was observed of a hook, a knob, a prompt or its section, in lines; nothing of other kinds."""
    if part.kind == "hook":
        yield from observed("hook", part.name, ledger)
    elif part.kind in ("knob", "prompt") and last:
        present, before = history.with_and_without(last, GENERATIONS)
        yield from about_change(ledger.of_generations(present), ledger.of_generations(before))


def _steps(sessions: Path, session: str, cited: Sequence[int]) -> tuple[tuple[CitedStep, ...], str]:
    bare = tuple(CitedStep(step) for step in cited)
    if not _SESSION.fullmatch(session):  # it names a folder
        return bare, ""
    commands: dict[int, str] = {}
    codes: dict[int, int] = {}
    try:
        for event in read(sessions / session):
            if isinstance(event, CommandStarted):
                commands[event.step] = event.command
            elif isinstance(event, CommandFinished):
                codes[event.step] = event.exit_code
    except JournalError as error:
        gone = not (sessions / session / "journal.sqlite").exists()
        return bare, f"the journal of {session} is gone" if gone else error.line()
    return tuple(CitedStep(step, commands.get(step, ""), codes.get(step)) for step in cited), ""
