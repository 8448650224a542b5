"""What the parts of a page are built of: prose, code, folds, notes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from livecoder.view.evidence import Excerpt
from livecoder.view.notes import Note
from livecoder.view.page.html import Child, Html, element, joined

FENCED = re.compile(r"^[ \t]*(`{3,})[^\n`]*\n(.*?)(?:^[ \t]*\1`*[ \t]*$|\Z)", re.M | re.S)
INLINE = re.compile(r"`([^`\n]+)`|\*\*([^*\n]+)\*\*")


def prose(text: str) -> Html:
    """A model's or a person's words; of Markdown, code and strong words are understood, the rest stays as it is."""
    parts: list[Child] = []
    at = 0
    for found in FENCED.finditer(text):
        parts += [_paragraph(text[at : found.start()]), code(found[2].rstrip("\n"))]
        at = found.end()
    return element("div", *parts, _paragraph(text[at:]), class_="prose")


def _paragraph(text: str) -> Html | None:
    return element("p", inline(text.strip("\n"))) if text.strip() else None


def inline(text: str) -> Html:
    parts: list[Child] = []
    at = 0
    for found in INLINE.finditer(text):
        parts += [text[at : found.start()], element("code", found[1]) if found[1] else element("strong", found[2])]
        at = found.end()
    return joined([*parts, text[at:]])


def code(text: str, kind: str = "") -> Html:
    """Text to the letter; a long line scrolls in its own box."""
    return element("pre", text, class_=kind or False)


def fold(summary: Child, *inside: Child, kind: str = "", is_open: bool = False) -> Html:
    return element("details", element("summary", summary), *inside, class_=kind or False, open=is_open)


def excerpt(shown: Excerpt) -> Html:
    return joined([code(shown.text) if shown.text.strip() else None, missing(shown)])


def missing(shown: Excerpt) -> Html | None:
    return element("p", shown.missing, class_="missing") if shown.missing else None


def notes(found: Iterable[Note]) -> Html | None:
    rows = [element("li", _note(note), class_=note.tone) for note in found]
    return element("ul", *rows, class_="notes") if rows else None


def _note(note: Note) -> Html:
    words = joined([element("b", note.label), " ", inline(note.text)])
    return fold(words, code(note.body)) if note.body.strip() else words
