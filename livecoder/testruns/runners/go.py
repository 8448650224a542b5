"""What `go test` printed: with `-v` or `-json` every test, else the failing ones and the packages."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, cast

from livecoder.testruns import FAILING, Found, Status, TestRun

_TEST = re.compile(r"--- (PASS|FAIL|SKIP): (\S+) \([\d.]+s\)")
_PACKAGE = re.compile(r"(ok  |FAIL)\t(\S+)(?:[ \t].*)?")
_WORDS: dict[str, Status] = {"pass": "passed", "fail": "failed", "skip": "skipped"}
_LONGEST_EVENT = 4000


def read(lines: Sequence[str]) -> TestRun | None:
    reader = _Reader()
    for line in lines:
        reader.line(line)
    return reader.end()


class _Reader:
    def __init__(self) -> None:
        self._found = Found()
        self._recognised = self._every = self._ended_early = False
        self._tests: dict[str, dict[str, Status]] = {}
        """By package; tests whose package is not known yet stand under ""."""

    def line(self, line: str) -> None:
        if match := _TEST.fullmatch(line.lstrip(" ")):
            self._tests.setdefault("", {})[match[2]] = _WORDS[match[1].lower()]
            self._every = self._every or match[1] == "PASS"
        elif match := _PACKAGE.fullmatch(line):
            self._tests.setdefault(match[2], {}).update(self._tests.pop("", {}))
            self._package(match[2], passed=match[1] != "FAIL")
        elif line.startswith('{"'):
            self._event(line)
        elif line.startswith("=== RUN "):
            self._every = True
        elif line.startswith("panic: "):  # the package ends there
            self._ended_early = True

    def end(self) -> TestRun | None:
        if not self._recognised:
            return None
        for name, status in self._tests.pop("", {}).items():
            self._ended_early = True
            self._found.add(name, status)
        named = "all" if self._every else "failures"
        return TestRun("go test", self._found.tests, self._found.counts(), named, self._ended_early)

    def _package(self, package: str, *, passed: bool) -> None:
        """A package stands for itself where none of its tests says what became of it."""
        self._recognised = True
        tests = self._tests.pop(package, {})
        for name, status in tests.items():
            self._found.add(f"{package}::{name}", status)
        if passed and not tests:
            self._found.add(package, "passed")
        elif not passed and not any(status in FAILING for status in tests.values()):
            self._found.add(package, "error")

    def _event(self, line: str) -> None:
        """One line of `-json`."""
        event = _parsed(line)
        action, package, test = (str(event.get(key) or "") for key in ("Action", "Package", "Test"))
        if action not in _WORDS or not package:
            return
        self._every = True
        if test:
            self._tests.setdefault(package, {})[test] = _WORDS[action]
        else:
            self._package(package, passed=action != "fail")


def _parsed(line: str) -> dict[str, Any]:
    if len(line) > _LONGEST_EVENT:
        return {}
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
