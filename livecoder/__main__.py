"""`livecoder` and `python -m livecoder`. The version needs nothing; all else is imported when it is asked for."""

from __future__ import annotations

import sys


def main() -> None:
    """The console script. Leaves without the libraries' exit handlers, which cost a second and do nothing for us."""
    import os

    if sys.argv[1:] in (["--version"], ["-V"]):
        from livecoder import __version__

        print(f"livecoder {__version__}")
        return
    from livecoder.cli.app import run

    code = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # the reader went away: there is nobody left to tell
            pass
    os._exit(code)


def _leave_the_directory() -> None:
    """`-m` put the working directory first among the places to import from: a repository's `jinja2.py` is not ours.

    A livecoder that was found there itself, a checkout's, stays importable, after everything else.
    """
    if sys.flags.safe_path:
        return
    place = sys.path.pop(0)
    from pathlib import Path  # only now: a repository may have a `pathlib.py`, too

    checkout = Path(__file__).resolve().parent.parent
    if Path(place).resolve() == checkout:
        sys.path.append(str(checkout))


if __name__ == "__main__":
    _leave_the_directory()
    main()
