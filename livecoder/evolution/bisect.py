"""Which generation broke it: recorded commands are replayed on generations between a good and a bad one.

Binary search over the history, everything in the sandbox, no model. What acts on the model alone (prompts, lessons,
knobs) cannot be told by a replay.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from livecoder.errors import WorkspaceError
from livecoder.evolution.replay import Replay, departs
from livecoder.rooms import Rooms, runner
from livecoder.scaffold.cases import Case
from livecoder.scaffold.files import entries
from livecoder.scaffold.scaffold import Scaffold

T = TypeVar("T")
RUN_SECONDS = 600.0
HOOK_SECONDS = 2.0
HOOK_INPUT = {
    "round": 1,
    "task": "Fix the failing test.",
    "step": 1,
    "steps": 1,
    "command": "true",
    "exit_code": 0,
    "output": "",
    "answer": "Fixed.",
    "tree_changed": False,
}
"""What every hook must have an answer to."""
ACTS_ON_THE_MODEL = ("prompts/", "lessons/", "scaffold.toml")


@dataclass(frozen=True, slots=True)
class Search(Generic[T]):
    """`first_bad` is None when the ends do not differ as they should; `why` is what failed at the last bad one."""

    first_bad: T | None
    why: str
    tried: tuple[tuple[T, str], ...]
    """In the order in which they were tried, each with what failed, or ""."""


def search(span: Sequence[T], failure: Callable[[T], str]) -> Search[T]:
    """The first bad one of `span`, which is ordered from good to bad; at most 2 + log2(len) are tried."""
    tried: list[tuple[T, str]] = []

    def fails(place: int) -> str:
        tried.append((span[place], failure(span[place])))
        return tried[-1][1]

    good, bad = 0, len(span) - 1
    why = fails(bad)
    if not why or bad == good:
        return Search(None, why, tuple(tried))
    if found := fails(good):
        return Search(None, found, tuple(tried))
    while bad - good > 1:
        middle = (good + bad) // 2
        if found := fails(middle):
            bad, why = middle, found
        else:
            good = middle
    return Search(span[bad], why, tuple(tried))


@dataclass(slots=True)
class Recorded:
    """Whether every recorded call of every tool that a scaffold has does what it did when it was recorded."""

    replay: Replay
    cases: Mapping[str, Sequence[Case]]
    unplayable: set[str] = field(default_factory=set[str])
    """Tools with a call that cannot be made again here, whatever the scaffold."""

    def failure(self, scaffold: Path, printed: Collection[str]) -> str:
        """What does not, or "". `printed`: the tools whose output counts; what an earlier text printed is no fault."""
        for tool in Scaffold.load(scaffold).tools:
            for case in self.cases.get(tool.name, ()):
                try:
                    now = self.replay(scaffold, tool.name, case)
                except WorkspaceError:
                    self.unplayable.add(tool.name)
                    continue
                if reason := departs(tool.name, case, now, same_output=tool.name in printed):
                    return reason
        return ""


@dataclass(frozen=True, slots=True)
class Hooks:
    """Whether every hook answers in time, with a JSON object."""

    rooms: Rooms

    def failure(self, scaffold: Path) -> str:
        names = [name for name, _ in entries(scaffold, "hooks")]
        if not names:
            return ""
        with self.rooms.look_only(scaffold) as sandbox:
            run = runner(sandbox)
            for name in names:
                given = shlex.quote(json.dumps({"event": name, **HOOK_INPUT}))
                path = shlex.quote(str(scaffold / "hooks" / name))
                code, output = run(f"printf %s {given} | {path} 2>/dev/null", HOOK_SECONDS)
                if code:
                    return f"hook {name} ends with exit code {code} (it has {HOOK_SECONDS:g} s)"
                if not _is_object(output):
                    return f"hook {name} prints no JSON object: {' '.join(output.split())[:60]}"
        return ""


@dataclass(frozen=True, slots=True)
class Command:
    """Whether the user's command, with $SCAFFOLD, exits 0 on a clean copy of the tree."""

    rooms: Rooms
    tree: str
    command: str

    def failure(self, scaffold: Path) -> str:
        with self.rooms.copy(self.tree, scaffold) as copy:
            finished = copy.run(self.command, RUN_SECONDS)
        last = " ".join(finished.output.strip().rpartition("\n")[2].split())[:120]
        told = f"`{self.command[:60]}` exits {finished.exit_code}"
        return (f"{told}: {last}" if last else told) if finished.exit_code else ""


def acts_on_the_model(paths: Sequence[str]) -> bool:
    """Whether one of these files is such as no replay can judge."""
    return any(path.startswith(ACTS_ON_THE_MODEL) for path in paths)


def _is_object(output: str) -> bool:
    try:
        return isinstance(json.loads(output), dict)
    except (ValueError, RecursionError):
        return False
