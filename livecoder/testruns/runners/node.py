"""What `node --test` printed with its spec reporter: every test, as an indented tree."""

from __future__ import annotations

import re
from collections.abc import Sequence

from livecoder.testruns import Counts, Found, Status, TestRun
from livecoder.testruns.runners.outline import Outline, indent

_COUNT = re.compile("\N{INFORMATION SOURCE} (tests|pass|fail|cancelled|skipped|todo) ([0-9]{1,9})")
_TIMED = re.compile(r"(.*) \([\d.]+ms\)(?: # (.*))?")
_MARKS: dict[str, Status] = {"✔": "passed", "✖": "failed", "﹣": "skipped", "⚠": "skipped"}


def read(lines: Sequence[str]) -> TestRun | None:
    reader = _Reader()
    for line in lines:
        reader.line(line)
    return reader.end()


class _Reader:
    def __init__(self) -> None:
        self._found = Found()
        self._amounts: dict[str, int] = {}
        self._outline = Outline()
        self._ended = False

    def line(self, line: str) -> None:
        text = line.lstrip(" ")
        if match := _COUNT.fullmatch(line):
            self._ended = True
            self._amounts[match[1]] = self._amounts.get(match[1], 0) + int(match[2])
        elif text[:2] == "▶ " and not self._ended:
            self._suite(indent(line), text[2:])
        elif text[:1] in _MARKS and text[1:2] == " " and not self._ended:
            self._result(indent(line), _MARKS[text[0]], text[2:])

    def end(self) -> TestRun | None:
        if not {"tests", "pass", "fail"} <= self._amounts.keys():
            return None
        amount = {name: self._amounts.get(name, 0) for name in ("pass", "fail", "cancelled", "skipped", "todo")}
        skipped = amount["skipped"] + amount["todo"]
        counts = Counts(amount["pass"], amount["fail"] + amount["cancelled"], 0, skipped)
        return TestRun("node --test", self._found.tests, counts, self._found.named(counts))

    def _suite(self, depth: int, said: str) -> None:
        """Its beginning, or in older versions also its end, which has a time."""
        match = _TIMED.fullmatch(said)
        if match and self._outline.at(depth) == match[1]:
            self._outline.leave(depth)
        else:
            self._outline.enter(depth, said)

    def _result(self, depth: int, status: Status, said: str) -> None:
        match = _TIMED.fullmatch(said)
        title, directive = (match[1], match[2]) if match else (said, None)
        if self._outline.at(depth) == title:  # the end of a suite
            self._outline.leave(depth)
            return
        todo = directive is not None and directive.upper().startswith("TODO")
        self._found.add(" > ".join(self._outline.path(depth, title)), "skipped" if todo else status)
