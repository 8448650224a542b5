"""What a task is about, in words, and which of them a lesson's trigger names.

What most tasks have in common tells none from another: the words of every bug report never count, and one that half of
the earlier tasks here had does not either. The others count by their rarity (K. Spärck Jones, A statistical
interpretation of term specificity, 1972).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from math import log2

MAX_CHARS = 50_000
"""Of a task that are read."""
MAX_WORD = 64
FEWEST = 3
"""Tasks that have a word before it can be a common one: of one or two, half is no sign."""

_TOKEN = re.compile(r"\w+")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_CHAIN = re.compile(r"[\w./-]+")
_EXTENSION = re.compile(r"cc?|cfg|cpp|css|go|h|html|ini|java|jsx?|json|md|pyi?|rb|rs|rst|sh|toml|tsx?|txt|ya?ml", re.I)
_ENDINGS = (("ies", "y", 3), ("ing", "", 4), ("ed", "", 4), ("es", "", 4), ("s", "", 2), ("e", "", 4))
"""What a word may end with, what it is without, and how many letters must be left: "string" is no participle."""
_EVERYWHERE = """
a about above according across actual actually add added after again all allow allowed almost along already also
although always am an and another any anything appear are around as at available avoid back bad be because become been
before begin behave behavior behaviour being below better between big both break broken bug but by call called can
cannot case cause caused change changed check class clear code come command comes confirm consider contain correct
correctly could crash create current currently default define dev did different do documentation docs does doing done
down due during each either else end error even every everything exactly example except exception expect expected fail
fails failed failure false feature few field file files find first fix fixed following for found from full function
get gets getting give given go good got had handle happen has have having he help hence her here him his how however i
idea if implement implementation import in incorrect incorrectly info inside instead into invalid is issue it its
itself just keep kind know last latest leave less let library like line look lot made main make many may me mean
message method might minimal missing module more most much must my name need needed never new next no non none nor not
nothing notice now number object of off ok old on once one only open option or original other otherwise our out output
over own package parameter part pass passed path place please point possible possibly print probably problem produce
program project properly put python py question quite raise raised rather read really reason related release repo
repository report reproduce request require result return returned returns right run running runs same save say see
seem seems set several she should show shown side similar simple since single situation so some something source start
state step still stop string such suggest support supported sure take task test tested testing tests than that the
their them then there therefore these they thing think this those though through thus time to today together too
traceback trace tree tried true try trying turn two type under unexpected unless until unit up update upon us usage
use used user using usually valid value variable various verify version very via want was way we well went were what
when where whether which while who whole whose why will with within without wont work working works would write wrong
yes yet you your 0 1 2 3 4 5 6 7 8 9 b c d e f g h j k l m n o p q r s t u v w x z
"""


def words(text: str) -> frozenset[str]:
    """The words of a text, without endings, names whole and in their parts too; the names of files and modules in it
    with a dot before them: `black.ranges` and `ranges.py` hold ".ranges", which `range(3)` does not."""
    found: set[str] = set()
    for token in _TOKEN.findall(text[:MAX_CHARS]):
        found.add(_stem(token))
        found.update(map(_stem, _PART.findall(token)))
        if "_" in token:
            found.add(_name(token))
    for chain in _CHAIN.findall(text[:MAX_CHARS]):
        found.update(map(_name, _links(chain)))
    return frozenset(found)


def subjects(trigger: str) -> list[frozenset[str]]:
    """What a trigger names, by its commas: each the words that a task must all have. Empty: no task is told by it."""
    named = [frozenset(_named(part)) for part in trigger.split(",")]
    return [subject for subject in named if subject - EVERYWHERE]


class Vocabulary:
    """How rare words are in the tasks that were asked here before; the same text twice is one task tried again."""

    def __init__(self, tasks: Iterable[str] = ()) -> None:
        once = {" ".join(task.split()) for task in tasks}
        self._tasks = len(once)
        self._had = Counter(word for task in once for word in words(task))

    def rarity(self, word: str) -> float:
        """In bits, about: 0 for a common word, and where no task is known the same for all."""
        had = self._had[word]
        common = word in EVERYWHERE or (had >= FEWEST and 2 * had >= self._tasks)
        return 0.0 if common else log2((self._tasks + 2) / (had + 1))

    def told(self, trigger: str, said: frozenset[str]) -> float:
        """How far a task of these words is what a trigger names, by the rarity of what both have; 0: it is not."""
        both = {word for subject in subjects(trigger) if subject <= said for word in subject}
        return sum(map(self.rarity, both))


def _named(part: str) -> Iterable[str]:
    """The words of `trailing comma`, `--line-ranges`, `DebugVisitor`; of `src/black/linegen.py` its name alone."""
    for written in part.split():
        links = _links(written)
        if links and _EXTENSION.fullmatch(links[-1]):
            links.pop()
        yield from [_name(links[-1])] if links else map(_stem, _TOKEN.findall(written))


def _links(chain: str) -> list[str]:
    """The names in `src/black/ranges.py` or `black.ranges`; none in what is only one."""
    links = [link for link in re.split(r"[./]", chain) if link]
    return links if len(links) > 1 else []


def _name(link: str) -> str:
    return "." + link.casefold()[:MAX_WORD]


def _stem(written: str) -> str:
    """Without the endings of plural, past and participle, as long as there is one (after M. F. Porter, An algorithm
    for suffix stripping, 1980, step 1): the same for "quote" and "quoting", and not meant to be read."""
    word, shorter = "", written.casefold()[:MAX_WORD]
    while word != shorter:
        word = shorter
        shorter = next(filter(None, (_without(word, *ending) for ending in _ENDINGS)), word)
    return word


def _without(word: str, ending: str, instead: str, fewest: int) -> str:
    """ "" where the word has no such ending."""
    rest = word.removesuffix(ending)
    if rest == word or len(rest) < fewest or (ending == "s" and rest[-1] in "sui"):
        return ""
    doubled = ending in ("ing", "ed") and rest[-1] == rest[-2] and rest[-1] not in "lsz"
    return (rest[:-1] if doubled else rest) + instead


EVERYWHERE = frozenset(map(_stem, _EVERYWHERE.split()))
"""Words of the language and of all reports."""
