"""Plays a recording again and writes down what the model is shown *now*: its replies stay, word for word.

For changes of what is observed (a notice, a fold, a format), where the recorded replies still make sense. Read the
difference before it is committed: a reply that no longer fits what it answers calls for a new recording.

    bench/refresh.py demo                                          the three acts
    bench/refresh.py RECORDING.jsonl ISSUE.md -C DIR --verify CMD  a task, in the repository that it was recorded in
"""

from __future__ import annotations

import sys
from pathlib import Path

from livecoder.model import choose
from livecoder.model.recording import Exchange, read_recording, write_recording
from livecoder.model.replay import Replay

PLAYED: list[Refreshing] = []


class Refreshing(Replay):
    """A replay that compares nothing and remembers what it was told."""

    def __init__(self, path: Path, workspace: Path) -> None:
        super().__init__(path, workspace)
        self.path = path
        self.told: list[tuple[str, ...]] = []
        PLAYED.append(self)

    def _compare(self, exchange: Exchange, new: list[str]) -> None:
        here, there = self._workspace, self.header.workspace
        self.told.append(tuple(text.replace(here, there) if there else text for text in new))

    def write(self) -> None:
        header, exchanges = read_recording(self.path)
        fresh = [exchanges[0]] + [
            Exchange(new, old.text, old.calls) for old, new in zip(exchanges[1:], self.told, strict=True)
        ]
        write_recording(self.path, header, fresh)


def main(arguments: list[str]) -> int:
    from livecoder.cli.app import run

    choose.Replay = Refreshing
    if arguments[:1] == ["demo"]:
        code = run(["demo"])
    else:
        recording, *rest = arguments
        code = run(["fix", *rest, "-m", f"replay:{recording}", "--output-format", "json"])
    if code == 0:
        for played in PLAYED:
            played.write()
    return code


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
