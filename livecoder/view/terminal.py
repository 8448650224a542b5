"""Append-only lines on stderr: each turn's thought, command, exit code and a bounded view of its output."""

from __future__ import annotations

import os
import re
import shutil
import textwrap
from collections.abc import Callable
from typing import TextIO

from livecoder import events as e
from livecoder.view.branches import commit_lines
from livecoder.view.cells import cells, clip, one_line
from livecoder.view.figures import count
from livecoder.view.notes import compacted, tests

CONTROL = re.compile(
    "\x1b(?:\\[[0-?]*[ -/]*[@-~]|[\\]PX^_].*?(?:\x07|\x1b\\\\|$)|.)?"
    "|[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]",
    re.M,
)
"""What is unterminated ends with its line: it must not hide the lines behind it."""
HEAD, TAIL = 4, 6
"""Lines of an output that are shown; the model reads more, the journal has all."""
TESTS = 10
"""Tests of one kind that are named."""
SAID = (
    e.ModelReplied,
    e.Result,
    e.Warned,
    e.LimitWarned,
    e.Retried,
    e.Compacted,
    e.ToolBroken,
    e.HookFailed,
    e.Reflected,
)
STYLES = {"dim": "2", "bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def printable(text: str) -> str:
    """`text` without anything that a terminal would obey; tabs and line ends stay."""
    return CONTROL.sub("", text)


class Terminal:
    """Writes events as lines. `color` adds styles; `quiet` leaves warnings and the ending only."""

    def __init__(self, out: TextIO, *, color: bool = False, quiet: bool = False, verbose: bool = False) -> None:
        self._out = out
        self._color = color
        self._quiet = quiet
        self._verbose = verbose
        self._recorded = False
        self.mask: Callable[[str], str] = str
        """Takes secrets out of a line once nothing that a terminal obeys can part them any more."""
        self.waiting_for = "the session to open"

    def show(self, event: e.Event) -> None:
        match event:
            case e.SessionStarted():
                self._recorded = event.recorded
            case e.CommandStarted():
                self.waiting_for = f"step {event.step}: {one_line(event.command, 50)}"
            case e.CommandFinished() | e.RoundStarted() | e.Observed():
                self.waiting_for = "the model"
            case e.RoundEnded():
                self.waiting_for = "verify and what was learnt"
            case _:
                pass
        rows = _result(event, self._recorded) if isinstance(event, e.Result) else _lines(event, self._verbose)
        for style, line in rows:
            if not self._quiet or style in ("red", "yellow"):
                for part in self._fitted(event, line):
                    self.line(part, style)

    def _fitted(self, event: e.Event, line: str) -> list[str]:
        """What is said is wrapped at words and read to its end; what commands print is clipped."""
        if not isinstance(event, SAID) or not self._out.isatty():
            return [line]
        clean = printable(line).expandtabs()
        columns = _columns(self._out) // max(map(cells, clean), default=1)
        return textwrap.wrap(clean, max(columns, 20), break_on_hyphens=False) or [""]

    def line(self, text: str, style: str = "") -> None:
        """One line, clipped to the terminal's width where a terminal is."""
        for part in self.mask(printable(text)).split("\n"):
            if self._out.isatty():
                part = clip(part.expandtabs(), _columns(self._out))
            if self._color and style:
                part = f"\x1b[{STYLES[style]}m{part}\x1b[0m"
            self._out.write(part + "\n")
        self._out.flush()


def _lines(event: e.Event, verbose: bool) -> list[tuple[str, str]]:
    """Styled lines of an event; what has no reader here (usage, checkpoints) has none unless `verbose`."""
    match event:
        case e.SessionStarted():
            return _session(event)
        case e.RoundStarted():
            return [("bold", f"▸ {one_line(event.task, 200)}")]
        case e.ModelReplied():
            return _reply(event)
        case e.CommandStarted():
            return _started(event)
        case e.CommandFinished():
            return _finished(event)
        case e.BaseRan() | e.FailuresHidden():
            return [_tested(event)]
        case e.GroundMeasured() | e.JobStarted() | e.JobEnded():
            return _beside(event)
        case e.ServiceStarted() | e.ServiceEnded() | e.NetworkAsked():
            return _beside(event)
        case e.Retried():
            return [("yellow", f"retry {event.attempt} in {event.wait_seconds:.1f} s: {event.reason}")]
        case e.Compacted():
            return [("yellow", f"! made room: {compacted(event)}")]
        case e.ToolCreated():
            return [("green", f"  + tool {event.name}: {event.summary}")]
        case e.ToolRevised():
            return [("green", f"  ~ tool {event.name}: {event.summary}")]
        case e.ToolBroken():
            return [("yellow", f"  ! tool {event.name}: {event.reason}")]
        case e.Nudged():
            return [("cyan" if event.pattern == "lesson" else "dim", f"  > {one_line(event.text, 200)}")]
        case e.ScaffoldEdited():
            return [("dim", f"  ~ its own {event.path}{' (removed)' if event.removed else ''}")]
        case e.HookSaid() | e.HookFailed():
            return [_hook(event)]
        case e.LimitWarned() | e.Warned():
            return [("yellow", f"! {event.text}")]
        case e.PermissionDenied():
            return [("yellow", f"! denied: {event.what}")]
        case e.PermissionGranted():
            return [("dim", f"  allowed ({event.scope}): {one_line(event.what, 80)}")]
        case e.Verified():
            return _verified(event)
        case e.BranchMade():
            return _branch(event)
        case e.Reflected():
            return _reflected(event)
        case _:
            return [("dim", f"  · {e.kind(event)}")] if verbose and not isinstance(event, e.TextArrived) else []


def _session(event: e.SessionStarted) -> list[tuple[str, str]]:
    scaffold = (
        "bash alone" if event.scaffold == "none" else f"scaffold {event.scaffold}, {count(len(event.tools), 'tool')}"
    )
    first = f"livecoder · {event.model} · {event.sandbox} · {scaffold} · {event.context_tokens:,} tokens to start"
    rows = [("bold", first)]
    if event.sandbox == "none":
        rows.append(("yellow", "! no sandbox: commands run with your rights"))
    if event.network:
        rows.append(("yellow", f"! network: commands reach {_reached(event.network)}"))
    return [*rows, *(("dim", f"  read {name}") for name in event.loaded)]


def _reached(hosts: tuple[str, ...]) -> str:
    return "every public host" if "*" in hosts else ", ".join(hosts)


def _beside(
    event: e.GroundMeasured | e.JobStarted | e.JobEnded | e.ServiceStarted | e.ServiceEnded | e.NetworkAsked,
) -> list[tuple[str, str]]:
    """What goes on beside the commands, and what is asked of the network."""
    match event:
        case e.GroundMeasured():
            code = f"exit {event.exit_code}: " if event.exit_code else ""
            said = "not ended, and stopped" if event.exit_code is None else code + one_line(event.said, 80)
            found = f"    tests as they were found: {said} ({event.seconds:.0f} s)"
            return [("yellow" if code else "dim", found)]
        case e.JobStarted():
            return [("dim", f"    job {event.name}: {one_line(event.command, 60)}")]
        case e.JobEnded():
            return [("dim", f"    job {event.name}: exit {event.exit_code} · {event.seconds:.1f} s")]
        case e.ServiceStarted():
            ports = f"port {', '.join(map(str, event.ports))}" if event.ports else "on no port yet"
            return [("dim", f"    service {event.name} ({ports}): {one_line(event.command, 60)}")]
        case e.ServiceEnded() if event.stopped:
            return [("dim", f"    service {event.name}: stopped · {event.seconds:.1f} s")]
        case e.ServiceEnded():
            return [("yellow", f"! service {event.name} ended: exit {event.exit_code} · {event.seconds:.1f} s")]
        case e.NetworkAsked():
            times = f" ({event.count} times)" if event.count > 1 else ""
            if not event.allowed:
                return [("yellow", f"! network: {event.host} refused{times}: {event.why}")]
            return [("dim", f"    network: {event.host}{times}{': ' + event.why if event.why else ''}")]


def _hook(event: e.HookSaid | e.HookFailed) -> tuple[str, str]:
    if isinstance(event, e.HookSaid):
        return "cyan", f"  > hook {event.hook}: {one_line(event.text, 200)}"
    return "yellow", f"  ! hook {event.hook}: {event.reason}{' (off from here on)' if event.off else ''}"


def _reply(event: e.ModelReplied) -> list[tuple[str, str]]:
    if event.purpose != "turn" or not event.text.strip():
        return []
    return [("", line) for line in ["", *event.text.strip().splitlines()]]


def _started(event: e.CommandStarted) -> list[tuple[str, str]]:
    lines = event.command.strip().splitlines() or [""]
    shown = lines if len(lines) <= 12 else [*lines[:8], f"… {len(lines) - 11} more lines", *lines[-3:]]
    return [("cyan", f"{event.step:>3} $ {shown[0]}"), *(("cyan", f"      {line}") for line in shown[1:])]


def _finished(event: e.CommandFinished) -> list[tuple[str, str]]:
    lines = event.output.rstrip("\n").splitlines()
    if len(lines) > HEAD + TAIL + 1:
        lines = [*lines[:HEAD], f"… {len(lines) - HEAD - TAIL} lines", *lines[-TAIL:]]
    rows = [("dim", f"    │ {line}") for line in lines]
    note = f" · {event.note}" if event.note else ""
    return [
        *rows,
        ("dim" if event.exit_code == 0 else "yellow", f"    └ exit {event.exit_code} · {event.seconds:.1f} s{note}"),
    ]


def _tested(event: e.BaseRan | e.FailuresHidden) -> tuple[str, str]:
    if isinstance(event, e.FailuresHidden):
        return "yellow", f"    ! tests failed, which exit 0 hides: {tests(event.tests)}"
    counted = f" · {tests(event.tests)}" if event.tests else ""
    return "dim", f"    base: {one_line(event.command, 60)} -> exit {event.exit_code}{counted}"


def _verified(event: e.Verified) -> list[tuple[str, str]]:
    where = "on a clean copy" if event.where == "copy" else f"in place ({event.why_in_place})"
    base = f" (before: exit {event.base_exit_code})" if event.base_exit_code is not None else ""
    word, style = ("passed", "green") if event.exit_code == 0 else (f"failed, exit {event.exit_code}", "red")
    rows = [(style, f"verify {word} {where}: {event.command}{base}")]
    rows += _changed_tests(event.changed) if event.changed else []
    rows += [("yellow", f"! {line}") for line in (*event.weakened, event.unseen) if line]
    if event.exit_code:
        rows += [("dim", f"    │ {line}") for line in event.output.rstrip().splitlines()[-TAIL:]]
    return rows


def _branch(event: e.BranchMade) -> list[tuple[str, str]]:
    head = f"branch {event.name}: {count(len(event.commits), 'commit')}"
    return [("green", head), *(("", f"  {line}") for line in commit_lines(event))]


def _changed_tests(changed: e.ChangedTests) -> list[tuple[str, str]]:
    """How many of each, then test by test what the change repaired and what it broke."""
    newly = changed.broken.count + changed.new_failing.count
    parts = [f"{changed.fixed.count} fixed", f"{newly} newly failing"]
    parts += [f"{changed.still_failing.count} failed before as well"] if changed.still_failing.count else []
    parts += [f"{changed.unclear.count} failing, not known before"] if changed.unclear.count else []
    parts += [f"{changed.gone.count} no longer run"] if changed.gone.count else []
    return [
        ("", f"  {' · '.join(parts)}"),
        *_named("green", "  + ", changed.fixed),
        *_named("yellow", "! newly failing: ", changed.broken),
        *_named("yellow", "! new and failing: ", changed.new_failing),
    ]


def _named(style: str, mark: str, names: e.Names) -> list[tuple[str, str]]:
    shown = names.first[:TESTS]
    more = [f"and {names.count - len(shown)} more"] if names.count > len(shown) else []
    return [(style, f"{mark}{name}") for name in (*shown, *more)]


def _reflected(event: e.Reflected) -> list[tuple[str, str]]:
    if event.state == "done":
        why = f"; {event.why}" if event.why else ""
        return [("dim", f"reflection: {count(event.proposals, 'proposal')}, {event.accepted} accepted{why}")]
    return (
        [] if event.state == "off" else [("dim", f"reflection: {event.state}{': ' + event.why if event.why else ''}")]
    )


def _result(event: e.Result, recorded: bool) -> list[tuple[str, str]]:
    """The last line. A recorded model's tokens and cost are not shown: they would be nobody's."""
    patch = f"{count(event.patch.files, 'file')} +{event.patch.added} -{event.patch.removed}"
    ending = event.outcome if not event.is_error else f"{event.subtype}: {event.reason}"
    parts = [ending, patch, *([f"branch {event.branch.name}"] if event.branch else []), count(event.num_turns, "turn")]
    if not recorded:
        tokens = event.usage.input_tokens + event.usage.output_tokens
        parts += [f"{tokens:,} tokens", f"${event.total_cost_usd:.4f}" if event.cost_known else "price unknown"]
    parts.append(f"{event.duration_ms / 1000:.0f} s")
    return [("", ""), ("red" if event.is_error else "green", " · ".join(parts))]


def _columns(out: TextIO) -> int:
    """Of the terminal that is written to: stdout may be a file while stderr is a terminal."""
    return os.get_terminal_size(out.fileno()).columns or shutil.get_terminal_size().columns
