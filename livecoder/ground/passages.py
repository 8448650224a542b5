"""Which definitions of a few files are about a task: what a reader would open at once.

Definitions are ranked by BM25 (Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework", eq. 3.15, with its
usual k1 = 1.2 and b = 0.75) of the task's words over their texts, times what speaks for their file and their name.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from livecoder.ground.words import Words, parts_of

SHOWN = 8
"""Definitions that are named at most."""
SHARE = 0.4
"""Of the best definition's weight: what another one needs to be named. Chance hits cost more than they tell."""
IN_NAME = 2.0
"""How much a word in the name itself adds, as a multiple of its rarity."""
CALLED_BY_NAME = 1.5
"""How much more a definition weighs that the task writes as code."""
K1 = 1.2
B = 0.75


@dataclass(frozen=True, slots=True)
class Passage:
    """A definition, lines `first` to `last` of a file, and its weight."""

    path: str
    name: str
    first: int
    last: int
    text: str
    weight: float = 0.0


def best(passages: Sequence[Passage], words: Words, files: Mapping[str, float]) -> tuple[Passage, ...]:
    """Those that are about the task, the best first; `files` says how much speaks for each file, up to 1."""
    counts = [Counter(part for part in parts_of(passage.text) if part in words.parts) for passage in passages]
    lengths = [len(passage.text) for passage in passages]
    having = Counter[str]()
    for count in counts:
        having.update(count.keys())
    mean = sum(lengths) / max(1, len(lengths))

    def weight(passage: Passage, count: Counter[str], length: int) -> float:
        norm = K1 * (1 - B + B * length / mean)
        rare = {part: _idf(having[part], len(passages)) for part in count}
        total = sum(rare[part] * n * (K1 + 1) / (n + norm) for part, n in count.items())
        total += IN_NAME * sum(rare[part] for part in {*parts_of(passage.name)} & rare.keys())
        return total * (0.5 + files[passage.path]) * (CALLED_BY_NAME if passage.name in words.names else 1)

    weighed = [replace(p, weight=weight(p, c, n)) for p, c, n in zip(passages, counts, lengths, strict=True)]
    ranked = sorted(weighed, key=lambda passage: (-passage.weight, passage.path, passage.first))
    return tuple(passage for passage in ranked[:SHOWN] if passage.weight > SHARE * ranked[0].weight)


def _idf(having: int, total: int) -> float:
    return math.log(1 + (total - having + 0.5) / (having + 0.5))
