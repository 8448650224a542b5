"""Runs the real command line with a stopwatch round litellm's calls, and notes what the bench wants to know.

    python bench/stopwatch.py NOTES [livecoder's arguments]

NOTES gets JSON lines: this process and bubblewrap's options first, then when each call of litellm began and ended.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any, TextIO

from livecoder import __main__ as command_line
from livecoder.model import provider
from livecoder.sandbox.bubblewrap import Bubblewrap


class Stopwatch:
    """`litellm.completion` with its times noted. Everything else of the stream is passed on."""

    def __init__(self, completion: Any, notes: TextIO) -> None:
        self._completion = completion
        self._notes = notes

    def __call__(self, **request: Any) -> Any:
        began = time.monotonic()
        return Timed(self._completion(**request), began, self._notes)


class Timed:
    def __init__(self, stream: Any, began: float, notes: TextIO) -> None:
        self._stream = stream
        self._began = began
        self._notes = notes

    def __iter__(self) -> Iterator[Any]:
        yield from self._stream
        self._notes.write(json.dumps({"began": self._began, "ended": time.monotonic()}) + "\n")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def main() -> None:
    notes = open(sys.argv.pop(1), "w", buffering=1)  # noqa: PTH123, SIM115 - open until the process ends
    options = Bubblewrap.options
    noted: list[int] = []

    def noting(self: Bubblewrap) -> list[str]:
        found = options(self)
        if not noted and self.room.gitdir and self.room.scaffold:  # the session's own: the canary has no scaffold
            noted.append(1)
            notes.write(json.dumps({"process": os.getpid(), "bubblewrap": found}) + "\n")
        return found

    Bubblewrap.options = noting
    os.environ.update(provider.ENVIRONMENT)
    import litellm

    litellm.completion = Stopwatch(litellm.completion, notes)  # pyright: ignore[reportAttributeAccessIssue] # the point
    command_line.main()


if __name__ == "__main__":
    main()
