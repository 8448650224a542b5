"""The Test Anything Protocol, as `node --test` prints it into a pipe, and tape, bats or prove."""

from __future__ import annotations

import re
from collections.abc import Sequence

from livecoder.testruns import Counts, Found, Status, TestRun
from livecoder.testruns.runners.outline import Outline, indent

_RESULT = re.compile(r" *(not ok|ok)\b(?: \d+)?(?: -)?(?: (.*))?")
_DIRECTIVE = re.compile(r" # (?:skip|todo)\b", re.IGNORECASE)
_COUNT = re.compile(r"# (tests|pass|fail|cancelled|skipped|todo) +(\d{1,9})")
_PLAN = re.compile(r"1\.\.\d{1,9}(?: .*)?")


def read(lines: Sequence[str]) -> TestRun | None:
    reader = _Reader()
    for line in lines:
        reader.line(line)
    return reader.end()


class _Reader:
    def __init__(self) -> None:
        self._found = Found()
        self._announced = self._planned = False
        self._amounts: dict[str, int] = {}
        self._outline = Outline()
        self._last = 0
        """How deep the last result stood: one that stands less deep sums up those above it."""

    def line(self, line: str) -> None:
        text = line.lstrip(" ")
        if text.startswith("# Subtest: "):
            self._outline.enter(indent(line), _plain(text.removeprefix("# Subtest: ")))
        elif text.startswith(("ok", "not ok")) and (match := _RESULT.fullmatch(line)):
            self._result(indent(line), match[1], match[2] or "")
        elif line.startswith("TAP version "):
            self._announced = True
        elif match := _COUNT.fullmatch(line):
            self._amounts[match[1]] = self._amounts.get(match[1], 0) + int(match[2])
        elif _PLAN.fullmatch(line):
            self._planned = True

    def end(self) -> TestRun | None:
        if not (self._announced or self._planned) or not self._found.tests:
            return None
        counts = self._counts() if "pass" in self._amounts else self._found.counts()
        return TestRun("TAP", self._found.tests, counts, self._found.named(counts), ended_early=not self._planned)

    def _result(self, depth: int, word: str, said: str) -> None:
        directive = _DIRECTIVE.search(said)
        title = _plain(said[: directive.start()] if directive else said)
        status: Status = "skipped" if directive else "passed" if word == "ok" else "failed"
        if depth >= self._last:
            self._found.add(" > ".join(self._outline.path(depth, title)), status)
        self._outline.leave(depth)
        self._last = depth

    def _counts(self) -> Counts:
        amount = {name: self._amounts.get(name, 0) for name in ("pass", "fail", "cancelled", "skipped", "todo")}
        return Counts(amount["pass"], amount["fail"] + amount["cancelled"], 0, amount["skipped"] + amount["todo"])


def _plain(title: str) -> str:
    return title.strip().replace("\\#", "#").replace("\\\\", "\\")
