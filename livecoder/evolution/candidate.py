"""What a proposal would make of the scaffold: its files, the tree that the gate tries, and the difference to read.

Nothing is judged here; a proposal that makes no sense on this head raises ScaffoldError.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from livecoder.errors import ScaffoldError
from livecoder.evolution import proposals as p
from livecoder.scaffold.changes import SETTINGS, FileChange
from livecoder.scaffold.files import read_file
from livecoder.scaffold.knobs import with_knob
from livecoder.scaffold.lessons import Lesson, Merge, Operation, Retire, Update, adding
from livecoder.scaffold.lessons import apply as operated_on
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.sections import with_section

DIFF_CHARS = 20_000
LessonProposal: TypeAlias = p.AddLesson | p.ReviseLesson | p.MergeLessons | p.RetireLesson


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
            known = (*head.lessons, *head.tombstones)
            return operated_on(known, operation(proposal, known))


def operation(proposal: LessonProposal, known: Sequence[Lesson]) -> Operation:
    """What it does to the lessons, tombstones among them: code merges, no answer of a model replaces the whole."""
    match proposal:
        case p.AddLesson(lesson):
            return adding(lesson, known)
        case p.ReviseLesson(lesson):
            return Update(lesson.id, lesson.evidence, lesson.text, lesson.trigger, lesson.fingerprint, lesson.when)
        case p.MergeLessons(ids, lesson):
            return Merge(ids, lesson)
        case p.RetireLesson(name):
            return Retire(name, proposal.contract.cause)


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


def _text(root: Path, path: str) -> str:
    return read_file(root, path).data.decode("utf-8", "replace")
