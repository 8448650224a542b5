"""Drives one session from the command line: signals in, events to the views, files and an exit code out."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from livecoder import config
from livecoder.cli.options import Options
from livecoder.config import Settings
from livecoder.errors import ConfigError
from livecoder.events import Event, Result, RoundEnded
from livecoder.view.card import Card
from livecoder.view.envelope import StreamJson
from livecoder.view.terminal import Terminal

if TYPE_CHECKING:
    from livecoder.solve import Solver

HEARTBEAT_SECONDS = 30
PRESSES_TO_QUIT = 3


class View(Protocol):
    def show(self, event: Event) -> None: ...


class Answer:
    """--output-format text: the answer alone on stdout, as soon as the round has ended."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def show(self, event: Event) -> None:
        if isinstance(event, RoundEnded) and event.answer:
            self._out.write(event.answer.rstrip("\n") + "\n")
            self._out.flush()


class LastObject:
    """--output-format json: the result alone."""

    def __init__(self, out: TextIO) -> None:
        self._view = StreamJson(out)

    def show(self, event: Event) -> None:
        if isinstance(event, Result):
            self._view.show(event)


@dataclass(slots=True)
class Screen:
    """The views of one run. A reader that goes away ends its view, never the run."""

    terminal: Terminal
    card: Card
    views: list[View]
    result: Result | None = None
    _gone: set[int] = field(default_factory=set[int])

    def show(self, event: Event) -> None:
        if isinstance(event, Result):
            self.result = event
        for view in self.views:
            if id(view) in self._gone:
                continue
            try:
                view.show(event)
            except BrokenPipeError:
                self._gone.add(id(view))
                _silence(view)

    def show_all(self, events: Iterator[Event]) -> Result | None:
        for event in events:
            self.show(event)
        return self.result


def _silence(view: View) -> None:
    """Point the closed stream at nothing, so that the interpreter's own flush at exit does not fail."""
    stream = sys.stderr if isinstance(view, Terminal | Card) else sys.stdout
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def screen(options: Options) -> Screen:
    environ = config.environment()
    color = options.color == "always" or (
        options.color == "auto"
        and (bool(environ.get("FORCE_COLOR")) or (sys.stderr.isatty() and environ.get("TERM") != "dumb"))
        and not environ.get("NO_COLOR")
    )
    terminal = Terminal(sys.stderr, color=color, quiet=options.quiet, verbose=options.verbose)
    product: dict[str, Callable[[TextIO], View]] = {"text": Answer, "json": LastObject, "stream-json": StreamJson}
    card = Card(terminal.line)
    return Screen(terminal, card, [card, terminal, product[options.format](sys.stdout)])


@contextmanager
def signals(solver: Solver, terminal: Terminal) -> Generator[None]:
    """SIGINT, SIGTERM and SIGHUP end the round, its patch and result still come; a third Ctrl-C quits at once."""
    presses = 0

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal presses
        presses += 1
        if presses >= PRESSES_TO_QUIT:
            raise KeyboardInterrupt
        solver.cancel("interrupt")

    def terminate(number: int, frame: FrameType | None) -> None:
        solver.cancel("terminate" if number == signal.SIGTERM else "hangup")

    began = time.monotonic()

    def still(number: int, frame: FrameType | None) -> None:
        terminal.line(f"… {time.monotonic() - began:.0f} s, waiting for {terminal.waiting_for}", "dim")

    handlers: dict[int, Any] = {
        signal.SIGINT: interrupt,
        signal.SIGTERM: terminate,
        signal.SIGHUP: terminate,
        signal.SIGALRM: still,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    signal.setitimer(signal.ITIMER_REAL, HEARTBEAT_SECONDS, HEARTBEAT_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def write_files(options: Options, solver: Solver, result: Result | None) -> None:
    """What `--patch-out` and `--output-last-message` ask for, each whole or not at all."""
    if options.patch_out:
        write_atomically(options.patch_out, solver.patch())
    if options.output_last_message and result:
        write_atomically(options.output_last_message, result.result.encode())


def write_atomically(path: Path, data: bytes) -> None:
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        scratch.write_bytes(data)
        scratch.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}", "the change is in the tree") from None


def with_verify(settings: Settings, cwd: Path) -> Settings:
    """The verify command that the user's file has for this project, unless a flag gave one."""
    from livecoder.workspace.workspace import locate, project_id

    if settings.verify:
        return settings
    known = config.project(config.read_file(settings.paths.config_file), project_id(locate(cwd)[0]))
    return dataclasses.replace(settings, verify=str(known.get("verify", "")))
