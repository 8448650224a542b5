"""Lessons: one short sentence each, in `lessons/<id>.toml`, shown to the model as data.

What one may say (`lesson`), how it lies on disk (`filed`), how it changes (`operations`), when it is shown (`showing`),
which tasks it is about (`subject`).
No lesson is ever executed.
"""

from __future__ import annotations

from livecoder.scaffold.lessons.filed import dump, parse, reaching_all, read_lessons
from livecoder.scaffold.lessons.lesson import (
    FOLDER,
    MAX_CHARS,
    MAX_EVIDENCE,
    MAX_GENERAL,
    Fingerprint,
    Lesson,
    lint,
    protected_paths,
    protecting,
    untold,
)
from livecoder.scaffold.lessons.operations import (
    Add,
    Merge,
    Operation,
    Retire,
    Update,
    adding,
    alike,
    apply,
    operated,
    shrinks,
)
from livecoder.scaffold.lessons.showing import Triggers, cited, concerning, cost, general, render, triggered
from livecoder.scaffold.lessons.subject import Vocabulary

__all__ = [
    "FOLDER",
    "MAX_CHARS",
    "MAX_EVIDENCE",
    "MAX_GENERAL",
    "Add",
    "Fingerprint",
    "Lesson",
    "Merge",
    "Operation",
    "Retire",
    "Triggers",
    "Update",
    "Vocabulary",
    "adding",
    "alike",
    "apply",
    "cited",
    "concerning",
    "cost",
    "dump",
    "general",
    "lint",
    "operated",
    "parse",
    "protected_paths",
    "protecting",
    "reaching_all",
    "read_lessons",
    "render",
    "shrinks",
    "triggered",
    "untold",
]
