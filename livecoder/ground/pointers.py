"""Which definitions the words of a task point at, by names alone: where somebody who knows the code would look first.

Each word weighs log(1 + N/n), n of N files having it in a name (inverse document frequency: Spärck Jones 1972,
"A statistical interpretation of term specificity"). A definition weighs the sum of the task's words in its name; a file
that of its path, its best definitions and the code names of the task that its text has. Nothing is parsed: patterns
over lines are quick enough to run before the first request, and a definition ends where the next one begins.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from livecoder.ground.files import Tree
from livecoder.ground.walk import LANGUAGES, PASSED, TEST_FOLDERS, is_test

MAX_FILES = 1500
MAX_FOLDERS = 400
MAX_BYTES = 6 << 20
MAX_TASK = 8_000
"""Characters of a task that are read for words."""
SHOWN_FILES = 3
SHOWN_NAMES = 3
COUNTED = 4
"""Definitions that speak for their file, each half, a third, … as much as the best."""
LEAST = 1.5
"""What a file must weigh to be worth its line, as a multiple of a word's weight that only one file has."""
SHARE = 0.6
"""Of the best file's weight: what another one needs to be named beside it."""
NAMED = 4.0
"""The weight of a definition that the task calls by its name, beyond that of its words."""
SHARE_OF_NAMES = 0.5
"""Of the weight of its file's best definition: what another one needs to be named."""
TESTS = 0.4
"""Tests repeat the words of what they test: so much of their weight counts, and their names are not told."""

_DEFINITION = re.compile(
    r"^(?P<indent>[ \t]*)(?:(?:export|default|pub(?:\(\w+\))?|async|static|abstract|public|private|unsafe)[ ]+)*"
    r"(?:def|class|fn|func|function|impl|trait|struct|enum|interface)[ ]+(?:\([^)\n]{0,60}\)[ ]*)?(?P<name>\w{2,60})",
    re.MULTILINE,
)
_WORD = re.compile(r"[A-Za-z_]\w{2,60}")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_QUOTED = re.compile(r"`([^`\n]{1,200})`|[.](\w{3,60})|(\w{3,60})\(")
_CODE = re.compile(r"\w_\w|[a-z][A-Z]")
_ENDINGS = ("ing", "es", "ed", "s")
_COMMON = frozenset(
    """
    add after all also and any are before between but can class code could def did does example expected false
    file files for from get gets has have import input instead into its just like line lines may more must name
    none not one only other out output over print result return same self set should some such test tests than
    that the then there this true two use used value values was were what when where which with without would
    """.split()  # noqa: SIM905 (a list of a hundred literals is no easier to read)
)


@dataclass(frozen=True, slots=True)
class _Definition:
    name: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Found:
    weight: float
    path: str
    named: tuple[_Definition, ...]


def pointers(tree: Tree, task: str) -> str:
    """One line, as in `a/list.py: BarrelList 60-171, insert 135-152; b.py`; "" where the words point nowhere."""
    words = _Words.of(task[:MAX_TASK])
    texts = dict(_sources(tree)) if words.parts else {}
    best = sorted(_ranked(texts, words), key=lambda found: (-found.weight, found.path))[:SHOWN_FILES]
    least = max([LEAST * math.log(1 + len(texts)), *(SHARE * found.weight for found in best[:1])])
    shown = [found for found in best if found.weight >= least]
    return "; ".join(map(_line, shown))


def _line(found: _Found) -> str:
    names = sorted(found.named, key=lambda one: one.first)
    said = ", ".join(f"{one.name} {one.first}-{one.last}" for one in names)
    return f"{found.path}: {said}" if said else found.path


@dataclass(frozen=True, slots=True)
class _Words:
    parts: frozenset[str]
    """Parts of words, as names are made of them: lower case, without endings."""
    names: frozenset[str]
    """What the task writes as code: in backticks, before a bracket, behind a dot, with a _ or a capital inside."""

    @classmethod
    def of(cls, task: str) -> _Words:
        words = frozenset(_WORD.findall(task))
        quoted = {name for groups in _QUOTED.findall(task) for text in groups for name in _WORD.findall(text)}
        parts = {part for word in words for part in _parts(word)}
        return cls(frozenset(parts), frozenset(quoted | {word for word in words if _CODE.search(word)}))


def _parts(name: str) -> Iterator[str]:
    for part in _PART.findall(name):
        lower = part.lower()
        if len(lower) > 2 and lower not in _COMMON:
            yield next(
                (lower[: -len(end)] for end in _ENDINGS if lower.endswith(end) and len(lower) > 3 + len(end)), lower
            )


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


def _ranked(texts: Mapping[str, str], words: _Words) -> Iterator[_Found]:
    defined = {path: _definitions(text) for path, text in texts.items()}
    in_path = {path: words.parts & set(_parts(path.rpartition(".")[0])) for path in texts}
    in_name = {one.name: frozenset(_parts(one.name)) for found in defined.values() for one in found}
    having = Counter[str]()
    for path, found in defined.items():
        having.update(in_path[path].union(*(in_name[one.name] & words.parts for one in found)))
    called = {name: paths for name in words.names if (paths := {path for path in texts if name in texts[path]})}

    def weight(files: int) -> float:
        return math.log(1 + len(texts) / files)

    def of_definition(one: _Definition) -> float:
        known = in_name[one.name] & words.parts
        said = sum(weight(having[part]) for part in known) / (1 + 0.3 * (len(in_name[one.name]) - len(known)))
        return said + (NAMED if one.name in words.names else 0)

    for path, found in defined.items():
        weighed = sorted(((of_definition(one), -one.first, one) for one in found), key=lambda it: it[:2], reverse=True)
        best = list({one.name: (value, one) for value, _, one in reversed(weighed) if value > 0}.values())[::-1]
        total = sum(weight(having[part]) for part in in_path[path])
        total += sum(value / (place + 1) for place, (value, _) in enumerate(best[:COUNTED]))
        total += sum(weight(len(paths)) for paths in called.values() if path in paths)
        yield _Found(total * TESTS, path, ()) if _tests(path) else _Found(total, path, _clear(best))


def _clear(best: Sequence[tuple[float, _Definition]]) -> tuple[_Definition, ...]:
    """Those that weigh nearly as much as the best one: a list of chance hits costs more than it tells."""
    return tuple(one for weight, one in best[:SHOWN_NAMES] if weight >= SHARE_OF_NAMES * best[0][0])


def _definitions(text: str) -> Sequence[_Definition]:
    """In order; each goes on until one begins that is not indented more."""
    made: list[_Definition] = []
    going_on: list[tuple[int, int]] = []  # place in `made`, indent
    number, seen, total = 1, 0, len(text.splitlines())
    for match in _DEFINITION.finditer(text):
        between = text[seen : match.start()]
        number, seen = number + between.count("\n"), match.start()
        last = number - between.count("\n", len(between.rstrip()))
        indent = len(match["indent"].expandtabs())
        while going_on and going_on[-1][1] >= indent:
            ended = made[going_on[-1][0]]
            made[going_on.pop()[0]] = replace(ended, last=max(ended.first, last))
        going_on.append((len(made), indent))
        made.append(_Definition(match["name"], number, total))
    return made


def _tests(path: str) -> bool:
    *folders, name = path.split("/")
    inside = bool(set(folders) & set(TEST_FOLDERS))
    return inside or is_test(LANGUAGES[name.rpartition(".")[2]], name, inside)
