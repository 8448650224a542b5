"""What makes a change to the scaffold falsifiable: the steps that led to it, and which observables will tell.

After the falsifiable edit contract of AHE (evidence, cause, F, R), with observables of later rounds in the place of
task ids, since a user's tasks do not come back. Values only; `observed` counts them and `verdicts` compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

MAX_CAUSE = 300
OBSERVABLES = {
    "turns": "requests to the model in a round",
    "commands": "commands in a round",
    "failed_commands": "commands that failed",
    "failed_edits": "edits that failed",
    "cut_outputs": "outputs that were cut",
    "timeouts": "commands killed at their time limit",
    "seconds": "seconds that commands took",
    "prompt_bytes": "bytes sent to the model in a round",
    "verify": "rounds whose verify failed",
}
"""Less is better, for each of them."""
NAMED = re.compile(r"(?P<kind>tool|lesson|hook):(?P<name>[a-z0-9][a-z0-9_-]{0,63})")
"""`tool:count-lines`: that this one is used and works. More is better."""


@dataclass(frozen=True, slots=True)
class Contract:
    """Why a change is made, from which steps, and what it should and might do."""

    evidence: tuple[int, ...]
    """Steps of the session that the change comes from."""
    cause: str
    expects: str
    """For people, in one sentence."""
    improves: tuple[str, ...]
    """Observables that should get better."""
    risks: tuple[str, ...]
    """Observables that might get worse."""

    def problem(self, fewest: int) -> str:
        """What it lacks; "" when it can be held to. `fewest` is how many steps a change of its kind must cite."""
        if not self.evidence:
            return "it cites no step"
        if len(set(self.evidence)) < fewest:
            return f"it cites {len(set(self.evidence))} step, and a change of this kind needs {fewest}"
        if not self.cause.strip():
            return "it names no cause"
        if len(self.cause) > MAX_CAUSE:
            return f"its cause has more than {MAX_CAUSE} characters"
        if not self.expects.strip():
            return "it does not say what it expects"
        if not self.improves or not self.risks:
            return f"it does not say what it {'puts at risk' if self.improves else 'improves'}"
        if both := set(self.improves) & set(self.risks):
            return f"it both improves and risks {min(both)}"
        unknown = unobservable((*self.improves, *self.risks))
        return f"nobody can observe {unknown[:40]!r}" if unknown else ""


def unobservable(names: Iterable[str]) -> str:
    """The first name that is no observable; "" when all are."""
    return next((name for name in names if name not in OBSERVABLES and not NAMED.fullmatch(name)), "")
