"""What is the same change, and which changes were taken back: by the history, never by what a model says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeAlias

import pytest
from lab import contract

from livecoder.evolution import proposals as p
from livecoder.evolution.remembered import CONTENT, REVERTS, essence, taken_back, why_not_again
from livecoder.scaffold.lessons import Lesson
from livecoder.scaffold.rejected import Rejected
from livecoder.scaffold.store import GenerationInfo

NOON = datetime(2026, 3, 1, tzinfo=UTC)
TOOL = p.KeepTool("count-lines", b"#!/bin/sh\nif true; then\n  wc -l\nfi\n", contract(1))
ADDED = p.AddLesson(Lesson("tables", "The parser needs its tables."), contract(1))


@pytest.mark.parametrize(
    "same",
    [
        replace(TOOL, contract=contract(7, expects="more")),
        replace(TOOL, name="lines"),
        replace(TOOL, content=b"#!/bin/sh\n# a comment\n\nif true; then  \n  wc -l\n\nfi\n"),
    ],
    ids=["another contract", "another name", "comments and blanks"],
)
def test_the_same_tool(same: p.Proposal) -> None:
    assert essence(same) == essence(TOOL)


@pytest.mark.parametrize(
    "other", [b"#!/bin/sh\nif true; then\nwc -l\nfi\n", b"#!/bin/bash\nif true; then\n  wc -l\nfi\n"]
)
def test_another_tool(other: bytes) -> None:
    assert essence(replace(TOOL, content=other)) != essence(TOOL)


def test_the_same_lesson_in_other_clothes_and_another() -> None:
    said = p.ReviseLesson(Lesson("x", "The parser NEEDS its tables!", "pytest"), contract(2))
    assert essence(said) == essence(ADDED)
    assert essence(p.AddLesson(Lesson("tables", "The parser needs no tables."), contract(1))) != essence(ADDED)


def test_a_value_belongs_to_its_knob_and_a_text_to_its_section() -> None:
    knobs = [p.SetKnob(name, 3, contract(1, 2)) for name in ("repeat_threshold", "no_progress_repeats")]
    texts = [p.EditSection("system", name, "- Be brief.", contract(1, 2)) for name in ("rules", "work")]
    assert len({essence(one) for one in (*knobs, *texts)}) == 4


def test_why_it_is_not_tried_again() -> None:
    old = Rejected(essence(TOOL), "tools/x", "it is broken", "2026-03-01T12:00:00+00:00")
    assert why_not_again(essence(TOOL), [old], []) == "it was refused before (2026-03-01): it is broken"
    assert why_not_again(essence(ADDED), [old], []) == ""


# ---- what a rollback took out


Line: TypeAlias = tuple[str, str, dict[str, str]]
"""Id, subject and receipts."""


def history(*lines: Line) -> list[GenerationInfo]:
    """Given oldest first, as they came; handed out newest first, as the store does."""
    return [GenerationInfo(id, subject, NOON, receipts) for id, subject, receipts in reversed(lines)]


SEED: Line = ("0000000", "seed: as shipped", {})
ONE: Line = ("1111111", "tool(one): One.", {CONTENT: "c1"})
TWO: Line = ("2222222", "lesson(two): Two.", {CONTENT: "c2"})
BETTER: Line = ("3333333", "tool(one): One, better.", {CONTENT: "c3"})


def back(target: str, id: str = "aaaaaaa") -> Line:
    return (id, f"rollback: {target}", {})


@pytest.mark.parametrize(
    ("lines", "gone"),
    [
        ((SEED, ONE, TWO), set[str]()),
        ((SEED, ONE, BETTER), set[str]()),
        ((SEED, ONE, TWO, back("0000000")), {"c1", "c2"}),
        ((SEED, ONE, TWO, back("1111111")), {"c2"}),
        ((SEED, ONE, TWO, back("one")), {"c1"}),
        ((SEED, ONE, TWO, back("lessons/two.toml")), {"c2"}),
        ((SEED, ONE, BETTER, back("one")), {"c3"}),
        ((SEED, ONE, TWO, back("0000000"), back("2222222", "bbbbbbb")), set[str]()),
        ((SEED, ONE, TWO, back("one"), back("one", "bbbbbbb")), set[str]()),
        ((SEED, ONE, TWO, back("nothing of this name")), set[str]()),
        ((SEED, ONE, TWO, ("4444444", "revert: lesson(two): Two.", {REVERTS: "2222222"})), {"c2"}),
        ((SEED, ONE, back("one"), ("5555555", "tool(one): One.", {CONTENT: "c1"})), set[str]()),
    ],
    ids=[
        "nothing was",
        "a better one is no rollback",
        "to the seed",
        "to a generation",
        "a tool by name",
        "a lesson by path",
        "the newest of a name",
        "a rollback of a rollback",
        "the same by name",
        "a name that nobody has",
        "a revert of one alone",
        "the user brought it back",
    ],
)
def test_what_was_taken_back(lines: tuple[Line, ...], gone: set[str]) -> None:
    found = history(*lines)
    assert taken_back(found) == gone
    assert taken_back(found) == gone, "asking changes nothing"
    assert {c for c in ("c1", "c2", "c3") if why_not_again(c, [], found)} == gone
