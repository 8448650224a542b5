"""When are two scripts, or two commands, the same work? Shapes: what stays when names of things are taken out."""

from __future__ import annotations

import re
import zlib

from livecoder.command import Program

SKETCH = 64
"""Hashes kept of a script: the smallest ones of its shingles (Broder 1997, bottom-k sketch)."""
SIMILAR = 0.5
TOKEN = re.compile(
    r"(?P<string>\"\"\".*?\"\"\"|'''.*?'''|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')"
    r"|(?P<comment>\#[^\n]*)|(?P<number>\d[\w.]*)|(?P<word>\w+)|(?P<sign>[^\s\w])",
    re.S,
)
HOLE = re.compile(r"[/$*?.]|\d|\s|^$")


def sketch(source: str) -> tuple[int, ...]:
    """The shape of a script: hashes of its token triples, with strings and numbers as holes and comments left out."""
    tokens: list[str] = []
    for match in TOKEN.finditer(source):
        kind = match.lastgroup
        if kind != "comment":
            tokens.append({"string": "S", "number": "N"}.get(kind or "", match[0]))
    triples = {" ".join(tokens[i : i + 3]) for i in range(max(1, len(tokens) - 2))}
    return tuple(sorted(zlib.crc32(triple.encode()) for triple in triples)[:SKETCH])


def similarity(a: tuple[int, ...], b: tuple[int, ...]) -> float:
    """The Jaccard similarity of two sketches' scripts, estimated from the smallest hashes of their union."""
    union = sorted({*a, *b})[:SKETCH]
    if not union:
        return 0.0
    both = set(a) & set(b)
    return sum(1 for value in union if value in both) / len(union)


def command_shape(programs: tuple[Program, ...]) -> str:
    """A command with words that hold a path, a number, a pattern or white space as holes: `grep -rn _ | head _`."""
    return " ; ".join(
        " ".join("_" if HOLE.search(word) and i else word for i, word in enumerate(p.words)) for p in programs
    )
