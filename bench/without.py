"""Runs the real command line with parts of what the model reads left out, to see what each part buys.

    python bench/without.py PART[,PART...] [livecoder's arguments]

ground: all that the first message tells of the repository. budget: what is said of an output's limit and a command's
time. tools: all that is said of tools, with advice and questions on them. nudge: advice by evidence. harvest: the
question whether a script is to be kept.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from livecoder import __main__ as command_line
from livecoder import solve
from livecoder.ground import Ground
from livecoder.prompt import message
from livecoder.scaffold.lessons import Lesson
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.sections import sections, with_section
from livecoder.task import Task

PARTS = ("ground", "budget", "tools", "nudge", "harvest")
BUDGET = re.compile(r" An output is shown up to .*?`timeout` that you give it\.")


def without_ground() -> None:
    def task_alone(task: Task, ground: Ground, verify: str = "", lessons: Sequence[Lesson] = ()) -> str:
        return message(task, lessons)

    solve.first_message = task_alone


def _changing(change: Callable[[Scaffold], Scaffold]) -> None:
    load = Scaffold.load

    def changed(root: Path, generation: str = "") -> Scaffold:
        return change(load(root, generation))

    setattr(Scaffold, "load", changed)  # noqa: B010 (a function takes the place of a class method)


def without_budget() -> None:
    def change(scaffold: Scaffold) -> Scaffold:
        system, found = BUDGET.subn("", scaffold.prompts["system"])
        if found != 1:
            raise SystemExit("without.py: the system prompt says nothing of a budget that this knows")
        return replace(scaffold, prompts={**scaffold.prompts, "system": system})

    _changing(change)


def without_tools() -> None:
    def change(scaffold: Scaffold) -> Scaffold:
        system = scaffold.prompts["system"]
        if "tools" not in sections(system):
            raise SystemExit("without.py: the system prompt has no section on tools")
        return replace(scaffold, prompts={**scaffold.prompts, "system": with_section(system, "tools", "")})

    _changing(change)
    without_nudge()
    without_harvest()


def without_nudge() -> None:
    _changing(lambda scaffold: replace(scaffold, knobs=replace(scaffold.knobs, nudges="never")))


def without_harvest() -> None:
    _changing(lambda scaffold: replace(scaffold, knobs=replace(scaffold.knobs, harvest="never")))


def main() -> None:
    for part in sys.argv.pop(1).split(","):
        if part not in PARTS:
            raise SystemExit(f"without.py: {part!r} is none of {', '.join(PARTS)}")
        globals()[f"without_{part}"]()
    command_line.main()


if __name__ == "__main__":
    main()
