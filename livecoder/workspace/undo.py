"""Rounds undone and redone, across processes and after a kill in mid-way.

A round is the pair of trees around it. Undoing it touches only the files that it changed; the branch, the index and the
stash stay as they are. A plan is shown first and applied afterwards, from a snapshot of what is there now.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from livecoder.errors import WorkspaceError
from livecoder.workspace.beneath import Beneath
from livecoder.workspace.scan import covered, shown
from livecoder.workspace.shadow import Shadow
from livecoder.workspace.trees import Entry, Trees, write_atomically

Verb: TypeAlias = Literal["undo", "redo"]


@dataclass(frozen=True, slots=True)
class Round:
    """The trees before and after a round; while it is open `after` is ""."""

    before: str
    after: str
    label: str


@dataclass(frozen=True, slots=True)
class Edit:
    """One file that will change. `conflict` says why it must not without the user's word; empty: it may."""

    path: str
    old: Entry | None
    new: Entry | None
    conflict: str = ""
    permissions: int | None = None
    """Of a file that not everybody could read; None: git's mode says it, or what is there."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an undo or a redo will do to the files, judged against `tree`."""

    verb: Verb
    rounds: tuple[Round, ...]
    """Newest first."""
    tree: str
    edits: tuple[Edit, ...]
    kept: tuple[str, ...]
    """Paths that no checkpoint holds (large, ignored, repositories) and that therefore stay as they are."""

    @property
    def created(self) -> tuple[str, ...]:
        return tuple(shown(edit.path) for edit in self.edits if edit.old is None)

    @property
    def modified(self) -> tuple[str, ...]:
        return tuple(shown(edit.path) for edit in self.edits if edit.old and edit.new)

    @property
    def deleted(self) -> tuple[str, ...]:
        return tuple(shown(edit.path) for edit in self.edits if edit.new is None)

    @property
    def conflicts(self) -> tuple[str, ...]:
        return tuple(f"{shown(edit.path)} ({edit.conflict})" for edit in self.edits if edit.conflict)


@dataclass(frozen=True, slots=True)
class Applied:
    """`was` is the snapshot from before, `now` the tree reached, `failed` what could not be written and why."""

    was: str
    now: str
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Undone:
    rounds: tuple[Round, ...]
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class _Pending:
    """A restore that has begun. Whoever finds it finishes it."""

    verb: Verb
    rounds: tuple[Round, ...]
    was: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class _History:
    done: tuple[Round, ...] = ()
    undone: tuple[_Undone, ...] = ()
    pending: _Pending | None = None
    open: Round | None = None
    """The round that runs. Whoever finds it was left by a process that is no more."""


class Undo:
    """The rounds of one worktree. The caller holds the workspace's lock."""

    def __init__(self, shadow: Shadow) -> None:
        self._shadow = shadow
        self._trees = shadow.trees
        self._file = shadow.directory / "rounds.json"

    def begin_round(self, before: str, label: str) -> None:
        """A round begins: from now on it can be undone, even if its process is killed."""
        self.recover()
        self._save(dataclasses.replace(self._load(), open=Round(before, "", label)))

    def mark_round(self, before: str, after: str, label: str) -> None:
        """A round has ended. What was undone before cannot be redone any more."""
        self._save(_History((*self._load().done, Round(before, after, label))))

    def drop_round(self) -> None:
        """A round has ended that changed nothing."""
        self._save(dataclasses.replace(self._load(), open=None))

    def plan_undo(self, count: int = 1) -> Plan:
        """Raises WorkspaceError when there are fewer than `count` rounds."""
        self.recover()
        done = self._load().done
        if not 0 < count <= len(done):
            raise WorkspaceError(f"there is no round {count} back: {len(done)} can be undone")
        rounds = tuple(reversed(done[-count:]))
        return self._plan("undo", rounds, [(step.before, step.after) for step in rounds])

    def plan_redo(self) -> Plan:
        """The last undo taken back. Raises WorkspaceError when there is none, or a round has come since."""
        self.recover()
        undone = self._load().undone
        if not undone:
            raise WorkspaceError("there is nothing to redo")
        return self._plan("redo", undone[-1].rounds, [(undone[-1].was, undone[-1].now)])

    def apply(self, plan: Plan, force: bool = False) -> Applied:
        """Do it. Raises WorkspaceError, and touches nothing, for conflicts without `force` and for an outdated plan."""
        if plan.conflicts and not force:
            names = ", ".join(plan.conflicts[:5]) + (" …" if len(plan.conflicts) > 5 else "")
            raise WorkspaceError(
                f"{plan.verb} would overwrite what changed since: {names}", "confirm it, or save these"
            )
        if self._shadow.checkpoint().tree != plan.tree:
            raise WorkspaceError("the files have changed since this was planned", f"look at the {plan.verb} again")
        pending = _Pending(plan.verb, plan.rounds, plan.tree, plan.edits)
        self._save(dataclasses.replace(self._load(), pending=pending))
        return self._finish(pending, pending.edits)

    def recover(self) -> Applied | None:
        """Finish what was killed in mid-way: a round ends with the files as they are now; a restore is completed, but
        what somebody changed in the meantime stays."""
        history = self._load()
        if history.open:
            self._close(history.open)
        pending = history.pending
        if pending is None:
            return None
        there = self._trees.entries(self._shadow.checkpoint().tree)
        return self._finish(pending, [edit for edit in pending.edits if there.get(edit.path) == edit.old])

    def _close(self, left: Round) -> None:
        now = self._shadow.checkpoint().tree
        if now == left.before:
            self.drop_round()
        else:
            self.mark_round(left.before, now, left.label)

    def _plan(self, verb: Verb, rounds: tuple[Round, ...], steps: Sequence[tuple[str, str]]) -> Plan:
        """Go back over `steps`, newest first, each a tree to reach and the tree that it is expected to be now."""
        tree = self._shadow.checkpoint().tree
        there = self._trees.entries(tree)
        large = self._trees.skipped(tree)
        wanted: dict[str, Entry | None] = {}
        closed: dict[str, int | None] = {}
        conflicts: dict[str, str] = {}
        kept: set[str] = set()
        for target, expected in steps:
            unknown, permissions = self._trees.skipped(target), self._trees.closed(target)
            kept |= self._trees.skipped(expected) - unknown
            for path, (old, new) in self._trees.changes(target, expected).items():
                have = wanted[path] if path in wanted else there.get(path)
                if have == old:
                    continue
                if old is None and covered(path, unknown):
                    kept.add(path)  # it was there before, out of every checkpoint's sight
                    continue
                if covered(path, large):
                    conflicts[path] = "no checkpoint holds what is there now"
                elif have != new:
                    conflicts[path] = "changed since"
                wanted[path], closed[path] = old, permissions.get(path)
        edits = [
            Edit(path, there.get(path), new, conflicts.get(path, ""), closed[path])
            for path, new in sorted(wanted.items())
            if there.get(path) != new or path in conflicts
        ]
        return Plan(verb, rounds, tree, tuple(edits), tuple(map(shown, sorted(kept))))

    def _finish(self, pending: _Pending, edits: Iterable[Edit]) -> Applied:
        failed = _restore(self._shadow.root, self._trees, edits)
        now = self._shadow.checkpoint().tree
        history = self._load()
        if pending.verb == "undo":
            done = history.done[: -len(pending.rounds)]
            undone = (*history.undone, _Undone(pending.rounds, pending.was, now))
        else:
            done = (*history.done, *reversed(pending.rounds))
            undone = history.undone[:-1]
        self._save(_History(done, undone))
        return Applied(pending.was, now, failed)

    def _save(self, history: _History) -> None:
        write_atomically(self._file, json.dumps(dataclasses.asdict(history)).encode("ascii"))

    def _load(self) -> _History:
        try:
            data = json.loads(self._file.read_bytes())
        except FileNotFoundError:
            return _History()
        except ValueError:
            raise WorkspaceError(f"{self._file} is damaged", "remove it to start a new history of rounds") from None
        undone = tuple(_Undone(_rounds(item["rounds"]), item["was"], item["now"]) for item in data["undone"])
        waiting, running = data["pending"], data.get("open")
        if waiting is None:
            return _History(_rounds(data["done"]), undone, None, Round(**running) if running else None)
        edits = tuple(map(_edit, waiting["edits"]))
        pending = _Pending(waiting["verb"], _rounds(waiting["rounds"]), waiting["was"], edits)
        return _History(_rounds(data["done"]), undone, pending)


def _rounds(items: list[dict[str, str]]) -> tuple[Round, ...]:
    return tuple(Round(**item) for item in items)


def _edit(item: dict[str, Any]) -> Edit:
    return Edit(item["path"], _entry(item["old"]), _entry(item["new"]), item["conflict"], item.get("permissions"))


def _entry(item: dict[str, Any] | None) -> Entry | None:
    return Entry(**item) if item else None


def _restore(root: Path, trees: Trees, edits: Iterable[Edit]) -> tuple[str, ...]:
    """Removals first, so that a folder may take a file's place and the reverse; then one file at a time, each whole."""
    failed: dict[str, str] = {}
    writes: dict[str, list[Edit]] = {}
    with Beneath(root) as beneath:
        for edit in edits:
            if edit.new is None:
                try:
                    beneath.remove(edit.path)
                except OSError as error:
                    failed[edit.path] = str(error.strerror)
            else:
                writes.setdefault(edit.new.blob, []).append(edit)
        for blob, content in trees.blobs(writes):
            for edit in writes[blob]:
                try:
                    _put(beneath, edit, content)
                except OSError as error:
                    failed[edit.path] = str(error.strerror)
    return tuple(f"{shown(path)}: {why}" for path, why in sorted(failed.items()))


def _put(beneath: Beneath, edit: Edit, content: bytes) -> None:
    assert edit.new is not None, "it has content"
    if edit.new.mode == "120000":
        beneath.symlink(edit.path, content)
    else:
        beneath.write(edit.path, content, executable=edit.new.mode == "100755", permissions=edit.permissions)
