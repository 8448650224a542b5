"""What a bash command line says: the programs it calls, their words, its heredocs. Parsed by tree-sitter, never run.

A reading for harvest, nudges and evidence; whether a command may run is decided in `permissions/`, on the same tree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node as Node
    from tree_sitter import Parser

ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\U0010ffff]")
"""Written as escapes while it is parsed: the grammar's scanner looks characters up in C's table of 256 and crashes the
process at `{` before a high one, and it takes control characters for blanks, which they are not for bash."""
ESCAPE = re.compile("\x01([0-9a-f]+)\x02")
ARGUMENTS = ("word", "string", "raw_string", "ansi_c_string", "concatenation")
"""What else may stand on the line of a heredoc: `tool <<E --flag "a b"`."""
RUNNERS = {"pytest", "py.test", "tox", "nox", "unittest", "jest", "vitest", "mocha", "ctest", "phpunit", "rspec"}
MODULES = {"pytest", "unittest", "tox", "nox"}
SUBCOMMANDS = {"cargo", "go", "npm", "pnpm", "yarn", "make", "mvn", "gradle", "mix", "dotnet", "bundle", "deno", "bun"}
"""Programs that run tests when one of their words is `test`."""
QUOTED = ("string", "raw_string", "ansi_c_string")


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A here-document: `body` is literal when `quoted` (nothing in it is expanded by the shell)."""

    body: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Program:
    """One simple command. Words keep their text without quotes; expansions stay as they are written."""

    words: tuple[str, ...]
    heredoc: Heredoc | None = None
    writes: str = ""
    """The file that its stdout is redirected to, if any."""
    quoted: frozenset[int] = field(default=frozenset(), compare=False)
    """Which of its words stand in quotes as a whole, by place."""

    @property
    def name(self) -> str:
        return self.words[0].rpartition("/")[2] if self.words else ""


@lru_cache(maxsize=1)
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


def syntax(text: str) -> Node:
    """The tree of `text`; its bytes are those of `encoded`, and `source` gives them back as they were written."""
    return _parser().parse(encoded(text)).root_node


def encoded(text: str) -> bytes:
    """As the grammar reads it: in ASCII, odd characters as escapes."""
    return ODD.sub(_escaped, text.encode("utf-8", "replace").decode("utf-8")).encode()


def source(node: Node) -> str:
    return plain((node.text or b"").decode())


def plain(escaped: str) -> str:
    """What stood in the text before `syntax` wrote it as escapes."""
    return ESCAPE.sub(lambda found: chr(int(found[1], 16)), escaped)


def programs(text: str) -> tuple[Program, ...]:
    """Every simple command in `text`, in order, those in pipes, lists, loops and substitutions too."""
    found: list[Program] = []
    stack = [syntax(text)]
    while stack:
        node = stack.pop()
        if node.type == "command":
            found.append(program(node))
        stack.extend(reversed(node.children))
    return tuple(found)


def program(node: Node) -> Program:
    """What a node of type `command` says."""
    parts = [
        child
        for child in node.children
        if child.type not in ("variable_assignment", "herestring_redirect", "comment") and child.is_named
    ]
    words = tuple(map(_plain, parts))
    quoted = frozenset(place for place, part in enumerate(parts) if part.type in QUOTED)
    heredoc, writes = None, ""
    holder = node.parent
    while holder is not None and holder.type in ("list", "pipeline"):
        # `a && b <<E` parses as a redirected list: the heredoc belongs to the last command of it.
        if holder.children[-1].end_byte != node.end_byte:
            holder = None
            break
        holder = holder.parent
    if holder is not None and holder.type == "redirected_statement":
        for child in holder.children:
            if child.type == "heredoc_redirect":
                words += (*_dropped_dash(child), *(_plain(c) for c in child.children if c.type in ARGUMENTS))
                heredoc = _heredoc(child)
                writes = _target(child) or writes
            elif child.type == "file_redirect":
                writes = _file(child) or writes
    return Program(words, heredoc, writes, quoted)


def _heredoc(node: Node) -> Heredoc | None:
    body = next((c for c in node.children if c.type == "heredoc_body"), None)
    start = next((c for c in node.children if c.type == "heredoc_start"), None)
    if body is None or start is None:
        return None
    text = source(body)
    if node.children[0].type == "<<-":
        text = "".join(line.lstrip("\t") for line in text.splitlines(keepends=True))
    return Heredoc(text, source(start)[:1] in "'\"\\")


def _dropped_dash(node: Node) -> tuple[str, ...]:
    """The `-` of `python3 - <<E`: the grammar passes over a lone dash before a heredoc."""
    before, holder = node.prev_sibling, node.parent
    if before is None or holder is None:
        return ()
    start = holder.start_byte
    gap = (holder.text or b"")[before.end_byte - start : node.start_byte - start]
    return ("-",) if gap.strip() == b"-" else ()


def _target(node: Node) -> str:
    """`cat <<E > file`: the redirect sits inside the heredoc's node."""
    return next((_file(c) for c in node.children if c.type == "file_redirect"), "")


def _file(node: Node) -> str:
    text = source(node)
    if ">" not in text or text.startswith(("2", "&", "<")) or ">&" in text:
        return ""
    return _plain(node.children[-1])


def _escaped(found: re.Match[str]) -> str:
    return f"\x01{ord(found[0]):x}\x02"


def _plain(node: Node) -> str:
    text = source(node)
    if node.type in ("string", "raw_string") and len(text) >= 2:
        return text[1:-1]
    if node.type == "ansi_c_string":
        return text[2:-1]
    return text


def runs_tests(program: Program) -> bool:
    words = program.words
    return (
        program.name in RUNNERS
        or (program.name in SUBCOMMANDS and any(word.startswith(("test", "check")) for word in words[1:3]))
        or any(flag == "-m" and module in MODULES for flag, module in pairwise(words))
    )
