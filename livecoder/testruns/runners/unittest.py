"""What unittest printed, and those who print like it (Django): with `-v` every test, else the failing ones."""

from __future__ import annotations

import re
from collections.abc import Sequence

from livecoder.testruns import Counts, Found, Status, TestRun

_RAN = re.compile(r"Ran (\d{1,9}) tests? in [\d.]+s")
_ENDED = re.compile(r"(?:OK|FAILED|NO TESTS RAN)(?: \(([^()]*)\))?")
_TEST = re.compile(r" *(\S+) \(([^\s()]+)\)")
_BLOCKS: dict[str, Status] = {"FAIL": "failed", "ERROR": "error", "UNEXPECTED SUCCESS": "failed"}
_WORDS: dict[str, Status] = {
    "ok": "passed",
    "FAIL": "failed",
    "ERROR": "error",
    "expected failure": "skipped",
    "unexpected success": "failed",
}


def read(lines: Sequence[str]) -> TestRun | None:
    found, counts, recognised = Found(), Counts(), False
    ran, blocks, before, progress = -1, 0, "", True
    for line in lines:
        if match := _RAN.fullmatch(line):
            ran = int(match[1])
        elif ran >= 0 and (match := _ENDED.fullmatch(line)):
            counts += _counted(ran, match[1] or "")
            recognised, progress, ran = True, True, -1
        elif before.startswith("=" * 60) and not before.strip("="):
            progress = False
            blocks += _block(line, found)
        elif progress:
            _progressed(line, before, found)
        before = line
    return TestRun("unittest", found.tests, counts, found.named(counts, blocks)) if recognised else None


def _block(line: str, found: Found) -> bool:
    """`FAIL: test_x (mod.Class.test_x)` over a traceback."""
    word, _, test = line.partition(": ")
    if word not in _BLOCKS:
        return False
    found.add(_name(test), _BLOCKS[word])
    return True


def _progressed(line: str, before: str, found: Found) -> None:
    """`test_x (mod.Class.test_x) ... ok`; a docstring stands on a line of its own between the two."""
    head, dots, said = line.rpartition(" ... ")
    status = "skipped" if said.startswith("skipped") else _WORDS.get(said)
    if dots and status:
        found.add(_name(head) or _name(before), status)


def _name(text: str) -> str:
    match = _TEST.match(text)
    if not match:
        return ""
    test, place = match[1], match[2].removeprefix("unittest.loader._FailedTest.")
    if test in ("setUpClass", "setUpModule"):  # none of the tests in there was run
        return place
    return place if f".{place}".endswith(f".{test}") else f"{place}.{test}"


def _counted(ran: int, said: str) -> Counts:
    amounts = dict.fromkeys(("failures", "errors", "skipped", "expected failures", "unexpected successes"), 0)
    for part in said.split(", "):
        name, _, amount = part.partition("=")
        if name in amounts and amount.isdecimal() and len(amount) < 10:
            amounts[name] = int(amount)
    failed = amounts["failures"] + amounts["unexpected successes"]
    skipped = amounts["skipped"] + amounts["expected failures"]
    return Counts(max(ran - failed - amounts["errors"] - skipped, 0), failed, amounts["errors"], skipped)
