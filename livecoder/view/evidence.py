"""What a session left besides its events, for views that show it whole: full outputs and the change of its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from livecoder.events import CommandFinished
from livecoder.view.figures import count


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A text, and in words what of it is not here. Either may be empty."""

    text: str
    missing: str = ""


class Evidence(Protocol):
    def output(self, finished: CommandFinished) -> Excerpt:
        """What a command printed: more than the model saw of it, where that was cut."""
        ...

    def diff(self, trees: Sequence[str]) -> Excerpt:
        """The change from the first of these checkpoints to the last one, as `git diff` writes it."""
        ...


def clipped(text: str, most: int) -> Excerpt:
    """At most `most` characters from the start of `text`, whole lines where there are lines."""
    if len(text) <= most:
        return Excerpt(text)
    end = text.rfind("\n", 0, most) + 1 or most
    return Excerpt(text[:end], f"{count(text.count(chr(10), end) or 1, 'more line')} not shown here")
