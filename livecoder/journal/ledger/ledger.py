"""The facts of all sessions added up: for one tool, lesson or hook, the sessions with it beside those without it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import cached_property

from livecoder.events import Lasted
from livecoder.journal.ledger.facts import Facts, Item, Kind, Making

KEPT = 0.5
"""A change of which this share of lines is still there was worth keeping."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How some sessions went. What is not known of a session (no verify, no later look) counts in neither sum."""

    sessions: int = 0
    verified: int = 0
    claimed: int = 0
    failed: int = 0
    interrupted: int = 0
    corrected: int = 0
    undone: int = 0
    well: int = 0
    ill: int = 0
    lines: int = 0
    """Lines that they added, as far as a later session looked."""
    kept: int = 0
    turns: int = 0
    counted: int = 0
    """Sessions whose tokens are figures; `tokens` is theirs."""
    tokens: int = 0
    priced: int = 0
    """Sessions whose cost is known; `cost_usd` is theirs."""
    cost_usd: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def __sub__(self, other: Tally) -> Tally:
        return Tally(*(a - b for a, b in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Record:
    """What was seen of one tool, lesson or hook; `family` is "" for all models together."""

    kind: Kind
    name: str
    family: str = ""
    at_hand: int = 0
    """Sessions that began with it."""
    listed: int = 0
    """Those whose prompt had a line for it."""
    sessions: int = 0
    """Those that used it, or were shown it."""
    uses: int = 0
    failed: int = 0
    idle: int = 0
    """Sessions that began with it since the last one that used it."""
    with_it: Tally = Tally()
    without: Tally = Tally()
    made: Making | None = None
    """All that was spent on it, whoever it is used by."""
    uses_since: int = 0
    """Uses in sessions that began with it: those that made it are not repaid by their own."""


class Ledger:
    """`sessions` from the oldest to the newest."""

    def __init__(self, sessions: Iterable[Facts] = ()) -> None:
        self.sessions = tuple(sessions)

    def families(self) -> list[str]:
        """Model families, the one seen last first."""
        return list(dict.fromkeys(facts.family for facts in reversed(self.sessions)))

    def names(self, kind: Kind) -> list[str]:
        return sorted(name for of, name in self._places if of == kind)

    def record(self, kind: Kind, name: str, family: str = "") -> Record:
        """Nothing but zeros for what no journal tells of."""
        mine = [
            (self.sessions[place], item)
            for place, item in self._places.get((kind, name), ())
            if family in ("", self.sessions[place].family)
        ]
        used = [facts for facts, item in mine if item.used]
        with_it = _sum(self._tallies[facts.session] for facts in used)
        return Record(
            kind,
            name,
            family,
            at_hand=sum(item.at_hand for _, item in mine),
            listed=sum(item.listed for _, item in mine),
            sessions=len(used),
            uses=sum(item.used for _, item in mine),
            failed=sum(item.failed for _, item in mine),
            idle=_idle([item for _, item in mine]),
            with_it=with_it,
            without=self._of_family(family) - with_it,
            made=self._made.get((kind, name)),
            uses_since=sum(item.used for _, item in mine if item.at_hand),
        )

    def _of_family(self, family: str) -> Tally:
        if family not in self._wholes:
            self._wholes[family] = _sum(
                self._tallies[facts.session] for facts in self.sessions if family in ("", facts.family)
            )
        return self._wholes[family]

    @cached_property
    def _wholes(self) -> dict[str, Tally]:
        return {}

    @cached_property
    def _places(self) -> Mapping[tuple[Kind, str], Sequence[tuple[int, Item]]]:
        found: dict[tuple[Kind, str], list[tuple[int, Item]]] = {}
        for place, facts in enumerate(self.sessions):
            for item in facts.items:
                found.setdefault((item.kind, item.name), []).append((place, item))
        return found

    @cached_property
    def _tallies(self) -> Mapping[str, Tally]:
        fates = {fate.session: fate for facts in self.sessions for fate in facts.lasted}
        return {facts.session: _tally(facts, fates.get(facts.session)) for facts in self.sessions}

    @cached_property
    def _made(self) -> Mapping[tuple[Kind, str], Making]:
        found: dict[tuple[Kind, str], Making] = {}
        for facts in self.sessions:
            for making in facts.made:
                old = found.get((making.kind, making.name))
                found[making.kind, making.name] = _both(old, making) if old else making
        return found


def _tally(facts: Facts, fate: Lasted | None) -> Tally:
    well = _went_well(facts, fate)
    return Tally(
        sessions=1,
        verified=facts.outcome == "verified",
        claimed=facts.outcome == "claimed",
        failed=facts.outcome == "failed",
        interrupted=facts.interrupted,
        corrected=facts.corrected,
        undone=bool(fate and fate.undone),
        well=well is True,
        ill=well is False,
        lines=fate.lines if fate else 0,
        kept=fate.kept if fate else 0,
        turns=facts.turns,
        counted=facts.tokens is not None,
        tokens=facts.tokens or 0,
        priced=facts.cost_usd is not None,
        cost_usd=facts.cost_usd or 0.0,
    )


def _went_well(facts: Facts, fate: Lasted | None) -> bool | None:
    """What was executed or done decides: verify, and what the user did with it. None: nobody knows yet."""
    if facts.outcome == "failed" or facts.interrupted or facts.corrected or (fate and fate.undone):
        return False
    if facts.outcome == "verified":
        return True
    if facts.outcome == "claimed" and fate and fate.lines:
        return fate.kept >= KEPT * fate.lines
    return None


def _idle(items: Sequence[Item]) -> int:
    count = 0
    for item in reversed(items):
        if item.used:
            break
        count += item.at_hand
    return count


def _both(old: Making, new: Making) -> Making:
    """A revision adds to what a tool cost; what it took the place of, its beginning says."""
    return Making(
        old.kind,
        old.name,
        old.tokens + new.tokens,
        old.turns + new.turns,
        old.replaced_tokens or new.replaced_tokens,
        old.replaced_turns or new.replaced_turns,
    )


def _sum(tallies: Iterable[Tally]) -> Tally:
    columns = zip(*(astuple(tally) for tally in tallies), strict=True)
    sums = [sum(column) for column in columns]
    return Tally(*sums) if sums else Tally()
