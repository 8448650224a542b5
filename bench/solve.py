"""Runs a task of `tasks/` with any agent and model, grades it, and prints one row; or proves that the tasks are sound.

python bench/solve.py list
python bench/solve.py check NAME | --all
python bench/solve.py run NAME -m MODEL [--relay-dir DIR] [--agent livecoder|mini] [--out FILE] …
python bench/solve.py prepare NAME | grade NAME
python bench/solve.py table FILE...
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import agents
from figures import requests_in, traffic
from grade import Grade, baseline, fixed_verdicts, grade
from tasks import Places, Task, TaskError, load, load_all, prepare, prepared


@dataclass(frozen=True, slots=True)
class Row:
    """One run. None is what is not known: mini-swe-agent has no tools and says nothing of the time of its parts."""

    task: str
    agent: str
    model: str
    scaffold: str
    solved: bool
    turned: int
    of: int
    broken: int
    outcome: str
    exit_code: int
    turns: int
    steps: int
    prompt_bytes: int | None
    reply_bytes: int | None
    counted: str
    """Where the bytes were counted: "endpoint", or livecoder's "journal", which leaves out the offered tools."""
    cost_usd: float | None
    born: tuple[str, ...] | None
    offered: tuple[str, ...] | None
    used: tuple[str, ...] | None
    seconds: float
    model_seconds: float | None
    command_seconds: float | None
    engine_seconds: float | None
    verify_seconds: float | None
    without: str = ""
    after_turns: int | None = None
    """Of the turns: answers to questions that came after the task's answer, in conversations of their own."""
    after_bytes: int | None = None
    """Of the bytes, prompts and replies."""
    reflection_bytes: int | None = None
    """Of the look back after the task, both ways; in none of the other figures."""


def run(task: Task, project: Path, places: Places, wanted: agents.Wanted, agent: str, relay: Path | None) -> Row:
    """Let the agent work in the prepared `project`, and grade what it leaves."""
    before = requests_in(relay) if relay else frozenset[str]()
    ended = agents.AGENTS[agent](task.issue, project, wanted)
    return _row(task, agent, wanted, ended, grade(task, project, places), relay, before)


def _row(
    task: Task,
    agent: str,
    wanted: agents.Wanted,
    ended: agents.Ended,
    graded: Grade,
    relay: Path | None,
    before: frozenset[str],
) -> Row:
    said, wire = ended.session, traffic(relay, before) if relay else None
    model = wire.model_seconds if wire else said.model_seconds if said else None
    engine = None
    if said and model is not None:
        engine = ended.seconds - model - said.command_seconds - said.verify_seconds
    return Row(
        task=task.name,
        agent=agent,
        model=wanted.model,
        scaffold=wanted.scaffold or ("project" if said else "none"),
        without=wanted.without,
        solved=graded.solved,
        turned=len(graded.turned),
        of=len(task.turn),
        broken=len(graded.broken),
        outcome=ended.outcome,
        exit_code=ended.exit_code,
        turns=wire.replies if wire else ended.turns,
        steps=ended.steps,
        prompt_bytes=wire.prompt_bytes if wire else said.prompt_bytes if said else None,
        reply_bytes=wire.reply_bytes if wire else said.reply_bytes if said else None,
        counted="endpoint" if wire else "journal" if said else "",
        cost_usd=ended.cost_usd,
        born=said.born if said else None,
        offered=said.offered if said else None,
        used=said.used if said else None,
        seconds=ended.seconds,
        model_seconds=model,
        command_seconds=said.command_seconds if said else None,
        engine_seconds=engine,
        verify_seconds=said.verify_seconds if said else None,
    )


# ---- tables


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


HEADS = ("task", "agent", "scaffold", "solved", "broken", "turns", "steps", "prompt bytes", "reply bytes", "$")
MORE_HEADS = ("tools born / offered / used", "seconds", "model", "commands", "engine", "verify")


def rows_table(rows: Sequence[Row]) -> str:
    return table([*HEADS, *MORE_HEADS], [_cells(row) for row in rows])


def _cells(row: Row) -> list[str]:
    solved = f"{'yes' if row.solved else 'no'} ({row.turned}/{row.of})"
    tools = (row.born, row.offered, row.used)
    seconds = (row.seconds, row.model_seconds, row.command_seconds, row.engine_seconds, row.verify_seconds)
    mark = "*" if row.counted == "journal" else ""
    return [
        row.task,
        row.agent,
        f"{row.scaffold}, without {row.without}" if row.without else row.scaffold,
        solved,
        str(row.broken),
        f"{row.turns - row.after_turns} + {row.after_turns}" if row.after_turns else str(row.turns),
        str(row.steps),
        _number(row.prompt_bytes) + mark,
        _number(row.reply_bytes) + mark,
        "-" if row.cost_usd is None else f"{row.cost_usd:.2f}",
        " / ".join("-" if names is None else str(len(names)) for names in tools),
        *("-" if value is None else f"{value:.0f}" for value in seconds),
    ]


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def read_rows(paths: Sequence[Path]) -> list[Row]:
    return [Row(**json.loads(line)) for path in paths for line in path.read_text().splitlines() if line.strip()]


# ---- are the tasks sound?


def check(task: Task, cache: Path) -> list[str]:
    """One line of the table; raises TaskError where the task does not show what it says."""
    with tempfile.TemporaryDirectory(prefix="check-") as scratch:
        places = Places(cache, Path(scratch))
        project = prepare(task, places)
        before = baseline(task, project, places)
        after = fixed_verdicts(task, project, places)
    wrong = [f"{test} passes on {task.old}" for test in task.turn if before.graded[test] == "passed"]
    wrong += [f"{test}: {before.graded[test]} on {task.old}" for test in task.keep if before.graded[test] != "passed"]
    wrong += [f"{test}: {word} on {task.fixed}" for test, word in after.items() if word != "passed"]
    if not before.passing:
        wrong.append("no test of its suite passes")
    if wrong:
        raise TaskError(f"{task.name}: " + "; ".join(wrong))
    failing, passing = len(task.turn), sum(word == "passed" for word in after.values())
    releases = f"{task.old} → {task.fixed}"
    counts = [f"{failing} of {len(task.turn)}", f"{passing} of {len(after)}", f"{len(before.passing):,}"]
    not_passing = sum(outcome == "failed" for outcome in before.suite.values())
    return [task.name, task.package, releases, task.difficulty, *counts, str(not_passing), f"{before.seconds:.0f}"]


CHECK_HEADS = ("task", "package", "old → fixed", "guess", "fail on old", "pass on fixed")
CHECK_MORE = ("suite passes", "suite fails", "suite s")


# ---- the command line


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    places = Places.usual(options.cache, options.work)
    try:
        return _carry_out(options, places)
    except TaskError as error:
        print(f"solve.py: {error}", file=sys.stderr)
        return 1


def _carry_out(options: argparse.Namespace, places: Places) -> int:
    match options.verb:
        case "list":
            lines = [[t.name, t.package, f"{t.old} → {t.fixed}", t.difficulty, str(len(t.turn))] for t in load_all()]
            print(table(("task", "package", "old → fixed", "guess", "graded tests"), lines))
        case "check":
            chosen = load_all() if options.all else [load(name) for name in options.names]
            lines = [check(task, places.cache) for task in chosen]
            print(table([*CHECK_HEADS, *CHECK_MORE], lines))
        case "prepare":
            print(prepare(load(options.name), places))
        case "grade":
            task = load(options.name)
            graded = grade(task, prepared(task, places), places)
            print(json.dumps({"solved": graded.solved, **dataclasses.asdict(graded)}, indent=1))
            return 0 if graded.solved else 1
        case "run":
            row = _run(options, places)
            print(rows_table([row]))
            if options.out:
                with options.out.open("a") as file:
                    file.write(json.dumps(dataclasses.asdict(row)) + "\n")
            return 0 if row.solved else 1
        case _:
            print(rows_table(read_rows(options.files)))
    return 0


def _run(options: argparse.Namespace, places: Places) -> Row:
    task, relay = load(options.name), options.relay_dir
    wanted = agents.Wanted(
        model=options.model or ("openai/by-hand" if relay else ""),
        home=(options.home or places.work / "home").absolute(),
        api_base=(relay / "url").read_text().strip() if relay else "",
        settings=tuple(options.set),
        scaffold=options.scaffold,
        without=options.without,
        verify=options.verify,
        peer=options.peer_venv and options.peer_venv.absolute(),
    )
    if not wanted.model:
        raise TaskError("which model? -m MODEL, or --relay-dir DIR to answer by hand")
    if not shutil.which("bwrap"):
        raise TaskError("grading needs bubblewrap (`bwrap`)")
    project = prepare(task, places)
    baseline(task, project, places)  # before the agent starts: what it measures of its own time is then undisturbed
    row = run(task, project, places, wanted, options.agent, relay)
    if not options.reflect:
        return row
    before = requests_in(relay) if relay else frozenset[str]()
    agents.reflect(project, wanted)
    looked = traffic(relay, before) if relay else None
    return dataclasses.replace(row, reflection_bytes=looked.prompt_bytes + looked.reply_bytes if looked else None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, help="for sdists and baselines; default: the user's cache directory")
    parser.add_argument("--work", type=Path, help="for the repositories; default: the user's data directory")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list", help="what tasks there are")
    checking = verbs.add_parser("check", help="prove that the tests fail on the old release and pass on the fixed one")
    group = checking.add_mutually_exclusive_group(required=True)
    group.add_argument("names", nargs="*", metavar="NAME", default=[])
    group.add_argument("--all", action="store_true")
    for verb, text in (("prepare", "make the repository and say where"), ("grade", "grade it as it stands now")):
        verbs.add_parser(verb, help=text).add_argument("name", metavar="NAME")
    _running(verbs.add_parser("run", help="let an agent solve a task, and grade it"))
    verbs.add_parser("table", help="rows saved with --out").add_argument("files", nargs="+", type=Path, metavar="FILE")
    return parser


def _running(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("-m", "--model", default="", help="as livecoder's -m, replay:FILE and scripted:FILE too")
    parser.add_argument("--agent", choices=sorted(agents.AGENTS), default="livecoder")
    parser.add_argument("--relay-dir", type=Path, help="folder of a hand-answered endpoint; bytes are counted there")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="handed to livecoder")
    parser.add_argument("--scaffold", default="", help="handed to livecoder; `none` is bash alone")
    parser.add_argument("--reflect", action="store_true", help="look back afterwards, so that a next task may gain")
    parser.add_argument("--without", default="", metavar="PARTS", help="leave out parts of what the model reads")
    parser.add_argument("--verify", default="", metavar="CMD", help="handed to livecoder")
    parser.add_argument("--home", type=Path, help="LIVECODER_HOME; keep it for the second of a pair")
    parser.add_argument("--peer-venv", type=Path, help="environment with mini-swe-agent and mcp")
    parser.add_argument("--out", type=Path, help="append the row as JSON")


if __name__ == "__main__":
    sys.exit(main())
