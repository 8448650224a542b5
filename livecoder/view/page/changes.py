"""The diff of a page: a fold for each file, a colour for each kind of line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from livecoder.view.evidence import Excerpt
from livecoder.view.page.blocks import fold, missing
from livecoder.view.page.html import Html, element, joined
from livecoder.view.revealed import in_line

FILE = "diff --git "
KINDS = {"+": "added", "-": "removed", "@": "hunk"}
LONG = 300
"""Lines; a file with more of them is folded."""
ABOUT = ("index ", "--- ", "+++ ", "new file mode 100644", "deleted file mode 100644")
"""What stands before a file's hunks and says nothing that its name and its lines do not."""


def changes(shown: Excerpt) -> Html:
    return joined([*map(_file, _files(shown.text)), missing(shown)])


def _files(diff: str) -> Iterator[list[str]]:
    """The lines of each file, its header first."""
    lines: list[str] = []
    for line in diff.rstrip("\n").split("\n") if diff.strip() else ():
        if line.startswith(FILE) and lines:
            yield lines
            lines = []
        lines.append(line)
    if lines:
        yield lines


def _file(lines: list[str]) -> Html:
    first = next((place for place, line in enumerate(lines) if line.startswith("@@")), len(lines))
    about = [line for line in lines[1:first] if not line.startswith(ABOUT)]
    body = lines[first:]
    added, removed = (sum(line.startswith(sign) for line in body) for sign in "+-")
    counts = [f" +{added}" if added else "", f" -{removed}" if removed else ""]
    counted = map(lambda text, kind: element("span", text, class_=kind), counts, ("added", "removed"))
    name = joined([element("code", in_line(_name(lines[0]))), *counted])
    coloured = element("code", *_coloured([*about, *body]))
    return fold(name, element("pre", coloured), kind="diff", is_open=len(body) <= LONG)


def _name(header: str) -> str:
    """`diff --git a/x b/x` -> "x": renames are not looked for, so both halves are the same."""
    both = header.removeprefix(FILE)
    half = both[: len(both) // 2]
    return half.removeprefix('"').removeprefix("a/").removesuffix('"')


def _coloured(lines: Iterable[str]) -> Iterator[Html]:
    """Runs of lines of one kind, each one element."""
    for kind, run in groupby(lines, lambda line: KINDS.get(line[:1], "same")):
        yield element("span", "".join(f"{line}\n" for line in run), class_=kind)
