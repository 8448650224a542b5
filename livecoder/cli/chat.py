"""`livecoder` alone: a plain conversation of several rounds, in append-only lines."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from livecoder import config
from livecoder import task as tasks
from livecoder.cli.options import Options
from livecoder.cli.running import Screen, screen, signals, with_verify, write_files
from livecoder.config import Settings
from livecoder.errors import UsageError

if TYPE_CHECKING:
    from livecoder.solve import Solver

HELP = "/undo takes the last round back · /reflect looks back now · /quit, Ctrl-D ends · Ctrl-C interrupts a round"


def chat(first: str | None, options: Options) -> int:
    """Rounds until the user leaves; returns the exit code of the last one."""
    settings = offer_verify(with_verify(options.settings(headless=False), options.cwd), options)
    from livecoder.opening import opened
    from livecoder.solve import Solver

    shown, code = screen(options), 0
    with opened(settings, options.cwd) as session:
        solver = Solver(session)
        shown.terminal.line(HELP, "dim")
        text = first or _ask()
        while text is not None:
            if text.startswith("/"):
                if not _obey(text, solver, shown):
                    break
            elif text.strip():
                with signals(solver, shown.terminal):
                    result = shown.show_all(solver.round(tasks.from_text(text, "terminal"), reflect_now=False))
                    write_files(options, solver, result)
                code = result.exit_code if result else 70
            text = _ask()
        _reflect_pending(solver, shown)
    return code


def _ask() -> str | None:
    """The next line; None at the end of input. Ctrl-C on an empty line says how to leave."""
    while True:
        try:
            return input("> ")
        except EOFError:
            return None
        except KeyboardInterrupt:
            print("\n(Ctrl-D or /quit ends)", file=sys.stderr)


def _obey(text: str, solver: Solver, shown: Screen) -> bool:
    """A slash command; False ends the conversation."""
    match text.split():
        case ["/quit"] | ["/exit"]:
            return False
        case ["/undo"]:
            from livecoder.cli.undo import undo_in

            undo_in(solver.opened.workspace, 1, yes=False)
        case ["/reflect"]:
            _reflect_pending(solver, shown)
        case _:
            shown.terminal.line(HELP, "dim")
    return True


def _reflect_pending(solver: Solver, shown: Screen) -> None:
    if solver.learning.pending():
        shown.terminal.line("looking back (Ctrl-C skips) …", "dim")
        with signals(solver, shown.terminal):
            shown.show_all(solver.reflect(solver.learning.pending()))
        shown.card.write("done")


def offer_verify(settings: Settings, options: Options) -> Settings:
    """A test command that was found and is not set is offered once; the answer is kept in the user's own file."""
    import dataclasses

    from livecoder.ground import find_test_command
    from livecoder.workspace.workspace import locate, project_id

    root = locate(options.cwd)[0]
    project = project_id(root)
    known = config.project(config.read_file(settings.paths.config_file), project)
    command = find_test_command(root)
    if settings.verify or known.get("verify_offered") or not command:
        return settings
    try:
        answer = input(f"Run `{command}` as this project's verify after each task? [y/N] ")
    except EOFError:
        raise UsageError("the input ended", "start again") from None
    values: dict[str, str | bool] = {"verify_offered": True}
    if answer.strip().lower() in ("y", "yes"):
        values["verify"] = command
    config.remember(settings.paths.config_file, project, values)
    return dataclasses.replace(settings, verify=str(values.get("verify", "")))
