"""`livecoder sessions …`: what was done here before, as a list, as it was seen, or as a file to keep or show."""

from __future__ import annotations

import json as jsonlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from livecoder.errors import UsageError

app = typer.Typer(help="What was done here before: list, show, export.", no_args_is_help=True, rich_markup_mode=None)
Everywhere = Annotated[bool, typer.Option("--all", help="Sessions of all projects.", show_default=False)]
Directory = Annotated[Path | None, typer.Option("-C", "--cd", metavar="DIR", help="The repository.")]
Which = Annotated[str, typer.Argument(metavar="[ID]", help="Its id or how that begins; else the newest.")]


def _found(everywhere: bool, cd: Path | None) -> list[Path]:
    """The directories of the sessions in question, newest first."""
    from livecoder import config
    from livecoder.journal.sessions import found
    from livecoder.workspace.workspace import locate, project_id

    projects = config.paths().state / "projects"
    if everywhere:
        return found(projects.glob("*/sessions"))
    return found([projects / project_id(locate(cd or Path())[0]) / "sessions"])


@app.command("list")
def list_(
    *,
    everywhere: Everywhere = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.", show_default=False)] = False,
    cd: Directory = None,
) -> int:
    """The sessions, newest first."""
    from livecoder.cli.exporting import listed
    from livecoder.cli.running import color_wanted
    from livecoder.view.terminal import Terminal

    terminal = Terminal(sys.stdout, color=color_wanted("auto", sys.stdout))
    sessions = _found(everywhere, cd)
    for session in map(listed, sessions):
        if json:
            print(jsonlib.dumps(session.to_json()), flush=True)
            continue
        for text, style in session.lines(everywhere=everywhere):
            terminal.line(text, style)
    if not sessions:
        print("no sessions yet", file=sys.stderr)
    return 0


@app.command()
def show(session: Which = "", *, everywhere: Everywhere = False, cd: Directory = None) -> int:
    """A session as it was seen when it ran."""
    from livecoder.cli.exporting import seen
    from livecoder.cli.running import color_wanted
    from livecoder.journal.sessions import named
    from livecoder.view.card import Card
    from livecoder.view.terminal import Terminal

    terminal = Terminal(sys.stdout, color=color_wanted("auto", sys.stdout))
    card = Card(terminal.line)
    for event in seen(named(_found(everywhere, cd), session)):
        card.show(event)
        terminal.show(event)
    return 0


@app.command()
def export(
    session: Which = "",
    *,
    form: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="jsonl, md or html; else by FILE's name, or md.")
    ] = "",
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write it there.")] = None,
    everywhere: Everywhere = False,
    cd: Directory = None,
) -> int:
    """A session as a file: events, a report, or a page that needs nothing else."""
    from livecoder.cli.exporting import FORMATS, exported
    from livecoder.cli.running import check_file, write_atomically
    from livecoder.journal.sessions import named

    by_name = output.suffix.removeprefix(".") if output else ""
    form = form or (by_name if by_name in FORMATS else "md")
    if form not in FORMATS:
        raise UsageError(f"--format {form}", f"one of {', '.join(FORMATS)}")
    check_file("-o", output)
    data = exported(named(_found(everywhere, cd), session), form)
    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        write_atomically(output, data, "give another file")
        print(f"{output}: {len(data):,} bytes", file=sys.stderr)
    return 0
