"""When are two scripts, or two commands, the same work? Shapes: what stays when names of things are taken out."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

from livecoder.command import Program

SKETCH = 64
"""Hashes kept of a script: the smallest ones of its shingles (Broder 1997, bottom-k sketch)."""
SIMILAR = 0.5
TOKEN = re.compile(
    r"(?P<string>\"\"\".*?\"\"\"|'''.*?'''|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')"
    r"|(?P<comment>\#[^\n]*)|(?P<number>\d[\w.]*)|(?P<word>\w+)|(?P<sign>[^\s\w])",
    re.S,
)
SUBCOMMAND = re.compile(r"[a-z][a-z-]*")
SUBCOMMANDS = 2
"""Bare words before the first argument that belong to the shape: `docker compose`, `git stash`."""
NUMBER = re.compile(r"[+-]?\d[\d.,:]*[a-z]?")
PATH = re.compile(r"[/~$*?\[`]|\.\w+$|^\.+$")
FLAG = re.compile(r"(?P<name>--?[A-Za-z][\w-]*=|-[A-Za-z]?(?=\d)|-[A-Za-z](?=[/~$.]))(?P<value>.*)", re.DOTALL)


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


@dataclass(frozen=True, slots=True)
class Shape:
    """A command line with its variable words taken out: `git diff <path> ; sed -n <number> <path>`, and these words."""

    text: str
    arguments: tuple[str, ...]
    names: tuple[str, ...]
    """Of the programs that it calls."""


def shaped(programs: tuple[Program, ...]) -> Shape:
    """What stays is program, subcommands and flags; quoted, path-like, numeric and other words are typed holes."""
    arguments: list[str] = []
    texts = [_filled(program, arguments) for program in programs]
    return Shape(" ; ".join(texts), tuple(arguments), tuple(program.name for program in programs))


def command_shape(programs: tuple[Program, ...]) -> str:
    """The text of the shape: equal for commands that differ in their arguments alone."""
    return shaped(programs).text


def _filled(program: Program, arguments: list[str]) -> str:
    """One program's part of a shape; the words that stand in its holes are added to `arguments`."""
    found = [program.name]
    bare, before = 0, len(arguments)
    for place, word in enumerate(program.words[1:], 1):
        if place in program.quoted:
            kept, hole = "", "<text>"
        elif SUBCOMMAND.fullmatch(word) and bare < SUBCOMMANDS and len(arguments) == before:
            found.append(word)
            bare += 1
            continue
        else:
            kept, hole = _hole(word)
        found.append(kept + hole)
        if hole:
            arguments.append(word.removeprefix(kept))
    if program.heredoc:
        found.append("<<text>")
        arguments.append(program.heredoc.body)
    if program.writes:
        found.append("> <path>")
        arguments.append(program.writes)
    return " ".join(found)


def _hole(word: str) -> tuple[str, str]:
    """What of an unquoted word stays, and the hole for the rest; "" where all of it stays."""
    if word.startswith("-"):
        flag = FLAG.fullmatch(word)
        if not flag or not flag["value"]:
            return word, ""
        return flag["name"], _hole(flag["value"])[1] or "<word>"
    if NUMBER.fullmatch(word):
        return "", "<number>"
    if not word or re.search(r"\s", word):
        return "", "<text>"
    return ("", "<path>") if PATH.search(word) else ("", "<word>")
