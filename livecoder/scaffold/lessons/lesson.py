"""What a lesson is and what it may say.

A lesson is the easiest thing to poison, so the same lint stands before every write and after every read. Its trigger is
plain words, not a pattern that could take for ever, and its check is built from paths by code, never a command of
anybody's.
"""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Interval, Len

from livecoder.scaffold.hidden import hidden
from livecoder.scaffold.lessons.subject import subjects

FOLDER = "lessons"
MAX_CHARS = 400
MAX_GENERAL = 15
"""Lessons without a trigger are in every prompt."""
MAX_EVIDENCE = 12
"""Citations that a lesson carries: the first, and the latest."""

_INTERPRETER = r"(?:\S*/)?(?:ba|da|z|k|c|tc|fi|pw)?sh\b|(?:\S*/)?(?:python|perl|ruby|node|php|lua|osascript)[\d.]*\b"
_PIPED = re.compile(
    rf"\|&?\s*(?:(?:\S*/)?(?:sudo|env|exec|command|xargs|nohup|time)\s+(?:-\S+\s+|\w+=\S*\s+)*)*(?:{_INTERPRETER})",
    re.I,
)
_FETCHED = re.compile(rf"(?:{_INTERPRETER}|\beval|\bsource|(?:^|\s)\.)[^|]*(?:[<$]\(|`)\s*(?:curl|wget|fetch)\b", re.I)
_ADDRESS = re.compile(r"\w[\w+.-]*://|\bwww\.\w|\b(?:javascript|data|mailto):\S", re.I)
_DELIMITER = re.compile(r"<\s*/?\s*lessons?\b", re.I)
_UNCHANGED = ("git", "diff", "--quiet", "HEAD", "--")
_MARKS = re.compile(r"[0-9a-f]{8}(?:,[0-9a-f]{8})* \S.*")
_VERSION = re.compile(r"\S+ \S+")
_PATH = re.compile(r"(?!/)(?!.*(?:^|/)\.\.?(?:/|$))[\w./*?@+-]{1,200}")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a lesson is about, as it was: it goes stale when this is no longer so. Empty: it never does."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    files: tuple[str, ...] = ()
    """`MARKS PATH`: marks of the file's lines, as whoever took the fingerprint writes them."""
    dependencies: tuple[str, ...] = ()
    """`NAME VERSION`."""
    models: tuple[str, ...] = ()
    """Model families that it is known to hold for; only where it is about nothing else."""

    def __bool__(self) -> bool:
        return bool(self.files or self.dependencies or self.models)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learnt, in one or two sentences, and where from."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    id: str
    text: Annotated[str, Len(1, MAX_CHARS)]
    trigger: Annotated[str, Len(0, 120)] = ""
    """Words that a command begins with or that its output holds; where it waits for a task, what that is about, as
    `subject` reads it; "" for a lesson that is always shown."""
    evidence: tuple[str, ...] = ()
    """Steps that taught it, as `session:step`."""
    created: Annotated[str, Len(0, 40)] = ""
    """ISO 8601."""
    scope: Literal["session", "project", "repo", "global"] = "project"
    """How far it reaches; "global" comes by promotion alone, "repo" by a repository's own scaffold that the user took,
    and what holds for one session is never kept."""
    task: Annotated[str, Len(0, 200)] = ""
    model: Annotated[str, Len(0, 80)] = ""
    """The family of the model that learnt it."""
    session: Annotated[str, Len(0, 80)] = ""
    origin: Literal["reflection", "user", "agent"] = "reflection"
    """Whose word it is. The user's own is shown first, goes never stale, and no figure retires it."""
    tainted: bool = False
    """An outsider's task had a part in it."""
    helpful: Annotated[int, Interval(ge=0)] = 0
    """Sessions that went well with it where no journal tells any more: before it was promoted, merged or imported."""
    harmful: Annotated[int, Interval(ge=0)] = 0
    check: Annotated[str, Len(0, MAX_CHARS)] = ""
    """A predicate made by `protecting`: fails when what must stay as it is has changed."""
    retired: Annotated[str, Len(0, MAX_CHARS)] = ""
    """Why it is not in force any more: then this file is its tombstone."""
    fingerprint: Fingerprint = field(default_factory=Fingerprint)
    when: Literal["step", "task"] = "step"
    """In what its trigger is looked for: each step, or the task that a round begins with."""

    @property
    def says(self) -> tuple[str, str, str]:
        """What it tells, and when: two of one id that are the same in this are the same lesson."""
        return self.text, self.trigger, self.when


def lint(lesson: Lesson) -> list[str]:
    """Why a lesson may not be kept or shown; empty when it may."""
    fields = _texts(lesson)
    if max(map(len, fields)) > MAX_CHARS:
        return [f"it is longer than {MAX_CHARS} characters"]
    problems = [f"it holds a hidden character ({found})" for text in fields if (found := hidden(text))]
    # Look-alikes (full-width letters, ligatures) are judged as what they look like.
    said = unicodedata.normalize("NFKC", "\n".join(fields))
    if not lesson.text.strip():
        problems.append("it says nothing")
    if _ADDRESS.search(said):
        problems.append("it names an address to fetch from")
    if _PIPED.search(said) or _FETCHED.search(said):
        problems.append("it pipes into an interpreter")
    if _DELIMITER.search(said):
        problems.append("it imitates the block that lessons are shown in")
    if lesson.check and not protected_paths(lesson.check):
        problems.append("its check is none that livecoder makes")
    if reason := untold(lesson):
        problems.append(reason)
    about = lesson.fingerprint
    if not all(map(_MARKS.fullmatch, about.files)) or not all(map(_VERSION.fullmatch, about.dependencies)):
        problems.append("its fingerprint is none that livecoder takes")
    return problems


def untold(lesson: Lesson) -> str:
    """Why no task would ever bring a lesson that waits for one; "" otherwise."""
    dumb = lesson.when == "task" and not subjects(lesson.trigger)
    return "no word of its trigger tells one task from another" if dumb else ""


def protecting(paths: Sequence[str]) -> str:
    """The check that these paths (relative, globs allowed) are as the last commit has them; "" where none is fit."""
    fit = [path for path in paths if _PATH.fullmatch(path)]
    return shlex.join([*_UNCHANGED, *fit]) if fit else ""


def protected_paths(check: str) -> tuple[str, ...]:
    """The inverse of `protecting`; empty for any other command."""
    try:
        words = tuple(shlex.split(check))
    except ValueError:
        return ()
    paths = words[len(_UNCHANGED) :]
    return paths if protecting(paths) == check and words[: len(_UNCHANGED)] == _UNCHANGED else ()


def _texts(lesson: Lesson) -> tuple[str, ...]:
    """Every word of it that somebody else may have written."""
    about = lesson.fingerprint
    own = (lesson.text, lesson.trigger, lesson.created, lesson.scope, lesson.task, lesson.model, lesson.session)
    told = (lesson.check, lesson.retired)
    return (*own, *told, *lesson.evidence, *about.files, *about.dependencies, *about.models)
