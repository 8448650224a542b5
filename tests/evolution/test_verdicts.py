"""Verdicts: planted streams are called what they are, and streams in which nothing happened hardly ever anything."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.errors import ScaffoldError
from livecoder.evolution.observed import Round
from livecoder.evolution.verdicts import WINDOW, Rate, Verdict, chances, due, judged, load, outcome, rate, save
from livecoder.scaffold.store import GenerationInfo

NOON = datetime(2026, 3, 1, tzinfo=UTC)
FEW, MANY = [4, 5, 4, 6, 5, 4, 5, 4], [9, 8, 10, 9, 8, 11, 9, 10]
LEVEL_OR_LESS = [7, 7, 8, 7, 7, 8, 7, 7]


def turns(*numbers: float, scaffold: str = "", **counts: float) -> list[Round]:
    return [Round(scaffold, {"turns": number, **counts}, {}, {}) for number in numbers]


def used(name: str, good: int, bad: int = 0, rounds: int = WINDOW) -> list[Round]:
    """So many rounds in which it worked, so many in which it failed, and the rest without it."""
    hits = [Round("", {}, {name: 1}, {})] * good + [Round("", {}, {}, {name: 1})] * bad
    return [*hits, *[Round("", {}, {}, {})] * (rounds - len(hits))]


def info(
    id: str = "1111111", improves: str = "turns", risks: str = "verify", subject: str = "lesson(x): X."
) -> GenerationInfo:
    return GenerationInfo(id, subject, NOON, {"Improves": improves, "Risks": risks, "Model": "m"})


# ---- one observable


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (MANY, FEW, "better"),
        (FEW, MANY, "worse"),
        (LEVEL_OR_LESS, LEVEL_OR_LESS, "same"),
        ([5] * 8, [5] * 8, "same"),
        (MANY[:3], FEW, "open"),
        (MANY, FEW[:3], "open"),
    ],
)
def test_a_number(before: Sequence[float], after: Sequence[float], expected: str) -> None:
    assert outcome("turns", turns(*before), turns(*after)) == expected


@pytest.mark.parametrize(
    ("good", "bad", "expected"), [(2, 0, "better"), (1, 0, "same"), (0, 0, "same"), (0, 2, "worse"), (2, 3, "worse")]
)
def test_the_use_of_a_thing(good: int, bad: int, expected: str) -> None:
    assert outcome("tool:x", [], used("tool:x", good, bad)) == expected


def test_where_no_verify_ran_none_is_compared() -> None:
    assert outcome("verify", turns(*FEW), turns(*FEW)) == "open"
    assert outcome("verify", turns(*FEW, verify=1), turns(*FEW, verify=0)) == "better"


def test_what_was_never_counted_is_none() -> None:
    assert outcome("timeouts", turns(*FEW), turns(*FEW)) == "same"


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.lists(st.integers(0, 9), min_size=1, max_size=6))
def test_the_permutation_test_is_one(high: list[float], low: list[float]) -> None:
    down, up = chances(high, low)
    assert 0 < down <= 1 and 0 < up <= 1 and down + up >= 1
    assert chances([x + 1 for x in high], [x + 1 for x in low]) == (down, up)
    assert chances([-x for x in high], [-x for x in low]) == (up, down)


# ---- a generation


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        (turns(*MANY, verify=0), turns(*FEW, verify=0), "effective"),
        (turns(*MANY, verify=0), turns(*FEW, verify=1), "partial"),
        (turns(*FEW, verify=0), turns(*FEW, verify=0), "ineffective"),
        (turns(*FEW, verify=0), turns(*FEW, verify=1), "harmful"),
        (turns(*FEW, verify=0), turns(*MANY, verify=0), "harmful"),
        ([], turns(*FEW, verify=0), "too early"),
    ],
    ids=["as predicted", "at a price", "nothing", "only the price", "the other way", "nothing to compare with"],
)
def test_the_verdict(before: list[Round], after: list[Round], word: str) -> None:
    verdict = judged(info(), before, after)
    assert verdict.word == word
    assert judged(info(), before, after) == verdict, "judging twice changes nothing"


def test_of_two_predictions_one_came_true() -> None:
    verdict = judged(info(improves="turns, cut_outputs"), turns(*MANY, verify=0), turns(*FEW, verify=0))
    assert (verdict.word, verdict.predicted, verdict.came_true) == ("partial", 2, 1)
    assert verdict.why == "turns better, cut_outputs same, verify same, over 8 rounds"


def test_of_a_tool_only_its_use_decides_and_nothing_before_it() -> None:
    tool = info(improves="tool:count-lines", risks="turns", subject="tool(count-lines): Count.")
    assert judged(tool, [], used("tool:count-lines", 3)).word == "effective"
    assert judged(tool, [], used("tool:count-lines", 0)).word == "ineffective"
    assert judged(tool, [], used("tool:count-lines", 0, 3)).word == "harmful"


# ---- what is due


def history(*infos: GenerationInfo) -> list[GenerationInfo]:
    return list(reversed([GenerationInfo("0000000", "seed: as shipped", NOON, {}), *infos]))


def worked(*where: tuple[str, int]) -> list[Round]:
    return [round for scaffold, number in where for round in turns(*[5] * number, scaffold=scaffold)]


def test_it_is_judged_when_enough_rounds_have_followed() -> None:
    past, seen = history(info()), worked(("0000000", 5), ("1111111", WINDOW))
    ((found, before, after),) = due(past, {}, seen)
    assert (found.id, len(before), len(after)) == ("1111111", 5, WINDOW)
    assert due(past, {}, seen[:-1]) == []
    assert due(past, {"1111111": judged(found, before, after)}, seen) == []


def test_rounds_with_later_generations_count_too() -> None:
    past = history(info(), info("2222222", subject="lesson(y): Y."))
    found = due(past, {}, worked(("0000000", 4), ("1111111", 3), ("22222223", 5)))
    assert [one.id for one, _, _ in found] == ["1111111"]


@pytest.mark.parametrize("later", ["lesson(x): X, better.", "rollback: 0000000"])
def test_what_was_replaced_or_rolled_back_is_not_judged_any_more(later: str) -> None:
    past = history(info(), GenerationInfo("2222222", later, NOON, {}))
    assert due(past, {}, worked(("0000000", 4), ("1111111", 7), ("2222222", 20))) == []


def test_sessions_of_another_history_are_passed_over() -> None:
    assert due(history(info()), {}, worked(("dir-12345", 20), ("none", 9), ("", 9))) == []
    ((_, before, _),) = due(history(info()), {}, worked(("dir-12345", 9), ("1111111", WINDOW)))
    assert before == []


# ---- noise


def test_of_changes_that_do_nothing_hardly_any_is_called_anything() -> None:
    """Tasks of very different length, flaky verify, and nothing that changes: 300 changes, fixed seed."""
    rng = random.Random(20260301)

    def noise() -> list[Round]:
        return [
            Round("", {"turns": rng.choice((3, 5, 8, 13, 40)), "verify": float(rng.random() < 0.3)}, {}, {})
            for _ in range(WINDOW)
        ]

    words = [judged(info(), noise(), noise()) for _ in range(300)]
    assert sum(one.word == "harmful" for one in words) <= 0.05 * len(words)
    assert sum(one.came_true for one in words) <= 0.05 * sum(one.predicted for one in words)


# ---- the record


def test_what_was_judged_is_kept_and_adds_up(tmp_path: Path) -> None:
    assert load(tmp_path, "p") == {}
    verdicts = [
        Verdict("1111111", "lesson(x): X.", "m", "effective", "turns better", 2, 2),
        Verdict("2222222", "lesson(y): Y.", "m", "ineffective", "turns same", 3, 0),
        Verdict("3333333", "lesson(z): Z.", "n", "too early", "nothing", 0, 0),
    ]
    save(tmp_path, "p", verdicts)
    assert list(load(tmp_path, "p").values()) == verdicts
    assert rate(verdicts) == rate(verdicts, "m") == Rate(5, 2) and rate(verdicts, "n") == Rate()
    assert rate(verdicts).line() == "predicted 5, came true 2"


def test_a_broken_record_says_what_to_do(tmp_path: Path) -> None:
    save(tmp_path, "p", [])
    (tmp_path / "projects/p/verdicts.json").write_text("{")
    with pytest.raises(ScaffoldError, match="cannot be read") as error:
        load(tmp_path, "p")
    assert "remove it" in error.value.remedy


@pytest.mark.parametrize(("predicted", "true", "lucky"), [(9, 0, False), (10, 0, True), (20, 1, True), (20, 2, False)])
def test_who_is_right_no_more_often_than_chance(predicted: int, true: int, lucky: bool) -> None:
    assert Rate(predicted, true).by_chance is lucky
