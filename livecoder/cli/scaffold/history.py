"""The history and the way back: `log`, `show`, `diff`, `why`, `rollback`, `bisect`, `path`."""

from __future__ import annotations

import re
import sys
import textwrap
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from livecoder.cli.scaffold.group import Directory, app, columns, counted, cut, here, put, put_origin, put_text
from livecoder.errors import UsageError

if TYPE_CHECKING:
    from livecoder.evolution.why import Reason
    from livecoder.journal.usual import Usual
    from livecoder.scaffold.history import GenerationInfo
    from livecoder.scaffold.parts import Part
    from livecoder.visit.bisection import Bisected

TASK_CHARS = 18
"""Of a line of the log."""


@app.command()
def log(
    limit: Annotated[int, typer.Option("-n", min=1, metavar="N", help="How many.")] = 20,
    full: Annotated[bool, typer.Option("--full", help="With the whole task, evidence and expectation.")] = False,
    cd: Directory = None,
) -> int:
    """One line a generation: what changed, for which task and why."""
    from livecoder.evolution import verdicts

    at = here(cd)
    judged = list(verdicts.load(at.data, at.project).values())
    for info in at.store.log(at.project, limit):
        if full:
            put(f"{info.id}  {info.when.astimezone():%Y-%m-%d %H:%M}  {info.subject}")
            for key, value in info.receipts.items():
                put(f"{key.lower()}: {value}", 9)
        else:
            print(_row(info))
        if verdict := verdicts.verdict_on(info.id, judged):
            put(f"later rounds: {verdict.word}: {verdict.why}", 9)
    if (rate := verdicts.rate(judged)).predicted:
        put(f"{rate.line()} (observed, not proven)")
    return 0


def _row(info: GenerationInfo) -> str:
    steps = ",".join(re.findall(r"\d+", info.receipts.get("Evidence", ""))[:3])
    task = cut(info.receipts.get("Task", ""), TASK_CHARS)
    tail = "  ".join(part for part in (task, f"[{steps}]" if steps else "") if part)
    head = f"{info.id}  {info.when.astimezone():%Y-%m-%d}  "
    room = columns() - len(head) - (len(tail) + 2 if tail else 0)
    return f"{head}{cut(info.subject, room):{room if tail else 0}}{'  ' if tail else ''}{tail}"


@app.command()
def show(
    what: Annotated[str, typer.Argument(metavar="[GENERATION|NAME]", help="The current one if none.")] = "",
    cd: Directory = None,
) -> int:
    """A generation and what it changed; a part by name: its text."""
    from livecoder.scaffold.layer import IN_REPOSITORY
    from livecoder.scaffold.parts import value

    at = here(cd)
    history = at.store.history(at.project)
    if lent := at.lent(what):
        put_text(at.store.lent(at.project)[lent.path].data.decode("utf-8", "replace"))
        print(f"from the repository: {IN_REPOSITORY}/{lent.path}", file=sys.stderr)
        return 0
    part, _ = history.last_change(what) if what else (None, "")
    if part is None:
        put_text(at.store.show(what or history.head))
        return 0
    found = value(part, history.content(part.path))
    if found is None:
        put(f"{part.path} is not there any more: see `livecoder scaffold why {part.name}`")
        return 1
    put_text(found.decode("utf-8", "replace") if isinstance(found, bytes) else f"{found}\n")
    return 0


@app.command()
def diff(a: str, b: str, cd: Directory = None) -> int:
    """What changed between two generations."""
    put_text(here(cd).store.diff(a, b))
    return 0


@app.command()
def why(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A tool, lesson, hook, prompt, section or knob.")],
    cd: Directory = None,
) -> int:
    """Why a part is as it is: commits, their steps, its record."""
    from livecoder.evolution.why import observations, reasons, standing
    from livecoder.journal.ledger import read_ledger

    at = here(cd)
    history, lent = at.store.history(at.project), at.lent(name)
    part = lent or history.part(name)
    found = reasons(history, part, at.sessions)
    there = lent or history.content(part.path) is not None
    put(f"{part} ({part.kind}){'' if there else ': not there any more'}")
    put_origin(part.path, at.store.lent(at.project), 4)
    for reason in found:
        _tell(reason, part)
    last = found[0].info if found else None
    record = standing(part, at.sessions, last)
    if record is None:
        for line in observations(history, part, last, read_ledger(at.sessions)):
            print(*textwrap.wrap(line, columns(), subsequent_indent="    "), sep="\n")
        put("only paired live runs can tell what it does")
    elif not record.uses:
        put("not used since its last change")
    elif part.kind == "lesson":
        put(f"shown since its last change in {counted(record.sessions, 'session')}")
    else:
        calls, in_sessions = counted(record.uses, "call"), counted(record.sessions, "session")
        put(f"since its last change: {calls} in {in_sessions}, {record.failures} failed")
    return 0


def _tell(reason: Reason, part: Part) -> None:
    info, (before, after) = reason.info, reason.values
    put(f"{info.id}  {info.when.astimezone():%Y-%m-%d %H:%M}  {info.subject}")
    if part.key and not isinstance(after, bytes) and part.kind == "knob":
        put(f"from {'its default' if before is None else before} to {'its default' if after is None else after}", 4)
    for key in ("Task", "Expects", "Session", "Model", "From", "Tainted"):
        if info.receipts.get(key):
            put(f"{key.lower()}: {info.receipts[key]}", 4)
    for step in reason.steps:
        ended = "" if step.exit_code is None else f", exit {step.exit_code}"
        put(f"step {step.step}{ended}{f': {step.command}' if step.command else ''}", 4)
    if reason.lost:
        put(reason.lost, 4)


@app.command()
def rollback(
    target: Annotated[str, typer.Argument(metavar="[GENERATION|NAME]", help="Where to, or what to undo.")] = "",
    since: Annotated[str, typer.Option(metavar="DATE", help="Undo what came since then.")] = "",
    cd: Directory = None,
) -> int:
    """Go back, to a generation or from a part's last change."""
    if bool(target) == bool(since):
        raise UsageError("rollback needs a generation or a name, or --since DATE", "`livecoder scaffold log` has them")
    at = here(cd)
    done = at.store.rollback(at.project, target or at.store.history(at.project).until(_moment(since)).id)
    if done.before == done.after:
        print(f"nothing to change: {done.after} is the same already")
    else:
        put(f"scaffold {done.before}→{done.after}: rolled back {target or f'to what it was on {since}'}")
        print(f"take it back with `livecoder scaffold rollback {done.before}`")
    return 0


def _moment(text: str) -> datetime:
    """The beginning of a day, or a time, in the user's own time zone."""
    try:
        moment = datetime.fromisoformat(text).astimezone()
        return moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"--since {text[:40]}", "a date as in 2026-03-01, or 2026-03-01T14:30") from None


@app.command()
def bisect(
    good: Annotated[str, typer.Option(metavar="GENERATION", help="One that works (the first).")] = "",
    bad: Annotated[str, typer.Option(metavar="GENERATION", help="One that does not (the current one).")] = "",
    run: Annotated[str, typer.Option("--run", metavar="CMD", help="Must exit 0 too, in the sandbox.")] = "",
    cd: Directory = None,
) -> int:
    """Find the generation that broke it, by replays without a model."""
    from livecoder import config
    from livecoder.journal.usual import usual
    from livecoder.scaffold.layer import IN_REPOSITORY
    from livecoder.visit.bisection import bisect as search

    at = here(cd)

    def tell(info: GenerationInfo, reason: str) -> None:
        put(f"{info.id} {reason or 'works'}", 2)

    settings = config.settings({}, {}, {}, headless=True)
    found = search(settings, at.root, at.store, at.project, (good, bad), run, tell)
    if lent := len(at.store.lent(at.project)):
        are, they = ("was", "it is") if lent == 1 else ("were", "they are")
        put(f"{counted(lent, 'file')} of {IN_REPOSITORY} {are} left out: {they} in no generation")
    for name in found.unplayable:
        put(f"the recorded calls of {name} cannot be made again here: passed over")
    return _found(found) if found.first_bad else _not_found(found, usual(at.sessions))


def _found(found: Bisected) -> int:
    first = found.first_bad
    assert first is not None, "the caller has looked"
    put(f"the first bad one is {first.id} of {first.when.astimezone():%Y-%m-%d}: {first.subject}")
    put(f"why: {found.why}", 2)
    put(f"it changed {', '.join(found.paths)}", 2)
    names = [path.rpartition("/")[2].removesuffix(".toml").removesuffix(".md") for path in found.paths]
    before = found.span[found.span.index(first) - 1].id
    target = names[0] if len(names) == 1 and "scaffold.toml" not in found.paths else before
    put(f"go back with `livecoder scaffold rollback {target}`")
    return 0


def _not_found(found: Bisected, usual: Usual | None) -> int:
    start, end = found.span[0].id, found.span[-1].id
    if found.why:
        put(f"{start} does not work either: give a --good one")
        return 1
    put(f"all that can be replayed works in {end} as it did in {start}")
    if found.live:
        put(f"{counted(len(found.live), 'generation')} in between changed prompts, lessons or knobs:")
        put(", ".join(info.id for info in found.live), 2)
        put("these act on the model: only paired live runs can tell. One pair:")
        put(f"livecoder -p TASK --evolve off --scaffold {start}", 2)
        put(f"livecoder -p TASK --evolve off --scaffold {end}", 2)
        put(_price(usual, found.pairs))
    return 1


def _price(usual: Usual | None, pairs: int) -> str:
    if usual is None:
        return f"{counted(pairs, 'pair')} at least; no session here says yet what a task costs"
    turns = f"a task here takes {usual.turns:g} turns"
    if usual.task_usd is None:
        return f"{turns}, at a price that is not known; {counted(pairs, 'pair')} at least"
    one = 2 * usual.task_usd
    return f"{turns}: about ${one:.2f} a pair, ${one * pairs:.2f} for {pairs}, more where luck plays a part"


@app.command()
def path(cd: Directory = None) -> int:
    """Where the scaffold's history lies."""
    at = here(cd)
    print(f"{at.store.path} (branch project/{at.project})")
    return 0
