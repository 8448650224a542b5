"""The agent's tools in your hands: `run` one in the sandbox, `env` for functions in your shell."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from livecoder.cli.scaffold.group import Directory, app, here


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A tool of this project.")],
    arguments: Annotated[list[str] | None, typer.Argument(metavar="-- ARGUMENTS", help="Its own.")] = None,
    cd: Directory = None,
) -> int:
    """Run a tool in the sandbox, with your stdin and its exit code."""
    from livecoder import config
    from livecoder.sandbox.attached import Streams
    from livecoder.visit.hands import run_tool

    at = here(cd)
    own = arguments or []
    call = [name, *(own[1:] if own[:1] == ["--"] else own)]
    streams = Streams(_descriptor(), _writer(1), _writer(2))
    settings = config.settings({}, {}, {}, headless=True)
    return run_tool(settings, cd or Path.cwd(), at.store, at.project, call, streams)


@app.command()
def env(cd: Directory = None) -> int:
    """Functions for bash and zsh: eval "$(livecoder scaffold env)"."""
    from livecoder.scaffold.scaffold import Scaffold
    from livecoder.visit.hands import checked_out, shims

    at = here(cd)
    with checked_out(at.store, at.project) as place:
        tools = Scaffold.load(place).tools
    print(shims(tools, [sys.executable, "-P", "-m", "livecoder", "scaffold", "run"]), end="")
    if not tools:
        print("no tools yet", file=sys.stderr)
    return 0


def _descriptor() -> int | None:
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):  # there is none
        return None


def _writer(descriptor: int) -> Callable[[bytes], object]:
    """Bytes as they are into a pipe or a file; for a terminal, without what it would obey."""
    if not os.isatty(descriptor):
        return lambda data: _write(descriptor, data)
    from livecoder.sandbox.clean import clean

    return lambda data: _write(descriptor, clean(data).encode())


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
