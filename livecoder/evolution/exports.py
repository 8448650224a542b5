"""What was learnt, as files for others: packs with their provenance, and tools as Agent Skills."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from livecoder.errors import ScaffoldError, UsageError
from livecoder.scaffold import cases, packs, skills
from livecoder.scaffold.changes import files_of
from livecoder.scaffold.files import File
from livecoder.scaffold.history import History
from livecoder.scaffold.parts import Part
from livecoder.scaffold.seed import seed_dir
from livecoder.scaffold.tools import summary

TOLD = ("Task", "Session", "Model", "Evidence", "Expects", "Tainted", "From")
"""Receipts that go out with a part."""


def everything(history: History) -> list[Part]:
    """Every file that is not the seed's, as the seed has it."""
    seed = {file.path: file.data for file in files_of(seed_dir())}
    return [Part(file.path) for file in history.files() if seed.get(file.path) != file.data]


def as_pack(history: History, parts: Sequence[Part]) -> bytes:
    """The bytes of a pack of these parts. Raises ScaffoldError for one that is not there any more."""
    return packs.pack(_packed(history, part) for part in parts)


def as_skill(history: History, part: Part, output: Path, data: Path, project: str, license: str) -> Path:
    """Write a tool's skill into a new directory below `output`. Raises UsageError and ScaffoldError."""
    if part.kind != "tool":
        raise UsageError(f"{part} is no tool", "only a tool can be a skill; a pack takes everything")
    file = _file(history, part)
    info = history.touching(part)[0]
    metadata = {
        "session": info.receipts.get("Session", ""),
        "model": info.receipts.get("Model", ""),
        "task": info.receipts.get("Task", ""),
        "generation": info.id,
    }
    said = summary(file.data.decode("utf-8", "replace")) or info.subject.partition(": ")[2]
    place = output / skills.skill_name(part.name)
    written = skills.exported(file, said, metadata, cases.load(data, project, part.name), license)
    try:
        output.mkdir(parents=True, exist_ok=True)
        place.mkdir()
        for each in written:
            path = place / each.path
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(each.data)
            path.chmod(0o755 if each.executable else 0o644)
    except FileExistsError:
        raise UsageError(f"{place} exists already", "remove it, or choose another directory") from None
    except OSError as error:
        raise UsageError(f"{place} cannot be written: {error.strerror}", "choose another directory") from None
    return place


def _packed(history: History, part: Part) -> packs.Packed:
    if part.key:
        raise ScaffoldError(f"{part.name} is a part of {part.path}", f"export {part.path}")
    file = _file(history, part)
    info = history.touching(part)[0]
    receipts = {key: info.receipts[key] for key in TOLD if info.receipts.get(key)}
    when = info.when.isoformat(timespec="seconds")
    return packs.Packed(
        file, packs.Provenance(file.path, packs.digest(file.data), info.id, info.subject, when, receipts)
    )


def _file(history: History, part: Part) -> File:
    file = next((file for file in history.files() if file.path == part.path), None)
    if file is None:
        raise ScaffoldError(f"{part.path} is not there any more", "`livecoder scaffold rollback` brings it back")
    return file
