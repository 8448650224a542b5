"""Lessons as files: TOML that is read only when it says what a lesson may say. Older files lack newer fields."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livecoder.errors import ScaffoldError
from livecoder.scaffold.files import each, read_file
from livecoder.scaffold.lessons.lesson import FOLDER, MAX_GENERAL, Lesson, lint

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def dump(lesson: Lesson) -> str:
    """The lesson as the text of its file, fields that say nothing left out.

    Raises ScaffoldError when `parse` would refuse it.
    """
    if problems := lint(lesson):
        raise _refused(lesson.id, "; ".join(problems))
    values = {name: value for name, value in asdict(lesson).items() if name != "id" and value not in ("", 0, ())}
    if lesson.when == "step":  # as every file says that knows no other moment
        del values["when"]
    about = {name: value for name, value in values.pop("fingerprint").items() if value}
    text = _lines(values) + ("[fingerprint]\n" + _lines(about) if about else "")
    parse(lesson.id, text)
    return text


def parse(id: str, text: str) -> Lesson:
    """The inverse of `dump`. Raises ScaffoldError for anything that the format or the lint refuses."""
    from pydantic import ValidationError

    if not _ID.fullmatch(id):
        raise _refused(id, "its name is not 1 to 64 lower-case letters, digits and hyphens")
    try:
        values = tomllib.loads(text)
        lesson = _reader().validate_json(json.dumps({**values, "id": id}, default=str))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        raise _refused(id, f"{'.'.join(map(str, first['loc']))[:60]}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise _refused(id, f"it is not valid TOML: {str(error)[:120]}") from None
    if problems := lint(lesson):
        raise _refused(id, "; ".join(problems))
    return lesson


def reaching_all(path: str, data: bytes) -> bytes:
    """A file of a scaffold as every project is to have it: a lesson says so. Raises ScaffoldError as `parse`."""
    folder, _, name = path.partition("/")
    if folder != FOLDER:
        return data
    lesson = parse(name.removesuffix(".toml"), data.decode("utf-8", "replace"))
    return dump(replace(lesson, scope="global")).encode() if lesson.scope != "global" else data


def read_lessons(root: Path) -> tuple[list[Lesson], list[str]]:
    """The lessons of the scaffold at `root`, oldest first, tombstones too, and what was left out and why."""
    lessons, problems = each(root, FOLDER, lambda name: _read(root, name))
    lessons.sort(key=lambda lesson: (lesson.created, lesson.id))
    general = [lesson for lesson in lessons if not lesson.trigger and not lesson.retired]
    if extra := general[MAX_GENERAL:]:
        problems.append(f"{len(general)} lessons have no trigger: the newest {len(extra)} are left out; merge some")
    return [lesson for lesson in lessons if lesson not in extra], problems


def _refused(id: str, why: str) -> ScaffoldError:
    return ScaffoldError(f"lesson {id[:64]!r} is refused: {why}", "say it in plain words, or retire it")


def _lines(values: Mapping[str, Any]) -> str:
    # A JSON string without control characters is a TOML basic string, and so are lists of them, numbers and booleans.
    return "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items())


def _read(root: Path, name: str) -> Lesson:
    id, dot, ending = name.rpartition(".")
    if (dot, ending) != (".", "toml"):
        raise _refused(name, "a lesson is <id>.toml")
    try:
        return parse(id, read_file(root, f"{FOLDER}/{name}").data.decode("utf-8"))
    except UnicodeDecodeError:
        raise _refused(id, "it is not UTF-8") from None


@lru_cache(maxsize=1)
def _reader() -> TypeAdapter[Lesson]:
    from pydantic import TypeAdapter

    return TypeAdapter(Lesson)
