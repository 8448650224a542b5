"""`livecoder undo [N]` and `redo`: show what will change, ask, do it. Never through the user's index or HEAD."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from livecoder.errors import AnswerNeeded

if TYPE_CHECKING:
    from livecoder.workspace.undo import Plan, Undo
    from livecoder.workspace.workspace import Workspace

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; overwrite later changes too.")]
Directory = Annotated[Path | None, typer.Option("-C", "--cd", metavar="DIR", help="The repository.")]


def undo(
    rounds: Annotated[int, typer.Argument(metavar="N", help="How many rounds.", show_default=False)] = 1,
    *,
    yes: Yes = False,
    cd: Directory = None,
) -> int:
    """Take back what the last round did to your files."""
    workspace = _open(cd)
    with workspace.lock():
        return undo_in(workspace, rounds, yes=yes)


def redo(*, yes: Yes = False, cd: Directory = None) -> int:
    """Take back the last undo."""
    from livecoder.workspace.undo import Undo

    workspace = _open(cd)
    with workspace.lock():
        history = Undo(workspace.shadow)
        return _apply(history, history.plan_redo(), yes=yes)


def undo_in(workspace: Workspace, rounds: int, *, yes: bool) -> int:
    """The same inside a session, which holds the lock already."""
    from livecoder.workspace.undo import Undo

    history = Undo(workspace.shadow)
    return _apply(history, history.plan_undo(rounds), yes=yes)


def _open(cd: Path | None) -> Workspace:
    from livecoder import config
    from livecoder.workspace.workspace import Workspace, locate, project_id

    where = cd or Path.cwd()
    root = locate(where)[0]
    return Workspace.open(root, config.paths().state / "projects" / project_id(root) / "workspace")


def _apply(history: Undo, plan: Plan, *, yes: bool) -> int:
    from livecoder.view.revealed import in_line

    for verb, names in (("restore", plan.modified), ("bring back", plan.created), ("remove", plan.deleted)):
        for name in names:
            print(f"  {verb} {in_line(name)}")
    for line in plan.conflicts:
        print(f"  ! changed since: {in_line(line)}")
    if plan.kept:
        more = f" and {len(plan.kept) - 3} more" if len(plan.kept) > 3 else ""
        print(f"  stay as they are, in no checkpoint: {in_line(', '.join(plan.kept[:3]))}{more}")
    if not plan.edits:
        print("nothing to change")
        return 0
    if not yes and not _confirmed(plan):
        print("nothing was changed")
        return 0
    applied = history.apply(plan, force=yes or bool(plan.conflicts))
    for line in applied.failed:
        print(f"  ! {in_line(line)}", file=sys.stderr)
    back, again = ("redo", "undo") if plan.verb == "undo" else ("undo", "redo")
    count = f"{len(plan.edits)} {'file' if len(plan.edits) == 1 else 'files'}"
    if applied.failed:
        print(f"not done: {len(applied.failed)} of {count}; `livecoder {back}`, then `livecoder {again}` tries again")
        return 1
    print(f"done: {count}; take it back with `livecoder {back}`")
    return 0


def _confirmed(plan: Plan) -> bool:
    if not sys.stdin.isatty():
        raise AnswerNeeded(f"{plan.verb} asks before it changes files", "add --yes")
    try:
        return input(f"{plan.verb} these? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False
