"""The verdict on a whole command line: the strictest of its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from livecoder.permissions.reading import Part, parts
from livecoder.permissions.rules import Decision, Rule, Verdict, decide, strictest


@dataclass(frozen=True, slots=True)
class Judged:
    part: Part
    decision: Decision

    @property
    def verdict(self) -> Verdict:
        return self.decision.verdict


@dataclass(frozen=True, slots=True)
class Judgement:
    """Each simple command of a line with what decided it."""

    parts: tuple[Judged, ...]

    @property
    def verdict(self) -> Verdict:
        return strictest(each.verdict for each in self.parts)

    def of(self, verdict: Verdict) -> tuple[Judged, ...]:
        return tuple(each for each in self.parts if each.verdict == verdict)


def judge(command: str, rules: Sequence[Rule]) -> Judgement:
    return Judgement(tuple(Judged(part, decide(part.words, rules)) for part in parts(command)))
