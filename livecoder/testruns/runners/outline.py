"""The titles round a test where a runner prints suites as an indented tree."""

from __future__ import annotations


class Outline:
    """The titles that are open, outermost first."""

    def __init__(self) -> None:
        self._open: list[tuple[int, str]] = []

    def enter(self, depth: int, title: str) -> None:
        """A title at this depth: it ends those at its depth and deeper ones."""
        if title:
            self.leave(depth)
            self._open.append((depth, title))

    def leave(self, depth: int) -> None:
        while self._open and self._open[-1][0] >= depth:
            self._open.pop()

    def at(self, depth: int) -> str:
        """The open title of exactly this depth, or ""."""
        return next((title for place, title in reversed(self._open) if place == depth), "")

    def path(self, depth: int, title: str) -> list[str]:
        """The titles above what stands at this depth, and its own."""
        return [*(above for place, above in self._open if place < depth), title]


def indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
