"""What happens beside the commands, in words: tools, advice, warnings, and what was learnt. One note an event."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from livecoder import events as e
from livecoder.view.branches import commit_lines
from livecoder.view.figures import count, duration

Tone: TypeAlias = Literal["good", "bad", "said", "quiet"]
"""`said`: the user's own words."""
SAID = {"steering": "the user said meanwhile", "undo": "the user undid", "reply cut": "told to go on"}
"""By why; what else is said to the model has an event of its own just before it."""


@dataclass(frozen=True, slots=True)
class Note:
    label: str
    text: str
    tone: Tone = "quiet"
    body: str = ""
    """More of it, for whoever asks: an output, a reply."""


def notes(events: Iterable[e.Event]) -> tuple[Note, ...]:
    return tuple(note for event in events if (note := _note(event)))


def learnt(events: Iterable[e.Event]) -> tuple[Note, ...]:
    """What was proposed, how the gate judged it, and how looking back went."""
    return tuple(note for event in events if (note := _learnt(event)))


def _note(event: e.Event) -> Note | None:
    match event:
        case e.FailuresHidden():
            return Note("tests failed", f"{tests(event.tests)}, which exit 0 hides", "bad")
        case e.BaseRan():
            ended = f"exit {event.exit_code} · {duration(event.seconds)}"
            return Note("on the base", f"{event.command} → {ended}", body=event.output)
        case e.GroundMeasured():
            ended = "stopped" if event.exit_code is None else f"exit {event.exit_code}"
            return Note("tests as found", f"{event.command} → {ended} · {duration(event.seconds)} · {event.said}")
        case e.JobStarted() | e.JobEnded() | e.ServiceStarted() | e.ServiceEnded() | e.NetworkAsked():
            return _beside(event)
        case e.ToolCreated():
            return Note("tool born", f"{event.name}: {event.summary} ({count(event.lines, 'line')})", "good")
        case e.ToolRevised():
            return Note("tool revised", f"{event.name}: {event.summary} ({count(event.lines, 'line')})", "good")
        case e.ToolBroken():
            return Note("tool broken", f"{event.name}: {event.reason}", "bad")
        case e.ToolUsed():
            called = f"{shlex.join([event.name, *event.arguments])} → exit {event.exit_code}"
            return Note("tool used", called, "bad" if event.exit_code else "good")
        case e.Harvested():
            alike = f", like {' and '.join(event.similar_to)}" if event.similar_to else ""
            return Note("script noted", f"{event.language}, {count(event.lines, 'line')}{alike}")
        case e.Nudged():
            return Note("lesson recalled" if event.pattern == "lesson" else "advice given", event.text)
        case e.UserSaid() if event.why in SAID:
            return Note(SAID[event.why], event.text, "said")
        case e.PermissionDenied():
            return Note("denied", f"{event.what}: {event.reason}", "bad")
        case e.PermissionGranted():
            return Note("allowed", f"{event.what} ({event.scope})", "said")
        case e.BranchMade():
            return Note("branch made", f"{event.name} at {event.commit[:12]}", "good", "\n".join(commit_lines(event)))
        case e.LimitWarned() | e.Warned():
            return Note("warning", event.text, "bad")
        case e.Retried():
            return Note("retry", f"{event.attempt} in {duration(event.wait_seconds)}: {event.reason}", "bad")
        case e.Compacted():
            return Note("made room", compacted(event))
        case _:
            return None


def compacted(event: e.Compacted) -> str:
    """What was taken out of the conversation, and why."""
    what = f"{count(len(event.steps), 'output')} taken out, as `lc out` has them"
    return f"the conversation went from {event.before:,} to {event.after:,} characters ({what}): {event.why}"


def tests(ran: e.RanTests) -> str:
    """What the runner counted."""
    errors = "error" if ran.errors == 1 else "errors"
    amounts = ((ran.passed, "passed"), (ran.failed, "failed"), (ran.errors, errors), (ran.skipped, "skipped"))
    return ", ".join(f"{amount} {word}" for amount, word in amounts if amount) or "no tests ran"


def _beside(event: e.JobStarted | e.JobEnded | e.ServiceStarted | e.ServiceEnded | e.NetworkAsked) -> Note:
    match event:
        case e.JobStarted():
            return Note("job started", f"{event.name}: {event.command}")
        case e.JobEnded():
            ended = f"{event.name} → exit {event.exit_code} · {duration(event.seconds)}"
            return Note("job ended", ended, "bad" if event.exit_code else "quiet", event.output)
        case e.ServiceStarted():
            ports = ", ".join(map(str, event.ports)) or "none"
            return Note("service started", f"{event.name}: {event.command} (port {ports})")
        case e.ServiceEnded():
            how = "stopped" if event.stopped else f"ended with exit {event.exit_code}"
            text = f"{event.name} → {how} · {duration(event.seconds)}"
            return Note("service ended", text, "quiet" if event.stopped else "bad", event.output)
        case e.NetworkAsked():
            answer = "reached" if event.allowed and not event.why else "failed" if event.allowed else "refused"
            text = f"{event.host} {answer}{': ' + event.why if event.why else ''}"
            return Note("network", f"{text} ({count(event.count, 'time')})", "quiet" if event.allowed else "bad")


def _learnt(event: e.Event) -> Note | None:
    match event:
        case e.Proposed():
            steps = ", ".join(map(str, event.evidence))
            return Note("proposed", f"{event.target}: {event.summary}", body=f"from steps {steps}; {event.expects}")
        case e.ProposalRefused():
            return Note("waits in the inbox" if event.inbox else "refused", f"{event.target}: {event.reason}", "bad")
        case e.ScaffoldCommitted():
            receipts = "\n".join(f"{key}: {value}" for key, value in event.receipts.items())
            return Note("kept", f"{event.subject} ({event.before}→{event.after})", "good", receipts)
        case e.ModelReplied() if event.purpose == "reflection":
            return Note("looked back", count(len(event.text.splitlines()), "line"), body=event.text)
        case e.Reflected():
            found = f"{count(event.proposals, 'proposal')}, {event.accepted} accepted"
            why = "; ".join(filter(None, (found, event.why))) if event.state == "done" else event.why
            return Note("looking back", f"{event.state}{': ' + why if why else ''}")
        case _:
            return None
