"""The commands and how words become one of them: the first word wins if it is a command, else it is a prompt."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import cast

import typer

from livecoder.cli import demo, doctor, permissions, prompt, reflect, scaffold, sessions, undo
from livecoder.cli.signals import Signalled
from livecoder.errors import LivecoderError

COMMANDS = ("exec", "fix", "undo", "redo", "reflect", "scaffold", "sessions", "permissions", "demo", "doctor")
HELP_FLAGS = ("-h", "--help")
HELP = """A terminal coding agent that writes its own tools, proves them, and
shows what it learnt.

\b
  livecoder                  a conversation in this repository
  livecoder -p "fix X"       one task, then it ends; --verify CMD checks it
  livecoder fix issue.md     solves an issue; `-` reads it from stdin
  livecoder scaffold log     what it learnt here
  livecoder sessions         what was done here; `sessions export` as a page
  livecoder undo             takes back what it did to your files
  livecoder permissions      which commands are allowed, asked about, denied
"""
EPILOG = "The options of a task (model, verify, limits, output): livecoder exec --help"
USAGE_FAULT = cast(type[Exception], typer.BadParameter.__bases__[0])
"""What every wrong command line raises; typer does not export it."""

GROUPS = {"scaffold": scaffold.app, "sessions": sessions.app, "permissions": permissions.app}


def _app(word: str) -> typer.Typer:
    """The command line whose first word this is: of other groups only the name, since their parameters cost time."""
    app = typer.Typer(
        help=HELP,
        epilog=EPILOG,
        add_completion=False,
        no_args_is_help=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        subcommand_metavar="[PROMPT | COMMAND …]",
        context_settings={"help_option_names": list(HELP_FLAGS)},
    )
    app.command("run", hidden=True)(prompt.run)
    app.command("exec")(prompt.execute)
    app.command("fix")(prompt.fix)
    app.command("undo")(undo.undo)
    app.command("redo")(undo.redo)
    app.command("reflect")(reflect.reflect)
    app.command("demo", short_help="See it at work on a bundled repository.")(demo.demo)
    app.command("doctor")(doctor.doctor)
    for name, group in GROUPS.items():
        app.add_typer(group if name == word else typer.Typer(help=group.info.help), name=name)
    return app


def run(arguments: list[str]) -> int:
    """Run one command line; returns its exit code. Failures are one line on stderr, bugs of ours a report."""
    _open_streams()
    words = _words(_whole(arguments))
    try:
        outcome = _app(words[0])(words, standalone_mode=False, prog_name="livecoder")
    except LivecoderError as error:
        return _fail(error.line(), error.exit_code)
    except USAGE_FAULT as error:
        return _misused(error, words)
    except Signalled as signalled:
        return _fail("ended by a signal", signalled.code)
    except RuntimeError as error:
        if not isinstance(error.__cause__, Signalled):
            raise
        return _fail("ended by a signal", error.__cause__.code)  # it came while a class was made, in an import
    except BrokenPipeError:
        return 0
    except typer.Exit as ended:  # also what typer makes of Ctrl-C
        return ended.exit_code
    except typer.Abort:  # and of the end of input at a question
        return 130
    finally:
        sys.excepthook = report  # typer has put its own there
    return outcome if isinstance(outcome, int) else 0


def _whole(arguments: list[str]) -> list[str]:
    """The one flag that may stand without its value gets it."""
    last = arguments.index("--") if "--" in arguments else len(arguments)
    return [f"{word}=*" if word == "--network" and place < last else word for place, word in enumerate(arguments)]


def _words(arguments: list[str]) -> list[str]:
    """`arguments` with the command that they mean in front."""
    if arguments == ["scaffold"]:
        return ["scaffold", "--help"]
    if arguments in (["sessions"], ["permissions"], ["permissions", "--json"]):
        return [arguments[0], "list", *arguments[1:]]
    if arguments[:1] and arguments[0] in (*COMMANDS, *HELP_FLAGS):
        return arguments
    before = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return ["exec", "--help"] if any(word in HELP_FLAGS for word in before) else ["run", *arguments]


def _misused(error: Exception, words: list[str]) -> int:
    """One line for a wrong command line, with what was probably meant."""
    told = " ".join(str(getattr(error, "format_message", error.__str__)()).split())
    stray = next((word for word in words[1:] if word in COMMANDS), "")
    shown = "exec" if words[0] == "run" else words[0]
    import difflib

    near = difflib.get_close_matches(words[1], COMMANDS, 1) if words[0] == "run" and len(words) > 1 else []
    hint = f"see `livecoder {shown} --help`"
    if "extra arg" in told and (stray or near):
        hint = f"`{stray}` must be the first word" if stray else f"did you mean `livecoder {near[0]}`?"
    return _fail(f"{told.rstrip('.')}: {hint}", 2)


def _fail(line: str, code: int) -> int:
    try:
        print(f"livecoder: {line}", file=sys.stderr)
    except OSError:  # nobody reads any more
        pass
    return code


def _open_streams() -> None:
    """Closed descriptors open on nothing, so that no file of ours gets their number; odd encodings lose nothing."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115 (lasts as long as the process)
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115 (the same)
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115 (the same)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def report(kind: type[BaseException], error: BaseException, trace: object) -> None:
    """A bug of ours: one line that says where the report lies, exit code 70."""
    from livecoder import config
    from livecoder.report import masker, reported

    try:
        folder = config.paths().state / "reports"
    except LivecoderError:
        folder = Path(os.devnull)  # no file can be there: the report goes to the temporary directory
    failure = reported(error, folder, masker(config.secrets()))
    os._exit(_fail(failure.line(), failure.exit_code))
