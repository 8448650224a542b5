"""`livecoder reflect`: look back on sessions whose reflection was left pending, with one request each."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from livecoder.cli.options import Options, with_options


@with_options
def reflect(
    session: Annotated[str | None, typer.Argument(metavar="SESSION", help="Its id; else those that wait.")] = None,
    pending: Annotated[bool, typer.Option("--pending", help="All that wait (the default).")] = False,
    *,
    options: Options,
) -> int:
    """Look back on finished sessions that wait for it."""
    from livecoder.cli.running import screen
    from livecoder.cli.signals import Signals
    from livecoder.journal.sessions import found, named
    from livecoder.opening import opened
    from livecoder.solve import Solver

    options.check()
    shown = screen(options)
    with Signals(None if options.quiet else lambda: shown.terminal.waiting_for) as signals:
        settings = replace(options.settings(headless=True), measure_ground=False)  # nobody works on the tree as it is
        with opened(settings, options.cwd) as opening, Solver(opening) as solver:
            earlier = [directory for directory in found([opening.sessions]) if directory != opening.directory]
            waiting = [named(earlier, session)] if session and not pending else solver.learning.pending()
            if not waiting:
                shown.say("no session waits for reflection")
                return 0
            signals.tell(solver)
            shown.masked_by(opening.journal.masked)
            shown.show_all(solver.reflect(waiting))
            shown.card.write("done")
            return solver.signal_code
