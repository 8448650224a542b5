"""What a tree may have passed over: why bash could run more of a text than the grammar saw in it.

The grammar is not bash. Where the two are known to part, the text counts as not understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livecoder.command import Node

_SUBSTITUTION = re.compile(r"(?<!\\)(?:\\\\)*(?:`|\$\()")
_INDEX = re.compile(r"\w\[[^\]]*(?:`|\$\()")
"""In quotes it is text, until it is calculated with: then the command in it runs."""
_DELIMITER = re.compile(r"""(['"]?)[\w.+-]+\1|\\[\w.+-]+""", re.A)
_BEFORE_COMMENT = b" \t\n;&|()"
_RUN_LATER = ("PS0", "PS1", "PS4", "PROMPT_COMMAND", "BASH_ENV", "ENV")
_QUOTED = ("raw_string", "ansi_c_string")


def unread(root: Node, data: bytes) -> str:
    """Why the tree over `data` may not be the whole of what bash would run; "" when it is."""
    if root.has_error:
        return "it cannot be parsed"
    end, before_named = 0, False
    for leaf in _leaves(root):
        if leaf.start_byte < end or not _blank(data[end : leaf.start_byte], joins=before_named == leaf.is_named):
            return "a part of it was not read"
        end, before_named = leaf.end_byte, leaf.is_named
    if not _blank(data[end:], joins=False):
        return "a part of it was not read"
    return next(filter(None, (_odd(node, data) for node in _nodes(root))), "")


def _blank(gap: bytes, *, joins: bool) -> bool:
    """Whether nothing stands there. A line that goes on in the middle of a word would join its ends."""
    rest = gap.replace(b"\\\n", b"")
    if rest.strip(b" \t") == b"-":  # the grammar passes over a lone dash before a heredoc
        return True
    return not rest.strip(b" \t\n") and (bool(rest) or rest == gap or not joins)


def _nodes(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.children))


def _leaves(root: Node) -> Iterator[Node]:
    """In the order of the text; what is quoted is one leaf, whatever the grammar makes of its inside."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.child_count == 0 or node.type in (*_QUOTED, "string", "heredoc_body"):
            yield node
        else:
            stack.extend(reversed(node.children))


def _odd(node: Node, data: bytes) -> str:
    """What is wrong with one node."""
    text = data[node.start_byte : node.end_byte].decode()
    match node.type:
        case "comment":
            before = data[max(node.start_byte - 1, 0) : node.start_byte]
            return "" if before in _BEFORE_COMMENT else "what follows a # may be no comment"
        case "heredoc_redirect":
            return _odd_heredoc(node, data)
        case "heredoc_body" | "string":
            return "" if _is_literal(node) else _hidden(_own(node, data))
        case "variable_name" if text in _RUN_LATER and node.parent and node.parent.type == "variable_assignment":
            return f"{text} is run later"
        case "expansion" if text.endswith("@P}"):
            return "an expansion that runs commands"
        case _ if node.type in _QUOTED:
            return "an index that runs a command" if _INDEX.search(text) else ""
        case "heredoc_content":
            return "" if node.parent and _is_literal(node.parent) else _hidden(text)
        case _:
            return _hidden(text) if node.is_named and node.child_count == 0 else ""


def _hidden(text: str) -> str:
    return "a substitution that was not read" if _SUBSTITUTION.search(text) else ""


def _own(node: Node, data: bytes) -> str:
    """The text of a node without that of its children."""
    kept, end = list[str](), node.start_byte
    for child in node.children:
        kept.append(data[end : child.start_byte].decode())
        end = child.end_byte
    return " ".join([*kept, data[end : node.end_byte].decode()])


def _is_literal(node: Node) -> bool:
    """Whether this is the body of a heredoc in which nothing is expanded."""
    start = node.prev_sibling
    while start is not None and start.type != "heredoc_start":
        start = start.prev_sibling
    return start is not None and (start.text or b"")[:1] in (b"'", b'"', b"\\")


def _odd_heredoc(node: Node, data: bytes) -> str:
    """Where the grammar and bash could see its end at different lines."""
    found = {child.type: data[child.start_byte : child.end_byte].decode() for child in node.children}
    start, body = found.get("heredoc_start", ""), found.get("heredoc_body", "")
    if not _DELIMITER.fullmatch(start) or "heredoc_end" not in found:
        return "a here-document that may end elsewhere"
    end, indented = start.strip("'\"\\"), "<<-" in found
    lines = [line.lstrip("\t") if indented else line for line in body.split("\n")]
    return "a here-document that may end elsewhere" if end in lines or found["heredoc_end"].strip() != end else ""
