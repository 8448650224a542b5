"""A command line as the simple commands that it would run, those inside of other programs' words too.

Nothing may hide: what was not read to the last byte, or only running it would tell, is an unknown command.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from livecoder.command import encoded, source, syntax
from livecoder.command import program as said_by
from livecoder.permissions import wrappers
from livecoder.permissions.rules import Words
from livecoder.permissions.unread import unread
from livecoder.permissions.words import literal
from livecoder.permissions.wrappers import UNKNOWN, Options, program

if TYPE_CHECKING:
    from livecoder.command import Node

DEPTH = 8
"""How deep commands may lie in commands: `bash -c "bash -c …"`."""
SHELLS = ("bash", "sh", "dash", "ash", "zsh", "ksh", "rbash")
_WATCH = Options("bdegtcxpw", "n", ("differences", "no-title"), ("interval",))
_NOT_WORDS = ("variable_assignment", "herestring_redirect", "file_redirect", "heredoc_redirect", "comment")

Code = str | None
"""A text that bash is to run; None where it is not there to be read."""


@dataclass(frozen=True, slots=True)
class Part:
    """One simple command. `text` is what was read; `why` it cannot be known, or ""."""

    words: Words
    text: str
    why: str = ""

    def __str__(self) -> str:
        return " ".join("…" if word is None else word for word in self.words)


def parts(text: str) -> tuple[Part, ...]:
    """Every simple command that bash would run for `text`, in its order, each before those that its words hold."""
    reading = _Reading()
    found = list(reading.of_text(text.replace("\0", ""), 0))  # as it is put before bash
    aliased = "it may be an alias"
    return tuple(
        Part(UNKNOWN, part.text, aliased) if program(part.words) in reading.aliases else part for part in found
    )


@dataclass(slots=True)
class _Reading:
    aliases: set[str] = field(default_factory=set[str])

    def of_text(self, text: str, depth: int) -> Iterator[Part]:
        if depth > DEPTH:
            yield Part(UNKNOWN, text, "it lies too deep")
            return
        root = syntax(text)
        stack = [root]
        while stack:
            node = stack.pop()
            if node.type == "command":
                yield from self._of_words(_words(node), node, depth)
            stack.extend(reversed(node.children))
        if why := unread(root, encoded(text)):
            yield Part(UNKNOWN, text, why)

    def _of_words(self, words: Words, node: Node, depth: int) -> Iterator[Part]:
        """The command itself, then what it is told to run."""
        text = source(node)
        if depth > DEPTH:
            yield Part(UNKNOWN, text, "it lies too deep")
            return
        if words:
            yield Part(words, text, "" if words[0] is not None else "what it runs is not literal")
        if program(words) == "alias":
            self.aliases |= {word.partition("=")[0] for word in words[1:] if word and "=" in word}
        for told in (wrappers.inner(words), *wrappers.found_by(words)):
            if told and not (told[0] or "").startswith("-"):
                yield from self._of_words(told, node, depth + 1)
        for code in _code(words, node):
            if code is None:
                yield Part(UNKNOWN, text, "what it runs is not literal")
            else:
                yield from self.of_text(code, depth + 1)


def _words(node: Node) -> Words:
    own = tuple(
        literal(child) if child.is_named else None  # a lone `$` or `=~` has no name in the grammar
        for child in node.children
        if child.type not in _NOT_WORDS
    )
    spoken = said_by(node).words[len(own) :]  # `tool <<E --flag x`: words that the tree has in the heredoc
    return (*own, None) if spoken and spoken != ("-",) else own


def _code(words: Words, node: Node) -> list[Code]:
    """What bash is to run that these words hold, or name."""
    rest = words[1:]
    match program(words):
        case "eval":
            return [_line(rest)] if rest else []
        case "trap":
            told = rest[1:] if rest[:1] == ("--",) else rest
            return [told[0]] if len(told) > 1 and told[0] not in ("", "-") else []
        case "alias":
            return [word.partition("=")[2] if word else None for word in rest if word is None or "=" in word]
        case "flock":
            return [rest[place + 1] for place, word in enumerate(rest[:-1]) if word in ("-c", "--command")]
        case "watch":
            told = _WATCH.beyond(rest)
            return [_line(told) if told else None]
        case "lc" if rest[:1] == ("base",):
            return _requested(Options("", "", (), ("with",)).beyond(rest[1:]))
        case "lc" if rest[:1] == ("run",):
            return _requested(rest[2:])
        case "lc" if rest[:1] == ("serve",):
            told = Options("", "", (), ("port",)).beyond(rest[1:])
            return _requested(told and told[1:])
        case name if name in SHELLS:
            return _told_to_shell(rest, node)
        case _:
            return []


def _told_to_shell(rest: Words, node: Node) -> list[Code]:
    """What a shell is given to run: after -c, or on its stdin; a script is a word like any other."""
    place, coded, on_stdin = 0, False, False
    while place < len(rest):
        word = rest[place]
        if word is None:
            return [None]
        if word in ("--version", "--help"):
            return []
        if word in ("-", "--") or word[:1] not in ("-", "+"):
            place += word in ("-", "--")
            break
        letters = "" if word.startswith("--") else word[1:]
        coded, on_stdin = coded or "c" in letters, on_stdin or "s" in letters
        place += 1 + letters.lower().count("o") + (word in ("--rcfile", "--init-file"))
    operands = rest[place:]
    if coded:
        return [operands[0]] if operands else []
    if operands and not on_stdin:
        return [None] if operands[0] is None else []
    return [_stdin(node)]


def _stdin(node: Node) -> Code:
    """What this command reads, where that stands in the line itself."""
    for child in node.children:
        if child.type == "herestring_redirect":
            return literal(child.children[-1])
    heredoc = said_by(node).heredoc
    if heredoc is None or (not heredoc.quoted and re.search(r"[$`\\]", heredoc.body)):
        return None
    return heredoc.body


def _requested(words: Words | None) -> list[Code]:
    """As `lc` makes a command of its words: one is a line, several are words."""
    if not words:
        return [None] if words is None else []
    told = [word for word in words if word is not None]
    if len(told) < len(words):
        return [None]
    return [told[0] if len(told) == 1 else shlex.join(told)]


def _line(words: Words) -> Code:
    told = [word for word in words if word is not None]
    return " ".join(told) if len(told) == len(words) else None
