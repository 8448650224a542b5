"""Lessons: one short sentence each, in `lessons/<id>.toml`, shown to the model as data.

What one may say (`lesson`), how it lies on disk (`filed`), how it changes (`operations`), when it is shown (`showing`).
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
from livecoder.scaffold.lessons.showing import Triggers, cited, cost, general, render, triggered

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
    "adding",
    "alike",
    "apply",
    "cited",
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
]
