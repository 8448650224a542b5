"""What a lesson is about, as it is now: marks of the files that it names, versions of its dependencies, the model.

A file counts as the same while half of its marks are still there: one that was edited in one place is what it was, one
that was rewritten is not. Read without following links, and only what the lesson's own words name.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from livecoder.errors import ScaffoldError
from livecoder.scaffold.files import opened
from livecoder.scaffold.lessons import Fingerprint, Lesson

MARKS = 8
"""Hashes kept of a file: the smallest ones of its lines (a bottom-k sketch, Broder 1997)."""
SAME = 0.5
MAX_BYTES = 2 << 20
"""Of one file that is read."""
MAX_FILES = 4
MAX_DEPENDENCIES = 3

_WORD = re.compile(r"[\w@/+-][\w.@/+-]{0,199}(?<!\.)")
_VERSION = re.compile(r"[\w.+!<>=~^*-]{1,60}")
_PACKAGE = r'name = "(?P<name>[^"\n]+)"\r?\nversion = "(?P<version>[^"\n]+)"'
LOCKS = {
    "uv.lock": _PACKAGE,
    "poetry.lock": _PACKAGE,
    "Cargo.lock": _PACKAGE,
    "package-lock.json": r'"node_modules/(?P<name>[^"\n]+)": \{\s*"version": "(?P<version>[^"\n]+)"',
    "go.mod": r"^\s*(?:require )?(?P<name>[\w./-]+\.[\w./-]+) (?P<version>v\S+)",
    "requirements.txt": r"^(?P<name>[\w.-]+)(?:\[[^]\n]*\])?\s*==\s*(?P<version>[\w.+!-]+)",
    "pyproject.toml": r"""["'](?P<name>[\w.-]+)(?:\[[^]\n]*\])?\s*(?P<version>[<>=~!]=?[^"'\s;]+)["';]""",
    "package.json": r'"(?P<name>[@\w./-]+)": "(?P<version>[~^]?\d[^"\s]*)"',
}
"""Where versions stand, those that are exact first. Patterns for a line or two, not parsers: cheap on any size."""


@dataclass(slots=True)
class Present:
    """The workspace at `root` as it is now, each file read at most once.

    `family` is that of the model at hand; "" where none is: then no lesson is stale for its model.
    """

    root: Path
    family: str
    _marks: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    _versions: dict[str, str] | None = None

    def again(self) -> Present:
        """The same workspace, looked at anew."""
        return Present(self.root, self.family)

    def fingerprint(self, lesson: Lesson) -> Fingerprint:
        """Of a lesson as it is learnt. The user's own word is about nothing that could go stale.

        The model counts only where the lesson names no file and no dependency: then it is about how to work.
        """
        if lesson.origin == "user":
            return Fingerprint()
        words = list(dict.fromkeys(_WORD.findall(f"{lesson.trigger} {lesson.text}")))
        files = [word for word in words if ("/" in word or "." in word) and self.marks(word)][:MAX_FILES]
        named = [word for word in words if len(word) > 2 and _plain(word) in self.versions()][:MAX_DEPENDENCIES]
        return Fingerprint(
            tuple(f"{','.join(self.marks(path))} {path}" for path in files),
            tuple(f"{name} {self.versions()[_plain(name)]}" for name in named),
            (self.family,) if self.family and not files and not named else (),
        )

    def stale(self, lesson: Lesson) -> str:
        """Why the lesson does not hold any more; "" while it does."""
        about = lesson.fingerprint
        for item in about.files:
            marks, _, path = item.partition(" ")
            then, now = set(marks.split(",")), set(self.marks(path))
            if not now:
                return f"{path} is gone"
            if len(then & now) < SAME * len(then):
                return f"{path} is not what it was"
        for item in about.dependencies:
            name, _, then_version = item.partition(" ")
            now_version = self.versions().get(_plain(name), "gone")
            if now_version != then_version:
                return f"{name} was {then_version} and is {now_version}"
        if about.models and self.family and self.family not in about.models:
            return f"it was learnt with {' and '.join(about.models)}"
        return ""

    def marks(self, path: str) -> tuple[str, ...]:
        """The marks of a file of the workspace; none for anything that is no small regular file."""
        if path not in self._marks:
            lines = {line.strip() for line in self._read(path).splitlines()} - {b""}
            self._marks[path] = tuple(f"{mark:08x}" for mark in sorted(map(zlib.crc32, lines))[:MARKS])
        return self._marks[path]

    def versions(self) -> dict[str, str]:
        if self._versions is None:
            self._versions = {}
            for name, version in self._locked():
                if _VERSION.fullmatch(version):
                    self._versions.setdefault(_plain(name), version)
        return self._versions

    def _locked(self) -> Iterator[tuple[str, str]]:
        for name, pattern in LOCKS.items():
            text = self._read(name).decode("utf-8", "replace")
            yield from ((found["name"], found["version"]) for found in re.finditer(pattern, text, re.M))

    def _read(self, path: str) -> bytes:
        parts = path.split("/")
        if any(part in ("", ".", "..") or part.startswith(".env") for part in parts):
            return b""
        try:
            with opened(self.root, path) as descriptor:
                if os.fstat(descriptor).st_size > MAX_BYTES:
                    return b""
                with os.fdopen(os.dup(descriptor), "rb") as file:
                    return file.read(MAX_BYTES)
        except (ScaffoldError, OSError):
            return b""


def _plain(name: str) -> str:
    """Names of packages that differ in case and in `-`, `_` and `.` alone are one."""
    return re.sub(r"[-_.]+", "-", name).lower()
