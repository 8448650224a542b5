"""What one step changed in the tree, in few words for the model: file names, counts, and small hunks it has not read.

A model that wrote a file or printed its diff knows what is in it; one that ran `sed -i` would ask in the next turn.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from livecoder.workspace.diff import PLAIN
from livecoder.workspace.scan import shown
from livecoder.workspace.shadow import Shadow
from livecoder.workspace.trees import Change

MAX_FILES = 8
"""Files that are named; of more files than MAX_READ nothing but their number is told."""
MAX_READ = 40
MAX_HUNKS = 900
"""Characters of hunks; where there are more, none is shown."""
_DIFF = ("--literal-pathspecs", "diff-tree", "-r", "-p", "--unified=0")
_CACHES = re.compile(r"(^|/)(__pycache__|\.(pytest|ruff|mypy)_cache|\.hypothesis|\.tox|\.nox|[^/]+\.egg-info)/|\.pyc$")


@dataclass(slots=True)
class _File:
    name: str
    kind: str
    added: list[str] = field(default_factory=list[str])
    removed: int = 0
    hunks: list[str] = field(default_factory=list[str])
    binary: bool = False

    def line(self) -> str:
        counts = f" +{len(self.added)} -{self.removed}" if not self.binary else " (binary)"
        return f"{self.name}{self.kind}{counts if self.kind != ' deleted' else ''}"


def brief(shadow: Shadow, before: str, after: str, read: str) -> str:
    """One line of files and counts, then the hunks where they are few and not in what the model `read`; or ""."""
    changes = {path: change for path, change in shadow.trees.changes(before, after).items() if not _CACHES.search(path)}
    ignored = shadow.ignored(changes)
    paths = [path for path in changes if path not in ignored]
    if not paths:
        return ""
    if len(paths) > MAX_READ:
        return f"changed: {len(paths)} files"
    files = [_File(shown(path).replace("\n", "?"), _kind(changes[path])) for path in paths]
    patch = shadow.trees.git.run(*_DIFF, *PLAIN, before, after, "--", *paths)
    _read(patch.decode("utf-8", "replace"), files)
    more = f" and {len(files) - MAX_FILES} more" if len(files) > MAX_FILES else ""
    line = f"changed: {', '.join(file.line() for file in files[:MAX_FILES])}{more}"
    return "\n".join([line, *_hunks(files, read)])


def _kind(change: Change) -> str:
    old, new = change
    return " new" if old is None else " deleted" if new is None else ""


def _read(patch: str, files: list[_File]) -> None:
    """Hunks and counts, in the order in which git and `changes` name the files."""
    place = -1
    header = True
    for line in patch.split("\n"):
        if line.startswith("diff --git "):
            place, header = place + 1, True
        elif line.startswith("@@ "):
            header = False
            files[place].hunks.append(line)
        elif header:
            files[place].binary |= line.startswith("Binary files ")
        elif line[:1] in ("+", "-"):
            files[place].hunks.append(line)
            if line.startswith("+"):
                files[place].added.append(line[1:])
            files[place].removed += line.startswith("-")


def _hunks(files: list[_File], read: str) -> list[str]:
    unread = [file for file in files if not file.kind and not _is_in(read, file)]
    lines: list[str] = []
    for file in unread:
        lines += [f"{file.name}:"] * (len(files) > 1) + file.hunks
    return lines if sum(len(line) + 1 for line in lines) <= MAX_HUNKS else []


def _is_in(read: str, file: _File) -> bool:
    return bool(file.added) and all(line.strip() in read for line in file.added)
