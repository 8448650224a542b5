"""What jest printed: with `--verbose`, or of a single file, every test, else the failing ones under their files."""

from __future__ import annotations

import re
from collections.abc import Sequence

from livecoder.testruns import Counts, Found, Status, TestRun
from livecoder.testruns.runners.outline import Outline, indent

_FILE = re.compile(r"(?:PASS|FAIL) (\S.*)")
_SECONDS = re.compile(r" \(\d+(?:\.\d+)? m?s\)$")
_AMOUNT = re.compile(r"(\d{1,9}) (failed|skipped|todo|passed)")
_MARKS: dict[str, Status] = {
    "✓": "passed",
    "√": "passed",
    "✕": "failed",
    "\N{MULTIPLICATION SIGN}": "failed",
    "○": "skipped",
    "✎": "skipped",
}
_BETWEEN = " \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} "
_WHOLE_FILE = "Test suite failed to run"


def read(lines: Sequence[str]) -> TestRun | None:
    reader = _Reader()
    for line in lines:
        reader.line(line)
    return reader.end()


class _Reader:
    def __init__(self) -> None:
        self._found = Found()
        self._counts = Counts()
        self._recognised = False
        self._file = ""
        self._outline: Outline | None = None
        """The tree of the file at hand, until its failures are shown."""
        self._broken: set[str] = set()

    def line(self, line: str) -> None:
        if line.startswith("Tests: "):
            self._count(line)
        elif match := _FILE.fullmatch(line):
            self._file = _SECONDS.sub("", match[1].rstrip())
            self._outline = Outline()
        elif line.startswith("  ● "):
            self._outline = None
            self._failed(line[4:].strip())
        elif self._outline:
            self._test(line, self._outline)

    def end(self) -> TestRun | None:
        if not self._recognised:
            return None
        counts = self._counts + Counts(errors=len(self._broken))
        return TestRun("jest", self._found.tests, counts, self._found.named(counts))

    def _count(self, line: str) -> None:
        amounts = {match[2]: int(match[1]) for match in _AMOUNT.finditer(line)}
        skipped = amounts.get("skipped", 0) + amounts.get("todo", 0)
        self._counts += Counts(amounts.get("passed", 0), amounts.get("failed", 0), 0, skipped)
        self._recognised = True

    def _failed(self, title: str) -> None:
        if title == _WHOLE_FILE:
            self._broken.add(self._file)
            self._found.add(self._file, "error")
        elif _BETWEEN in title or self._file:
            self._add(title.split(_BETWEEN), "failed")

    def _test(self, line: str, outline: Outline) -> None:
        text = line.strip()
        status = _MARKS.get(text[:1])
        if status is None:
            outline.enter(indent(line), text)
        else:
            title = _SECONDS.sub("", text[1:].strip())
            title = title.removeprefix("skipped " if text[0] == "○" else "todo " if text[0] == "✎" else "")
            self._add(outline.path(indent(line), title), status)

    def _add(self, titles: Sequence[str], status: Status) -> None:
        if titles != ["Console"]:
            self._found.add(" > ".join([self._file, *titles] if self._file else titles), status)
