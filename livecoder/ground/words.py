"""The words of a task, and the parts that names in code are made of."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_TASK = 8_000
"""Characters of a task that are read for words."""
_WORD = re.compile(r"[A-Za-z_]\w{2,60}")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_QUOTED = re.compile(r"`([^`\n]{1,200})`|[.](\w{3,60})|(\w{3,60})\(")
_CODE = re.compile(r"\w_\w|[a-z][A-Z]")
_BUILTIN = frozenset(dir(builtins))
"""An example's `range(3)` points nowhere."""
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
class Words:
    parts: frozenset[str]
    """Parts of words, as names are made of them: lower case, without endings."""
    names: frozenset[str]
    """What the task writes as code: in backticks, before a bracket, behind a dot, with a _ or a capital inside."""

    @classmethod
    def of(cls, task: str) -> Words:
        task = task[:MAX_TASK]
        words = frozenset(_WORD.findall(task))
        quoted = {name for groups in _QUOTED.findall(task) for text in groups for name in _WORD.findall(text)}
        names = frozenset(quoted | {word for word in words if _CODE.search(word)}) - _BUILTIN
        return cls(frozenset(parts_of(task)), names)


def parts_of(text: str) -> Iterator[str]:
    """The parts of all words, in order, without those that are everywhere."""
    for word in _WORD.findall(text):
        for part in _PART.findall(word):
            lower = part.lower()
            if len(lower) > 2 and lower not in _COMMON:
                ending = next((end for end in _ENDINGS if lower.endswith(end) and len(lower) > 3 + len(end)), "")
                yield lower.removesuffix(ending)
