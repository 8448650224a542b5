"""Bisects a project's history by replays in its sandbox; where none can tell, it says what live runs would have to."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil, log2
from pathlib import Path

from livecoder.config import Settings
from livecoder.errors import UsageError
from livecoder.evolution.bisect import Command, Hooks, Recorded, acts_on_the_model, search
from livecoder.evolution.replay import Shelf, replayer
from livecoder.scaffold import cases
from livecoder.scaffold.history import GenerationInfo, History
from livecoder.scaffold.parts import Part
from livecoder.scaffold.store import Store
from livecoder.visit.opened import Workshop, workshop

ALL = 100_000


@dataclass(frozen=True, slots=True)
class Bisected:
    """`span` runs from the good generation to the bad one; `live` are those that act on the model, when none is bad."""

    span: tuple[GenerationInfo, ...]
    first_bad: GenerationInfo | None
    why: str
    """What failed there; without a first bad one, in the good one."""
    paths: tuple[str, ...]
    """What the first bad generation changed."""
    live: tuple[GenerationInfo, ...]
    unplayable: tuple[str, ...]
    """Tools with recorded calls that cannot be made again here."""

    @property
    def pairs(self) -> int:
        """How many comparisons of two live runs find one among `live`."""
        return ceil(log2(len(self.live) + 1))


def bisect(
    settings: Settings,
    cwd: Path,
    store: Store,
    project: str,
    ends: tuple[str, str],
    command: str,
    tell: Callable[[GenerationInfo, str], object],
) -> Bisected:
    """Find the first bad generation between `ends` ("": the first and the current one); `tell` hears of each try.

    Raises UsageError when nothing can be replayed, ScaffoldError for a generation that is none.
    """
    good, bad = ends
    history = store.history_of(bad) if bad else store.history(project)
    span = _span(store, history, good)
    recorded = {
        name: found for name in _tools(store, span) if (found := cases.load(settings.paths.data, project, name))
    }
    if not recorded and not command and not any(_hooks(store, info) for info in (span[0], span[-1])):
        raise UsageError("no call of a tool is recorded here that could be replayed", "give --run COMMAND")
    with workshop(settings, cwd) as shop, Shelf(shop.rooms) as shelf:
        played = Recorded(replayer(shop.rooms, shop.root, shelf), recorded)
        hooks, own = Hooks(shop.rooms), Command(shop.rooms, shop.tree, command)
        printed_since = {name: _recorded_in(history, span, settings.paths.data, project, name) for name in recorded}

        def failure(place: int) -> str:
            printed = {name for name, since in printed_since.items() if place >= since}
            with _checkout(store, shop, span[place]) as scaffold:
                reason = played.failure(scaffold, printed) or hooks.failure(scaffold)
                reason = reason or (own.failure(scaffold) if command else "")
            tell(span[place], reason)
            return reason

        found = search(range(len(span)), failure)
    first = span[found.first_bad] if found.first_bad is not None else None
    changed = _changed(store, first) if first else ()
    live = [] if first else [info for info in span[1:] if acts_on_the_model(_changed(store, info))]
    return Bisected(tuple(span), first, found.why, changed, tuple(live), tuple(sorted(played.unplayable)))


def _span(store: Store, history: History, good: str) -> list[GenerationInfo]:
    """From the good end to the bad one."""
    newest_first = history.log(ALL)
    if not good:
        return newest_first[::-1]
    start = store.history_of(good).head
    place = next((at for at, info in enumerate(newest_first) if info.commit == start), -1)
    if place < 0:
        raise UsageError(f"{good} does not lead to {newest_first[0].id}", "`livecoder scaffold log` shows the way")
    return newest_first[: place + 1][::-1]


def _recorded_in(history: History, span: list[GenerationInfo], data: Path, project: str, tool: str) -> int:
    """The place in `span` of the tool's text whose output its cases have; 0 when that came before."""
    then = cases.recorded_at(data, project, tool)
    texts = {info.commit for info in history.touching(Part(f"tools/{tool}")) if info.when <= then}
    return max((place for place, info in enumerate(span) if info.commit in texts), default=0)


@contextmanager
def _checkout(store: Store, shop: Workshop, info: GenerationInfo) -> Generator[Path]:
    place = shop.rooms.directory / f"generation-{info.id}"
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        store.checkout_ref(info.commit, place)
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _tools(store: Store, span: list[GenerationInfo]) -> list[str]:
    """Every tool that a generation at one of the ends has: others have no recorded calls any more."""
    files = [file.path for info in (span[0], span[-1]) for file in store.history_of(info.commit).files()]
    return sorted({path.removeprefix("tools/") for path in files if path.startswith("tools/")})


def _hooks(store: Store, info: GenerationInfo) -> bool:
    return any(file.path.startswith("hooks/") for file in store.history_of(info.commit).files())


def _changed(store: Store, info: GenerationInfo) -> tuple[str, ...]:
    return store.history_of(info.commit).changed()
