"""`livecoder [PROMPT]`, `livecoder -p`, `livecoder exec` and `livecoder fix`: from words and pipes to a task."""

from __future__ import annotations

import select
import sys
from pathlib import Path
from typing import Annotated

import typer

from livecoder import task as tasks
from livecoder.cli.options import Options, with_options
from livecoder.errors import LivecoderError, UsageError
from livecoder.task import Task

FIRST_BYTE_SECONDS = 3.0
PromptArgument = Annotated[str | None, typer.Argument(metavar="PROMPT", help="The task; `-` reads stdin.")]
SourceArgument = Annotated[str, typer.Argument(metavar="FILE|-", help="The issue's text.", show_default=False)]


@with_options
def run(
    prompt: PromptArgument = None,
    print_: Annotated[bool, typer.Option("-p", "--print", help="One task, without a person at hand.")] = False,
    *,
    options: Options,
) -> int:
    """A conversation in this repository, or with -p one task."""
    if not print_ and sys.stdin.isatty():
        from livecoder.cli.chat import chat

        return chat(prompt, options)
    return headless(_task(prompt), options)


@with_options
def execute(prompt: PromptArgument = None, *, options: Options) -> int:
    """One task, without a person at hand: `livecoder -p`."""
    return headless(_task(prompt), options)


@with_options
def fix(source: SourceArgument, *, options: Options) -> int:
    """Solve one issue; the change stays in the tree."""
    if source == "-":
        return headless(_piped(), options, must_change=True)
    if source.startswith(("http://", "https://", "#")) and not Path(source).exists():
        raise UsageError(
            f"{source}: issues are read from files and stdin so far", "save the issue's text and give the file"
        )
    return headless(tasks.from_file(Path(source)), options, must_change=True)


def _task(prompt: str | None) -> Task:
    """The prompt, stdin, or both: then the prompt comes first and the data in its own block."""
    if prompt == "-" or prompt is None:
        return _piped()
    task = tasks.from_text(prompt)
    data = _waiting_data()
    return tasks.with_stdin(task, tasks.from_bytes(data, "stdin")) if data.strip() else task


def _piped() -> Task:
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("there is no prompt", "give it as an argument or on stdin")
    return tasks.from_bytes(_read(), "stdin")


def _waiting_data() -> bytes:
    """What a pipe holds beside a prompt; an open, silent one is waited for 3 s."""
    if sys.stdin is None or sys.stdin.isatty():
        return b""
    try:
        ready, _, _ = select.select([sys.stdin.buffer], [], [], FIRST_BYTE_SECONDS)
    except (OSError, ValueError):  # stdin is closed, or of a kind that cannot be waited for
        return b""
    if not ready:
        print(f"livecoder: stdin stays silent after {FIRST_BYTE_SECONDS:.0f} s: going on without it", file=sys.stderr)
        return b""
    return _read()


def _read() -> bytes:
    """As much as a task may have and one byte more, which tells that there was more."""
    try:
        return sys.stdin.buffer.read(tasks.MAX_BYTES + 1)
    except OSError:
        return b""


def headless(task: Task, options: Options, *, must_change: bool = False) -> int:
    """One round; returns the exit code of its result."""
    from livecoder.cli.publishing import check_branch
    from livecoder.cli.running import check_files, screen, with_project, write_files
    from livecoder.cli.signals import Signals

    options.check()
    shown = screen(options)
    with Signals(None if options.quiet else lambda: shown.terminal.waiting_for) as signals:
        settings = with_project(options.settings(headless=True), options.cwd)
        check_files(options)
        check_branch(options)
        if task.notice:
            shown.say(f"! {task.notice}", "yellow")
        from livecoder.opening import opened
        from livecoder.publish import Publisher
        from livecoder.setup import prepare
        from livecoder.solve import Solver

        prepare(settings, options.cwd, lambda line: shown.say(line, "dim"))
        with (
            opened(settings, options.cwd) as session,
            Solver(session, must_change=must_change, publisher=Publisher.begin(session)) as solver,
        ):
            signals.tell(solver)
            shown.masked_by(session.journal.masked)
            found = session.ground.test_command
            if found and not settings.verify and sys.stderr.isatty():
                shown.say(f"tests here, probably: {found} (--verify '{found}' has them run at the end)", "dim")
            reflect_now = sys.stderr.isatty() and sys.stdout.isatty()
            result = shown.show_all(solver.round(task, reflect_now=reflect_now))
            if result is None:
                raise LivecoderError("the round ended without a result", "please report it")
            try:
                write_files(options, solver, result)
            except LivecoderError as error:
                shown.say(f"livecoder: {error.line()}", "red")
                return result.exit_code or error.exit_code
    if shown.lost:
        shown.say(f"livecoder: {shown.lost}", "red")
        return result.exit_code or 3
    return result.exit_code
