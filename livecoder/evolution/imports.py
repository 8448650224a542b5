"""What comes from elsewhere, a pack or an Agent Skill, as entries of the inbox: never active before the user says so.

All of it or nothing; what is delivered is marked as a stranger's.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from livecoder.errors import ScaffoldError, UsageError
from livecoder.evolution.proposals import lesson_id
from livecoder.scaffold import inbox, lessons, packs, skills
from livecoder.scaffold.files import MAX_BYTES, File
from livecoder.scaffold.layer import usable
from livecoder.scaffold.parts import Part
from livecoder.scaffold.reserved import name_problem

INTERPRETERS = {".py": "python3", ".sh": "bash", ".js": "node", ".mjs": "node", ".rb": "ruby", ".pl": "perl"}
"""For scripts that say by their name alone what runs them."""
WHOLE = ("tool", "lesson", "hook")
"""Kinds that are a file each. Prompts and settings are the project's own, and change by sections and by knobs."""
WAITS = "imported: it waits for your word"
EXPECTS = "what it did elsewhere, as who gave it says"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One part as it would lie in the scaffold; `receipts` are what its source says of it."""

    file: File
    receipts: Mapping[str, str]

    @property
    def part(self) -> Part:
        return Part(self.file.path)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What an import brings, and what of it was passed over and why."""

    arrivals: tuple[Arrival, ...]
    passed_over: tuple[str, ...] = field(default=())


def arriving(source: Path, when: datetime) -> Delivery:
    """Read a pack or the directory of a skill. Raises ScaffoldError or UsageError, in one line, when it is neither."""
    if source.is_dir():
        return from_skill(skills.read(source), when)
    if source.name == skills.DOCUMENT:
        return from_skill(skills.read(source.absolute().parent), when)
    return from_pack(_read(source), source.name)


def from_pack(data: bytes, name: str) -> Delivery:
    """Raises ScaffoldError for a pack that is hostile or holds what no scaffold can use."""
    found: list[Arrival] = []
    passed: list[str] = []
    origin = f"pack {name[:60]} {hashlib.sha256(data).hexdigest()[:12]}"
    for packed in packs.unpack(data):
        try:
            usable(packed.file)
        except ScaffoldError as error:
            raise ScaffoldError(f"the pack is refused: {error}", "nothing of it was taken") from None
        if Part(packed.file.path).kind not in WHOLE:
            passed.append(f"{packed.file.path}: it is never taken over as a whole")
            continue
        said = packed.provenance.receipts or {}
        kept = {key: said[key] for key in ("Task", "Session", "Model") if said.get(key)}
        found.append(Arrival(packed.file, {**kept, "From": origin}))
    return Delivery(tuple(found), tuple(passed))


def from_skill(skill: skills.Skill, when: datetime) -> Delivery:
    """A tool for each script, and a lesson that says what the skill is for. Raises ScaffoldError."""
    receipts = {"From": f"skill {skill.name}"}
    found: list[Arrival] = []
    passed: list[str] = []
    for script in skill.scripts:
        tool = _tool(skill.name, script)
        if tool is None:
            passed.append(f"{script.path}: nothing says what runs it")
        else:
            found.append(Arrival(tool, receipts))
    if twice := {arrival.file.path for arrival in found if [a.file.path for a in found].count(arrival.file.path) > 1}:
        raise ScaffoldError(f"the skill is refused: two scripts would be {min(twice)}", "rename one")
    try:
        text = lessons.dump(_lesson(skill, when))
        found.append(Arrival(File(f"lessons/{lesson_id(skill.name)}.toml", text.encode(), False), receipts))
    except ScaffoldError as error:
        passed.append(f"its text: {error}")
    if not found:
        raise ScaffoldError(f"the skill is refused: {'; '.join(passed)[:300]}", "nothing of it was taken")
    return Delivery(tuple(found), tuple(passed))


def deliver(
    data: Path, project: str, arrivals: Sequence[Arrival], head: Mapping[str, bytes], when: datetime
) -> list[inbox.Entry]:
    """Put into the inbox what the project's head does not have like this already."""
    new = [arrival for arrival in arrivals if head.get(arrival.file.path) != arrival.file.data]
    return [_entry(data, project, arrival, head.get(arrival.file.path, b""), when) for arrival in new]


def _entry(data: Path, project: str, arrival: Arrival, old: bytes, when: datetime) -> inbox.Entry:
    text = arrival.file.data.decode("utf-8")
    proposal = {
        "kind": arrival.part.kind,
        "target": arrival.file.path,
        "expects": EXPECTS,
        "text": text,
        "origin": "import",
    }
    shown = difference(arrival.file.path, old, arrival.file.data)
    return inbox.add(data, project, proposal, shown, WAITS, when, arrival.receipts, tainted=True)


def difference(path: str, old: bytes, new: bytes) -> str:
    """A unified diff of one file, for people; empty where nothing differs."""
    before, after = (side.decode("utf-8", "replace").splitlines(keepends=True) for side in (old, new))
    names = (f"a/{path}" if old else "/dev/null", f"b/{path}" if new else "/dev/null")
    rows = difflib.unified_diff(before, after, *names)
    return "".join(row if row.endswith("\n") else f"{row}\n\\ No newline at end of file\n" for row in rows)


def _read(source: Path) -> bytes:
    """At most a byte more than a pack may have; a pipe or a device is no pack."""
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"{source} cannot be read: {why}", "give a pack, or the directory of a skill") from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UsageError(f"{source} is no regular file", "give a pack, or the directory of a skill")
        return file.read(packs.MAX_PACK + 1)


def _tool(skill: str, script: File) -> File | None:
    stem, dot, ending = script.path.rpartition("/")[2].rpartition(".")
    stem, ending = (stem, f".{ending}") if dot else (ending, "")
    data = script.data
    if not data.startswith(b"#!"):
        if ending not in INTERPRETERS:
            return None
        data = f"#!/usr/bin/env {INTERPRETERS[ending]}\n".encode() + data
    name = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")
    if name_problem(name):
        name = f"{skill}-{name}"[:40].strip("-")
    if problem := name_problem(name):
        raise ScaffoldError(f"the skill is refused: {script.path} can be no tool: {problem}", "rename it")
    if len(data) > MAX_BYTES:
        raise ScaffoldError(f"the skill is refused: {script.path} is larger than {MAX_BYTES // 1024} KiB")
    return File(f"tools/{name}", data, True)


def _lesson(skill: skills.Skill, when: datetime) -> lessons.Lesson:
    """What the skill is for, and as much of its text as a lesson can hold: all of it or none."""
    description = " ".join(skill.description.split())
    prose = " ".join(line for line in skill.body.splitlines() if line.strip() and not line.startswith(("#", "```")))
    both = f"{description} {' '.join(prose.split())}"
    text = both if len(both) <= lessons.MAX_CHARS else description
    if len(text) > lessons.MAX_CHARS:
        text = text[: lessons.MAX_CHARS - 1].rpartition(" ")[0] + "…"
    created = when.isoformat(timespec="seconds")
    return lessons.Lesson(lesson_id(skill.name), text, created=created, task=f"imported skill {skill.name}")
