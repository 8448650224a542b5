"""One package of a repository, to be looked at by the files of the languages."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass

from livecoder.ground.files import Table, Tree
from livecoder.ground.programs import Programs
from livecoder.ground.walk import Walk

SIMPLE = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
"""A word that needs no quotes in a command."""


@dataclass(frozen=True, slots=True)
class Place:
    """`folder` is the package's; the root is "". Paths given to the methods are the package's own."""

    tree: Tree
    folder: str
    walk: Walk
    programs: Programs

    def at(self, name: str) -> str:
        """The path from the repository's root."""
        return f"{self.folder}/{name}" if self.folder else name

    def up(self) -> tuple[str, ...]:
        """The package's folder and those above it, the root last."""
        parts = self.folder.split("/") if self.folder else []
        return tuple("/".join(parts[:length]) for length in range(len(parts), -1, -1))

    def is_file(self, name: str) -> bool:
        return self.tree.is_file(self.at(name))

    def is_folder(self, name: str) -> bool:
        return self.tree.is_folder(self.at(name))

    def first(self, *names: str) -> str:
        """The first of these that is a file; "" when none is."""
        return next(filter(self.is_file, names), "")

    def text(self, name: str) -> str:
        return self.tree.text(self.at(name))

    def toml(self, name: str) -> Table:
        return self.tree.toml(self.at(name))

    def json(self, name: str) -> Table:
        return self.tree.json(self.at(name))

    def ini(self, name: str) -> Table:
        return self.tree.ini(self.at(name))

    def above(self, name: str) -> str:
        """The path of that name in the nearest folder upwards which has it, from the root; "" when none has."""
        paths = (f"{folder}/{name}" if folder else name for folder in self.up())
        return next((path for path in paths if self.tree.lies(path)), "")

    def relative(self, path: str, folder: str = "") -> str:
        """A path of the root's as a command in the package, or in a folder of it, must name it."""
        return os.path.relpath(path or ".", self.at(folder) or ".")

    def command(self, words: str, folder: str = "") -> str:
        """These words, to be run in the package or in a folder of it, as a command for the root."""
        where = self.at(folder).rstrip("/")
        return f"cd {shlex.quote(where)} && {words}" if where else words
