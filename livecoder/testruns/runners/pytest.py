"""What pytest printed, in any verbosity, under xdist, tox or nox, in one session or several."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from livecoder.testruns import FAILING, Counts, Found, Status, TestRun

_WORDS: dict[str, Status] = {
    "PASSED": "passed",
    "FAILED": "failed",
    "ERROR": "error",
    "SKIPPED": "skipped",
    "XFAIL": "skipped",
    "XPASS": "passed",
}
_COUNTED: dict[str, Status | None] = {
    "passed": "passed",
    "xpassed": "passed",
    "failed": "failed",
    "error": "error",
    "errors": "error",
    "skipped": "skipped",
    "xfailed": "skipped",
    "deselected": None,
}
_AMOUNT = re.compile(r"(\d{1,9}) ([a-z]+(?: [a-z]+)?)")
_SECONDS = re.compile(r"\d+(?:\.\d+)?s(?: \([\d:, a-z]+\))?")
_DETAILS = ("FAILURES", "ERRORS", "PASSES", "XPASSES", "XFAILURES")


def read(lines: Sequence[str]) -> TestRun | None:
    reader = _Reader()
    for line in lines:
        reader.line(line)
    return reader.end()


class _Reader:
    def __init__(self) -> None:
        self._found = Found()
        self._counts = Counts()
        self._recognised = self._open = False
        self._ended_early = self._unnamed = False
        self._section = "progress"
        self._failures: Counter[str] = Counter()
        """Lines of this session that name a failure, by section: the summary repeats the progress."""

    def line(self, line: str) -> None:
        if (line.startswith("!!!") and line.endswith("!!!")) or line.startswith("ERROR: "):
            self._ended_early = True  # by a broken file, -x or a key; or a path is not there, and nothing ran
        elif line.startswith("=") and line.endswith("="):
            self._header(line.strip("= "))
        elif counts := counted(line):
            self._close(counts)
        elif self._section != "details":
            self._test(line)

    def end(self) -> TestRun | None:
        if not self._recognised:
            return None
        failures = 0 if self._unnamed else self._counts.failed + self._counts.errors
        named = self._found.named(self._counts, failures)
        return TestRun("pytest", self._found.tests, self._counts, named, self._ended_early or self._open)

    def _header(self, title: str) -> None:
        if title == "test session starts":
            self._ended_early = self._ended_early or self._open
            self._recognised = self._open = True
            self._section = "progress"
        elif title == "short test summary info":
            self._recognised = self._open = True
            self._section = "summary"
        elif title in _DETAILS or title.startswith("warnings summary"):
            self._section = "details"
        elif counts := counted(title):
            self._close(counts)

    def _close(self, counts: Counts) -> None:
        """The session has counted; now it is known whether it named all its failures."""
        self._counts += counts
        self._unnamed = self._unnamed or max(self._failures.values(), default=0) < counts.failed + counts.errors
        self._recognised, self._open, self._section = True, False, "progress"
        self._failures.clear()

    def _test(self, line: str) -> None:
        name, status = _summarised(line) if self._section == "summary" else _progressed(line)
        if status:
            self._found.add(name, status)
            self._failures[self._section] += status in FAILING


def counted(text: str) -> Counts | None:
    """`1 failed, 2 passed in 0.12s` -> its counts; None for anything else."""
    body, _, seconds = text.rpartition(" in ")
    if not _SECONDS.fullmatch(seconds):
        return None
    if body == "no tests ran":
        return Counts()
    total: Counter[Status | None] = Counter()
    for part in body.split(", "):
        amount = _AMOUNT.fullmatch(part)
        if amount is None:
            return None
        if amount[2] in _COUNTED:
            total[_COUNTED[amount[2]]] += int(amount[1])
    return Counts(total["passed"], total["failed"], total["error"], total["skipped"]) if total else None


def _summarised(line: str) -> tuple[str, Status | None]:
    """A line of the summary: `FAILED path::test - why`. Skipped tests have no names there."""
    word, _, rest = line.partition(" ")
    status = "failed" if word.startswith("SUBFAIL") else _WORDS.get(word)
    return ("", None) if rest.startswith("[") else (_before_reason(rest), status)


def _before_reason(text: str) -> str:
    """The id before ` - `, which may stand in the brackets of a parameter as well."""
    place = text.find(" - ")
    while place >= 0:
        name = text[:place]
        if "[" not in name or name.endswith("]"):
            return name
        place = text.find(" - ", place + 1)
    return text


def _progressed(line: str) -> tuple[str, Status | None]:
    """`path::test PASSED [ 10%]`, or under xdist `[gw0] [ 10%] PASSED path::test`; or a summary without its head."""
    if line.startswith("[gw"):
        rest = line.partition("] ")[2]
        word, _, name = (rest.partition("] ")[2] if rest.startswith("[") else rest).partition(" ")
        return name, _WORDS.get(word)
    if line.startswith(("FAILED ", "ERROR ")):
        name, status = _summarised(line)
        return name, status if "::" in name or name.endswith(".py") else None
    text = line.rpartition("[")[0].rstrip() if line.endswith("%]") else line
    for word, status in _WORDS.items():
        name, _, rest = text.rpartition(f" {word}")
        if "::" in name and not name[0].isspace() and (not rest or rest.startswith(" (")):
            return name, status
    return "", None
