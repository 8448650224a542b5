"""Which lines of an output are shown when not all of them may be, and what is said about the others. Pure text.

Source code is shown from its start, up to the end of a definition, and the definitions that are missing are named;
anything else by its head, its tail and the lines in between that look like errors. Repeated lines are folded.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

REPEATS = 6
"""So many equal lines in a row are shown as one and a count."""
DEFINITIONS = 3
"""A text with fewer is not taken for source code."""
LINES_A_DEFINITION = 80
NAMED = 14
NAMED_CHARS = 500
"""Missing definitions that are named in one gap."""
PIECES = 4
LEAST = 0.6
"""The share of the budget that source code may not fall below for the sake of ending with a definition's end."""

_NUMBER = r"^(?:[ ]*\d+[\t:|-])?"
_DEFINITION = re.compile(
    _NUMBER + r"(?P<indent>[ \t]*)(?:(?:export|default|pub(?:\(\w+\))?|async|static|abstract|public|private|protected"
    r"|unsafe|const(?=[ ]+fn)|final)[ ]+)*(?P<kind>def|class|fn|func|function|impl|trait|struct|enum|interface)[ ]+"
    r"(?P<name>(?:\([^)]{0,60}\)[ ]*)?[\w.<>]{1,60})"
)
_DECORATOR = re.compile(_NUMBER + r"[ \t]*(?:@\w|#\[)")
_NOT_SOURCE = re.compile(
    r"E   |={5}|_{5}|-{5} |Traceback |FAILED |diff --git |commit [0-9a-f]{7}|@@ |ok \d|not ok \d|running \d"
)


@dataclass(frozen=True, slots=True)
class Part:
    """One line as it is shown, or one text for the lines from `first` to `last`. Markers cost no budget."""

    first: int
    last: int
    text: str
    marker: str = ""

    @property
    def cost(self) -> int:
        return len(self.text) + 1


def folded(lines: Sequence[str], first: int) -> list[Part]:
    """`lines`, the first of which has number `first`, with equal lines in a row folded."""
    parts: list[Part] = []
    number = first
    for text, run in itertools.groupby(lines):
        count = sum(1 for _ in run)
        more = f"[… the line above {count - 1} more times]"
        if count >= REPEATS and (count - 1) * (len(text) + 1) > len(more):
            parts += [Part(number, number, text), Part(number + 1, number + count - 1, more)]
        else:
            parts += [Part(number + place, number + place, text) for place in range(count)]
        number += count
    return parts


def is_source(lines: Sequence[str]) -> bool:
    """Whether this is code as a file has it: not a test's report, a traceback, a diff or a search that quotes some."""
    if any(_NOT_SOURCE.match(line) for line in lines):
        return False
    found = sum(1 for line in lines if _DEFINITION.match(line))
    return found >= max(DEFINITIONS, len(lines) // LINES_A_DEFINITION)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """`name` is what `lc out` calls the output of `total` lines; `marker` says how a line goes on after a width."""

    name: str
    total: int
    budget: int
    marker: Callable[[Part, int], str]

    def of_source(self, parts: Sequence[Part]) -> str:
        """From the start as far as the budget holds, back to the last place where a definition begins."""
        shown: dict[int, Part] = {}
        self._take(parts, self.budget, shown)
        end, dropped = len(shown), 0
        while 0 < end < len(parts) and not _begins(parts, end) and dropped <= (1 - LEAST) * self.budget:
            end -= 1
            dropped += parts[end].cost
        if 0 < end < len(parts) and _begins(parts, end):
            shown = {part.first: shown[part.first] for part in parts[:end]}
        return self._with_gaps(shown, parts)

    def of_anything(self, head: Sequence[Part], tail: Sequence[Part], errors: Iterable[Part]) -> str:
        """Three tenths for the head, half for the tail, the rest for errors in between; what is left, to the tail."""
        shown: dict[int, Part] = {}

        def backwards() -> Iterator[Part]:
            yield from reversed(tail)
            yield from reversed(head)

        left = self._take(head, self.budget * 3 // 10, shown)
        left += self._take(backwards(), self.budget // 2, shown)
        left += self.budget - self.budget * 3 // 10 - self.budget // 2
        left = self._take(
            (part for part in errors if not any(one.first <= part.first <= one.last for one in shown.values())),
            left,
            shown,
        )
        self._take((part for part in backwards() if part.first not in shown), left, shown)
        return self._with_gaps(shown, ())

    def _take(self, parts: Iterable[Part], budget: int, shown: dict[int, Part]) -> int:
        """Show parts in their order until one does not fit. Returns what is left of the budget."""
        width = max(self.budget // 8, 1) - 1
        for part in parts:
            if part.first == part.last:
                part = Part(part.first, part.last, part.text[:width], self.marker(part, width))
            if part.first in shown or part.cost > budget:
                break
            shown[part.first] = part
            budget -= part.cost
        return budget

    def _with_gaps(self, shown: dict[int, Part], parts: Sequence[Part]) -> str:
        lines: list[str] = []
        expected = 1
        for first in [*sorted(shown), self.total + 1]:
            if first > expected:
                last = first - 1
                which = f"lines {expected}-{last}" if last > expected else f"line {last}"
                gap = [part for part in parts if expected <= part.first <= last]
                whole = f"lc out {self.name} {expected}:{last}{self._in_pieces(gap)}"
                lines.append(f"[… {which} not shown: {whole}{_named(gap)}]")
            if first in shown:
                lines.append(shown[first].text + shown[first].marker)
                expected = shown[first].last + 1
        return "\n".join(lines) + "\n"

    def _in_pieces(self, gap: Sequence[Part]) -> str:
        """For a gap that would be cut again: pieces of it that are not; "" for any other."""
        pieces: list[str] = []
        first, spent = 0, 0
        for place, part in enumerate(gap):
            spent += part.cost
            if spent > self.budget and place > first:
                pieces.append(f"{gap[first].first}:{gap[place - 1].last}")
                first, spent = place, part.cost
        if not pieces:
            return ""
        pieces.append(f"{gap[first].first}:{gap[-1].last}")
        more = ", …" * (len(pieces) > PIECES)
        return f" (too long for one output; in pieces: {', '.join(pieces[:PIECES])}{more})"


def _begins(parts: Sequence[Part], place: int) -> bool:
    """Whether a definition begins at this part, its decorators included."""
    text = parts[place].text
    if place and _DECORATOR.match(parts[place - 1].text):
        return False
    return bool(_DEFINITION.match(text) or _DECORATOR.match(text))


def _named(parts: Iterable[Part]) -> str:
    """The definitions in a gap, by kind, name and line, the outermost first to be kept when there are many."""
    found = [(part.first, match) for part in parts if (match := _DEFINITION.match(part.text))]
    if not found:
        return ""
    kept = sorted(sorted(found, key=lambda one: len(one[1]["indent"].expandtabs()))[:NAMED], key=lambda one: one[0])
    names = [f"{match['kind']} {match['name']} {number}" for number, match in kept]
    while len(names) > 1 and sum(map(len, names)) > NAMED_CHARS:
        names.pop()
    more = len(found) - len(names)
    return f"; there: {', '.join(names)}" + (f" and {more} more" if more else "")
