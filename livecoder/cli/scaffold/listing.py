"""What the scaffold has: `tools`, `lessons`, `hooks`; and what the user says of it: `add`, `remove`, `pin`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from livecoder.cli.scaffold.group import Directory, Yes, app, confirmed, here, put, put_origin
from livecoder.errors import UsageError

if TYPE_CHECKING:
    from livecoder.scaffold.scaffold import Scaffold


@app.command()
def tools(cd: Directory = None) -> int:
    """The tools of this project, and what was observed of them."""
    from livecoder.evolution.record import about_advice, about_tool
    from livecoder.journal.ledger import read_ledger

    at = here(cd)
    ledger, found, lent = read_ledger(at.sessions), _scaffold(cd).tools, at.store.lent(at.project)
    for tool in found:
        print(*about_tool(tool, ledger), sep="\n")
        put_origin(f"tools/{tool.name}", lent, 21)
    for line in about_advice(ledger):
        print(line)
    if not found:
        print("no tools yet: `livecoder scaffold add edit` takes one from the catalogue", file=sys.stderr)
    return 0


@app.command()
def lessons(cd: Directory = None) -> int:
    """The lessons of this project, in force, waiting, stale and retired."""
    from livecoder.evolution.fingerprint import Present
    from livecoder.evolution.record import about_lesson
    from livecoder.journal.ledger import read_ledger

    place, scaffold = here(cd), _scaffold(cd)
    ledger, present = read_ledger(place.sessions), Present(place.root, "")
    found, lent = (*scaffold.lessons, *scaffold.tombstones), place.store.lent(place.project)
    for lesson in found:
        print(*about_lesson(lesson, ledger, present.stale(lesson)), sep="\n")
        put_origin(f"lessons/{lesson.id}.toml", lent, 4)
    if not found:
        print("no lessons yet", file=sys.stderr)
    return 0


@app.command()
def hooks(cd: Directory = None) -> int:
    """The hooks of this project, and whether they run."""
    from livecoder.evolution.record import observed
    from livecoder.journal.ledger import read_ledger
    from livecoder.scaffold.hooks import accepted, read_hooks
    from livecoder.scaffold.tools import summary
    from livecoder.visit.hands import checked_out

    at = here(cd)
    history, taken, ledger = at.store.history(at.project), accepted(at.data), read_ledger(at.sessions)
    with checked_out(at.store, at.project) as place:
        found, problems = read_hooks(place)
    for hook in found:
        text = (history.content(hook.path) or b"").decode("utf-8", "replace")
        when = f" (after `{hook.match}`)" if hook.match else ""
        put(f"{hook.event:20} {summary(text) or 'says not what it is for'}{when}")
        put("runs" if hook.digest in taken else "does not run: nobody accepted its content", 21)
        last = history.log_of(hook.path)
        put(f"{len(text.splitlines())} lines; {last.id} of {last.when.astimezone():%Y-%m-%d}: {last.subject}", 21)
        put(next(observed("hook", hook.event, ledger)), 21)
    for line in problems:
        print(line, file=sys.stderr)
    if not found:
        print("no hooks yet", file=sys.stderr)
    return 0


@app.command()
def add(name: Annotated[str, typer.Argument(help="A tool of the catalogue.")], cd: Directory = None) -> int:
    """Take a reviewed tool from the catalogue into this project."""
    from livecoder.scaffold.changes import FileChange
    from livecoder.scaffold.seed import catalogue_dir

    source = catalogue_dir()
    known = sorted(path.name for path in source.iterdir() if path.is_file() and path.suffix == "")
    if name not in known:
        raise UsageError(f"the catalogue has no tool {name}", f"it has {', '.join(known)}")
    at = here(cd)
    change = FileChange(f"tools/{name}", (source / name).read_bytes(), True)
    receipts = {"Task": "added by the user", "Evidence": "the catalogue"}
    subject = f"tool({name}): from the catalogue"
    base = at.store.head(at.project)
    done = at.store.commit(at.project, base, [change], subject, receipts, datetime.now(UTC))
    print(
        f"scaffold {done.before}→{done.after}: + tools/{name}"
        if done.before != done.after
        else f"{name} is there already"
    )
    return 0


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="A tool, lesson or hook.")], yes: Yes = False, cd: Directory = None
) -> int:
    """Take a tool, lesson or hook out; `rollback NAME` brings it back."""
    from livecoder.scaffold.changes import FileChange
    from livecoder.scaffold.layer import IN_REPOSITORY

    at = here(cd)
    history = at.store.history(at.project)
    if lent := at.lent(name):
        raise UsageError(f"{lent.path} is the repository's own", f"remove {IN_REPOSITORY}/{lent.path}")
    part = history.part(name)
    if part.kind not in ("tool", "lesson", "hook") or history.content(part.path) is None:
        raise UsageError(
            f"there is no tool, lesson or hook {name[:60]}", "`livecoder scaffold tools` and so on list them"
        )
    if not confirmed(f"remove {part.path}?", yes):
        print("nothing was changed")
        return 0
    subject, receipts = f"{part.kind}({part.name}): removed", {"Task": "removed by the user"}
    base = at.store.head(at.project)
    done = at.store.commit(at.project, base, [FileChange(part.path, None)], subject, receipts, datetime.now(UTC))
    put(f"scaffold {done.before}→{done.after}: - {part.path}")
    put(f"take it back with `livecoder scaffold rollback {part.name}`")
    return 0


@app.command()
def pin(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="A tool, lesson, hook, prompt, section, knob.")] = "",
    listed: Annotated[bool, typer.Option("--list", help="What is pinned.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Unpin it.")] = False,
    cd: Directory = None,
) -> int:
    """Keep a part as it is, whatever is learnt."""
    from livecoder.scaffold import pins

    if listed == bool(name) or (listed and remove):
        raise UsageError("pin needs a name, or --list", "`livecoder scaffold pin NAME`")
    at = here(cd)
    if listed:
        for part in pins.pinned(at.data, at.project):
            put(f"{part.kind:8}{part}")
        return 0
    part = at.store.history(at.project).part(name)
    if remove:
        changed = pins.unpin(at.data, at.project, part)
        put(f"{part} is not pinned any more" if changed else f"{part} was not pinned")
    else:
        changed = pins.pin(at.data, at.project, part)
        put(f"{part} is pinned" if changed else f"{part} is pinned already")
    return 0


def _scaffold(cd: Path | None) -> Scaffold:
    from livecoder.scaffold.scaffold import Scaffold
    from livecoder.visit.hands import checked_out

    at = here(cd)
    with checked_out(at.store, at.project) as place:
        return Scaffold.load(place)
