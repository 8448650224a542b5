"""Writes the tables of docs/security.md from the tests: cases, attacks of our own, gaps.

Run it from the checkout after a change of these: `.venv/bin/python tests/sandbox/page.py`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from gaps import ELSEWHERE, GAPS, NOT_BUILT

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs/security.md"
CASE = re.compile(r"test_([exro]\d\d)_(\w+)")


def tests() -> Iterator[tuple[str, str, str, str]]:
    """Case, file, words of the test's name, its docstring; in the order of the cases."""
    found = [
        (match[1].upper(), path.name, match[2].replace("_", " "), ast.get_docstring(node) or "")
        for path in sorted(HERE.glob("test_*.py"))
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and (match := CASE.fullmatch(node.name))
    ]
    order = {letter: number for number, letter in enumerate("EXRO")}
    return iter(sorted(found, key=lambda row: (order[row[0][0]], row[0])))


def cases() -> Iterator[str]:
    yield "| case | test |"
    yield "|---|---|"
    rows = [(case, f"`{file}`: {words}") for case, file, words, _ in tests() if case[0] != "O"]
    rows += [(case, f"`{where.partition('::')[0]}`: {readable(where)}") for case, where in ELSEWHERE.items()]
    rows += [(case, f"not built yet: {what}") for case, what in NOT_BUILT.items()]
    yield from (f"| {case} | {text} |" for case, text in sorted(rows, key=lambda row: ("EXRPIT".index(row[0][0]), row)))


def readable(where: str) -> str:
    return where.partition("::")[2].removeprefix("test_").replace("_", " ")


def own() -> Iterator[str]:
    yield "| case | attack, as its test has it | what happened |"
    yield "|---|---|---|"
    for case, _, words, told in tests():
        if case[0] == "O":
            yield f"| {case} | {words} | {' '.join(told.split()) or 'It held.'} |"


def gaps() -> Iterator[str]:
    yield "| gap | case | backend | what | shown by a test |"
    yield "|---|---|---|---|---|"
    for gap in GAPS:
        shown = f"no: {gap.unshown}" if gap.unshown else "yes"
        yield f"| {gap.id} | {gap.case} | {gap.backend} | {gap.what} | {shown} |"


TABLES = {"cases": cases, "own attacks": own, "gaps": gaps}


def written(text: str) -> str:
    """The page with its tables as they should be."""
    for name, table in TABLES.items():
        start, end = f"<!-- {name} -->\n", "<!-- end -->"
        before, _, rest = text.partition(start)
        assert rest, f"the page has no place for {name}"
        text = before + start + "\n".join([*table(), end]) + rest.partition(end)[2]
    return text


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
