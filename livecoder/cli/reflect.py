"""`livecoder reflect`: look back on sessions whose reflection was left pending, with one request each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from livecoder.cli.options import Options, with_options
from livecoder.errors import UsageError


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
    from livecoder.opening import opened
    from livecoder.solve import Solver

    options.check()
    shown = screen(options)
    with Signals(None if options.quiet else lambda: shown.terminal.waiting_for) as signals:
        settings = options.settings(headless=True)
        with opened(settings, options.cwd) as opening, Solver(opening) as solver:
            waiting = [_named(opening.sessions, session)] if session and not pending else solver.learning.pending()
            if not waiting:
                shown.say("no session waits for reflection")
                return 0
            signals.tell(solver)
            shown.mask = opening.journal.masked
            shown.show_all(solver.reflect(waiting))
            shown.card.write("done")
            return solver.signal_code


def _named(sessions: Path, name: str) -> Path:
    directory = sessions / name
    if directory.parent != sessions or not (directory / "journal.sqlite").exists():
        raise UsageError(f"there is no session {name!r} in this project", f"they are the folders of {sessions}")
    return directory
