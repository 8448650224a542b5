"""What a proposal would make of the scaffold: its files, the tree that the gate tries, and the difference to read.

Nothing is judged here; a proposal that makes no sense on this head raises ScaffoldError.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from livecoder.errors import ScaffoldError
from livecoder.evolution import proposals as p
from livecoder.scaffold.changes import SETTINGS, FileChange
from livecoder.scaffold.files import read_file
from livecoder.scaffold.knobs import with_knob
from livecoder.scaffold.lessons import Lesson, dump
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.sections import with_section

MOST_EVIDENCE = 12
"""Steps that a lesson names, the newest."""
DIFF_CHARS = 20_000


def changes(proposal: p.Proposal, root: Path, head: Scaffold) -> list[FileChange]:
    """The files that a proposal changes; `root` is a checkout of `head`."""
    match proposal:
        case p.KeepTool() | p.KeepHook():
            return [FileChange(proposal.target, proposal.content, True)]
        case p.RetireTool() | p.RemoveHook():
            return [FileChange(proposal.target, None)]
        case p.EditSection():
            path = f"prompts/{proposal.prompt}.md"
            if proposal.prompt not in head.prompts:
                raise ScaffoldError(f"there is no {path[:80]}", f"there are {', '.join(sorted(head.prompts))}")
            return [FileChange(path, with_section(_text(root, path), proposal.section, proposal.text).encode())]
        case p.SetKnob():
            return [FileChange(SETTINGS, with_knob(_text(root, SETTINGS), proposal.name, proposal.value).encode())]
        case _:
            return _lessons(proposal, head.lessons)


def _lessons(
    proposal: p.AddLesson | p.ReviseLesson | p.MergeLessons | p.RetireLesson, known: Sequence[Lesson]
) -> list[FileChange]:
    """Operations on single entries: no answer of a model ever replaces the whole."""
    match proposal:
        case p.AddLesson(lesson):
            return [_written(lesson)]
        case p.ReviseLesson(lesson):
            old = _known(known, lesson.id)
            return [_written(replace(old, text=lesson.text, trigger=lesson.trigger, evidence=_evidence(old, lesson)))]
        case p.MergeLessons(ids, lesson):
            olds = [_known(known, id) for id in dict.fromkeys(ids)]
            gone = [FileChange(f"lessons/{old.id}.toml", None) for old in olds if old.id != lesson.id]
            return [*gone, _written(replace(lesson, evidence=_evidence(*olds, lesson)))]
        case p.RetireLesson(name):
            return [FileChange(f"lessons/{_known(known, name).id}.toml", None)]


def apply(made: Sequence[FileChange], root: Path) -> None:
    """Write the changes into the checkout at `root`. Their paths have been checked."""
    for change in made:
        path = root / change.path
        if change.content is None:
            path.unlink(missing_ok=True)
            continue
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(change.content)
        path.chmod(0o755 if change.executable else 0o644)


def diff(made: Sequence[FileChange], root: Path) -> str:
    """What the changes do to the checkout at `root`, for people; long ones are cut, and say so."""
    parts: list[str] = []
    for change in made:
        old = _text(root, change.path) if (root / change.path).is_file() else ""
        new = (change.content or b"").decode("utf-8", "replace")
        names = (f"a/{change.path}" if old else "/dev/null", f"b/{change.path}" if new else "/dev/null")
        parts += [
            line if line.endswith("\n") else f"{line}\n"
            for line in difflib.unified_diff(old.splitlines(True), new.splitlines(True), *names)
        ]
    text = "".join(parts)
    return text if len(text) <= DIFF_CHARS else f"{text[:DIFF_CHARS]}\n… {len(text) - DIFF_CHARS:,} characters more\n"


def _known(lessons: Sequence[Lesson], id: str) -> Lesson:
    found = next((lesson for lesson in lessons if lesson.id == id), None)
    if found is None:
        raise ScaffoldError(f"there is no lesson {id[:64]!r}", "see `livecoder scaffold lessons`")
    return found


def _evidence(*lessons: Lesson) -> tuple[str, ...]:
    return tuple(dict.fromkeys(step for lesson in lessons for step in lesson.evidence))[-MOST_EVIDENCE:]


def _written(lesson: Lesson) -> FileChange:
    return FileChange(f"lessons/{lesson.id}.toml", dump(lesson).encode())


def _text(root: Path, path: str) -> str:
    return read_file(root, path).data.decode("utf-8", "replace")
