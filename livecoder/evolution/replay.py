"""A tool's first successful calls as cases: replayed on a clean copy of the tree at that moment, in the sandbox.

A case says what a call must do again: its exit code, what it changes on disk, and what it prints where that repeats.
"""

from __future__ import annotations

import hashlib
import shlex
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from livecoder.events import ToolUsed
from livecoder.evolution.toolwatch import proves
from livecoder.rooms import Rooms
from livecoder.scaffold.cases import MAX_CASES, Case
from livecoder.workspace.scan import CACHES

SECONDS = 30.0
MARK = "LIVECODER_STDIN"
UNSTEADY = "unsteady"
"""The effect of a call that writes something else each time: such a case is not held to it."""


@dataclass(frozen=True, slots=True)
class Replayed:
    exit_code: int
    output: str
    effect: str
    """SHA-256 over the names and contents of the files that the call changed; "" when it changed none."""


Replay = Callable[[Path, str, Case], Replayed]
"""(scaffold directory, tool, case) -> what the call does now."""


def replayer(rooms: Rooms, workspace: Path) -> Replay:
    """Replays in `rooms`, on a copy of the case's tree."""

    def run(scaffold: Path, name: str, case: Case) -> Replayed:
        with rooms.copy(case.tree, scaffold) as copy:
            before = _survey(copy.path)
            finished = copy.run(_command(name, case, workspace), SECONDS)
            return Replayed(finished.exit_code, finished.output, _effect(copy.path, before))

    return run


def _command(name: str, case: Case, workspace: Path) -> str:
    call = shlex.join([f"{name}", *case.arguments])
    place = f"cd {shlex.quote(str(workspace / case.cwd))} && "
    if not case.stdin:
        return f"{place}{call}"
    return f"{place}{call} <<'{MARK}'\n{case.stdin.removesuffix(chr(10))}\n{MARK}\n"


def _survey(root: Path) -> dict[Path, tuple[int, int]]:
    found: dict[Path, tuple[int, int]] = {}
    for path in root.rglob("*"):
        status = path.lstat()
        if stat.S_ISREG(status.st_mode) and not CACHES & {*path.relative_to(root).parts}:
            found[path] = (status.st_size, status.st_mtime_ns)
    return found


def _effect(root: Path, before: dict[Path, tuple[int, int]]) -> str:
    after = _survey(root)
    changed = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    if not changed:
        return ""
    digest = hashlib.sha256()
    for path in changed:
        digest.update(f"{path.relative_to(root)}\0".encode("utf-8", "surrogateescape"))
        digest.update(path.read_bytes() if path in after else b"gone")
    return digest.hexdigest()


def make_cases(uses: Sequence[ToolUsed], name: str, workspace: Path, scaffold: Path, replay: Replay) -> list[Case]:
    """The first calls that worked and that a replay confirms, at most MAX_CASES, each run twice to see what repeats."""
    cases: list[Case] = []
    for use in uses:
        if len(cases) == MAX_CASES:
            break
        if use.name != name or not proves(use) or not Path(use.cwd).is_relative_to(workspace):
            continue
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
        second = replay(scaffold, name, case)
        repeats = first.output == second.output
        effect = first.effect if first.effect == second.effect else UNSTEADY
        cases.append(replace(case, output=first.output if repeats else "", effect=effect, deterministic=repeats))
    return cases


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
