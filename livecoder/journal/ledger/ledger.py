"""The facts of all sessions added up: for one tool, lesson or hook, the sessions with it beside those without it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, TypeAlias

from livecoder.events import Lasted
from livecoder.journal.ledger.facts import Facts, Item, Kind, Making

HALF_LIFE = 50
"""Sessions of a model's, after which what was seen of a thing counts half: code, dependencies and tasks change.
Evidence that is discounted follows a rate that changes (V. Raj, S. Kalyani, Taming Non-stationary Bandits, 2017)."""
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
        return _sum((_values(self), _values(other)))

    def __sub__(self, other: Tally) -> Tally:
        return Tally(*map(operator.sub, _values(self), _values(other)))


Row: TypeAlias = tuple[Any, ...]
"""A tally's values in the order of its fields: thousands of them are added up when a session opens."""
_values: Callable[[Tally], Row] = operator.attrgetter(*(each.name for each in fields(Tally)))
_AT = {each.name: place for place, each in enumerate(fields(Tally))}


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
    resumed: int = 0
    """Those of them that began with it: not the one that made it."""
    uses: int = 0
    failed: int = 0
    said: int = 0
    denied: int = 0
    idle: int = 0
    """Sessions that began with it since the last one that used it."""
    with_it: Tally = Tally()
    without: Tally = Tally()
    """Sessions since it was first there that did not use it."""
    before: Tally = Tally()
    """Sessions before it was there: other tasks, of another time, that compare less well."""
    made: Making | None = None
    """All that was spent on it, whoever it is used by."""
    uses_since: int = 0
    """Uses in sessions that began with it: those that made it are not repaid by their own."""
    well_lately: float = 0.0
    """Sessions with it that went well, each of which counts half after `HALF_LIFE` later sessions."""
    ill_lately: float = 0.0


class Ledger:
    """`sessions` from the oldest to the newest."""

    def __init__(self, sessions: Iterable[Facts] = ()) -> None:
        self.sessions = tuple(sessions)

    def families(self) -> list[str]:
        """Model families, the one seen last first."""
        return list(dict.fromkeys(facts.family for facts in reversed(self.sessions)))

    def record(self, kind: Kind, name: str, family: str = "") -> Record:
        """Nothing but zeros for what no journal tells of."""
        found = self._places.get((kind, name), ())
        places = [(place, item) for place, item in found if family in ("", self.sessions[place].family)]
        mine = [(self.sessions[place], item) for place, item in places]
        used = [facts for facts, item in mine if item.used]
        with_it = _sum(self._tallies[facts.session] for facts in used)
        well, ill = self._lately(family, [place for place, item in places if item.used])
        since = self._since(family, min((place for place, _ in places), default=len(self.sessions)))
        return Record(
            kind,
            name,
            family,
            at_hand=sum(item.at_hand for _, item in mine),
            listed=sum(item.listed for _, item in mine),
            sessions=len(used),
            resumed=sum(item.at_hand and item.used > 0 for _, item in mine),
            uses=sum(item.used for _, item in mine),
            failed=sum(item.failed for _, item in mine),
            said=sum(item.said for _, item in mine),
            denied=sum(item.denied for _, item in mine),
            idle=_idle([item for _, item in mine]),
            with_it=with_it,
            without=since - with_it,
            before=self._since(family, 0) - since,
            made=self._made.get((kind, name)),
            uses_since=sum(item.used for _, item in mine if item.at_hand),
            well_lately=well,
            ill_lately=ill,
        )

    def of_generations(self, ids: Collection[str]) -> Tally:
        """How the sessions went that began with one of these generations, by short ids of any length."""
        same = (
            facts.session
            for facts in self.sessions
            if facts.scaffold and any(id.startswith(facts.scaffold) or facts.scaffold.startswith(id) for id in ids)
        )
        return _sum((_values(Tally()), *(self._tallies[session] for session in same)))

    def _lately(self, family: str, places: Sequence[int]) -> tuple[float, float]:
        """How the sessions at these places went, well and ill, by their age."""
        since, well, ill = self._summed(family), 0.0, 0.0
        for place in places:
            row = self._tallies[self.sessions[place].session]
            weight = 0.5 ** (since[place + 1][_AT["sessions"]] / HALF_LIFE)
            well, ill = well + weight * row[_AT["well"]], ill + weight * row[_AT["ill"]]
        return well, ill

    def _since(self, family: str, place: int) -> Tally:
        """How the sessions of a family went from the `place`th of all on."""
        return Tally(*self._summed(family)[place])

    def _summed(self, family: str) -> Sequence[Row]:
        """The same for each place, and none beyond the last."""
        if family not in self._sums:
            sums = [_values(Tally())]
            for facts in reversed(self.sessions):
                counts = family in ("", facts.family)
                sums.append(tuple(map(operator.add, sums[-1], self._tallies[facts.session])) if counts else sums[-1])
            self._sums[family] = sums[::-1]
        return self._sums[family]

    @cached_property
    def _sums(self) -> dict[str, list[Row]]:
        return {}

    @cached_property
    def _places(self) -> Mapping[tuple[Kind, str], Sequence[tuple[int, Item]]]:
        found: dict[tuple[Kind, str], list[tuple[int, Item]]] = {}
        for place, facts in enumerate(self.sessions):
            for item in facts.items:
                found.setdefault((item.kind, item.name), []).append((place, item))
        return found

    @cached_property
    def _tallies(self) -> Mapping[str, Row]:
        fates = {fate.session: fate for facts in self.sessions for fate in facts.lasted}
        return {facts.session: _values(_tally(facts, fates.get(facts.session))) for facts in self.sessions}

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


def _sum(rows: Iterable[Row]) -> Tally:
    return Tally(*map(sum, zip(*rows, strict=True)))
