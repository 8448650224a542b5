"""What vitest printed: the failing tests, and with its verbose reporter every test."""

from __future__ import annotations

import re
from collections.abc import Sequence

from livecoder.testruns import Counts, Found, Status, TestRun

_COUNTS = re.compile(r" +Tests  (?:no tests|(\d.*) \(\d+\))")
_AMOUNT = re.compile(r"(\d{1,9}) (failed|skipped|todo|passed)")
_MILLISECONDS = re.compile(r" \d+ms$")
_MARKS: dict[str, Status] = {"✓": "passed", "\N{MULTIPLICATION SIGN}": "failed", "↓": "skipped", "□": "skipped"}


def read(lines: Sequence[str]) -> TestRun | None:
    found, counts, recognised = Found(), Counts(), False
    for line in lines:
        if match := _COUNTS.fullmatch(line):
            recognised = True
            counts += _counted(match[1] or "")
        elif line.startswith(" FAIL  "):
            _failed(line[7:].strip(), found)
        elif line[:1] == " " and (status := _MARKS.get(line[1:2])) and " > " in line:
            found.add(_MILLISECONDS.sub("", line[2:].strip()), status)
    if not recognised:
        return None
    counts += Counts(errors=found.how_many("error"))
    return TestRun("vitest", found.tests, counts, found.named(counts))


def _failed(title: str, found: Found) -> None:
    """`file > suite > test`, or a file that could not be loaded as `file [ file ]`."""
    if title.endswith(" ]") and " [ " in title:
        found.add(title.partition(" [ ")[0], "error")
    elif " > " in title:
        found.add(title, "failed")


def _counted(said: str) -> Counts:
    amounts = {match[2]: int(match[1]) for match in _AMOUNT.finditer(said)}
    skipped = amounts.get("skipped", 0) + amounts.get("todo", 0)
    return Counts(amounts.get("passed", 0), amounts.get("failed", 0), 0, skipped)
