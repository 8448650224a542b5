"""What mocha printed: with its usual reporter every test, with others the failing ones."""

from __future__ import annotations

import re
from collections.abc import Sequence

from livecoder.testruns import Counts, Found, TestRun
from livecoder.testruns.runners.outline import Outline, indent

_COUNT = re.compile(r"  (\d{1,9}) (passing|pending|failing)(?: \([\d.]+\w+\))?")
_NUMBERED = re.compile(r"( +)\d{1,9}\) (.*)")
_SECONDS = re.compile(r" \(\d+(?:\.\d+)?m?s\)$")


def read(lines: Sequence[str]) -> TestRun | None:
    reader = _Reader()
    for line in lines:
        reader.line(line)
    return reader.end()


class _Reader:
    def __init__(self) -> None:
        self._found = Found()
        self._amounts = {"passing": 0, "pending": 0, "failing": 0}
        self._recognised = self._ended = False
        self._outline = Outline()
        self._titles: list[str] = []
        """Of the failure whose name is being read, over several lines."""

    def line(self, line: str) -> None:
        if match := _COUNT.fullmatch(line):
            self._recognised = self._recognised or match[2] == "passing"
            self._ended = True
            self._amounts[match[2]] += int(match[1])
        elif self._ended:
            self._detail(line)
        else:
            self._test(line)

    def end(self) -> TestRun | None:
        if not self._recognised:
            return None
        counts = Counts(self._amounts["passing"], self._amounts["failing"], 0, self._amounts["pending"])
        return TestRun("mocha", self._found.tests, counts, self._found.named(counts))

    def _test(self, line: str) -> None:
        """A line of the tree. What fails is named in full at the end."""
        text = line.strip()
        if text[:1] in ("✔", "✓", "√"):
            self._found.add(" > ".join(self._outline.path(indent(line), _SECONDS.sub("", text[1:].strip()))), "passed")
        elif text.startswith("- "):
            self._found.add(" > ".join(self._outline.path(indent(line), text[2:])), "skipped")
        elif line.startswith("  ") and not _NUMBERED.fullmatch(line):
            self._outline.enter(indent(line), text)

    def _detail(self, line: str) -> None:
        """`  2) suite`, then deeper titles, the last of which ends with a colon."""
        if line.startswith("  ") and (match := _NUMBERED.fullmatch(line)) and len(match[1]) == 2:
            self._titles = [match[2].strip()]
        elif self._titles and line.startswith("     "):
            self._titles.append(line.strip())
        else:
            self._titles = []
        if self._titles and self._titles[-1].endswith(":"):
            if len(self._titles) > 1 and self._titles[-1].startswith('"before '):
                self._titles.pop()  # none of the tests in there was run
            self._found.add(" > ".join(self._titles).removesuffix(":"), "failed")
            self._titles = []
