"""What runners print about tests that pass, as tables of patterns, each for one line.

No pattern may take longer than in proportion to the line: none can match the same characters in two ways.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NOTHING = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class Noise:
    """The patterns of one runner; each matches a whole line."""

    passing: re.Pattern[str]
    after: re.Pattern[str] = _NOTHING
    """Belongs to the line before it."""
    before: re.Pattern[str] = _NOTHING
    """Belongs to the line after it, if that is as deep."""
    title: re.Pattern[str] = _NOTHING
    """Stands over deeper lines, and goes if all of them do."""
    details: re.Pattern[str] = _NOTHING
    """From here on failures are told: nothing there is noise."""
    resumed: re.Pattern[str] = _NOTHING
    """The failures have been told."""


def _lines(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


_DOTS = r"[.sx]+(?: +\[ *\d+%\])?"
_INDENTED = _lines(r" +\S.*")
_EVENT = r'\{(?:"Time":"[^"]*",)?"Action":"(?:start|run|pause|cont|pass)".*\}'
_PRINTED = (
    r'\{(?:"Time":"[^"]*",)?"Action":"output","Package":"[^"]*"(?:,"Test":"[^"]*")?'
    r',"Output":"(?:=== | *--- PASS|PASS|ok  ).*\}'
)

NOISE = {
    "pytest": Noise(
        _lines(
            r"\S.* PASSED(?: +\[ *\d+%\])?",
            r"\[gw\d+\] (?:\[ *\d+%\] )?PASSED .*",
            r"PASSED \S.*",
            r"[^\s:\[]+::.* ",  # xdist says so when it begins a test
            _DOTS,
            r"\S+\.\w+ [.sx]+ +\[ *\d+%\]",
        ),
        details=_lines(r"=+ (?:FAILURES|ERRORS|PASSES) =+"),
        resumed=_lines(r"=+ (?:test session starts|short test summary info|warnings summary).* =+"),
    ),
    "unittest": Noise(
        _lines(r".+ \.\.\. ok", _DOTS),
        before=_lines(r"\w+ \([\w.]+\)"),
        details=_lines(r"={60,}"),
        resumed=_lines(r"Ran \d+ tests? in .*"),
    ),
    "cargo test": Noise(
        _lines(r"test .+ \.\.\. ok", r"\.+(?: \d+/\d+)?"),
        details=_lines(r"failures:"),
        resumed=_lines(r"test result: .*"),
    ),
    "go test": Noise(
        _lines(r"ok  \t.*", r"\?   \t.*\[no test files\]", r" *--- PASS: .*", r"PASS", _EVENT, _PRINTED),
        before=_lines(r"=== (?:RUN|PAUSE|CONT|NAME) .*"),
    ),
    "jest": Noise(
        _lines(r"PASS \S.*", r" +[✓√] .*"),
        title=_INDENTED,
        details=_lines(r"  ● .*"),
        resumed=_lines(r"(?:PASS|FAIL) \S.*", r"Test Suites: .*"),
    ),
    "vitest": Noise(
        _lines(r" +✓ .*"),
        details=_lines(r"⎯+ Failed .*"),
        resumed=_lines(r" Test Files  .*"),
    ),
    "mocha": Noise(_lines(r" +[✔✓√] .*"), title=_INDENTED, details=_lines(r"  \d+ failing")),
    "TAP": Noise(
        _lines(r" *ok\b(?!.* # (?:SKIP|TODO)).*"),
        after=_lines(r" +(?:---|\.\.\.|duration_ms: .*|type: '\w+')", r" *1\.\.\d+"),
        before=_lines(r" *# Subtest: .*"),
        title=_lines(r" *# Subtest: .*"),
    ),
    "node --test": Noise(_lines(r" *✔ .*"), title=_lines(r" *▶ .*"), details=_lines(r"✖ failing tests:")),
}
