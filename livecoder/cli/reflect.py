"""`livecoder reflect`: look back on sessions whose reflection was left pending, with one request each."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from livecoder.cli.options import Options, with_options
from livecoder.cli.running import screen, signals


@with_options
def reflect(
    session: Annotated[str | None, typer.Argument(help="A session's id; without one, the pending ones.")] = None,
    pending: Annotated[bool, typer.Option("--pending", help="All sessions that wait (the default).")] = False,
    *,
    options: Options,
) -> int:
    """Look back on a finished session, or on those whose reflection is pending."""
    from livecoder.opening import opened
    from livecoder.solve import Solver

    settings = options.settings(headless=True)
    shown = screen(options)
    with opened(settings, options.cwd) as opening:
        solver = Solver(opening)
        waiting = [opening.sessions / session] if session and not pending else solver.learning.pending()
        if not waiting:
            print("no session waits for reflection", file=sys.stderr)
            return 0
        with signals(solver, shown.terminal):
            shown.show_all(solver.reflect(waiting))
        shown.card.write("done")
    return 0
