"""HTML as values. Text becomes a node here and nowhere else, so that nothing a session says can become markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from livecoder.view.terminal import printable

NAME = re.compile("[a-z][a-z-]*[0-9]?")
VOID = frozenset({"meta"})


@dataclass(frozen=True, slots=True)
class Html:
    """Markup, made by the functions of this module alone."""

    source: str


Child: TypeAlias = Html | str | None
"""Text is escaped; None is nothing."""


def element(name: str, /, *children: Child, **attributes: str | bool) -> Html:
    """`element("p", "1 < 2", class_="quiet")`. An attribute that is False is left out; a link stays on the page."""
    inside = joined(children).source
    if name == "pre" and inside.startswith("\n"):
        inside = "\n" + inside  # the first line end after <pre> does not count
    written = "".join(_attribute(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    return Html(f"<{_named(name)}{written}>" + ("" if name in VOID else f"{inside}</{name}>"))


def joined(children: Iterable[Child]) -> Html:
    return Html("".join(child.source if isinstance(child, Html) else _escaped(child or "") for child in children))


def styled(css: str) -> Html:
    """A style sheet of our own, in which nothing is escaped."""
    if "<" in css:
        raise ValueError("a style sheet cannot hold `<`")
    return Html(f"<style>{css}</style>")


def _attribute(key: str, value: str | bool) -> str:
    if value is False:
        return ""
    if value is True:
        return f" {_named(key)}"
    if key == "href" and not value.startswith("#"):
        raise ValueError(f"{value}: a page links to itself only")
    return f' {_named(key)}="{html.escape(printable(value))}"'


def _named(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name")
    return name


def _escaped(text: str) -> str:
    return html.escape(printable(text), quote=False)
