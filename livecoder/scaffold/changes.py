"""What a change to a scaffold may be: which paths, how large, what its commit says. Values only, no git in here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from livecoder.errors import ScaffoldError
from livecoder.scaffold.files import MAX_BYTES, File, entries, read_file
from livecoder.scaffold.reserved import name_problem

FOLDERS = ("prompts", "tools", "hooks", "lessons")
SETTINGS = "scaffold.toml"
TAINTED = "Tainted"
"""The receipt of a commit in which a stranger's text had a hand; its value says whose."""

_PATH = re.compile(
    r"scaffold\.toml|prompts/[a-z][a-z0-9_-]{0,63}\.md|hooks/[a-z][a-z0-9_-]{0,39}|lessons/[a-z0-9][a-z0-9-]{0,63}\.toml"
)
_TRAILER = re.compile(r"(?P<key>[A-Z][A-Za-z-]{0,29}): (?P<value>.*)")

Tree: TypeAlias = dict[str, str]
"""Path -> git's mode and blob id, as in "100755 3f0a…"."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """The new content of one file; None takes it away."""

    path: str
    content: bytes | None
    executable: bool = False


class Conflict(ScaffoldError):
    """Somebody else changed the same files since. `files` names them; nothing was committed."""

    def __init__(self, files: Iterable[str]) -> None:
        self.files = tuple(files)
        super().__init__(f"changed meanwhile: {', '.join(self.files)}", "see `livecoder scaffold inbox`")


def allowed(path: str) -> bool:
    """Whether a scaffold may hold this path at all."""
    folder, _, name = path.partition("/")
    return bool(_PATH.fullmatch(path)) or (folder == "tools" and not name_problem(name))


def check(changes: Iterable[FileChange]) -> None:
    """Raises ScaffoldError for a path that a scaffold cannot hold, for one named twice and for a file too large."""
    seen: set[str] = set()
    for change in changes:
        shown = change.path[:80].encode("unicode_escape", "backslashreplace").decode()
        if not allowed(change.path):
            why = name_problem(change.path[6:]) if change.path.startswith("tools/") else ""
            raise ScaffoldError(f"{shown} cannot be part of a scaffold", why or f"{SETTINGS} or {', '.join(FOLDERS)}")
        if change.path in seen:
            raise ScaffoldError(f"{shown} is changed twice in one commit", "give each file once")
        if change.content is not None and len(change.content) > MAX_BYTES:
            raise ScaffoldError(f"{shown} is larger than {MAX_BYTES // 1024} KiB", "make it smaller")
        seen.add(change.path)


def files_of(root: Path) -> list[File]:
    """Every file of the scaffold in the directory `root`; what a scaffold cannot hold is passed over.

    Raises ScaffoldError when a file that belongs to it is a symlink, too large, or cannot be read.
    """
    names = [SETTINGS] if (root / SETTINGS).is_file() else []
    for folder in FOLDERS:
        names += [f"{folder}/{name}" for name, _ in entries(root, folder)]
    return [read_file(root, name) for name in names if allowed(name)]


def digest_of(files: Iterable[File]) -> str:
    """A SHA-256, in hex, of names, contents and executable bits."""
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.path):
        digest.update(f"{file.path}\0{file.executable}\0{len(file.data)}\0".encode() + file.data)
    return digest.hexdigest()


def write_files(files: Iterable[File], dest: Path) -> None:
    """Write a scaffold into `dest`, a directory that is empty or not there yet. Raises ScaffoldError."""
    try:
        dest.mkdir(parents=True, exist_ok=True)
        if any(dest.iterdir()):
            raise ScaffoldError(f"{dest} is not empty", "name an empty directory")
        for folder in FOLDERS:
            (dest / folder).mkdir()
        for file in files:
            path = dest / file.path
            path.write_bytes(file.data)
            path.chmod(0o755 if file.executable else 0o644)
    except OSError as error:
        raise ScaffoldError(f"{error.filename or dest}: {error.strerror}", "make it a writable directory") from None


def overlay(ours: Tree, base: Tree, theirs: Tree) -> Tree:
    """`ours` with what changed from `base` to `theirs`, except where we changed the same file: then ours stands."""
    merged = dict(ours)
    for path in base.keys() | theirs.keys():
        if theirs.get(path) != base.get(path) == ours.get(path):
            _put(merged, path, theirs.get(path))
    return merged


def applied(ours: Tree, base: Tree, wanted: Mapping[str, str | None]) -> Tree:
    """`ours` with the `wanted` files, which were made from `base`. Raises Conflict where `ours` went another way."""
    clashes = [path for path in sorted(wanted) if ours.get(path) not in (base.get(path), wanted[path])]
    if clashes:
        raise Conflict(clashes)
    merged = dict(ours)
    for path, entry in wanted.items():
        _put(merged, path, entry)
    return merged


def message(subject: str, receipts: Mapping[str, str]) -> str:
    """A commit message with its trailers, each value on one line. Raises ScaffoldError for a key that is no trailer."""
    lines = [_one_line(subject, 200)]
    if receipts:
        lines.append("")
    for key, value in receipts.items():
        lines.append(f"{key}: {_one_line(value, 2_000)}")
        if not _TRAILER.fullmatch(lines[-1]):
            raise ScaffoldError(f"{key[:40]!r} is no receipt", "a capitalised word such as Task or Evidence")
    return "\n".join(lines) + "\n"


def receipts_of(body: str) -> dict[str, str]:
    """The trailers that `message` wrote, from what follows the subject."""
    last = body.strip().rpartition("\n\n")[2]
    found = [_TRAILER.fullmatch(line) for line in last.splitlines()]
    return {match["key"]: match["value"] for match in found if match}


def _put(tree: Tree, path: str, entry: str | None) -> None:
    if entry is None:
        tree.pop(path, None)
    else:
        tree[path] = entry


def _one_line(text: str, limit: int) -> str:
    visible = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(visible.split())[:limit]
