"""What every verb of `livecoder scaffold` shares: the project at hand, lines of one width, and the question."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from livecoder.errors import AnswerNeeded

if TYPE_CHECKING:
    from livecoder.scaffold.files import File
    from livecoder.scaffold.parts import Part
    from livecoder.scaffold.store import Store

COLUMNS = 80
WIDEST = 160

app = typer.Typer(
    help="What the agent learnt here, its history, and the way back.", no_args_is_help=True, rich_markup_mode=None
)
Directory = Annotated[Path | None, typer.Option("-C", "--cd", metavar="DIR", help="The repository.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@dataclass(frozen=True, slots=True)
class Here:
    """The project at hand and where its things lie."""

    store: Store
    project: str
    root: Path
    data: Path

    @property
    def sessions(self) -> Path:
        from livecoder import config

        return config.paths().state / "projects" / self.project / "sessions"

    def lent(self, name: str) -> Part | None:
        """The part of this name that the repository lends; None where the project has its own, or nobody has one."""
        from livecoder.scaffold.parts import candidates

        lent = self.store.lent(self.project)
        return next((part for part in candidates(name) if part.path in lent and not part.key), None)


def here(cd: Path | None) -> Here:
    """Raises WorkspaceError outside of a repository. What was put right in the store is told on stderr."""
    from livecoder import config
    from livecoder.evolution.offered import At, in_force
    from livecoder.scaffold.store import Store
    from livecoder.workspace.workspace import locate, project_id

    root = locate(cd or Path.cwd())[0]
    data = config.paths().data
    store, project = Store.open(data), project_id(root)
    store.head(project)
    store.layer = in_force(At(data, project, root))
    for notice in store.notices:
        print(f"warning: {notice}", file=sys.stderr)
    return Here(store, project, root, data)


def columns() -> int:
    """The width of a line: 80, or what a wider terminal has."""
    return max(COLUMNS, min(shutil.get_terminal_size().columns, WIDEST)) if sys.stdout.isatty() else COLUMNS


def cut(text: str, width: int) -> str:
    """One line of at most `width` characters, with nothing in it that a terminal obeys."""
    from livecoder.scaffold.hidden import visible

    flat = re.sub(r"\s*[\n\t]\s*", " ", visible(text).strip())
    return flat if len(flat) <= width else flat[: width - 1] + "…"


def counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def put(text: str, indent: int = 0) -> None:
    """Print one line, cut at the edge."""
    print(f"{' ' * indent}{cut(text, columns() - indent)}")


def put_origin(path: str, lent: Mapping[str, File], indent: int) -> None:
    """Where a part comes from, if it is lent by the repository."""
    from livecoder.scaffold.layer import IN_REPOSITORY

    if path in lent:
        put(f"from the repository: {IN_REPOSITORY}/{path}", indent)


def put_text(text: str) -> None:
    """Print a text that may be hostile as it is, line by line."""
    from livecoder.scaffold.hidden import visible

    sys.stdout.write(visible(text))


def confirmed(question: str, yes: bool) -> bool:
    """Whether the user says yes. Raises AnswerNeeded where nobody can be asked."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise AnswerNeeded(f"{question} needs an answer", "add --yes")
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False
