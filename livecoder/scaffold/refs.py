"""The refs of the store: moved by livecoder alone, and put back where a crash or another hand has moved them.

Everything but `seen` needs the store's lock. No tree and no file of a scaffold is read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from livecoder.errors import ScaffoldError
from livecoder.scaffold.hidden import visible
from livecoder.scaffold.plumbing import Plumbing
from livecoder.scaffold.record import Record, load, ours, save

FOUND = "refs/found/"
"""Where a commit is kept that something else than livecoder had put on one of its branches."""


class Refs:
    """`record` is the file that says where they belong; `notices` what was put right, for the user."""

    def __init__(self, git: Plumbing, record: Path) -> None:
        self._git = git
        self._record = record
        self.notices: list[str] = []

    def seen(self) -> dict[str, str] | None:
        """Where they are, without a lock; None when that is not where they belong: `settled` puts them back."""
        record = load(self._record)
        try:
            found = self._git.refs()
        except ScaffoldError:
            return None
        if record is None or not self._git.heads_main() or not record.agrees(found):
            return None
        return found

    def settled(self) -> dict[str, str]:
        """Where they are, once they are where they belong. Raises ScaffoldError when that cannot be had any more."""
        record = load(self._record)
        if mended := self._git.mend(packed=record is not None):
            self.notices.append(f"the scaffold's history was damaged ({mended}): mended")
        found = self._git.refs()
        if record is None:  # a store from before there was one
            save(self._record, Record(ours(found)))
            return found
        wanted = record.settled(found)
        strayed = [ref for ref in sorted({*ours(found), *wanted}) if found.get(ref) != wanted.get(ref)]
        for ref in sorted(strayed, key=lambda ref: ref in wanted):
            self._put_back(ref, found.get(ref, ""), wanted.get(ref, ""), record)
        if record.moving:
            save(self._record, Record(wanted))
        return self._git.refs() if strayed else found

    def move(self, moves: Mapping[str, tuple[str, str]]) -> None:
        """Move refs from their old commits to new ones, all or none, also when killed in between."""
        record = load(self._record) or Record({})
        after = {ref: new for ref, (new, _) in moves.items()}
        save(self._record, Record(record.refs, after))
        self._git.move(moves)
        save(self._record, Record({**record.refs, **after}))

    def _put_back(self, ref: str, found: str, wanted: str, record: Record) -> None:
        if wanted:
            self._git.tree(wanted)  # raises when it is lost, before anything is touched
        if found in (record.refs.get(ref, ""), record.moving.get(ref)):
            self._git.put(ref, wanted)  # a crash in the middle of a move
            return
        kept = self._git.keep(FOUND, found) if found else ""
        self._git.put(ref, wanted)
        name = visible(ref.removeprefix("refs/heads/"))
        told = f"{name} was moved by something else than livecoder" if found else f"{name} was lost"
        again = f"it is at {wanted[:7]} again" if wanted else "it is gone again"
        self.notices.append(f"{told}: {again}{f' (what it was moved to is kept as {kept})' if kept else ''}")
