"""What the usage in a tool's --help says of how it is called: its forms, and which calls are of which form.

Read for one purpose: that a form is not documented to later tasks which nobody ever tried. What is not understood
counts as no form.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Protocol

from livecoder.scaffold.cases import MAX_CASES

MAX_LINES, MAX_CHARS = 200, 500
MAX_FORMS = MAX_CASES
"""More than there can be cases are not asked for."""

_HEAD = re.compile(r"\s*usage\b\s*:?\s*", re.I)
_OR = re.compile(r"\s*(?:or\b\s*:?\s*)?", re.I)
_REMARK = re.compile(r"\s{2,}(?=\S)|\s#\s|\s->\s|\s\u2014\s")
_GIVEN = re.compile(r"<<?(?![\w -]{1,40}>)-?\s*['\"]?\w*['\"]?.*")
_NAMED = re.compile(r"<[\w -]{1,40}>")
_OPTIONAL = re.compile(r"\[[^\[\]]*\]")
_EITHER = re.compile(r"\(([^()|]*(?:\|[^()|]*)+)\)")
_MORE = re.compile(r"\.\.\.|\u2026")


class Call(Protocol):
    @property
    def arguments(self) -> tuple[str, ...]: ...
    @property
    def stdin(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Form:
    """One way to call a tool."""

    text: str
    """As --help has it."""
    flags: frozenset[str]
    """That it needs."""
    words: int
    """Arguments that it needs beside those."""
    first: str
    """The first of them where it is in small letters, as subcommands are; "" otherwise."""
    open: bool
    """Whether it may have more than it needs."""
    stdin: bool

    def fits(self, call: Call, subcommands: frozenset[str], *, stdin: bool) -> bool:
        """Whether the call is of this form. `stdin`: some form of the tool reads it, so that it tells them apart."""
        words = [word for word in call.arguments if not _is_flag(word)]
        flags = {word.partition("=")[0] for word in call.arguments if _is_flag(word)}
        values = sum("=" in word for word in call.arguments if _is_flag(word))
        if not self.flags <= flags or (stdin and self.stdin != bool(call.stdin)):
            return False
        if self.first in subcommands and words[:1] != [self.first]:
            return False
        return len(words) + values >= self.words if self.open else len(words) + values == self.words


def forms(help: str, name: str) -> list[Form]:
    """The forms that the usage shows: its lines that begin with the tool's name, `(A | B)` as two."""
    found: dict[Form, None] = {}
    for line in _usage(help):
        written = _REMARK.split(line, maxsplit=1)[0].strip()
        program, _, rest = written.partition(" ")
        if program.rpartition("/")[2] == name:
            found.update(dict.fromkeys(_form(f"{name} {each}".strip()) for each in _alternatives(rest)))
    return list(found) if len(found) <= MAX_FORMS else []


def uncalled(help: str, name: str, calls: Sequence[Call]) -> list[str]:
    """The documented forms that none of the calls is of; empty where there is one form, or none that is understood."""
    known = forms(help, name)
    fitting = [_fitting(known, call, calls) for call in calls]
    called = {form for each in fitting for form in each}
    if len(known) < 2 or not called:
        return []
    return list(dict.fromkeys(form.text for form in known if form not in called))


def spread(help: str, name: str, calls: Sequence[Call]) -> list[int]:
    """The places of the calls, the first of each form before all others."""
    known, seen = forms(help, name), set[Form]()
    fresh: list[int] = []
    for place, call in enumerate(calls):
        if new := set(_fitting(known, call, calls)) - seen:
            seen |= new
            fresh.append(place)
    return fresh + [place for place in range(len(calls)) if place not in fresh]


def _fitting(known: Sequence[Form], call: Call, calls: Sequence[Call]) -> list[Form]:
    """A call is of the forms that ask most of it: `FILE --old A --new B` is no `FILE...`."""
    used = frozenset(each.arguments[0] for each in calls if each.arguments)
    subcommands = frozenset(form.first for form in known if form.first) & used
    # Where one first word is a subcommand, so are those beside it.
    subcommands = frozenset(form.first for form in known if form.first) if subcommands else subcommands
    stdin = any(form.stdin for form in known)
    fitting = [form for form in known if form.fits(call, subcommands, stdin=stdin)]
    most = max((len(form.flags) for form in fitting), default=0)
    return [form for form in fitting if len(form.flags) == most]


def _usage(help: str) -> list[str]:
    """The lines from `usage:` to the next paragraph."""
    lines = [line[:MAX_CHARS] for line in help.splitlines()[:MAX_LINES]]
    start = next((number for number, line in enumerate(lines) if _HEAD.match(line)), len(lines))
    found: list[str] = []
    for number, line in enumerate(lines[start:]):
        if not line.strip() and any(found):
            break
        found.append((_HEAD if not number else _OR).sub("", line, count=1))
    return found


def _alternatives(text: str) -> list[str]:
    groups = _EITHER.findall(text)
    if not groups:
        return [text]
    plain = _EITHER.sub("\0", text).split("\0")
    chosen = product(*(group.split("|") for group in groups))
    few = islice(chosen, MAX_FORMS + 1)
    return ["".join(part + one for part, one in zip(plain, (*each, ""), strict=True)) for each in few]


def _form(text: str) -> Form:
    given = _GIVEN.search(text)
    bare = text[: given.start()] if given else text
    needed, optional = _NAMED.sub("X", bare), False
    while (shorter := _OPTIONAL.sub(" ", needed)) != needed:
        needed, optional = shorter, True
    rest, more = _MORE.subn(" ", needed)
    parts = rest.split()[1:]
    words = [part for part in parts if not _is_flag(part)]
    flags = frozenset(part.partition("=")[0] for part in parts if _is_flag(part))
    valued = sum("=" in part for part in parts if _is_flag(part))
    first = words[0] if words and re.fullmatch(r"[a-z][a-z0-9-]*", words[0]) else ""
    return Form(" ".join(text.split()), flags, len(words) + valued, first, optional or bool(more), bool(given))


def _is_flag(word: str) -> bool:
    return word.startswith("-")
