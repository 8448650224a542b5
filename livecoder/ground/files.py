"""A repository's files, for looking at. What is a link, odd, too large, unreadable or broken is as if it were absent.

Nothing here follows a link out of the tree, waits for a fifo, or reads more than a bound.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeGuard, cast

from livecoder.workspace.beneath import Beneath, Kind

MAX_DOCUMENT = 256 * 1024
"""Bytes of one project file that are read; a document that is longer is not parsed."""
MAX_NAMES = 10_000
"""Names of one folder."""
MAX_DOTS = 256
"""On one line of a TOML document: a key of many parts costs its parser time by their square."""
MAX_SHOWN = 200

Table: TypeAlias = dict[str, Any]


class Tree:
    """Files by path from the root, with "/". Everything is read once."""

    def __init__(self, beneath: Beneath) -> None:
        self._beneath = beneath
        self._folders: dict[str, Mapping[str, Kind]] = {}
        self._texts: dict[str, str] = {}
        self._documents: dict[str, Table] = {}
        self._hooks: dict[str, frozenset[str]] = {}

    def names(self, folder: str) -> Mapping[str, Kind]:
        """What lies in a folder, with what each name is; the root is ""."""
        if folder not in self._folders:
            try:
                self._folders[folder] = self._beneath.names(folder, MAX_NAMES)
            except (OSError, ValueError):  # not there, a link on the way, or a name with NUL in it
                self._folders[folder] = {}
        return self._folders[folder]

    def is_file(self, path: str) -> bool:
        return self._kind(path) == "file"

    def is_folder(self, path: str) -> bool:
        return self._kind(path) == "folder"

    def lies(self, path: str) -> bool:
        """True for whatever has that name, links too: `node_modules/.bin` is full of them."""
        return self._kind(path) is not None

    def runs(self, path: str) -> bool:
        """True for a program, also behind the links by which an environment names its Python; none is opened."""
        for _ in range(4):
            if self._kind(path) != "link":
                break
            target = os.fsdecode(self._beneath.link_target(path))
            if target.startswith("/"):
                return os.access(target, os.X_OK)
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        return self.is_file(path)

    def _kind(self, path: str) -> Kind | None:
        folder, _, name = path.rpartition("/")
        return self.names(folder).get(name)

    def first(self, *paths: str) -> str:
        """The first of these that is a file; "" when none is."""
        return next(filter(self.is_file, paths), "")

    def text(self, path: str) -> str:
        """A file's beginning; "" when there is none."""
        if path not in self._texts:
            self._texts[path] = self._read(path).decode("utf-8", "replace").replace("\r\n", "\n")
        return self._texts[path]

    def _read(self, path: str) -> bytes:
        if not self.is_file(path):
            return b""
        try:
            return self._beneath.read(path, MAX_DOCUMENT + 1)
        except OSError:  # what the user cannot read says nothing
            return b""

    def toml(self, path: str) -> Table:
        return self._document(path, parse_toml)

    def json(self, path: str) -> Table:
        return self._document(path, json.loads)

    def ini(self, path: str) -> Table:
        """Sections of keys, as `setup.cfg` has them."""
        return self._document(path, parse_ini)

    def hooks(self, path: str) -> frozenset[str]:
        """The hooks that a configuration of pre-commit names, as far as they stand one on a line."""
        if path not in self._hooks:
            lines = (line.strip().removeprefix("- ").split() for line in self.text(path).split("\n"))
            names = (words[1] for words in lines if len(words) == 2 and words[0] == "id:")
            self._hooks[path] = frozenset(name.removesuffix("-check") for name in names)
        return self._hooks[path]

    def _document(self, path: str, parser: Callable[[str], Any]) -> Table:
        if path not in self._documents:
            self._documents[path] = parse(self.text(path), parser)
        return self._documents[path]


def parse(text: str, parser: Callable[[str], Any]) -> Table:
    """A broken document, a cut one, or one of a million brackets, says nothing."""
    value: Any = None
    try:
        value = parser(text) if len(text) <= MAX_DOCUMENT else None
    except (ValueError, RecursionError):
        return {}
    return cast(Table, value) if isinstance(value, dict) else {}


def parse_toml(text: str) -> Any:
    """Raises ValueError."""
    if any(line.count(".") > MAX_DOTS for line in text.splitlines()):
        raise ValueError("a line of too many dots")
    return tomllib.loads(text)


def parse_ini(text: str) -> Table:
    """Raises ValueError."""
    import configparser

    if re.search(r"[^\S\n]{100}", text):
        raise ValueError("a gap that costs the parser time by its square")
    # No section of defaults: its keys would be copied into every other one.
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, default_section="\0")
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ValueError(str(error)) from None
    return {name: dict(parser[name]) for name in parser.sections()}


def is_table(value: Any) -> TypeGuard[Table]:
    return isinstance(value, dict)


def table(document: Table, *keys: str) -> Table:
    """The table under these keys; {} where there is none."""
    value = get(document, *keys)
    return value if is_table(value) else {}


def get(document: Table, *keys: str) -> Any:
    """The value under these keys; None where there is none."""
    value: Any = document
    for key in keys:
        if not is_table(value):
            return None
        value = value.get(key)
    return value


def strings(value: Any) -> tuple[str, ...]:
    """The texts in a list; one text stands for itself."""
    if isinstance(value, str):
        return (value,)
    return tuple(item for item in cast("list[Any]", value) if isinstance(item, str)) if isinstance(value, list) else ()


def one_line(text: str, most: int = MAX_SHOWN) -> str:
    """A stranger's words as they can stand in a prompt: on one line, bounded, nothing hidden, and ending no block."""
    text = text[: 4 * most].encode("utf-8", "replace").decode()
    text = re.sub(r"\s+", " ", text).strip().replace("</", "?/")
    text = "".join(character if character.isprintable() else "?" for character in text)
    return text if len(text) <= most else text[: most - 1] + "…"
