"""The commands and how words become one of them: the first word wins if it is a command, else it is a prompt."""

from __future__ import annotations

import sys
import traceback
from datetime import datetime

import typer

from livecoder.cli import demo, prompt, reflect, scaffold, undo
from livecoder.errors import LivecoderError

COMMANDS = ("exec", "fix", "undo", "redo", "reflect", "scaffold", "demo")
HELP = """A terminal coding agent that writes its own tools, proves them, and shows what it learnt.

`livecoder` alone is a conversation; `livecoder -p "…"` does one task and ends; `livecoder fix issue.md` solves an
issue. What it learnt: `livecoder scaffold log`. Take back what it did: `livecoder undo`.
"""

app = typer.Typer(
    help=HELP, add_completion=False, no_args_is_help=False, rich_markup_mode=None, pretty_exceptions_enable=False
)
app.command("run", hidden=True)(prompt.run)
app.command("exec", hidden=True)(prompt.execute)
app.command("fix")(prompt.fix)
app.command("undo")(undo.undo)
app.command("redo")(undo.redo)
app.command("reflect")(reflect.reflect)
app.command("demo")(demo.demo)
app.add_typer(scaffold.app, name="scaffold")


def run(arguments: list[str]) -> int:
    """Run one command line; returns its exit code. Failures are one line on stderr, bugs of ours a report."""
    words = arguments if arguments[:1] and arguments[0] in (*COMMANDS, "--help", "-h") else ["run", *arguments]
    words = ["--help" if word == "-h" else word for word in words[:1]] + words[1:]
    sys.excepthook = report
    try:
        outcome = app(words, standalone_mode=False, prog_name="livecoder")
    except LivecoderError as error:
        print(f"livecoder: {error.line()}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("livecoder: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0
    except typer.Exit as ended:
        return ended.exit_code
    except typer.Abort:
        return 130
    return outcome if isinstance(outcome, int) else 0


def report(kind: type[BaseException], error: BaseException, trace: object) -> None:
    """A bug of ours: one line that says where the report lies, exit code 70."""
    import os

    from livecoder import config

    folder = config.paths().state / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    path.write_text("".join(traceback.format_exception(error)))
    print(f"livecoder: a bug of ours ({kind.__name__}: {error}): the report is {path}", file=sys.stderr, flush=True)
    os._exit(70)
