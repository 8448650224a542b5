"""What reflection reads of a session: the journal's events in few lines, within a budget of characters.

Never in here: hidden tests, verify's own output beyond its last lines, full outputs.
"""

from __future__ import annotations

from collections.abc import Sequence

from livecoder import events as e

COMMAND = 300
OUTPUT = 400


def digest(events: Sequence[e.Event], budget: int) -> str:
    """The task, each step, and the ending; when it is too long, steps in the middle are left out, and it says so."""
    head, steps, tail = _parts(events)
    fixed = sum(len(part) + 1 for part in (*head, *tail))
    total = sum(1 for event in events if isinstance(event, e.CommandFinished))
    dropped = 0
    while steps and fixed + sum(len(step) + 1 for step in steps) > budget:
        dropped += steps.pop(len(steps) // 2).startswith("step ")
    left_out = [f"({dropped} of {total} steps are left out)"] if dropped else []
    return "\n".join([*head, *left_out, *steps, *tail])


def _parts(events: Sequence[e.Event]) -> tuple[list[str], list[str], list[str]]:
    head: list[str] = []
    steps: list[str] = []
    tail: list[str] = []
    commands: dict[int, str] = {}
    for event in events:
        match event:
            case e.SessionStarted():
                head.append(f"tools it had: {', '.join(event.tools) or 'none'}")
            case e.RoundStarted():
                steps.append(f"## asked\n{_short(event.task, 2000)}")
            case e.CommandStarted():
                commands[event.step] = event.command
            case e.CommandFinished():
                steps.append(_step(commands.get(event.step, ""), event))
            case e.ToolCreated() | e.ToolRevised():
                steps.append(f"   tool {event.name} written: {event.summary}")
            case e.ToolUsed():
                steps.append(f"   tool {event.name} used: exit {event.exit_code}")
            case e.ToolBroken():
                steps.append(f"   tool {event.name} broken: {_short(event.reason, 160)}")
            case e.UserSaid() if event.why == "steering":
                steps.append(f"## the user said meanwhile\n{_short(event.text, 400)}")
            case e.RoundEnded():
                tail.append(f"## ended: {event.ending} after {event.turns} turns: {_short(event.answer, 600)}")
            case e.Verified():
                tail.append(f"verify `{event.command}`: exit {event.exit_code} (before: {event.base_exit_code})")
            case _:
                pass
    return head, steps, tail


def _step(command: str, event: e.CommandFinished) -> str:
    size = f"{event.output_lines} lines{', cut' if event.truncated else ''}"
    wrong = f"\n   {_short(event.output[-OUTPUT:], OUTPUT)}" if event.exit_code else ""
    ended = f"exit {event.exit_code}, {event.seconds:.1f} s, {size}"
    return f"step {event.step}: {_short(command, COMMAND)}\n   {ended}{wrong}"


def _short(text: str, width: int) -> str:
    flat = text.strip().replace("\n", "\n   ")
    return flat if len(flat) <= width else f"{flat[: width - 1]}…"
