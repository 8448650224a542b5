"""`livecoder doctor`: which sandboxes work here, found out by running them; with --project, what is known of it."""

from __future__ import annotations

import json as encoding
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from livecoder.cli.options import Options

if TYPE_CHECKING:
    from livecoder.ground import Ground


def doctor(
    *,
    project: Annotated[bool, typer.Option("--project", help="What is known of this project, and from where.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    image: Annotated[str | None, typer.Option("--image", metavar="NAME", help="Try docker with this image.")] = None,
    cd: Annotated[Path | None, typer.Option("-C", "--cd", metavar="DIR", help="The repository.")] = None,
) -> int:
    """Attack the sandboxes here and say which hold."""
    where = Options(cd=cd, image=image)
    return _project(where, json) if project else _sandboxes(where, json)


def _sandboxes(where: Options, json: bool) -> int:
    from livecoder import config
    from livecoder.opening import policy
    from livecoder.sandbox.checkup import examine
    from livecoder.sandbox.toolchains import find, own_interpreter
    from livecoder.workspace.credentials import told

    settings = where.settings(headless=True)
    toolchains = find(config.environment(), where.cwd.resolve(), own_interpreter(), settings.mounts)
    found = examine(toolchains, policy(settings), settings.paths.cache)
    warned = [("git", line) for gitdir in _gitdir(where) for line in told(gitdir)]
    if json:
        print(encoding.dumps({**found.to_json(), "git": [line for _, line in warned]}, indent=2))
    else:
        for word, text in (*found.rows(), *warned):
            print(f"{word:<12}{text}")
    return 0 if found.works else 3


def _gitdir(where: Options) -> list[Path]:
    """Of the repository here, where there is one."""
    from livecoder.errors import WorkspaceError
    from livecoder.workspace.workspace import locate

    try:
        return [locate(where.cwd)[1]]
    except WorkspaceError:
        return []


def _project(where: Options, json: bool) -> int:
    from livecoder import config
    from livecoder.opening import look
    from livecoder.prompt import ground_text
    from livecoder.workspace.workspace import locate, project_id

    ground = look(where.settings(headless=True), where.cwd)
    root, told = locate(where.cwd)[0], ground_text(ground)
    own = f"yours: [projects.{project_id(root)}] in {config.paths().config_file}"
    if json:
        print(encoding.dumps(_document(ground, root, told), ensure_ascii=False, indent=2))
        return 0
    for line in (*_rows(ground, root), "", own, "", f"The model reads of it ({len(told)} characters):", told):
        print(line)
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
