"""Output bounded while it is read: its head, its tail, and the lines in between that look like errors.

Lines are those of the spool, separated by line feeds. The memory used depends on the budget alone, whatever arrives.
No file and no process in here: bytes in, text out.
"""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from livecoder.sandbox.clean import clean

KEEP = 128 * 1024
"""Raw bytes kept at either end: escape sequences and wide characters shrink when they are cleaned."""
LONG = 32 * 1024
"""A line longer than this is cut while it arrives; its two halves are kept."""
FINDINGS = 200
"""Lines that look like errors, kept from the first on."""

_WORDS = (b"error", b"fail", b"traceback", b"panic", b"assert", b"exception", b"fatal", b"segmentation", b"undefined")
_ERRORS = re.compile(
    rb"\berrors?\b|\b\w+error\b|\berror\[|\bfail(?:ed|ure|ures|s)?\b|\btraceback\b|\bpanic|\bassert|\bexception\b"
    rb"|\w+exception\b|\bfatal\b|segmentation fault|undefined (?:reference|symbol|variable)"
)


@dataclass(frozen=True, slots=True)
class View:
    """The bounded text and what the whole was. `clipped` is true when a line or a part of one is not shown."""

    text: str
    bytes: int
    lines: int
    clipped: bool


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    raw: bytes


class Bounds:
    """Feed it a command's output, then ask for its view of at most `budget` characters and markers.

    `name` is what `lc out` calls the output.
    """

    def __init__(self, budget: int, name: str) -> None:
        self.received = 0
        self._budget = budget
        self._name = name
        self._lines = 0
        self._open = bytearray()
        self._open_bytes = 0
        self._head: list[bytes] = []
        self._head_bytes = 0
        self._tail: deque[tuple[int, bytes]] = deque()
        self._tail_bytes = 0
        self._found: list[_Line] = []
        self._long: dict[int, int] = {}

    def feed(self, data: bytes) -> None:
        self.received += len(data)
        end = data.rfind(b"\n") + 1
        if end:
            first = data.find(b"\n") + 1
            self._extend(data[:first])
            self._close()
            if end > first:
                self._block(data[first:end])
        if end < len(data):
            self._extend(data[end:])

    def _extend(self, piece: bytes) -> None:
        """Add to the line that is not complete yet; beyond LONG only its start and its newest part are kept."""
        self._open_bytes += len(piece)
        self._open += piece
        if len(self._open) > 2 * LONG:
            half = LONG // 2
            start = _whole_characters(bytes(self._open[:half]))
            self._open = bytearray(start + bytes(self._open[-half:]).lstrip(_CONTINUATION))

    def _close(self) -> None:
        line, size = bytes(self._open), self._open_bytes
        self._open.clear()
        self._open_bytes = 0
        if size != len(line):
            self._long[self._lines + 1] = size - line.endswith(b"\n")
        self._block(line)

    def _block(self, block: bytes) -> None:
        """Take whole lines. The block lands in the head while that has room, then in the tail, which forgets."""
        count = max(block.count(b"\n"), 1)
        self._search(block)
        if self._head_bytes < KEEP:
            self._head.append(block)
            self._head_bytes += len(block)
        else:
            self._tail.append((count, block))
            self._tail_bytes += len(block)
            while self._tail_bytes - len(self._tail[0][1]) > KEEP:
                self._tail_bytes -= len(self._tail.popleft()[1])
        self._lines += count

    def _search(self, block: bytes) -> None:
        if len(self._found) >= FINDINGS:
            return
        lowered = block.lower()
        if not any(word in lowered for word in _WORDS):
            return
        number, position = self._lines + 1, 0
        for match in _ERRORS.finditer(lowered):
            if match.start() < position:
                continue
            start = lowered.rfind(b"\n", 0, match.start()) + 1
            number += lowered.count(b"\n", position, start)
            end = lowered.find(b"\n", match.end())
            end = len(block) if end < 0 else end
            self._found.append(_Line(number, block[start:end]))
            position = end
            if len(self._found) >= FINDINGS:
                return

    def view(self) -> View:
        """Call once, at the end."""
        unended = bool(self._open)
        if unended:
            self._close()
        head, tail = b"".join(self._head), b"".join(block for _, block in self._tail)
        if len(head) + len(tail) == self.received:
            text = clean(head + tail)
            if len(text) <= self._budget:
                return View(text, self.received, self._lines, clipped=False)
        return View(self._cut(_split(head), _split(tail)), self.received, self._lines, clipped=True)

    def _cut(self, head: list[bytes], tail: list[bytes]) -> str:
        """Three tenths for the head, half for the tail, the rest for errors in between; what is left, to the tail."""
        shown: dict[int, str] = {}

        def backwards() -> Iterator[_Line]:
            yield from (_Line(self._lines - back, raw) for back, raw in enumerate(reversed(tail)))
            yield from (_Line(len(head) - back, raw) for back, raw in enumerate(reversed(head)))

        left = self._take(itertools.starmap(_Line, enumerate(head, 1)), self._budget * 3 // 10, shown)
        left += self._take(backwards(), self._budget // 2, shown)
        left += self._budget - self._budget * 3 // 10 - self._budget // 2
        left = self._take((line for line in self._found if line.number not in shown), left, shown)
        self._take((line for line in backwards() if line.number not in shown), left, shown)
        return self._with_markers(shown)

    def _take(self, lines: Iterable[_Line], budget: int, shown: dict[int, str]) -> int:
        """Show lines in their order until one does not fit. Returns what is left of the budget."""
        for line in lines:
            text, marker = self._clip(line, max(self._budget // 8, 1))
            if line.number in shown or len(text) + 1 > budget:
                break
            shown[line.number] = text + marker
            budget -= len(text) + 1
        return budget

    def _clip(self, line: _Line, width: int) -> tuple[str, str]:
        """At most `width` characters of a line, its line feed included; and, if that is not all, how to see more."""
        text = clean(line.raw)
        size = self._long.get(line.number, len(line.raw))
        if len(text) < width and line.number not in self._long:
            return text, ""
        text = text[: width - 1]
        until = len(text.encode()) + 1
        command = f"lc out {self._name} {line.number}:{line.number} | cut -b {until}-{until + 3999}"
        return text, f" [… line {line.number} has {size:,} bytes: {command}]"

    def _with_markers(self, shown: dict[int, str]) -> str:
        parts: list[str] = []
        expected = 1
        for number in [*sorted(shown), self._lines + 1]:
            if number > expected:
                last = number - 1
                which = f"lines {expected}-{last}" if last > expected else f"line {last}"
                parts.append(f"[… {which} not shown: lc out {self._name} {expected}:{last}]")
            if number in shown:
                parts.append(shown[number])
            expected = number + 1
        return "\n".join(parts) + "\n"


_CONTINUATION = bytes(range(0x80, 0xC0))


def _whole_characters(data: bytes) -> bytes:
    """Without the last character if the cut went through it."""
    stripped = data.rstrip(_CONTINUATION)
    if len(data) - len(stripped) > 3 or not stripped or stripped[-1] < 0xC0:
        return data
    wanted = 2 if stripped[-1] < 0xE0 else 3 if stripped[-1] < 0xF0 else 4
    return data if len(data) - len(stripped) + 1 >= wanted else stripped[:-1]


def _split(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    return lines if lines[-1] else lines[:-1]


class Live:
    """Clean text for whoever watches: everything at first, later the newest whole lines of each read."""

    def __init__(self, plenty: int = 64 * 1024, each: int = 2 * 1024) -> None:
        self._left = plenty
        self._each = each
        self._open = b""

    def feed(self, data: bytes) -> str:
        lines, feed, rest = (self._open + data).rpartition(b"\n")
        self._open = rest[-self._each :]
        lines += feed
        if len(lines) > self._left:
            newest = lines[-self._each - self._left :]
            lines = newest.partition(b"\n")[2] or newest.lstrip(_CONTINUATION)
        self._left = max(self._left - len(lines), 0)
        return clean(lines)

    def end(self) -> str:
        """The last line, if it has no line feed."""
        return clean(self._open)
