"""What one session shows and leaves on the command line: events to the views, secrets masked; files at the end."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from livecoder import config
from livecoder.cli.options import Options
from livecoder.config import Settings
from livecoder.errors import ConfigError, UsageError
from livecoder.events import Event, Result, RoundEnded, from_json, to_json
from livecoder.journal.masking import with_masked_values
from livecoder.view.card import Card
from livecoder.view.envelope import StreamJson
from livecoder.view.terminal import Terminal

if TYPE_CHECKING:
    from livecoder.solve import Solver


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
    """The views of one run. A reader that goes away ends its view, never the run. Secrets are masked on the way."""

    terminal: Terminal
    card: Card
    views: list[View]
    mask: Callable[[str], str] = str
    """See `masked_by`."""
    result: Result | None = None
    lost: str = ""
    """Why stdout could not be written, when it was not its reader who went away."""
    _gone: set[int] = field(default_factory=set[int])

    def masked_by(self, mask: Callable[[str], str]) -> None:
        """From now on secrets are taken out of everything that is shown."""
        self.mask = self.terminal.mask = mask

    def show(self, event: Event) -> None:
        event = masked(event, self.mask)
        if isinstance(event, Result):
            self.result = event
        for view in self.views:
            if id(view) in self._gone:
                continue
            try:
                view.show(event)
            except OSError as error:
                self._lose(view, error)

    def show_all(self, events: Iterator[Event]) -> Result | None:
        for event in events:
            self.show(event)
        return self.result

    def say(self, line: str, style: str = "") -> None:
        """One line of our own on stderr."""
        if id(self.terminal) not in self._gone:
            try:
                self.terminal.line(self.mask(line), style)
            except OSError as error:
                self._lose(self.terminal, error)

    def _lose(self, view: View, error: OSError) -> None:
        on_stderr = view is self.terminal or view is self.card
        self._gone |= {id(self.terminal), id(self.card)} if on_stderr else {id(view)}
        if not on_stderr and not isinstance(error, BrokenPipeError):
            self.lost = f"stdout cannot be written: {error.strerror}"
        silence(sys.stderr if on_stderr else sys.stdout)


def masked(event: Event, mask: Callable[[str], str]) -> Event:
    values = to_json(event)
    clean = with_masked_values(values, mask)
    return event if clean == values else from_json(clean)


def silence(stream: TextIO) -> None:
    """Point a stream that nobody can read at nothing, so that the flush at exit does not fail as well."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, stream.fileno())
    os.close(nothing)


def color_wanted(choice: str, out: TextIO) -> bool:
    """NO_COLOR, FORCE_COLOR and TERM=dumb are honoured where the choice is left to us."""
    environ = config.environment()
    if choice != "auto":
        return choice == "always"
    shows = out.isatty() and environ.get("TERM") != "dumb"
    return (bool(environ.get("FORCE_COLOR")) or shows) and not environ.get("NO_COLOR")


def screen(options: Options) -> Screen:
    color = color_wanted(options.color, sys.stderr)
    terminal = Terminal(sys.stderr, color=color, quiet=options.quiet, verbose=options.verbose)
    product: dict[str, Callable[[TextIO], View]] = {"text": Answer, "json": LastObject, "stream-json": StreamJson}
    card = Card(terminal.line)
    views: list[View] = [card, terminal]
    # On one terminal the answer has been read already, as the model's last words.
    if options.format != "text" or options.quiet or not (sys.stdout.isatty() and sys.stderr.isatty()):
        views.append(product[options.format](sys.stdout))
    return Screen(terminal, card, views)


def write_files(options: Options, solver: Solver, result: Result | None) -> None:
    """What `--patch-out` and `--output-last-message` ask for, each whole or not at all."""
    if options.patch_out:
        write_atomically(options.patch_out, solver.patch())
    if options.output_last_message and result:
        write_atomically(options.output_last_message, result.result.encode("utf-8", "replace"))


def check_files(options: Options) -> None:
    """Raises UsageError for a file that could not be written at the end: better said before the work than after it."""
    for flag, path in (("--patch-out", options.patch_out), ("--output-last-message", options.output_last_message)):
        check_file(flag, path)


def check_file(flag: str, path: Path | None) -> None:
    """Raises UsageError for a file that cannot be written."""
    if path is None:
        return
    place = path.absolute().parent if _is_plain(path) else path
    if path.is_dir() or not os.access(place, os.W_OK):
        raise UsageError(f"{flag} {path} cannot be written", "give a file in a directory that exists")


def write_atomically(path: Path, data: bytes, remedy: str = "the change is in the tree") -> None:
    """The whole file or the one that was there before, with its permissions.

    A link, a pipe or a device is written to as it is: what has its place must not be a file afterwards. Raises
    ConfigError, for a pipe that nobody reads at once.
    """
    try:
        if _is_plain(path):
            _replace(path, data)
        else:
            descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "wb") as file:
                os.set_blocking(descriptor, True)
                file.write(data)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}", remedy) from None


def _is_plain(path: Path) -> bool:
    """Whether it is a regular file under its own name, or may become one."""
    return not os.path.lexists(path) or (path.is_file() and not path.is_symlink())


def _replace(path: Path, data: bytes) -> None:
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        scratch.write_bytes(data)
        if path.exists():
            shutil.copymode(path, scratch)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def with_project(settings: Settings, cwd: Path) -> Settings:
    """The commands that the user's file has for this project, verify and setup, unless a flag gave one."""
    from livecoder.workspace.workspace import locate, project_id

    known = config.project(config.read_file(settings.paths.config_file), project_id(locate(cwd)[0]))
    verify, setup = (str(known.get(name, "")) for name in ("verify", "setup"))
    return dataclasses.replace(settings, verify=settings.verify or verify, setup=settings.setup or setup)
