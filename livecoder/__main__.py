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


if __name__ == "__main__":
    main()
