"""`--branch` on the command line: the name is checked before the work, and a person is asked after it."""

from __future__ import annotations

import sys
import termios
from collections.abc import Callable
from typing import TYPE_CHECKING

from livecoder.cli.options import Options

if TYPE_CHECKING:
    from livecoder.cli.running import Screen
    from livecoder.publish import Publisher
    from livecoder.solve import Solver


def check_branch(options: Options) -> None:
    """Raises UsageError for a branch that could not be made at the end."""
    if options.branch is not None:
        from livecoder.workspace.branch import check_name

        check_name(options.cwd, options.branch)


def offer_branch(
    publisher: Publisher, solver: Solver, task: str, shown: Screen, agreed: Callable[[str], bool | None]
) -> bool:
    """Show what would become the branch and ask; whether it was made. Raises BranchRefused."""
    from livecoder.publish import described
    from livecoder.view.branches import commit_lines

    name = solver.opened.settings.branch
    with publisher.proposed(solver.final_tree, task) as proposal:
        if proposal is None:
            return False
        for line in commit_lines(described(name, proposal)):
            shown.say(f"  {line}")
        if sys.stdin.isatty():  # what was typed before the question is no answer to it
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
        if not agreed(f"Make that the new branch {name}? [y/N] "):
            shown.say("no branch was made", "dim")
            return False
        made = publisher.made(proposal)
        solver.opened.journal.append(made)
        shown.show(made)
        shown.say(f"from here on {name} stays as it is", "dim")
        return True
