"""Where branches come from: `main` from the seed, a project's branch from `main`; and how each follows the other.

Everything here needs the store's lock.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from livecoder.scaffold.changes import FileChange, overlay
from livecoder.scaffold.files import File, checked_project
from livecoder.scaffold.parts import Part
from livecoder.scaffold.plumbing import NOTHING, Plumbing
from livecoder.scaffold.record import MAIN, PROJECTS, SEEDS
from livecoder.scaffold.refs import Refs

LATEST_SEED = f"{SEEDS}latest"
SEED_TIME = datetime(2025, 1, 1, tzinfo=UTC)
"""Fixed, so that the same seed is the same generation on every machine."""


def branch_of(project: str) -> str:
    """Raises ScaffoldError for an id that is no plain word."""
    return f"{PROJECTS}{checked_project(project)}"


def adopt_seed(git: Plumbing, refs: Refs, files: Sequence[File], mark: str) -> None:
    """Make `main` from the seed, or bring it what a new seed has; `mark` is the ref that says that this was done."""
    now = refs.settled()
    main, old = now.get(MAIN, ""), now.get(LATEST_SEED, "")
    if mark in now and main:
        return
    if not main and now:
        raise git.damaged("its branch main is missing")
    entries = git.store([FileChange(file.path, file.data, file.executable) for file in files])
    tree = {path: entry for path, entry in entries.items() if entry}
    seed = git.commit(tree, [old] if old else [], "seed: as shipped\n", SEED_TIME)
    moves = {LATEST_SEED: (seed, old or NOTHING), mark: (seed, now.get(mark, NOTHING))}
    if not main:
        moves[MAIN] = (seed, NOTHING)
    else:
        ours = git.tree(main)
        # What the user promoted to main stays, also where the new seed has something else to say.
        merged = overlay(ours, git.tree(old) if old else {}, tree)
        if merged != ours:
            moves[MAIN] = (git.commit(merged, [main, seed], "seed: as shipped now\n", datetime.now(UTC)), main)
    refs.move(moves)


def followed(git: Plumbing, refs: Refs, project: str, pins: Sequence[Part], given: Collection[str] = ()) -> str:
    """The head of the project's branch, after that was made and has what `main` has got since; pinned files stay.

    `given` are files that `main` has from this project: they become as `main` has them.
    """
    branch = branch_of(project)
    now = refs.settled()
    head, main = now.get(branch, ""), now.get(MAIN, "")
    if not main:
        raise git.damaged("its branch main is missing")
    if head and git.is_ancestor(main, head):
        return head
    pinned = {part.path for part in pins}
    ours = git.tree(head) if head else {}
    theirs = git.tree(main)
    if not head or (git.is_ancestor(head, main) and not any(ours.get(path) != theirs.get(path) for path in pinned)):
        refs.move({branch: (main, head or NOTHING)})
        return main
    base = git.tree(git.text("merge-base", head, main).strip())
    for path in pinned:
        base.pop(path, None)
        theirs.pop(path, None)
    tree = overlay(ours, base, theirs) | {path: theirs[path] for path in given if path in theirs}
    merged = git.commit(tree, [head, main], "main: taken over\n", datetime.now(UTC))
    refs.move({branch: (merged, head)})
    return merged
