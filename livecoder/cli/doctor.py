"""`livecoder doctor`: which sandboxes work here, found out by running them; what they show and what they refuse."""

from __future__ import annotations

import json as encoding
from pathlib import Path
from typing import Annotated

import typer

from livecoder import config
from livecoder.cli.options import Options


def doctor(
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    cd: Annotated[Path | None, typer.Option("-C", "--cd", metavar="DIR", help="The repository.")] = None,
) -> int:
    """Attack the sandboxes here and say which hold."""
    from livecoder.opening import engine, policy
    from livecoder.sandbox.checkup import examine
    from livecoder.sandbox.toolchains import find

    where = Options(cd=cd)
    settings = where.settings(headless=True)
    toolchains = find(config.environment(), where.cwd.resolve(), engine(), settings.mounts)
    found = examine(toolchains, policy(settings), settings.paths.cache)
    if json:
        print(encoding.dumps(found.to_json(), indent=2))
    else:
        for word, text in found.rows():
            print(f"{word:<12}{text}")
    return 0 if found.works else 3
