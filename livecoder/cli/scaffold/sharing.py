"""What was learnt, for others: `promote` to all projects or to the repository, `export` and `import`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from livecoder.cli.scaffold.group import Directory, Here, Yes, app, confirmed, here, put, put_text
from livecoder.errors import UsageError

if TYPE_CHECKING:
    from livecoder.evolution.promotion import Promoted
    from livecoder.scaffold.parts import Part

Names = Annotated[list[str], typer.Argument(metavar="NAME…", help="Tools, lessons, hooks or prompts.")]


@app.command()
def promote(
    names: Names,
    to: Annotated[str, typer.Option(metavar="main|repo", help="All your projects, or this repository.")] = "main",
    tainted_ok: Annotated[bool, typer.Option("--tainted-ok", help="Also what a stranger's text led to.")] = False,
    yes: Yes = False,
    cd: Directory = None,
) -> int:
    """Give parts to all your projects, or to the repository."""
    from livecoder.evolution import promotion

    if to not in ("main", "repo"):
        raise UsageError(f"--to {to}", "one of main, repo")
    at = here(cd)
    history = at.store.history(at.project)
    wanted = list(dict.fromkeys(names))
    found = (
        promotion.to_repository(history, at.root, wanted)
        if to == "repo"
        else promotion.to_main(history, at.store.history_of("main"), wanted)
    )
    _untainted(found, tainted_ok)
    new = [each for each in found if each.diff]
    for each in found:
        put_text(each.diff or f"{each.part.path} is the same there already\n")
    if not new or not confirmed(f"promote to {to}?", yes):
        print("nothing was changed")
        return 0
    if to == "repo":
        for place in promotion.write(at.root, new):
            put(f"written: {place}")
        print("review and commit it; your index and your history are as they were")
        return 0
    done = at.store.promote(at.project, [each.part for each in new], datetime.now(UTC))
    put(f"main {done.before}→{done.after}: {', '.join(each.part.path for each in new)}")
    return 0


def _untainted(found: list[Promoted], tainted_ok: bool) -> None:
    tainted = [each for each in found if each.tainted]
    if tainted and not tainted_ok:
        what = tainted[0]
        raise UsageError(
            f"{what.part.path} comes from a stranger's text ({what.tainted[:60]})", "look at it, then add --tainted-ok"
        )


@app.command()
def export(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME…]", help="Which parts.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that the seed has not.")] = False,
    skill: Annotated[bool, typer.Option("--skill", help="As Agent Skills, in the directory FILE.")] = False,
    license: Annotated[str, typer.Option(metavar="TEXT", help="The license of the skills.")] = "",
    cd: Directory = None,
) -> int:
    """Write parts into a file, or tools as Agent Skills."""
    from livecoder.cli.running import write_atomically
    from livecoder.evolution import exports
    from livecoder.scaffold.hidden import visible

    if output is None or bool(names) == everything:
        raise UsageError("export needs names or --all, and -o FILE", "as in `export count-lines -o tools.pack`")
    if license and not skill:
        raise UsageError("--license is for skills", "add --skill")
    at = here(cd)
    history = at.store.history(at.project)
    wanted = exports.everything(history) if everything else [history.part(name) for name in dict.fromkeys(names or ())]
    if not wanted:
        raise UsageError(
            "there is nothing here that the seed has not", "`livecoder scaffold log` shows what was learnt"
        )
    if skill:
        return _skills(at, [part for part in wanted if part.kind == "tool" or not everything], output, license)
    write_atomically(output, exports.as_pack(history, wanted))
    print(f"written: {visible(str(output))}")
    for part in wanted:
        put(part.path, 2)
    return 0


def _skills(at: Here, wanted: list[Part], output: Path, license: str) -> int:
    from livecoder.evolution import exports
    from livecoder.scaffold.hidden import visible

    for part in wanted:
        place = exports.as_skill(at.store.history(at.project), part, output, at.data, at.project, license)
        print(f"written: {visible(str(place))}")
    return 0


@app.command("import")
def take_in(
    source: Annotated[Path, typer.Argument(metavar="FILE|DIRECTORY", help="A pack, or a skill.")],
    cd: Directory = None,
) -> int:
    """Read a pack or an Agent Skill into the inbox, where it waits."""
    from livecoder.evolution import imports

    at = here(cd)
    now = datetime.now(UTC)
    found = imports.arriving(source, now)
    head = {file.path: file.data for file in at.store.history(at.project).files()}
    entries = imports.deliver(at.data, at.project, found.arrivals, head, now)
    for line in found.passed_over:
        put(f"passed over: {line}")
    for entry in entries:
        put(f"{entry.id}  {entry.proposal['target']} waits")
    if not entries:
        print("nothing arrived that is not here already", file=sys.stderr)
        return 0
    print("decide with `livecoder scaffold inbox`; until then none of it is active")
    return 0
