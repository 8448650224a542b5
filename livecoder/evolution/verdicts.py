"""Holds accepted changes to their contracts, once enough rounds have followed: observed, never caused.

Each generation is judged once, when WINDOW rounds have been worked with it, against as many before it. A number counts
as better or worse only if an exact permutation test says so: of changes that do nothing at most one in twenty is called
harmful, and at most one in twenty of their predictions comes true, whatever is counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Literal, TypeAlias

from livecoder.errors import ScaffoldError
from livecoder.evolution.contract import OBSERVABLES
from livecoder.evolution.observed import Round
from livecoder.scaffold.files import project_dir, write_whole
from livecoder.scaffold.store import GenerationInfo

WINDOW = 8
"""Rounds after a change until it is judged, and rounds before it that are looked at."""
FEWEST_BEFORE = 4
LEVEL = 0.05
TIE = 1e-9
"""Sums of the same numbers in another order may differ by this much."""
USED_IN = 2
"""Rounds in which a named thing must have worked for its use to have come true."""

Outcome: TypeAlias = Literal["better", "worse", "same", "open"]
Word: TypeAlias = Literal["effective", "partial", "ineffective", "harmful", "too early"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a generation. `predicted` counts the improvements that could be judged."""

    generation: str
    subject: str
    model: str
    word: Word
    why: str
    predicted: int
    came_true: int


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a proposer was right."""

    predicted: int = 0
    came_true: int = 0

    def line(self) -> str:
        return f"predicted {self.predicted}, came true {self.came_true}"

    @property
    def by_chance(self) -> bool:
        """Whether it was right no more often than doing nothing would be, over enough predictions to tell."""
        return self.predicted >= 10 and self.came_true <= LEVEL * self.predicted


def outcome(observable: str, before: Sequence[Round], after: Sequence[Round], among: int = 1) -> Outcome:
    """What happened to one observable; `among` so many that are looked at for something worse (Bonferroni)."""
    if observable not in OBSERVABLES:
        good = sum(1 for one in after if one.good.get(observable, 0) > one.bad.get(observable, 0))
        bad = sum(1 for one in after if one.bad.get(observable, 0) > one.good.get(observable, 0))
        return "better" if good >= USED_IN and good > bad else "worse" if bad >= USED_IN else "same"
    old, new = (
        [one.counts.get(observable, 0.0) for one in side if observable != "verify" or observable in one.counts]
        for side in (before, after)
    )
    if len(old) < FEWEST_BEFORE or len(new) < FEWEST_BEFORE:
        return "open"
    down, up = chances(old, new)
    if down <= LEVEL:
        return "better"
    return "worse" if up <= LEVEL / among else "same"


def chances(old: Sequence[float], new: Sequence[float]) -> tuple[float, float]:
    """How often a random split of all values puts the second group as far down, or up, as it is, or farther.

    The exact one-sided permutation tests of the difference of means (Fisher); ties count against a difference.
    """
    total, splits, down, up = sum(new), 0, 0, 0
    for picked in combinations([*old, *new], len(new)):
        splits += 1
        one = sum(picked)
        down += one <= total + TIE
        up += one >= total - TIE
    return down / splits, up / splits


def judged(info: GenerationInfo, before: Sequence[Round], after: Sequence[Round]) -> Verdict:
    """The verdict on one generation, by the rounds before it and those with it, newest last."""
    improves, risks = _names(info, "Improves"), _names(info, "Risks")
    before, after = before[-WINDOW:], after[:WINDOW]
    among = len(improves) + len(risks)
    hopes = {name: outcome(name, before, after, among) for name in improves}
    fears = {name: outcome(name, before, after, among) for name in risks}
    known = [name for name, found in hopes.items() if found != "open"]
    true = [name for name in known if hopes[name] == "better"]
    worse = [name for name, found in {**hopes, **fears}.items() if found == "worse"]
    word: Word
    if worse:
        word = "partial" if true else "harmful"
    elif not known:
        word = "too early"
    elif len(true) == len(hopes):
        word = "effective"
    else:
        word = "partial" if true else "ineffective"
    parts = [f"{name} {found}" for name, found in {**hopes, **fears}.items() if found != "open"]
    why = ", ".join(parts) or f"fewer than {FEWEST_BEFORE} rounds to compare with"
    model = info.receipts.get("Model", "")
    return Verdict(info.id, info.subject, model, word, f"{why}, over {len(after)} rounds", len(known), len(true))


def due(
    history: Sequence[GenerationInfo], known: Mapping[str, Verdict], seen: Sequence[Round]
) -> list[tuple[GenerationInfo, list[Round], list[Round]]]:
    """Generations that can be judged now, each with its rounds before and after, by a history with the newest first.

    A later generation of the same subject, or a rollback, ends the rounds that count.
    """
    place = {info.id: number for number, info in enumerate(reversed(history))}
    numbered = [(place.get(one.scaffold, _place(one.scaffold, place)), one) for one in seen]
    found: list[tuple[GenerationInfo, list[Round], list[Round]]] = []
    for info in reversed(history):
        if "Improves" not in info.receipts or verdict_on(info.id, known.values()):
            continue
        start, end = place[info.id], _replaced(info, history, place)
        before = [one for number, one in numbered if 0 <= number < start]
        after = [one for number, one in numbered if start <= number < end]
        if len(after) >= WINDOW:
            found.append((info, before, after))
    return found


def _place(scaffold: str, place: Mapping[str, int]) -> int:
    """Short ids of one generation may differ in length; -1 for one of another history."""
    same = (number for id, number in place.items() if id.startswith(scaffold) or scaffold.startswith(id))
    return next(same, -1) if scaffold else -1


def _replaced(info: GenerationInfo, history: Sequence[GenerationInfo], place: Mapping[str, int]) -> int:
    head = info.subject.partition(":")[0]
    later = (other for other in reversed(history) if place[other.id] > place[info.id])
    ends = (
        place[other.id]
        for other in later
        if other.subject.partition(":")[0] in (head, "rollback") or other.receipts.get("Reverts") == info.id
    )
    return next(ends, len(history))


def _names(info: GenerationInfo, receipt: str) -> list[str]:
    return [name for name in info.receipts.get(receipt, "").split(", ") if name]


# ---- what was judged stays judged


def load(data: Path, project: str) -> dict[str, Verdict]:
    """By generation. Raises ScaffoldError when the file cannot be read."""
    from pydantic import TypeAdapter, ValidationError

    path = _path(data, project)
    try:
        return {one.generation: one for one in TypeAdapter(list[Verdict]).validate_json(path.read_bytes())}
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError):
        raise ScaffoldError(f"{path} cannot be read", "remove it: later rounds are judged again") from None


def save(data: Path, project: str, verdicts: Iterable[Verdict]) -> None:
    text = json.dumps([asdict(one) for one in verdicts], indent=1)
    write_whole(_path(data, project), text.encode())


def verdict_on(generation: str, verdicts: Iterable[Verdict]) -> Verdict | None:
    """The verdict on a generation, if there is one; short ids of one commit may differ in length."""
    same = (one for one in verdicts if one.generation.startswith(generation) or generation.startswith(one.generation))
    return next(same, None)


def rate(verdicts: Iterable[Verdict], model: str = "") -> Rate:
    """Of one model, or of all."""
    counted = [one for one in verdicts if not model or one.model == model]
    return Rate(sum(one.predicted for one in counted), sum(one.came_true for one in counted))


def rate_of(data: Path, project: str, model: str) -> Rate:
    """Of one model in a project; a record that cannot be read counts for nothing."""
    try:
        return rate(load(data, project).values(), model)
    except ScaffoldError:
        return Rate()


def _path(data: Path, project: str) -> Path:
    return project_dir(data, project) / "verdicts.json"
