"""What the model reads of a command: its output, its exit code, and what there is to say. Text in, text out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

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


def observation(finished: Finished, said: Sequence[str], instead: str = "") -> str:
    """Plain lines; `instead` of the output, where it is not to be told again."""
    seconds = f" · {finished.seconds:.0f} s" if finished.seconds >= 5 else ""
    output = instead or finished.output.rstrip("\n")
    lines = [output] if output.strip() else []
    lines.append(f"[exit {finished.exit_code}{seconds}]")
    lines += [text if "\n" in text else f"[{text}]" for text in (finished.note, *said) if text]
    return "\n".join(lines)


def timeless(output: str) -> str:
    """An output without what differs each time: durations."""
    return DURATION.sub("#", output)
