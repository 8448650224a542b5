"""One word of a command line as bash will have it, or the answer that only running it tells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from livecoder.command import plain

if TYPE_CHECKING:
    from livecoder.command import Node

_ESCAPED = re.compile(r"\\(\n|[\s\S])")
_ESCAPED_IN_QUOTES = re.compile(r'\\([$`"\\\n])')
_EXPANDS = re.compile(r"[*?\[$`<>()|&;'\"\s]")
"""Unescaped and unquoted in a word: a glob, an expansion, or nothing that a word can have."""
_BRACES = re.compile(r"\{.*(?:,|\.\.)", re.S)


def literal(node: Node) -> str | None:
    """What the word of this node is for the program that gets it; None where bash expands something in it."""
    parts = _pieces(node)
    if parts is None:
        return None
    bare = "".join(text if unquoted else "_" * bool(text) for text, unquoted in parts)
    unescaped = _ESCAPED.sub("_", bare)
    if unescaped.startswith("~") or _EXPANDS.search(unescaped) or _BRACES.search(unescaped):
        return None
    return plain("".join(_ESCAPED.sub(_without, text) if unquoted else text for text, unquoted in parts))


def _pieces(node: Node) -> list[tuple[str, bool]] | None:
    """The text of a word piece by piece, and whether each stands without quotes (and has its backslashes yet)."""
    text = (node.text or b"").decode()
    match node.type:
        case "word" | "number" if not node.named_child_count:
            return [(text, True)]
        case "raw_string":
            return [(text[1:-1], False)]
        case "string":
            inner = text[1:-1]
            if "$" in _ESCAPED.sub("", inner) or "`" in _ESCAPED.sub("", inner):
                return None
            return [(_ESCAPED_IN_QUOTES.sub(_without, inner), False)]
        case "ansi_c_string":
            return None if "\\" in text else [(text[2:-1], False)]
        case "command_name" | "concatenation":
            return _joined(node)
        case _:
            return None


def _joined(node: Node) -> list[tuple[str, bool]] | None:
    """The pieces of what stands side by side; None where the tree leaves out some of it."""
    end, found = node.start_byte, list[tuple[str, bool]]()
    for child in node.children:
        pieces = _pieces(child)
        if pieces is None or child.start_byte != end:
            return None
        found += pieces
        end = child.end_byte
    return found


def _without(escaped: re.Match[str]) -> str:
    """A backslash takes itself away, and a line end with it."""
    return "" if escaped[1] == "\n" else escaped[1]
