"""A prompt's sections: what one proposal may rewrite. A section begins with a line that renders as nothing.

`{# section: rules #}` stands above the rules; a prompt without such lines is one section, `all`. Text in, text out.
"""

from __future__ import annotations

import re

from livecoder.errors import ScaffoldError

WHOLE = "all"
MAX_CHARS = 2_500
"""Of one section that a proposal writes; the seed's largest has about 1,700."""

_MARK = re.compile(r"^\{# section: (?P<name>[a-z][a-z-]{0,29}) #\}\n", re.MULTILINE)
_TAG = re.compile(r"\{[{%](.*?)[}%]\}", re.DOTALL)
_WORD = re.compile(r"(?<![\w.'\"])[a-z_]+\b")
_LOOP = re.compile(r"\bfor\s+([a-z_]+)\s+in\b")
_SYNTAX = frozenset(
    {"if", "elif", "else", "endif", "for", "in", "endfor", "and", "or", "not", "is", "defined", "set", "raw"}
)


def sections(prompt: str) -> dict[str, str]:
    """The sections of a prompt by name, in order; what stands before the first mark belongs to none."""
    marks = list(_MARK.finditer(prompt))
    if not marks:
        return {WHOLE: prompt}
    ends = [*(mark.start() for mark in marks[1:]), len(prompt)]
    return {mark["name"]: prompt[mark.end() : end] for mark, end in zip(marks, ends, strict=True)}


def with_section(prompt: str, name: str, text: str) -> str:
    """The prompt with one section rewritten. Raises ScaffoldError when there is none of this name."""
    known = sections(prompt)
    if name not in known:
        shown = name[:40].encode("unicode_escape", "backslashreplace").decode()
        raise ScaffoldError(f"there is no section {shown}", f"it has {', '.join(known)}")
    if known.keys() == {WHOLE}:
        return text
    marks = {mark["name"]: mark.end() for mark in _MARK.finditer(prompt)}
    start = marks[name]
    body = text.rstrip("\n") + "\n" + "\n" * (len(known[name]) - len(known[name].rstrip("\n")) - 1)
    return prompt[:start] + body + prompt[start + len(known[name]) :]


def marked(text: str) -> bool:
    """Whether a text holds the mark of a section, or what reads like one: a section's own text may not."""
    return "{#" in text


def variables(text: str) -> frozenset[str]:
    """The names that a section's tags are given from outside."""
    tags: list[str] = _TAG.findall(text)
    own = {name for tag in tags for name in _LOOP.findall(tag)}
    return frozenset(word for tag in tags for word in _WORD.findall(tag)) - _SYNTAX - own
