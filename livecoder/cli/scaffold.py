"""`livecoder scaffold …`: what the agent learnt here, its history, and the way back."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from livecoder import config
from livecoder.cli import inbox
from livecoder.errors import UsageError

if TYPE_CHECKING:
    from livecoder.scaffold.scaffold import Scaffold
    from livecoder.scaffold.store import Store

app = typer.Typer(
    help="What the agent learnt here, its history, and the way back.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(inbox.app, name="inbox")
Directory = Annotated[Path | None, typer.Option("-C", "--cd", help="The repository.")]


def _here(cd: Path | None) -> tuple[Store, str]:
    from livecoder.scaffold.store import Store
    from livecoder.workspace.workspace import locate, project_id

    return Store.open(config.paths().data), project_id(locate(cd or Path.cwd())[0])


@app.command()
def log(limit: Annotated[int, typer.Option("-n", help="How many.")] = 20, cd: Directory = None) -> int:
    """One line a generation, newest first, with the task and the evidence behind it."""
    from livecoder.evolution import verdicts

    store, project = _here(cd)
    judged = list(verdicts.load(config.paths().data, project).values())
    for info in store.log(project, limit):
        print(f"{info.id}  {info.when:%Y-%m-%d %H:%M}  {info.subject}")
        for key in ("Task", "Evidence", "Expects"):
            if info.receipts.get(key):
                print(f"         {key.lower()}: {info.receipts[key]}")
        if verdict := verdicts.verdict_on(info.id, judged):
            print(f"         later rounds: {verdict.word}: {verdict.why}")
    if (rate := verdicts.rate(judged)).predicted:
        print(f"{rate.line()} (observed, not proven)")
    return 0


@app.command()
def show(generation: Annotated[str, typer.Argument(help="A generation.")], cd: Directory = None) -> int:
    """One generation: its receipts and what it changed."""
    print(_here(cd)[0].show(generation), end="")
    return 0


@app.command()
def diff(a: str, b: str, cd: Directory = None) -> int:
    """What changed between two generations."""
    print(_here(cd)[0].diff(a, b), end="")
    return 0


@app.command()
def tools(cd: Directory = None) -> int:
    """The tools of this project, with how often they were used and failed."""
    from livecoder.events import ToolUsed
    from livecoder.journal.recall import recall
    from livecoder.workspace.workspace import locate, project_id

    root = locate(cd or Path.cwd())[0]
    sessions = config.paths().state / "projects" / project_id(root) / "sessions"
    uses = [(s, e) for s, e in recall(sessions, (ToolUsed,)) if isinstance(e, ToolUsed)]
    found = _scaffold(cd).tools
    for tool in found:
        mine = [(session, use) for session, use in uses if use.name == tool.name]
        failed = sum(1 for _, use in mine if use.exit_code)
        tasks = len({session for session, _ in mine})
        print(f"{tool.name:20} {tool.summary}")
        print(f"{'':20} used {len(mine)} times in {tasks} sessions, failed {failed}; {tool.lines} lines")
    if not found:
        print("no tools yet: `livecoder scaffold add edit` takes one from the catalogue", file=sys.stderr)
    return 0


@app.command()
def lessons(cd: Directory = None) -> int:
    """The lessons of this project."""
    found = _scaffold(cd).lessons
    for lesson in found:
        when = f" (at `{lesson.trigger}`)" if lesson.trigger else ""
        print(f"{lesson.id}{when}\n    {lesson.text}\n    from {', '.join(lesson.evidence)}")
    if not found:
        print("no lessons yet", file=sys.stderr)
    return 0


@app.command()
def hooks(cd: Directory = None) -> int:
    """The hooks of this project, and whether they run."""
    import tempfile

    from livecoder.scaffold.hooks import accepted, read_hooks

    store, project = _here(cd)
    with tempfile.TemporaryDirectory() as folder:
        store.checkout(project, Path(folder) / "scaffold")
        found, problems = read_hooks(Path(folder) / "scaffold")
    taken = accepted(config.paths().data)
    for hook in found:
        when = f" (after `{hook.match}`)" if hook.match else ""
        print(f"{hook.event}{when}: {'runs' if hook.digest in taken else 'does not run: nobody accepted its content'}")
    for line in problems:
        print(line, file=sys.stderr)
    if not found:
        print("no hooks yet", file=sys.stderr)
    return 0


@app.command()
def rollback(
    target: Annotated[str, typer.Argument(help="A generation, or a tool or lesson by name.")], cd: Directory = None
) -> int:
    """Go back: a new generation without what came since, or without one tool or lesson."""
    store, project = _here(cd)
    done = store.rollback(project, target)
    if done.before == done.after:
        print(f"nothing to change: {done.after} is the same already")
    else:
        print(f"scaffold {done.before}→{done.after}: rolled back {target}")
        print(f"take it back with `livecoder scaffold rollback {done.before}`")
    return 0


@app.command()
def add(name: Annotated[str, typer.Argument(help="A tool of the catalogue.")], cd: Directory = None) -> int:
    """Take a reviewed tool from the catalogue into this project's scaffold."""
    from livecoder.scaffold.changes import FileChange
    from livecoder.scaffold.seed import catalogue_dir

    source = catalogue_dir()
    known = sorted(path.name for path in source.iterdir() if path.is_file() and path.suffix == "")
    if name not in known:
        raise UsageError(f"the catalogue has no tool {name}", f"it has {', '.join(known)}")
    store, project = _here(cd)
    change = FileChange(f"tools/{name}", (source / name).read_bytes(), True)
    receipts = {"Task": "added by the user", "Evidence": "the catalogue"}
    subject = f"tool({name}): from the catalogue"
    done = store.commit(project, store.head(project), [change], subject, receipts, datetime.now(UTC))
    print(
        f"scaffold {done.before}→{done.after}: + tools/{name}"
        if done.before != done.after
        else f"{name} is there already"
    )
    return 0


@app.command()
def path(cd: Directory = None) -> int:
    """Where the scaffold's history lies."""
    store, project = _here(cd)
    print(f"{store.path} (branch project/{project})")
    return 0


def _scaffold(cd: Path | None) -> Scaffold:
    import tempfile

    from livecoder.scaffold.scaffold import Scaffold

    store, project = _here(cd)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "scaffold"
        store.checkout(project, place)
        return Scaffold.load(place)
