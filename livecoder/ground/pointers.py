"""Where the words of a task are in the code: the files, by names alone, and the definitions in them (passages.py).

Each word weighs log(1 + N/n), n of N files having it in a name (inverse document frequency: Spärck Jones 1972,
"A statistical interpretation of term specificity"). A file weighs the words in its path, in its best definitions' names
and the code names of the task that its text has. Nothing is parsed: patterns over lines are quick enough to run before
the first request, and a definition ends where the next one begins.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from livecoder.ground.files import Tree
from livecoder.ground.passages import Passage, best
from livecoder.ground.walk import LANGUAGES, PASSED, TEST_FOLDERS, is_test
from livecoder.ground.words import Words, parts_of

MAX_FILES = 1500
MAX_FOLDERS = 400
MAX_BYTES = 6 << 20
SEARCHED = 8
"""Files whose definitions are read for the task's words."""
SHOWN_FILES = 4
COUNTED = 4
"""Names of definitions that speak for their file, each half, a third, … as much as the best."""
LEAST = 1.5
"""What a file must weigh to be worth its line, as a multiple of a word's weight that only one file has."""
NAMED = 4.0
"""The weight of a definition that the task calls by its name, beyond that of its words."""
TESTS = 0.4
"""Tests repeat the words of what they test: so much of their weight counts, and their names are not told."""

_DEFINITION = re.compile(
    r"^(?P<indent>[ \t]*)(?:(?:export|default|pub(?:\(\w+\))?|async|static|abstract|public|private|unsafe)[ ]+)*"
    r"(?:def|class|fn|func|function|impl|trait|struct|enum|interface)[ ]+(?:\([^)\n]{0,60}\)[ ]*)?(?P<name>\w{2,60})",
    re.MULTILINE,
)
_DOCSTRING = re.compile(r'^[ \t]*[rRuU]?""".*?"""', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Definition:
    name: str
    first: int
    last: int
    leaf: bool = True
    """No other one lies in it."""


def pointers(tree: Tree, task: str) -> str:
    """One line, as in `a/list.py (335 lines): insert 135-152; b.py (90 lines)`; "" where the words point nowhere."""
    words = Words.of(task)
    texts = dict(_sources(tree)) if words.parts else {}
    defined = {path: _definitions(text) for path, text in texts.items()}
    weights = dict(sorted(_weights(texts, defined, words), key=lambda one: (-one[1], one[0]))[:SEARCHED])
    most = max(weights.values(), default=0.0)
    if not most or most < LEAST * math.log(1 + len(texts)):
        return ""
    code = [path for path in weights if not _tests(path)]
    passages = [passage for path in code for passage in _passages(path, texts[path], defined[path])]
    found = best(passages, words, {path: weight / most for path, weight in weights.items()})
    paths = list(dict.fromkeys([next(iter(weights)), *(passage.path for passage in found)]))[:SHOWN_FILES]
    found = tuple(passage for passage in found if passage.path in paths)
    return "; ".join(_line(path, texts[path], found) for path in paths)


def _line(path: str, text: str, found: Sequence[Passage]) -> str:
    here = sorted((passage for passage in found if passage.path == path), key=lambda passage: passage.first)
    said = ", ".join(f"{passage.name} {passage.first}-{passage.last}" for passage in here)
    return f"{path} ({len(text.splitlines())} lines)" + (f": {said}" if said else "")


def _passages(path: str, text: str, definitions: Sequence[Definition]) -> Iterator[Passage]:
    lines = text.split("\n")
    for one in definitions:
        if one.leaf:
            yield Passage(path, one.name, one.first, one.last, "\n".join(lines[one.first - 1 : one.last]))


def _sources(tree: Tree) -> Iterator[tuple[str, str]]:
    """Source files with their beginnings, breadth first, within the bounds."""
    pending, left, files = [""], MAX_BYTES, 0
    for folder in pending:
        for name, kind in sorted(tree.names(folder).items()):
            path = f"{folder}/{name}" if folder else name
            if kind == "folder" and name not in PASSED and not name.startswith(".") and len(pending) < MAX_FOLDERS:
                pending.append(path)
            elif kind == "file" and name.rpartition(".")[2] in LANGUAGES and path.isprintable():
                text = tree.text(path)
                files, left = files + 1, left - len(text)
                if files > MAX_FILES or left < 0:
                    return
                yield path, text


def _weights(
    texts: Mapping[str, str], defined: Mapping[str, Sequence[Definition]], words: Words
) -> Iterator[tuple[str, float]]:
    """How much speaks for each file."""
    in_path = {path: words.parts & set(parts_of(path.rpartition(".")[0])) for path in texts}
    in_name = {one.name: frozenset(parts_of(one.name)) for found in defined.values() for one in found}
    having = Counter[str]()
    for path, found in defined.items():
        having.update(in_path[path].union(*(in_name[one.name] & words.parts for one in found)))
    called = {name: paths for name in words.names if (paths := {path for path in texts if name in texts[path]})}

    def rarity(files: int) -> float:
        return math.log(1 + len(texts) / files)

    def of_name(name: str) -> float:
        known = in_name[name] & words.parts
        said = sum(rarity(having[part]) for part in known) / (1 + 0.3 * (len(in_name[name]) - len(known)))
        return said + (NAMED if name in words.names else 0)

    for path, found in defined.items():
        names = sorted(map(of_name, {one.name for one in found}), reverse=True)[:COUNTED]
        total = sum(rarity(having[part]) for part in in_path[path])
        total += sum(weight / place for place, weight in enumerate(names, 1))
        total += sum(rarity(len(paths)) for paths in called.values() if path in paths)
        yield path, total * (TESTS if _tests(path) else 1)


def _definitions(text: str) -> Sequence[Definition]:
    """In order; each goes on until one begins that is not indented more. Examples in docstrings are none."""
    made: list[Definition] = []
    going_on: list[tuple[int, int]] = []  # place in `made`, indent
    number, seen, total = 1, 0, len(text.splitlines())
    quoted = [match.span() for match in _DOCSTRING.finditer(text)]
    for match in _DEFINITION.finditer(text):
        between = text[seen : match.start()]
        number, seen = number + between.count("\n"), match.start()
        while quoted and quoted[0][1] <= match.start():
            quoted.pop(0)
        if quoted and quoted[0][0] < match.start():
            continue
        last = number - between.count("\n", len(between.rstrip()))
        indent = len(match["indent"].expandtabs())
        while going_on and going_on[-1][1] >= indent:
            ended = made[going_on[-1][0]]
            made[going_on.pop()[0]] = replace(ended, last=max(ended.first, last))
        if going_on:
            made[going_on[-1][0]] = replace(made[going_on[-1][0]], leaf=False)
        going_on.append((len(made), indent))
        made.append(Definition(match["name"], number, total))
    return made


def _tests(path: str) -> bool:
    *folders, name = path.split("/")
    inside = bool(set(folders) & set(TEST_FOLDERS))
    return inside or is_test(LANGUAGES[name.rpartition(".")[2]], name, inside)
