"""Output bounded while it is read: its head, its tail, and the lines in between that look like errors.

Lines are those of the spool, separated by line feeds. The memory used depends on the budget alone, whatever arrives.
No file and no process in here: bytes in, text out.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from livecoder.sandbox.clean import clean
from livecoder.sandbox.excerpt import Excerpt, Part, folded, is_source
from livecoder.testruns.fold import fold

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
    folded: bool = False
    """Everything of interest is there: equal lines in a row and passing tests are counted instead of shown."""


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
        """Lines of which a part was not kept, and their sizes."""

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
        if self._open:
            self._close()
        head, tail = b"".join(self._head), b"".join(block for _, block in self._tail)
        whole = len(head) + len(tail) == self.received
        if whole:
            head, tail = head + tail, b""
        text = clean(head)
        lines = text.removesuffix("\n").split("\n") if text else []
        parts = _without_noise(text) if whole else folded(lines, 1)
        if whole and sum(part.cost for part in parts) <= self._budget + (not text.endswith("\n")):
            if len(parts) == len(lines):
                return View(text, self.received, self._lines, clipped=False)
            kept = "".join(f"{part.text}\n" for part in parts)
            return View(kept, self.received, self._lines, clipped=False, folded=True)
        last = clean(tail).removesuffix("\n").split("\n") if tail else []
        tail_parts = folded(last, self._lines - len(last) + 1)
        excerpt = Excerpt(self._name, self._lines, self._budget, self._marker_of(head, tail))
        if is_source(lines):
            return View(excerpt.of_source([*parts, *tail_parts]), self.received, self._lines, clipped=True)
        errors = [Part(line.number, line.number, clean(line.raw)) for line in self._found]
        return View(excerpt.of_anything(parts, tail_parts, errors), self.received, self._lines, clipped=True)

    def _marker_of(self, head: bytes, tail: bytes) -> Callable[[Part, int], str]:
        """How a line goes on of which only so many characters are shown; "" when that is all of it."""
        raw, raw_tail = head.split(b"\n"), tail.removesuffix(b"\n").split(b"\n") if tail else []
        sizes = {line.number: len(line.raw) for line in self._found}

        def marker(part: Part, width: int) -> str:
            number, size = part.first, self._long.get(part.first, 0)
            if width >= len(part.text) and not size:
                return ""
            behind = number - self._lines + len(raw_tail) - 1
            line = raw[number - 1] if number <= len(raw) else raw_tail[behind] if behind >= 0 else b""
            until = len(part.text[:width].encode()) + 1
            command = f"lc out {self._name} {number}:{number} | cut -b {until}-{until + 3999}"
            return f" [… line {number} has {size or sizes.get(number, len(line)):,} bytes: {command}]"

        return marker


def _without_noise(text: str) -> list[Part]:
    """All lines of an output: passing tests folded, then equal lines in what is left."""
    parts: list[Part] = []
    for piece in fold(text.removesuffix("\n")) if text else ():
        parts += (
            [Part(piece.first, piece.last, piece.text)] if piece.folded else folded(piece.text.split("\n"), piece.first)
        )
    return parts


_CONTINUATION = bytes(range(0x80, 0xC0))


def _whole_characters(data: bytes) -> bytes:
    """Without the last character if the cut went through it."""
    stripped = data.rstrip(_CONTINUATION)
    if len(data) - len(stripped) > 3 or not stripped or stripped[-1] < 0xC0:
        return data
    wanted = 2 if stripped[-1] < 0xE0 else 3 if stripped[-1] < 0xF0 else 4
    return data if len(data) - len(stripped) + 1 >= wanted else stripped[:-1]


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
