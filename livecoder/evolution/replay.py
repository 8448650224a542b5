"""A tool's first successful calls as cases: replayed on a clean copy of the tree at that moment, in the sandbox.

A case says what a call must do again: its exit code, what it changes on disk, and what it prints where that repeats.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import stat
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from livecoder.errors import ScaffoldError
from livecoder.events import ToolUsed
from livecoder.evolution.toolwatch import proves
from livecoder.rooms import Cancelled, Clean, Copy, Rooms, never
from livecoder.sandbox import Finished
from livecoder.scaffold.cases import MAX_CASES, Case
from livecoder.workspace.scan import CACHES

SECONDS = 30.0
MAX_TRIES = 6
"""Calls of one tool that are replayed in the search for cases."""
INTERRUPTED = "the run was ended before it was judged"
UNPROVEN = "no call of it worked that can be repeated"
SILENT = "its calls change nothing, and print nothing or what they were given"
MARK = "LIVECODER_STDIN"
UNSTEADY = "unsteady"
"""The effect of a call that writes something else each time: such a case is not held to it."""


@dataclass(frozen=True, slots=True)
class Replayed:
    exit_code: int
    output: str
    effect: str
    """SHA-256 over the names and contents of the files that the call changed; "" when it changed none."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a tool's calls show: the cases to hold it to, or why there are none."""

    cases: tuple[Case, ...]
    why_none: str = UNPROVEN


Replay = Callable[[Path, str, Case], Replayed]
"""(scaffold directory, tool, case) -> what the call does now."""


Survey: TypeAlias = dict[str, tuple[int, ...]]
"""Mode, size and times of every file, by path; of folders the mode alone."""


@dataclass(slots=True)
class Held:
    """A clean copy with a room on it; the surveys are from before any call."""

    clean: Clean
    before: Survey
    room: ExitStack = field(default_factory=ExitStack)
    scaffold: Path | None = None
    copy: Copy | None = None
    around: Survey = field(default_factory=Survey)

    def open(self, rooms: Rooms, scaffold: Path) -> Copy:
        """A room that shows this scaffold and in which no call has left anything."""
        if self.copy is None or self.scaffold != scaffold:
            self.room.close()
            base = rooms.sandbox.room.base  # what `/run/lc/base` showed the calls, too
            self.scaffold, self.copy = scaffold, self.room.enter_context(rooms.on(self.clean, scaffold, base))
            self.around = _around(self.copy)
        return self.copy

    def close_if_used(self) -> None:
        """A room in which something was left serves nobody again; the same copy may, in another room."""
        if self.copy is None or _around(self.copy) != self.around:
            self.room.close()
            self.copy = None
        else:
            self.copy.sandbox.forget()


class Shelf:
    """Copies that no call changed, for the next one, and rooms in which none left anything.

    Most calls change nothing; copying dependencies and opening rooms is slow.
    """

    def __init__(self, rooms: Rooms, cancelled: Cancelled = never) -> None:
        self._rooms = rooms
        self._cancelled = cancelled
        self._resources = ExitStack()
        self._held: dict[str, Held] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    def call(self, tree: str, scaffold: Path, run: Callable[[Copy], Finished]) -> tuple[Finished, str]:
        """What `run` gives in a room as new on a clean copy of the tree, and its effect on that copy."""
        held = self._held.pop(tree, None) or self._made(tree)
        finished = run(held.open(self._rooms, scaffold))
        after = _survey(held.clean.path)
        if after == held.before:
            held.close_if_used()
            self._held[tree] = held
        else:
            held.room.close()
        return finished, _effect(held.clean.path, held.before, after)

    def _made(self, tree: str) -> Held:
        clean = self._resources.enter_context(self._rooms.clean(tree, self._cancelled))
        held = Held(clean, _survey(clean.path))
        self._resources.push(held.room)
        return held


def replayer(rooms: Rooms, workspace: Path, shelf: Shelf | None = None, cancelled: Cancelled = never) -> Replay:
    """Replays in `rooms`, each on a clean copy of the case's tree and with a /tmp and HOME as new.

    Once `cancelled()` is true a replay is killed and raises ScaffoldError: what it did says nothing.
    """

    def run(scaffold: Path, name: str, case: Case) -> Replayed:
        def call(copy: Copy) -> Finished:
            finished = copy.run(_command(name, case, workspace), SECONDS, cancelled)
            _go_on(cancelled)
            return finished

        _go_on(cancelled)
        with Shelf(rooms, cancelled) as own:
            finished, effect = (shelf or own).call(case.tree, scaffold, call)
        return Replayed(finished.exit_code, finished.output, effect)

    return run


def _go_on(cancelled: Callable[[], bool]) -> None:
    if cancelled():
        raise ScaffoldError(INTERRUPTED)


def _command(name: str, case: Case, workspace: Path) -> str:
    call = shlex.join([f"{name}", *case.arguments])
    place = f"cd {shlex.quote(str(workspace / case.cwd))} && "
    if not case.stdin:
        return f"{place}{call}"
    return f"{place}{call} <<'{MARK}'\n{case.stdin.removesuffix(chr(10))}\n{MARK}\n"


def _around(copy: Copy) -> Survey:
    """What a call can leave in a room beside the copy: in /tmp, in HOME, in the gitdir."""
    room = copy.sandbox.room
    found: Survey = {}
    for name, place in (("tmp", room.shared / "tmp"), ("home", room.shared / "home"), ("git", room.gitdir)):
        if place:
            found |= {f"{name}/{path}": seen for path, seen in _survey(place, passed_over=()).items()}
    # Folders on the way to a mount are made with the first command: the engine's, and empty.
    mounts = {
        "/".join(path.parts[1:])
        for shown in (room.workspace, room.scaffold)
        if shown
        for path in (shown, *shown.parents)
    }
    return {path: seen for path, seen in found.items() if path not in mounts}


def _survey(root: Path, passed_over: Collection[str] = CACHES) -> Survey:
    """All but caches. The change time is what a call cannot set back."""
    found: Survey = {}
    pending = [""]
    while pending:
        folder = pending.pop()
        with os.scandir(root / folder) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                path = folder + entry.name
                if not stat.S_ISDIR(status.st_mode):
                    found[path] = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
                elif entry.name not in passed_over:
                    found[path] = (status.st_mode,)
                    pending.append(path + "/")
    return found


def _effect(root: Path, before: Survey, after: Survey) -> str:
    changed = sorted(
        path
        for path in {*before, *after}
        if before.get(path) != after.get(path)
        and any(stat.S_ISREG(side.get(path, (0,))[0]) for side in (before, after))
    )
    if not changed:
        return ""
    digest = hashlib.sha256()
    for path in changed:
        digest.update(os.fsencode(path) + b"\0" + _content(root / path))
    return digest.hexdigest()


def _content(path: Path) -> bytes:
    """What lies there: a file's bytes, a link's target, or in a word what else there is or is not."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return b"gone"
    if stat.S_ISLNK(mode):
        return os.fsencode(path.readlink())
    return path.read_bytes() if stat.S_ISREG(mode) else b"a folder or special file"


def make_cases(uses: Sequence[ToolUsed], name: str, workspace: Path, scaffold: Path, replay: Replay) -> Proof:
    """The first calls that worked and that a replay confirms, at most MAX_CASES, each run twice to see what repeats."""
    cases: list[Case] = []
    why_none = UNPROVEN
    calls = [use for use in uses if use.name == name and proves(use) and Path(use.cwd).is_relative_to(workspace)]
    for use in calls[:MAX_TRIES]:
        if len(cases) == MAX_CASES:
            break
        cwd = str(Path(use.cwd).relative_to(workspace))
        case = Case(
            tree=use.tree,
            arguments=use.arguments,
            stdin=use.stdin,
            cwd=cwd,
            exit_code=0,
            output="",
            effect="",
            deterministic=True,
        )
        first = replay(scaffold, name, case)
        if first.exit_code != 0 or any(
            (c.arguments, c.stdin, c.tree) == (use.arguments, use.stdin, use.tree) for c in cases
        ):
            continue
        if _silent(case, first):
            why_none = SILENT
            continue
        second = replay(scaffold, name, case)
        repeats = first.output == second.output
        effect = first.effect if first.effect == second.effect else UNSTEADY
        cases.append(replace(case, output=first.output if repeats else "", effect=effect, deterministic=repeats))
    return Proof(tuple(cases), why_none)


def _silent(case: Case, now: Replayed) -> bool:
    """A call that shows nothing: no effect, and an output that is empty or its own input."""
    given = {*case.arguments, " ".join(case.arguments), case.stdin.strip()}
    return not now.effect and now.output.strip() in {"", *given}


def departs(name: str, case: Case, now: Replayed, *, same_output: bool) -> str:
    """How a replay differs from its case; empty when it does not."""
    call = shlex.join([name, *case.arguments])[:60] + (" <<…" if case.stdin else "")
    if now.exit_code != case.exit_code:
        return f"`{call}` exits {now.exit_code} instead of {case.exit_code}: {now.output.strip()[-160:]}"
    if case.effect not in (now.effect, UNSTEADY):
        return f"`{call}` changes other files, or other text in them, than before"
    if same_output and case.deterministic and now.output != case.output:
        return f"`{call}` prints something else than before"
    return ""
