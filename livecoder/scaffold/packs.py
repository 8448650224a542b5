"""A pack: parts of a scaffold in one file, to be given to somebody. The same parts are the same bytes everywhere.

A tar without compression: `pack.json`, which says where each file comes from, then the files. What is read may be
hostile: nothing is written to disk, and nothing in it is executed.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from livecoder.errors import ScaffoldError
from livecoder.scaffold.changes import allowed
from livecoder.scaffold.files import MAX_BYTES, File
from livecoder.scaffold.hidden import hidden

LABEL = "pack.json"
FORMAT = "livecoder-pack/1"
MAX_FILES = 400
MAX_LABEL = 1024 * 1024
MAX_PACK = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a file of a pack comes from, as who packed it says."""

    path: str
    sha256: str
    generation: str = ""
    subject: str = ""
    when: str = ""
    """ISO 8601."""
    receipts: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """What `pack.json` holds."""

    format: Literal["livecoder-pack/1"]
    files: tuple[Provenance, ...]


@dataclass(frozen=True, slots=True)
class Packed:
    """One file and what is said of it."""

    file: File
    provenance: Provenance


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def pack(parts: Iterable[Packed]) -> bytes:
    """The bytes of a pack; the order of its parts does not matter."""
    ordered = sorted(parts, key=lambda part: part.file.path)
    label = Label(FORMAT, tuple(part.provenance for part in ordered))
    text = json.dumps(asdict(label), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for file in (File(LABEL, text.encode(), False), *(part.file for part in ordered)):
            member = tarfile.TarInfo(file.path)
            member.size, member.mode = len(file.data), 0o755 if file.executable else 0o644
            archive.addfile(member, io.BytesIO(file.data))
    return out.getvalue()


def unpack(data: bytes) -> list[Packed]:
    """The parts of a pack. Raises ScaffoldError, saying why, for anything that is not one or holds what none may."""
    if len(data) > MAX_PACK:
        raise _refused(f"it is larger than {MAX_PACK // 1024 // 1024} MiB")
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            found = _members(archive)
    except (tarfile.TarError, ValueError, EOFError, OSError):
        raise _refused("it is no tar file, or a damaged one") from None
    label = _label(found.pop(LABEL, None))
    known = {provenance.path: provenance for provenance in label.files}
    if len(known) != len(label.files) or known.keys() != found.keys():
        raise _refused(f"its {LABEL} does not name exactly its files")
    for path, file in found.items():
        if digest(file.data) != known[path].sha256:
            raise _refused(f"{path} is not what its {LABEL} says")
    return [Packed(file, known[path]) for path, file in sorted(found.items())]


def plain_text(file: File) -> str:
    """The text of a file that came from elsewhere. Raises ScaffoldError when a reader could not see all of it."""
    try:
        text = file.data.decode("utf-8")
    except UnicodeDecodeError:
        raise _refused(f"{file.path} is not text in UTF-8") from None
    if place := hidden(text, allowed="\n\t"):
        raise _refused(f"{file.path} holds a hidden character ({place})")
    return text


def _members(archive: tarfile.TarFile) -> dict[str, File]:
    found: dict[str, File] = {}
    for member in archive:
        shown = member.name[:60].encode("unicode_escape", "backslashreplace").decode()
        if len(found) > MAX_FILES:
            raise _refused(f"it holds more than {MAX_FILES} files")
        if not member.isreg() or member.issparse():
            raise _refused(f"{shown} is no regular file")
        if member.name != LABEL and not allowed(member.name):
            raise _refused(f"{shown} cannot be part of a scaffold")
        if member.name in found:
            raise _refused(f"it holds {shown} twice")
        limit = MAX_LABEL if member.name == LABEL else MAX_BYTES
        if member.size > limit:
            raise _refused(f"{shown} is larger than {limit // 1024} KiB")
        content = archive.extractfile(member)
        body = content.read(limit + 1) if content else b""
        if len(body) != member.size:
            raise _refused(f"{shown} is cut off")
        found[member.name] = File(member.name, body, bool(member.mode & 0o100))
        if member.name != LABEL:
            plain_text(found[member.name])
    return found


def _label(file: File | None) -> Label:
    from pydantic import TypeAdapter, ValidationError

    if file is None:
        raise _refused(f"it has no {LABEL}")
    text = plain_text(file)
    try:
        label = TypeAdapter(Label).validate_json(text)
    except (ValidationError, RecursionError):
        raise _refused(f"its {LABEL} is none of {FORMAT}") from None
    said = [value for each in label.files for value in (each.path, each.generation, each.subject, each.when)]
    said += [text for each in label.files for pair in (each.receipts or {}).items() for text in pair]
    if any(hidden(text) for text in said):
        raise _refused(f"its {LABEL} holds a hidden character")
    return label


def _refused(why: str) -> ScaffoldError:
    return ScaffoldError(f"the pack is refused: {why}", "nothing of it was taken")
