"""`livecoder` alone: a plain conversation of several rounds, in append-only lines."""

from __future__ import annotations

import shutil
import sys
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livecoder import config
from livecoder import task as tasks
from livecoder.cli.approval import Approval
from livecoder.cli.options import Options
from livecoder.cli.publishing import check_branch, offer_branch
from livecoder.cli.running import Screen, check_files, screen, with_project, write_files
from livecoder.cli.signals import Signalled, Signals
from livecoder.config import Settings
from livecoder.errors import LivecoderError
from livecoder.events import UserSaid
from livecoder.model import User

if TYPE_CHECKING:
    from livecoder.publish import Publisher
    from livecoder.solve import Solver

UNDONE = "The user took back what the last round changed: the files are as they were before it."
AT_ONCE = 3
"""Sessions that are looked back on when the user wants to leave; each is a request to the model."""
HELP = "/undo the last round · /reflect now · Ctrl-C stops a round · Ctrl-D ends"


def chat(first: str | None, options: Options) -> int:
    """Rounds until the user leaves; returns the exit code of the last one."""
    options.check()
    shown = screen(options)
    with Signals(None if options.quiet else lambda: shown.terminal.waiting_for) as signals:
        settings = with_project(options.settings(headless=False), options.cwd)
        check_files(options)
        check_branch(options)
        settings = offer_verify(settings, options, shown)
        from livecoder.opening import opened
        from livecoder.publish import Publisher
        from livecoder.setup import prepare
        from livecoder.solve import Solver

        prepare(settings, options.cwd, lambda line: shown.say(line, "dim"))
        with opened(settings, options.cwd) as session, Solver(session) as solver:
            shown.masked_by(session.journal.masked)
            session.gatekeeper.ask = Approval(shown, lambda: solver.signal_code != 0)
            shown.say(HELP, "dim")
            return _Conversation(options, shown, signals, solver, Publisher.begin(session)).hold(first)


@dataclass(slots=True)
class _Conversation:
    options: Options
    shown: Screen
    signals: Signals
    solver: Solver
    publisher: Publisher | None
    """None where no branch is wanted, or it is made."""
    code: int = 0

    def hold(self, first: str | None) -> int:
        """Line by line until the end of input or /quit. What fails is said, and the conversation goes on."""
        text = first or _ask("> ")
        while text is not None and text.split() not in (["/quit"], ["/exit"]):
            try:
                self._take(text)
            except LivecoderError as error:
                self.shown.say(f"livecoder: {error.line()}", "red")
            text = _ask("> ")
        try:
            self._reflect()
        except LivecoderError as error:
            self.shown.say(f"looking back failed: {error.line()}", "yellow")
        return self.code

    def _take(self, text: str) -> None:
        match text.split():
            case []:
                pass
            case ["/undo"]:
                self._undo()
            case ["/reflect"]:
                if not self._reflect():
                    self.shown.say("nothing waits for reflection", "dim")
            case [word, *rest] if word.startswith("/") and not rest and "/" not in word[1:]:
                self.shown.say(HELP, "dim")
            case _:
                self._round(text)

    def _round(self, text: str) -> None:
        task = tasks.from_text(text, "the terminal")
        with self.signals.told(self.solver):
            result = self.shown.show_all(self.solver.round(task, reflect_now=False))
            self.code = result.exit_code if result else 70
            write_files(self.options, self.solver, result)
        if self.publisher and not self.code:
            self._offer(self.publisher, text)

    def _offer(self, publisher: Publisher, text: str) -> None:
        try:
            if offer_branch(publisher, self.solver, text, self.shown, _agreed):
                self.publisher = None
        except Signalled as signalled:
            if signalled.cause != "interrupt":
                raise
            name = self.solver.opened.settings.branch
            self.shown.say(f"\ninterrupted: `git branch --list {name}` shows whether the branch was made")

    def _undo(self) -> None:
        """Files that went back are news to the model: it is told before the next round."""
        from livecoder.cli.undo import undo_in

        opened = self.solver.opened
        before = opened.workspace.shadow.fingerprint()
        try:
            undo_in(opened.workspace, 1, yes=False)
        except Signalled as signalled:
            if signalled.cause != "interrupt":
                raise
            self.shown.say("\nundo was interrupted")
        if opened.state.round and opened.workspace.shadow.fingerprint() != before:
            opened.journal.append(UserSaid(UNDONE, "undo"))
            opened.state.messages.append(User(UNDONE))

    def _reflect(self) -> bool:
        waiting = self.solver.learning.pending()
        if waiting:
            self.shown.say("looking back (Ctrl-C skips) …", "dim")
            with self.signals.told(self.solver):
                self.shown.show_all(self.solver.reflect(waiting[:AT_ONCE]))
            if len(waiting) > AT_ONCE:
                later = f"older sessions that wait: {len(waiting) - AT_ONCE} (`livecoder reflect` looks back on all)"
                self.shown.say(later, "dim")
            self.shown.card.write("done")
        return bool(waiting)


def _ask(prompt: str) -> str | None:
    """The next line; None at the end of input. Ctrl-C on an empty line says how to leave."""
    while True:
        try:
            return _line(prompt)
        except EOFError:
            print(file=sys.stderr)
            return None
        except Signalled as signalled:
            if signalled.cause != "interrupt":
                raise
            print("\n(Ctrl-D or /quit ends)", file=sys.stderr)


def _agreed(question: str) -> bool | None:
    """Yes or no; None at the end of input. Whoever types a task already is asked again: it was no answer to this."""
    while (answer := _ask(question)) is not None:
        word = answer.strip().lower()
        if word in ("y", "yes"):
            return True
        if word in ("", "n", "no"):
            return False
        print("(y or n; the task comes next)", file=sys.stderr)
    return None


def _line(prompt: str) -> str:
    """A line with editing and history where stdout is the terminal; else stdout is left to the answers."""
    if sys.stdout.isatty():
        import readline  # with it, `input` has editing and history

        readline.set_auto_history(True)
        return input(prompt)
    print(prompt, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\n")


def offer_verify(settings: Settings, options: Options, shown: Screen) -> Settings:
    """A test command that was found and is not set is offered once; the answer is kept in the user's own file."""
    import dataclasses

    from livecoder.opening import look
    from livecoder.workspace.workspace import locate, project_id

    root = locate(options.cwd)[0]
    project = project_id(root)
    known = config.project(config.read_file(settings.paths.config_file), project)
    if settings.verify or known.get("verify_offered"):
        return settings
    command = look(settings, root).test_command
    if not command:
        return settings
    for part in textwrap.wrap(f"tests here: {command}", shutil.get_terminal_size().columns, break_on_hyphens=False):
        shown.say(part)  # whole, however long: it is what the user agrees to
    agreed = _agreed("Run that as this project's verify after each task? [y/N] ")
    if agreed is None:
        return settings
    values: dict[str, str | bool] = {"verify_offered": True}
    if agreed:
        values["verify"] = command
    try:
        config.remember(settings.paths.config_file, project, values)
    except LivecoderError as error:
        shown.say(f"! not remembered: {error.line()}", "yellow")
    return dataclasses.replace(settings, verify=str(values.get("verify", "")))
