"""Tests that a change deleted, skipped or reconfigured, as lines for people: green over fewer tests is less proof.

Tests are told by simple patterns of common languages. A changed expectation is not named; a moved test is no loss.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from typing import Any, TypeAlias, cast

from livecoder.workspace.scan import shown
from livecoder.workspace.trees import Change, Entry, Trees

_TEST_FILE = re.compile(
    r"(^|/)(tests?|__tests__|spec|testing)/|(^|/)test_[^/]*\.py$|_test\.(py|go|rs|exs|rb|cc|cpp)$"
    r"|[._-](test|spec)\.[cm]?[jt]sx?$|Tests?\.(java|kt|cs|scala|php)$|_spec\.rb$"
)
_NAMED = {
    "py": re.compile(r"^[ \t]*(?:async[ \t]+)?def[ \t]+(test\w*)", re.M),
    "js": re.compile(r"\b(?:it|test)(?:\.\w+)*\s*\(\s*(['\"`].*?['\"`])\s*,"),
    "rs": re.compile(r"#\[(?:\w+::)*test\b[^\]]*\](?:\s*#\[[^\]]*\])*\s*(?:pub\s+)?(?:async\s+)?fn\s+(\w+)"),
    "go": re.compile(r"^func\s+((?:Test|Fuzz|Example)\w*)\s*\(", re.M),
    "java": re.compile(r"@(?:Test|ParameterizedTest)\b[^{;]*?\b(\w+)\s*\([^)]*\)\s*(?:throws[^{]*)?\{"),
    "rb": re.compile(r"^\s*(?:it|test)\s+(['\"].*?['\"])|^\s*def\s+(test_\w+)", re.M),
}
_SKIPPED = {
    "py": re.compile(
        r"@(?:pytest\.mark|mark)\.(?:skip|xfail)\w*|\bpytest\.(?:skip|xfail|importorskip)\s*\("
        r"|@(?:unittest\.)?(?:skip\w*|expectedFailure)\b|\bskipTest\s*\(|\braise\s+(?:unittest\.)?SkipTest\b"
        r"|\bcollect_ignore\b|\b__test__\s*=\s*False|\bpytestmark\b.*(?:skip|xfail)"
    ),
    "js": re.compile(r"\b(?:it|test|describe|suite)\.(?:skip|only|todo|fails|failing)\b|\bx(?:it|test|describe)\s*\("),
    "rs": re.compile(r"#\[ignore\b|#\[should_panic\b"),
    "go": re.compile(r"\bt\.Skip(?:f|Now)?\s*\("),
    "java": re.compile(r"@(?:Disabled|Ignore)\b|\bassum(?:e|ing)\w*\s*\("),
    "rb": re.compile(r"^\s*(?:skip|pending|xit)\b", re.M),
}
_LANGUAGE = {
    "py": "py",
    **dict.fromkeys(("js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts"), "js"),
    "rs": "rs",
    "go": "go",
    **dict.fromkeys(("java", "kt", "cs", "scala"), "java"),
    "rb": "rb",
}
_CONFIGURATION = re.compile(
    r"(^|/)(conftest\.py|\.?pytest\.(ini|toml)|tox\.ini|setup\.cfg|noxfile\.py|\.coveragerc|GNUmakefile|[Mm]akefile"
    r"|justfile|jest\.config\.\w+|vitest\.config\.\w+|\.mocharc\.\w+|karma\.conf\.\w+|playwright\.config\.\w+"
    r"|nextest\.toml|\.rspec|phpunit\.xml(\.dist)?)$"
)
_Pair: TypeAlias = tuple[str, str]


def weakened_tests(trees: Trees, base: str, final: str) -> tuple[str, ...]:
    """One line for each weakening, in the order of the paths."""
    changes = {path: change for path, change in trees.changes(base, final).items() if _matters(path)}
    texts = _texts(trees, changes)
    came: Counter[str] = Counter()
    for path, (old, new) in texts.items():
        came += _names(path, new) - _names(path, old)
    lines: list[str] = []
    for path, (old, new) in sorted(texts.items()):
        lines += _lines(path, changes[path], old, new, came)
    return tuple(lines)


def _lines(path: str, change: Change, old: str, new: str, came: Counter[str]) -> list[str]:
    name = shown(path)
    lost = sorted((_names(path, old) - _names(path, new)).elements())
    missing: list[str] = []
    for test in lost:
        if came[test] > 0:
            came[test] -= 1
        else:
            missing.append(test)
    lines: list[str] = []
    if change[1] is None and _TEST_FILE.search(path):
        if missing or not lost:
            lines.append(f"test file deleted: {name}" + (f" ({len(lost)} tests)" if lost else ""))
    elif missing:
        listed = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
        lines.append(f"tests removed: {name} ({len(missing)}: {listed})")
    skipped = _skips(path, new) - _skips(path, old)
    if skipped > 0:
        lines.append(f"tests newly skipped or restricted: {name} ({skipped})")
    if _is_reconfigured(path, old, new):
        lines.append(f"test configuration changed: {name}")
    return lines


def _texts(trees: Trees, changes: dict[str, Change]) -> dict[str, _Pair]:
    entries = [entry for change in changes.values() for entry in change if entry]
    contents = {blob: content.decode("utf-8", "replace") for blob, content in trees.blobs(e.blob for e in entries)}

    def text(entry: Entry | None) -> str:
        return contents[entry.blob] if entry else ""

    return {path: (text(old), text(new)) for path, (old, new) in changes.items()}


def _matters(path: str) -> bool:
    return (
        _language(path) != ""
        or _TEST_FILE.search(path) is not None
        or _CONFIGURATION.search(path) is not None
        or path.rpartition("/")[2] in ("pyproject.toml", "package.json")
    )


def _language(path: str) -> str:
    """The language whose tests may be in this file: Rust keeps them beside the code, others in test files."""
    language = _LANGUAGE.get(path.rpartition(".")[2], "")
    return language if language == "rs" or _TEST_FILE.search(path) or path.endswith("conftest.py") else ""


def _names(path: str, text: str) -> Counter[str]:
    language = _language(path)
    if not language:
        return Counter()
    return Counter(next(filter(None, found.groups()), "") for found in _NAMED[language].finditer(text))


def _skips(path: str, text: str) -> int:
    language = _language(path)
    return len(_SKIPPED[language].findall(text)) if language else 0


def _is_reconfigured(path: str, old: str, new: str) -> bool:
    name = path.rpartition("/")[2]
    if name == "pyproject.toml":
        return _pytest_section(old) != _pytest_section(new)
    if name == "package.json":
        return _test_scripts(old) != _test_scripts(new)
    return _CONFIGURATION.search(path) is not None


def _pytest_section(text: str) -> Any:
    try:
        tools = cast("dict[str, Any]", tomllib.loads(text).get("tool", {}))
    except tomllib.TOMLDecodeError:
        return text
    return {name: tools.get(name) for name in ("pytest", "tox", "nox", "coverage", "hatch")}


def _test_scripts(text: str) -> Any:
    try:
        data = json.loads(text or "{}")
    except ValueError:
        return text
    if not isinstance(data, dict):
        return text
    values = cast("dict[str, Any]", data)
    return {name: values.get(name) for name in ("scripts", "jest", "mocha", "vitest", "ava")}
