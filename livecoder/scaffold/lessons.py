"""Lessons: one short sentence each, in `lessons/<id>.toml`, shown to the model as data.

A lesson is the easiest thing to poison, so the same lint stands before every write and after every read. No lesson is
ever executed, and its trigger is plain words, not a pattern that could take for ever.
"""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from annotated_types import Len

from livecoder.errors import ScaffoldError
from livecoder.scaffold.files import entries, read_file
from livecoder.scaffold.hidden import hidden

FOLDER = "lessons"
MAX_CHARS = 400
MAX_GENERAL = 15
"""Lessons without a trigger are in every prompt."""
CHARS_PER_TOKEN = 4
"""An estimate that errs on the long side for English."""

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_INTERPRETER = r"(?:\S*/)?(?:ba|da|z|k|c|tc|fi|pw)?sh\b|(?:\S*/)?(?:python|perl|ruby|node|php|lua|osascript)[\d.]*\b"
_PIPED = re.compile(
    rf"\|&?\s*(?:(?:\S*/)?(?:sudo|env|exec|command|xargs|nohup|time)\s+(?:-\S+\s+|\w+=\S*\s+)*)*(?:{_INTERPRETER})",
    re.I,
)
_FETCHED = re.compile(rf"(?:{_INTERPRETER}|\beval|\bsource|(?:^|\s)\.)[^|]*(?:[<$]\(|`)\s*(?:curl|wget|fetch)\b", re.I)
_ADDRESS = re.compile(r"\w[\w+.-]*://|\bwww\.\w|\b(?:javascript|data|mailto):\S", re.I)
_DELIMITER = re.compile(r"<\s*/?\s*lessons?\b", re.I)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learnt, in one or two sentences, and where from."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    id: str
    text: Annotated[str, Len(1, MAX_CHARS)]
    trigger: Annotated[str, Len(0, 120)] = ""
    """Words that a command begins with or that its output holds; "" for a lesson that is always shown."""
    evidence: tuple[str, ...] = ()
    """Steps that taught it, as `session:step`."""
    created: Annotated[str, Len(0, 40)] = ""
    """ISO 8601."""
    scope: Annotated[str, Len(0, 120)] = "project"
    task: Annotated[str, Len(0, 200)] = ""


def lint(lesson: Lesson) -> list[str]:
    """Why a lesson may not be kept or shown; empty when it may."""
    fields = (lesson.text, lesson.trigger, lesson.created, lesson.scope, lesson.task, *lesson.evidence)
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
    return problems


def dump(lesson: Lesson) -> str:
    """The lesson as the text of its file. Raises ScaffoldError when `parse` would refuse it."""
    if problems := lint(lesson):
        raise _refused(lesson.id, "; ".join(problems))
    values = {name: value for name, value in asdict(lesson).items() if name != "id"}
    # A JSON string without control characters is a TOML basic string, and so are lists of them.
    text = "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items())
    parse(lesson.id, text)
    return text


def parse(id: str, text: str) -> Lesson:
    """The inverse of `dump`. Raises ScaffoldError for anything that the format or the lint refuses."""
    from pydantic import TypeAdapter, ValidationError

    if not _ID.fullmatch(id):
        raise _refused(id, "its name is not 1 to 64 lower-case letters, digits and hyphens")
    try:
        values = tomllib.loads(text)
        lesson = TypeAdapter(Lesson).validate_json(json.dumps({**values, "id": id}, default=str))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        raise _refused(id, f"{'.'.join(map(str, first['loc']))[:60]}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise _refused(id, f"it is not valid TOML: {str(error)[:120]}") from None
    if problems := lint(lesson):
        raise _refused(id, "; ".join(problems))
    return lesson


def read_lessons(root: Path) -> tuple[list[Lesson], list[str]]:
    """The lessons of the scaffold at `root`, oldest first, and what was left out and why."""
    lessons: list[Lesson] = []
    problems: list[str] = []
    try:
        found = entries(root, FOLDER)
    except ScaffoldError as error:
        return [], [error.line()]
    for name, _ in found:
        try:
            lessons.append(_read(root, name))
        except ScaffoldError as error:
            problems.append(error.line())
    lessons.sort(key=lambda lesson: (lesson.created, lesson.id))
    general = [lesson for lesson in lessons if not lesson.trigger]
    if extra := general[MAX_GENERAL:]:
        problems.append(f"{len(general)} lessons have no trigger: the newest {len(extra)} are left out; merge some")
    return [lesson for lesson in lessons if lesson not in extra], problems


def render(lessons: Sequence[Lesson], budget_tokens: int) -> str:
    """The lessons without a trigger as one delimited block of data, as many as the budget holds; "" for none."""
    return _block([lesson for lesson in lessons if not lesson.trigger], budget_tokens)


def triggered(lessons: Sequence[Lesson], command: str, output: str) -> list[Lesson]:
    """The lessons that this command or its output calls for, the most exact trigger first."""
    calls = [_words(part) for part in re.split(r"[;&|()\n]+", command)]
    said = _words(output)
    found = [lesson for lesson in lessons if lesson.trigger and _fires(_words(lesson.trigger), calls, said)]
    return sorted(found, key=lambda lesson: (-len(lesson.trigger), lesson.id))


def _fires(trigger: str, calls: Sequence[str], said: str) -> bool:
    return any(call.startswith(trigger) for call in calls) or trigger in said


def _words(text: str) -> str:
    """The words between single spaces, with one at each end, so that `in` and `startswith` match whole words."""
    return " ".join(["", *re.findall(r"[^\s:,]+", text), ""])


def _block(lessons: Sequence[Lesson], budget_tokens: int) -> str:
    lines: list[str] = []
    left = budget_tokens * CHARS_PER_TOKEN - len("<lessons>\n</lessons>\n")
    for lesson in lessons:
        line = f"- {lesson.text} [{lesson.id}]"
        if len(line) + 1 > left:
            break
        lines.append(line)
        left -= len(line) + 1
    return "\n".join(["<lessons>", *lines, "</lessons>"]) + "\n" if lines else ""


def _read(root: Path, name: str) -> Lesson:
    id, dot, ending = name.rpartition(".")
    if (dot, ending) != (".", "toml"):
        raise _refused(name, "a lesson is <id>.toml")
    try:
        return parse(id, read_file(root, f"{FOLDER}/{name}").data.decode("utf-8"))
    except UnicodeDecodeError:
        raise _refused(id, "it is not UTF-8") from None


def _refused(id: str, why: str) -> ScaffoldError:
    return ScaffoldError(f"lesson {id[:64]!r} is refused: {why}", "say it in plain words, or retire it")
