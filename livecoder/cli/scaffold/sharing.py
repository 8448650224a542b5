"""What was learnt, for others: `promote` to all projects or to the repository, `export` and `import`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from livecoder.cli.scaffold.group import Directory, Here, Yes, app, confirmed, here, put, put_text
from livecoder.errors import AnswerNeeded, UsageError

if TYPE_CHECKING:
    from livecoder.evolution.promotion import Promoted
    from livecoder.scaffold.parts import Part

Names = Annotated[list[str], typer.Argument(metavar="NAME…", help="Tools, lessons, hooks or prompts.")]


@app.command()
def promote(
    names: Names,
    to: Annotated[str, typer.Option(metavar="main|repo", help="All your projects, or this repository.")] = "main",
    looked_at: Annotated[
        str, typer.Option("--looked-at", metavar="HASH", help="Of the difference, where it says that one must look.")
    ] = "",
    yes: Yes = False,
    cd: Directory = None,
) -> int:
    """Give parts to all your projects, or to the repository."""
    from livecoder.evolution import promotion

    if to not in ("main", "repo"):
        raise UsageError(f"--to {to}", "one of main, repo")
    at = here(cd)
    history, main = at.store.history(at.project), at.store.history_of("main")
    wanted = list(dict.fromkeys(names))
    if to == "repo":
        found = promotion.to_repository(history, at.root, wanted)
    else:
        found = promotion.to_main(history, main, at.project, wanted)
    new = [each for each in found if each.diff]
    for each in found:
        put_text(each.diff or f"{each.part.path} is the same there already\n")
    seen = _looked_at(new, looked_at, yes)
    if not new or not confirmed(f"promote to {to}?", yes and seen):
        print("nothing was changed")
        return 0
    if to == "repo":
        for place in promotion.write(at.root, new):
            put(f"written: {place}")
        print("review and commit it; your index and your history are as they were")
        return 0
    shown = history.head, main.head
    done = at.store.promote(at.project, [each.part for each in new], datetime.now(UTC), shown)
    put(f"main {done.before}→{done.after}: {', '.join(each.part.path for each in new)}")
    return 0


def _looked_at(found: list[Promoted], hash: str, yes: bool) -> bool:
    """Whether the user need not be asked whether they looked. Raises AnswerNeeded where nobody can be asked."""
    from livecoder.evolution.promotion import proof

    reasons = [each.look for each in found if each.look]
    for reason in reasons:
        put(f"note: {reason}")
    if not reasons or hash == proof(found):
        return True
    if yes or not sys.stdin.isatty():
        raise AnswerNeeded(reasons[0], f"look at the difference, then add --yes --looked-at {proof(found)}")
    return False


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
