"""What is told of a command, to the model as text and to the journal as an event. No process and no file."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from livecoder.events import CommandFinished, CommandStarted
from livecoder.sandbox import Finished

DURATION = re.compile(r"\d+(?:\.\d+)?\s?(?:ms|s|seconds?)\b")
TOLD_AGAIN = 400
"""Characters from which an output that the model has read already is not told again."""


@dataclass(slots=True)
class Observations:
    """Remembers the longer outputs of a session, so that none is told twice."""

    _first: dict[str, int] = field(default_factory=dict[str, int])
    """The step that first gave each of them."""

    def of(self, number: int, finished: Finished, said: Sequence[str]) -> str:
        """What is told of step `number`."""
        key = timeless(finished.output)
        first = self._first.setdefault(key, number) if len(key) >= TOLD_AGAIN else number
        return observation(finished, said, f"[the same output as that of command {first}]" if first != number else "")

    def forget(self, steps: Collection[int]) -> None:
        """The model has the outputs of these no more: what gives the same again is told again."""
        self._first = {key: step for key, step in self._first.items() if step not in steps}


def observation(finished: Finished, said: Sequence[str], instead: str = "") -> str:
    """Plain lines; `instead` of the output, where it is not to be told again."""
    seconds = f" · {finished.seconds:.0f} s" if finished.seconds >= 5 else ""
    output = instead or finished.output.rstrip("\n")
    lines = [output] if output.strip() else []
    lines.append(f"[exit {finished.exit_code}{seconds}]")
    lines += [text if "\n" in text else f"[{text}]" for text in (finished.note, *said) if text]
    return "\n".join(lines)


def recorded(started: CommandStarted, finished: Finished, tree_changed: bool, blob: str) -> CommandFinished:
    """`blob` names the full output where the journal keeps it."""
    return CommandFinished(
        turn=started.turn,
        step=started.step,
        call_id=started.call_id,
        exit_code=finished.exit_code,
        seconds=finished.seconds,
        output=finished.output,
        output_bytes=finished.output_bytes,
        output_lines=finished.output_lines,
        truncated=finished.truncated,
        timed_out=finished.timed_out,
        cwd=finished.cwd,
        blob=blob,
        note=finished.note,
        tree_changed=tree_changed,
    )


def timeless(output: str) -> str:
    """An output without what differs each time: durations."""
    return DURATION.sub("#", output)
