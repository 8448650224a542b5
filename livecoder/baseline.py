"""The tests as the session found them: run in the background on a clean copy, while the model thinks.

What came of it is told once, with the next observation, and kept for the project: a session that finds the same tree
knows it from the start. One thread, `livecoder-baseline`, starts the run and follows it to its end.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent import futures
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from livecoder.errors import LivecoderError
from livecoder.events import GroundMeasured
from livecoder.loop import Notice, State, Step
from livecoder.rooms import Rooms, speaks_of_reports
from livecoder.sandbox import Finished
from livecoder.tested import Tested, run
from livecoder.testruns import Counts, TestRun

MEASURED = "measured.json"
"""The file of a project's measurements, in the engine's directory for the project."""
MAX_SECONDS = 600.0
KEPT = 20
"""Measurements of a project that are kept, the newest."""
MOST_NAMES = 200
SLOW_SECONDS = 10.0
"""From which a file of tests is worth being named."""
NAMED = 12
"""Failing tests that the model is told by name."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What `command` gave on the tree `tree`. `exit_code` is None where it was stopped after `seconds`."""

    tree: str
    command: str
    exit_code: int | None
    seconds: float
    said: str
    """The counts of its tests; where there are none, the line that says most of how it ended."""
    failing: tuple[str, ...] = ()

    def line(self) -> str:
        """For the model: one line."""
        if self.exit_code is None:
            return f"`{self.command}` takes more than {self.seconds:.0f} s"
        failing = ", ".join(self.failing[:NAMED]) + (
            f" and {len(self.failing) - NAMED} more" * (len(self.failing) > NAMED)
        )
        fails = f"; failing: {failing}" if failing else ""
        return f"`{self.command}`: exit {self.exit_code} after {self.seconds:.0f} s: {self.said}{fails}"


class Memory:
    """The measurements of a project, in one small file that may be lost at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, command: str, tree: str) -> Measured | None:
        """That of this very tree, or else the newest of the command: how long it takes changes slowly."""
        known = [measured for measured in self._read() if measured.command == command]
        return next((measured for measured in known if measured.tree == tree), known[0] if known else None)

    def line(self, command: str, tree: str) -> str:
        """For a session's first message; "" when nothing is known."""
        known = self.find(command, tree) if command else None
        if known is None:
            return ""
        return f"tests as they are now: {known.line()}" if known.tree == tree else f"tests, last time: {known.line()}"

    def keep(self, measured: Measured) -> None:
        others = [one for one in self._read() if (one.tree, one.command) != (measured.tree, measured.command)]
        text = json.dumps([asdict(one) for one in [measured, *others][:KEPT]], indent=1)
        scratch = self._path.with_suffix(".new")
        with suppress(OSError):  # it saves time, no more
            scratch.write_text(text, encoding="utf-8")
            scratch.replace(self._path)

    def _read(self) -> list[Measured]:
        from pydantic import TypeAdapter, ValidationError

        try:
            return TypeAdapter(list[Measured]).validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            return []


class Baseline:
    """A watcher and a context manager. Does nothing where the tree is known already, or `command` is empty."""

    def __init__(self, command: str, tree: str, rooms: Rooms, memory: Memory) -> None:
        self._command = command
        self._tree = tree
        self._rooms = rooms
        self._memory = memory
        self._stopped = threading.Event()
        self._run: futures.Future[Tested] | None = None
        self._threads = futures.ThreadPoolExecutor(1, thread_name_prefix="livecoder-baseline")

    def __enter__(self) -> Self:
        known = self._memory.find(self._command, self._tree) if self._command else None
        if self._command and not (known and known.tree == self._tree) and not self._rooms.no_copies:
            self._run = self._threads.submit(self._measure)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the run, as far as it has come: from here on others need the machine."""
        self._stopped.set()
        self._threads.shutdown(wait=True)
        if self._run is not None:
            self._measured()

    def after_step(self, step: Step, state: State) -> Iterator[Notice]:
        if self._run is not None and self._run.done() and (measured := self._measured()):
            event = GroundMeasured(
                measured.command, measured.exit_code, measured.seconds, measured.said, measured.failing
            )
            yield Notice(event, f"the tests as you found them: {measured.line()}")

    def before_end(self, state: State) -> None:
        return None

    def _measure(self) -> Tested:
        stopped = self._stopped.is_set
        room = self._rooms.copy(self._tree, report=not speaks_of_reports(self._command), cancelled=stopped)
        return run(self._command, room, self._rooms.copy(self._tree, cancelled=stopped), MAX_SECONDS, stopped)

    def _measured(self) -> Measured | None:
        """Once: what the run came to, kept. None where it says nothing: it failed, or was hardly begun."""
        running, self._run = self._run, None
        assert running is not None, "asked for once"
        if isinstance(running.exception(), LivecoderError):
            return None
        tested = running.result()
        finished = tested.finished
        if finished.interrupted or finished.timed_out:
            found = Measured(self._tree, self._command, None, finished.seconds, "") if finished.seconds > 20 else None
        else:
            found = measured(self._tree, self._command, tested)
        if found:
            self._memory.keep(found)
        return found


def measured(tree: str, command: str, tested: Tested) -> Measured:
    """A run of `command` that ended by itself."""
    finished, tests = tested.finished, tested.tests
    said, failing = (counted(tests.counts) + _slow(tests), tests.failing) if tests else (_words(finished), ())
    return Measured(tree, command, finished.exit_code, finished.seconds, said, failing[:MOST_NAMES])


def _slow(tests: TestRun) -> str:
    """The file that takes most of a long run's time, so that it is run when it is meant; "" for none."""
    file, seconds = tests.slowest()
    dear = seconds >= SLOW_SECONDS and 2 * seconds >= sum(tests.seconds.values()) and len(tests.seconds) > 1
    return f"; {file} takes {seconds:.0f} s" if dear else ""


def _words(finished: Finished) -> str:
    """The last line, or where the run failed the last that names an error: runners print more after it."""
    lines = finished.output.strip().splitlines() or ["it printed nothing"]
    errors = [line for line in lines if "error" in line.lower()] if finished.exit_code else []
    return (errors or lines)[-1].strip()[:200]


def counted(counts: Counts) -> str:
    """`3 failed, 12 passed`."""
    numbers = (
        ("failed", counts.failed),
        ("errors", counts.errors),
        ("passed", counts.passed),
        ("skipped", counts.skipped),
    )
    return ", ".join(f"{number} {word}" for word, number in numbers if number) or "no test was run"
