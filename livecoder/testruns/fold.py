"""A test runner's output with its passing noise folded: what passed is counted, what failed stays whole.

Text that is no test output is left as it is. Pure; lines keep their numbers, so that they can still be asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from livecoder.testruns import text
from livecoder.testruns.noise import NOISE, Noise
from livecoder.testruns.runners.outline import indent

FEWEST = 3
"""Lines that are worth folding."""
_WIDEST = 2000
"""Characters of a line that may be noise."""
_ALARM = re.compile(
    r"\b(?:FAIL|FAILED|FAILURES?|ERRORS?|FATAL|Traceback|panicked|XPASS)\b|not ok\b|[✖✕✗❌\N{MULTIPLICATION SIGN}]"
)
"""A line that says such a thing is never folded."""
_WARNINGS = re.compile(r"=+ warnings summary.* =+")
_PLACE = re.compile(r"^\s*\S+:\d+: ")


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines `first` to `last` of the output, counted from 1: as they were, or folded into one."""

    first: int
    last: int
    text: str
    folded: bool = False


def folded(output: str) -> str:
    """The output as a model reads it."""
    return "\n".join(piece.text for piece in fold(output))


def fold(output: str) -> tuple[Piece, ...]:
    """The output in pieces, in order; together they have all its lines."""
    lines = output.split("\n")
    noises = [NOISE[run.runner] for run in text.recognised(output)]
    if not noises:
        return (Piece(1, len(lines), output),)
    words = ["passing" if each else "" for each in _passing(lines, noises)]
    for number in _repeated(lines):
        words[number] = "repeated"
    return tuple(_pieces(lines, words))


def _pieces(lines: Sequence[str], words: Sequence[str]) -> Iterable[Piece]:
    """Runs of lines with one word, where folding them saves something."""
    kept, start = 0, 0
    while start < len(lines):
        end = _end_of_run(lines, words, start)
        marker = f"[{end - start} {words[start]} lines folded]"
        if words[start] and end - start >= FEWEST and sum(map(len, lines[start:end])) > len(marker):
            if kept < start:
                yield Piece(kept + 1, start, "\n".join(lines[kept:start]))
            yield Piece(start + 1, end, marker, folded=True)
            kept = end
        start = end
    if kept < len(lines):
        yield Piece(kept + 1, len(lines), "\n".join(lines[kept:]))


def _end_of_run(lines: Sequence[str], words: Sequence[str], start: int) -> int:
    """Empty lines go with a run that goes on behind them."""
    end = last = start
    while end < len(lines) and (words[end] == words[start] or (words[start] and not lines[end].strip())):
        end += 1
        last = end if words[end - 1] == words[start] else last
    return max(last, start + 1)


def _passing(lines: Sequence[str], noises: Sequence[Noise]) -> list[bool]:
    """For each line whether it is passing noise."""
    found: list[bool] = []
    telling = False
    for line in lines:
        if any(noise.details.fullmatch(line) for noise in noises):
            telling = True
        elif any(noise.resumed.fullmatch(line) for noise in noises):
            telling = False
        found.append(not telling and _is_noise(line, noises, bool(found and found[-1])))
    _take_along(lines, noises, found)
    return found


def _is_noise(line: str, noises: Sequence[Noise], after_noise: bool) -> bool:
    if len(line) > _WIDEST or _ALARM.search(line):
        return False
    return any(noise.passing.fullmatch(line) or (after_noise and noise.after.fullmatch(line)) for noise in noises)


def _take_along(lines: Sequence[str], noises: Sequence[Noise], found: list[bool]) -> None:
    """Lines that announce noise alone, from the last line to the first."""
    below: list[tuple[int, bool]] = []
    """Depth of what follows, the nearest last, and whether all of it is noise."""
    for number in reversed(range(len(lines))):
        line = lines[number]
        if not line.strip():
            continue
        depth, deeper, quiet = indent(line), False, True
        while below and below[-1][0] > depth:
            deeper, quiet = True, below.pop()[1] and quiet
        if not found[number] and len(line) <= _WIDEST and not _ALARM.search(line):
            next_quiet = bool(below) and below[-1] == (depth, True)
            found[number] = any(
                (deeper and quiet and noise.title.fullmatch(line))
                or (not deeper and next_quiet and noise.before.fullmatch(line))
                for noise in noises
            )
        below.append((depth, quiet and found[number]))


def _repeated(lines: Sequence[str]) -> Iterable[int]:
    """Lines of pytest's warnings that say again, of another place, what was said before."""
    seen: set[tuple[str, ...]] = set()
    block: list[int] = []
    inside = False
    for number, line in enumerate(lines):
        if not inside:
            inside = _WARNINGS.fullmatch(line) is not None
        elif line.startswith(("=", "-- Docs: ")):
            inside, block = False, []
        elif line.strip():
            block.append(number)
        else:
            said = tuple(_PLACE.sub("", lines[each]) for each in block if lines[each][:1] == " ")
            if said in seen and not any(_ALARM.search(lines[each]) for each in block):
                yield from (*block, number)
            if said:
                seen.add(said)
            block = []
