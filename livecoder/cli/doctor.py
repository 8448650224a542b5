"""`livecoder doctor --project`: what livecoder knows of a repository before the first request, and from where."""

from __future__ import annotations

import json as encoding
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from livecoder.cli.options import Options

if TYPE_CHECKING:
    from livecoder.ground import Ground


def doctor(
    *,
    project: Annotated[bool, typer.Option("--project", help="The project (all that there is so far).")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    cd: Annotated[Path | None, typer.Option("-C", "--cd", metavar="DIR", help="The repository.")] = None,
) -> int:
    """Show what livecoder knows of this project, and from where."""
    from livecoder.opening import look
    from livecoder.prompt import ground_text
    from livecoder.workspace.workspace import locate

    where = Options(cd=cd)
    ground = look(where.settings(headless=True), where.cwd)
    root, told = locate(where.cwd)[0], ground_text(ground)
    if json:
        print(encoding.dumps(_document(ground, root, told), ensure_ascii=False, indent=2))
        return 0
    for line in (*_rows(ground, root), "", f"The model reads of it ({len(told)} characters):", told):
        print(line)
    if not project:
        print("livecoder: sandbox, models and keys are not examined yet: this is --project alone", file=sys.stderr)
    return 0


def _rows(ground: Ground, root: Path) -> list[str]:
    from livecoder.ground.files import one_line
    from livecoder.ground.lines import facts

    known = list(facts(ground))
    width = max((len(topic) for topic, _ in known), default=0)
    rows = [one_line(str(root)), ""]
    before = ""
    for topic, fact in known:
        shown = "" if topic == before else topic
        rows.append(f"{shown:<{width}}  {one_line(fact.text, 300)}  [{one_line(fact.source)}]")
        before = topic
    return rows


def _document(ground: Ground, root: Path, told: str) -> dict[str, object]:
    from livecoder.ground.lines import facts

    return {
        "root": str(root),
        "package": ground.packages.here,
        "test_command": ground.test_command,
        "facts": [{"topic": topic, "text": fact.text, "source": fact.source} for topic, fact in facts(ground)],
        "first_message": told,
    }
