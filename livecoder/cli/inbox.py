"""`livecoder scaffold inbox`: what waits for the user's word, and the word: accept it, change it first, or refuse it.

Accepting runs the gate again on today's scaffold: what was fit when it was proposed may be so no more.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from livecoder.errors import AnswerNeeded

if TYPE_CHECKING:
    from livecoder.evolution.decision import Decision
    from livecoder.scaffold.inbox import Entry

NO_MODEL = "scripted:/dev/null"
"""A session needs one; deciding asks none."""
SHOWN_LINES = 400
"""Of one difference."""

app = typer.Typer(help="What waits for your word: list it, accept, edit or refuse.", rich_markup_mode=None)
Id = Annotated[str, typer.Argument(metavar="ID", help="As listed.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Directory = Annotated[Path | None, typer.Option("-C", "--cd", metavar="DIR", help="The repository.")]


@app.callback(invoke_without_command=True)
def listed(context: typer.Context, cd: Directory = None) -> int:
    """What waits for your word: list it, accept, edit or refuse."""
    if context.invoked_subcommand:
        return 0
    from livecoder.scaffold.inbox import entries

    data, project = _here(cd)
    found = entries(data, project)
    for number, entry in enumerate(found):
        _show(entry, first=not number)
    if not found:
        print("nothing waits", file=sys.stderr)
        return 0
    print("\ndecide: livecoder scaffold inbox accept ID | edit ID | refuse ID --why TEXT")
    return 0


@app.command()
def accept(id: Id, yes: Yes = False, cd: Directory = None) -> int:
    """Let it pass the gate again, and commit it."""
    data, project = _here(cd)
    from livecoder.scaffold.inbox import find

    entry = find(data, project, id)
    _show(entry, first=True, whole=entry.tainted)
    _sure("commit this?", yes)
    with _deciding(cd) as decision:
        return _told(decision.accept(entry), entry)


@app.command()
def edit(id: Id, yes: Yes = False, cd: Directory = None) -> int:
    """Change its text in $EDITOR, then let it pass the gate, and commit it."""
    data, project = _here(cd)
    from livecoder.cli.editor import edited
    from livecoder.evolution.decision import text_of, with_text
    from livecoder.scaffold.inbox import find

    entry = find(data, project, id)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise AnswerNeeded("edit opens your editor", "run it in a terminal, or accept or refuse the entry")
    text, ending = text_of(entry)
    changed = edited(text, ending)
    if changed == text:
        print("nothing was changed: it waits on")
        return 0
    proposal = with_text(entry, changed)
    _sure("commit it as you left it?", yes)
    with _deciding(cd) as decision:
        return _told(decision.accept(entry, proposal), entry)


@app.command()
def refuse(
    id: Id,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="Kept with it.")] = "",
    yes: Yes = False,
    cd: Directory = None,
) -> int:
    """Take it out for good: the same change is not proposed again."""
    data, project = _here(cd)
    from livecoder.evolution.decision import refused
    from livecoder.scaffold.inbox import find

    entry = find(data, project, id)
    if not yes:
        _show(entry, first=True)
    _sure("refuse it for good?", yes)
    refused(data, project, entry, why)
    print(f"{entry.short} is refused: it is not proposed again")
    return 0


def _here(cd: Path | None) -> tuple[Path, str]:
    from livecoder import config
    from livecoder.workspace.workspace import locate, project_id

    return config.paths().data, project_id(locate(cd or Path.cwd())[0])


@contextmanager
def _deciding(cd: Path | None) -> Generator[Decision]:
    """The gate, with the sandbox that it tries things in; the workspace is locked meanwhile."""
    from livecoder import config
    from livecoder.evolution.decision import Decision
    from livecoder.opening import opened

    settings = config.settings({"model.name": NO_MODEL}, {}, {}, headless=True)
    with opened(settings, cd or Path.cwd()) as opening:
        assert opening.store is not None, "only `--scaffold none` has no store"
        yield Decision(
            store=opening.store,
            data=settings.paths.data,
            project=opening.project,
            sessions=opening.sessions,
            rooms=opening.rooms,
            workspace=opening.workspace.root,
            system=opening.briefing.system_of,
        )


def _told(outcome: str, entry: Entry) -> int:
    """What came of it, as a line; 1 where the gate refused it."""
    if outcome.startswith("scaffold "):
        print(outcome)
        return 0
    print(f"{entry.short} stays in the inbox: {outcome}", file=sys.stderr)
    return 1


def _show(entry: Entry, *, first: bool, whole: bool = False) -> None:
    """`whole`: no line is left out, of what a stranger could have written below those."""
    from livecoder.view.terminal import printable

    lines = [
        *([] if first else [""]),
        f"{entry.short}  {entry.proposal.get('target', '?')}  ({entry.when[:16].replace('T', ' ')})",
        f"    waits because {entry.reason}",
    ]
    said = entry.receipts
    for name in ("Task", "From", "Evidence", "Cause", "Expects", "Improves", "Risks"):
        if said.get(name):
            lines.append(f"    {name.lower()}: {said[name]}")
    if entry.tainted:
        lines.append("    a stranger's text was read in its session")
    changed = entry.diff.splitlines()
    lines += [f"    {line}" for line in (changed if whole else changed[:SHOWN_LINES])]
    if not whole and len(changed) > SHOWN_LINES:
        lines.append(f"    … {len(changed) - SHOWN_LINES} more lines")
    print(printable("\n".join(lines)))


def _sure(question: str, yes: bool) -> None:
    """Raises AnswerNeeded where nobody can be asked, typer.Exit where the answer is no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise AnswerNeeded(f"{question.rstrip('?')}: this asks first", "add --yes")
    try:
        answer = input(f"{question} [y/N] ").strip().lower()
    except EOFError:
        answer = ""
    if answer not in ("y", "yes"):
        print("nothing was changed")
        raise typer.Exit(0)
