"""What `cargo test` printed: every test of every binary, or with `-q` the failing ones."""

from __future__ import annotations

import re
from collections.abc import Sequence

from livecoder.testruns import Counts, Found, Status, TestRun

_RESULT = re.compile(r"test result: \w+\. (\d{1,9}) passed; (\d{1,9}) failed; (\d{1,9}) ignored; .*")
_LINE = re.compile(r" \(line \d+\)")
_WORDS: dict[str, Status] = {"ok": "passed", "FAILED": "failed", "ignored": "skipped"}


def read(lines: Sequence[str]) -> TestRun | None:
    reader = _Reader()
    for line in lines:
        reader.line(line)
    return reader.end()


class _Reader:
    def __init__(self) -> None:
        self._found = Found()
        self._counts = Counts()
        self._recognised = self._stopped = self._went_on = False
        self._binary = ""
        self._section = ""
        self._failures = 0

    def line(self, line: str) -> None:
        if match := _RESULT.fullmatch(line):
            passed, failed, ignored = (int(number) for number in match.groups())
            self._counts += Counts(passed, failed, 0, ignored)
            self._section = ""
        elif line.startswith("running ") and line.endswith((" test", " tests")):
            self._recognised, self._section = True, "tests"
        elif line == "failures:":
            self._section = "failures"
        elif self._section == "tests":
            self._test(line)
        elif self._section == "failures":
            self._failure(line)
        elif not self._section:
            self._between(line)

    def end(self) -> TestRun | None:
        if not self._recognised:
            return None
        named = self._found.named(self._counts, self._failures)
        early = self._section != "" or (self._stopped and not self._went_on)
        return TestRun("cargo test", self._found.tests, self._counts, named, early)

    def _test(self, line: str) -> None:
        name, dots, said = line.removeprefix("test ").rpartition(" ... ")
        status = _WORDS.get(said.partition(",")[0])
        if line.startswith("test ") and dots and status:
            self._add(name, status)

    def _failure(self, line: str) -> None:
        """A name in the last list; the sections of output come before it, and the list again after them."""
        if line.startswith("---- "):
            self._section = "details"
        elif line.startswith("    ") and line.strip():
            self._failures += 1
            self._add(line, "failed")

    def _between(self, line: str) -> None:
        """What cargo itself says between the binaries. It stops at the first that fails unless told not to."""
        said = line.strip()
        if said.startswith("Running "):
            file = said.rpartition("(")[2].rstrip(")").rpartition("/")[2].removesuffix(".exe")
            self._binary = file.rpartition("-")[0] or file
        elif said.startswith("Doc-tests "):
            self._binary = said.removeprefix("Doc-tests ")
        elif said.startswith(("error: test failed", "error: could not compile", "error: doctest failed")):
            self._stopped = True
        elif said.startswith("error: ") and said.endswith((" target failed:", " targets failed:")):
            self._went_on = True

    def _add(self, name: str, status: Status) -> None:
        name = _LINE.sub("", name.strip().removesuffix(" - should panic"))
        self._found.add(f"{self._binary}::{name}" if self._binary else name, status)
