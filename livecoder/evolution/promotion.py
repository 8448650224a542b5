"""What one project taught, given to all of the user's, or to everybody who works on the repository. The user decides.

Into the repository it goes as files to be reviewed; what somebody edited there is never written over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from livecoder.errors import ScaffoldError, WorkspaceError
from livecoder.evolution.imports import difference
from livecoder.scaffold.changes import TAINTED
from livecoder.scaffold.files import MAX_BYTES, File
from livecoder.scaffold.history import History
from livecoder.scaffold.layer import IN_REPOSITORY
from livecoder.scaffold.lessons import parse, reaching_all
from livecoder.scaffold.parts import Part
from livecoder.workspace.beneath import Beneath


@dataclass(frozen=True, slots=True)
class Promoted:
    """One part and what promoting it would change, as a diff; "" when it is the same there already."""

    part: Part
    file: File
    diff: str
    look: str = ""
    """Why the user has to have seen the difference: strangers had a hand in it, or it goes over somebody else's."""


def to_main(history: History, main: History, project: str, names: Sequence[str]) -> list[Promoted]:
    """What promoting these parts to `main` would change. Raises ScaffoldError for what is none."""
    there = {file.path: file.data for file in main.files()}
    found: list[Promoted] = []
    for name in names:
        file = _file(history, name)
        old = there.get(file.path)
        promoted = _promoted(history, replace(file, data=reaching_all(file.path, file.data)), old)
        giver = next((info.receipts.get("From", "") for info in main.touching(promoted.part)), "") if old else ""
        if giver.startswith("project/") and not giver.startswith(f"project/{project} "):
            promoted = replace(promoted, look=promoted.look or f"{file.path} goes over what {giver} gave")
        found.append(promoted)
    return found


def to_repository(history: History, root: Path, names: Sequence[str]) -> list[Promoted]:
    """What promoting them into the repository would write.

    Raises ScaffoldError where a file there is of no version that the scaffold has had: somebody edited it.
    """
    with Beneath(root) as repository:
        there = {name: _content(repository, f"{IN_REPOSITORY}/{_file(history, name).path}") for name in names}
    found: list[Promoted] = []
    for name, old in there.items():
        promoted = _promoted(history, _file(history, name), old)
        if old is not None and promoted.diff and _blob(old) not in history.versions(promoted.part.path):
            place = f"{IN_REPOSITORY}/{promoted.part.path}"
            raise ScaffoldError(f"{place} was edited there", "take its changes over by hand, or remove it")
        found.append(promoted)
    return found


def write(root: Path, promoted: Sequence[Promoted]) -> list[str]:
    """Write them into the repository, each file whole. Raises WorkspaceError."""
    written: list[str] = []
    with Beneath(root) as repository:
        for each in promoted:
            if not each.diff:
                continue
            place = f"{IN_REPOSITORY}/{each.file.path}"
            try:
                repository.write(place, each.file.data, each.file.executable)
            except OSError as error:
                raise WorkspaceError(
                    f"{place} cannot be written: {error.strerror or error}", "look at its folder"
                ) from None
            written.append(place)
    return written


def proof(promoted: Sequence[Promoted]) -> str:
    """Eight hex digits that only who saw these differences can know."""
    return hashlib.sha256("".join(each.diff for each in promoted).encode()).hexdigest()[:8]


def _promoted(history: History, file: File, old: bytes | None) -> Promoted:
    part = Part(file.path)
    reasons = [info.subject[:60] for info in history.touching(part) if info.receipts.get(TAINTED)]
    if part.kind == "lesson" and parse(part.name, file.data.decode("utf-8", "replace")).tainted:
        reasons.append("as it says itself")
    look = f"{part.path} comes from a stranger's text ({reasons[0]})" if reasons else ""
    return Promoted(part, file, difference(file.path, old or b"", file.data), look)


def _file(history: History, name: str) -> File:
    part = history.part(name)
    if part.key:
        raise ScaffoldError(f"{name} is a part of {part.path}", f"promote {part.path}")
    file = next((file for file in history.files() if file.path == part.path), None)
    if file is None:
        raise ScaffoldError(f"{part.path} is not there any more", "`livecoder scaffold rollback` brings it back")
    return file


def _content(repository: Beneath, path: str) -> bytes | None:
    try:
        return repository.read(path, MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ScaffoldError(f"{path} cannot be read: {error.strerror or error}", "make it a regular file") from None


def _blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0%b" % (len(data), data), usedforsecurity=False).hexdigest()
