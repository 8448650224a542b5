"""What the harness itself costs a turn: the real command line, a played model on loopback, a repository of 500 files.

    python bench/turns.py [--turns 1000] [--files 500] [--json FILE]

A turn is the time from one request's last byte to the next one's. Subtracted and booked apart: the model (the server's
time between a request's last byte and its answer), litellm (from its call to the request's last byte, and from the
answer to the end of its stream), and the command's own time (as it says itself, from inside the sandbox). The rest is
the harness: the sandbox's start and end, journal, checkpoint, watchers, display, threads. The same server makes bare
bubblewrap calls with the session's own argument list throughout the run, so both meet the same load.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from played_model import PlayedModel, Turn, bare_call, serve

HERE = Path(__file__).parent
WINDOW = 40


@dataclass(slots=True)
class Notes:
    """What the measured process wrote about itself so far."""

    path: Path
    _head: dict[str, Any] = field(default_factory=dict[str, Any])

    def head(self) -> dict[str, Any]:
        if not self._head and self.path.exists() and (line := self.path.read_text().partition("\n")[0]):
            self._head = json.loads(line)
        return self._head

    def bare(self) -> float:
        return bare_call(self.head()["bubblewrap"]) if self.head() else 0.0

    def peak_kb(self) -> int:
        if not self.head():
            return 0
        status = Path(f"/proc/{self.head()['process']}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+)", status)
        return int(found[1]) if found else 0

    def calls(self) -> list[dict[str, float]]:
        return [json.loads(line) for line in self.path.read_text().splitlines()[1:]]


@dataclass(frozen=True, slots=True)
class Cost:
    """Where one turn's milliseconds went."""

    turn: int
    changed: bool
    total: float
    model: float
    litellm: float
    command: float
    harness: float
    stages: dict[str, float]
    """The harness's share again, by the moments at which the journal has the turn's events."""


def repository(root: Path, files: int) -> Path:
    root.mkdir()
    for number in range(files):
        path = root / "src" / f"part_{number // 10}" / f"module_{number % 10}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'"""Module {number}."""\n' + "".join(f"VALUE_{n} = {n * number}\n" for n in range(60)))
    identity = ["-c", "user.name=Bench", "-c", "user.email=bench@example.org"]
    for words in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "start"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    return root


def run(turns: int, files: int, place: Path) -> tuple[list[Turn], list[dict[str, float]], list[dict[str, float]]]:
    notes = Notes(place / "notes")
    model = PlayedModel(turns, bare=notes.bare, peak_kb=notes.peak_kb)
    server = serve(model)
    url = f"http://127.0.0.1:{server.server_port}/v1"
    arguments = ["-m", "openai/played", "--set", f"model.api_base={url}", "--max-budget-usd", "1000"]
    environment = {**os.environ, "LIVECODER_HOME": str(place / "home"), "OPENAI_API_KEY": "none"}
    with (place / "stderr").open("wb") as errors:
        done = subprocess.run(
            [sys.executable, str(HERE / "stopwatch.py"), str(notes.path), "-p", "Run the steps.", *arguments],
            cwd=repository(place / "repository", files),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            check=False,
        )
    server.shutdown()
    server.server_close()
    if done.returncode or len(model.turns) < turns:
        tail = (place / "stderr").read_text()[-2000:]
        raise SystemExit(f"ended with {done.returncode} after {len(model.turns)} turns:\n{tail}")
    return model.turns, notes.calls(), journaled(next(place.glob("home/**/journal.sqlite")))


def journaled(path: Path) -> list[dict[str, float]]:
    """For each turn, when its events were on disk (monotonic seconds), and the sandbox's own measure of the command."""
    clocks = time.time() - time.monotonic()
    found: list[dict[str, float]] = []
    with sqlite3.connect(path) as db:
        rows = db.execute("SELECT kind, at, body FROM event ORDER BY seq").fetchall()
    db.close()
    for kind, at, body in rows:
        if kind == "model_replied":
            found.append({})
        if found:
            found[-1].setdefault(kind, at - clocks)
        if kind == "command_finished":
            found[-1]["sandbox"] = json.loads(body)["seconds"]
    return found


def costs(turns: Sequence[Turn], calls: Sequence[dict[str, float]], events: Sequence[dict[str, float]]) -> list[Cost]:
    found: list[Cost] = []
    for number, (turn, after) in enumerate(itertools.pairwise(turns)):
        call, next_call = calls[number], calls[number + 1]
        total = after.received - turn.received
        model = turn.answered - turn.received
        litellm = (call["ended"] - turn.answered) + (after.received - next_call["began"])
        command = after.own_us / 1e6
        total, model, litellm, command = (value * 1000 for value in (total, model, litellm, command))
        rest = total - model - litellm - command
        stages = _stages(call["ended"], events[number], next_call["began"])
        found.append(Cost(number + 1, turn.changes, total, model, litellm, command, rest, stages))
    return found


def _stages(replied: float, at: dict[str, float], asked: float) -> dict[str, float]:
    """Milliseconds from the reply's last chunk to the next call of the library; they add up to the harness's time."""
    ran = at["command_finished"] - at["command_started"]
    parts = {
        "reply read and journaled": at["model_replied"] - replied,
        "command journaled": at["command_started"] - at["model_replied"],
        "sandbox": at["sandbox"],
        "round the sandbox, tree looked at, result journaled": ran - at["sandbox"],
        "watchers, checkpoint, observation journaled": at["observed"] - at["command_finished"],
        "next request": asked - at["observed"],
    }
    return {name: value * 1000 for name, value in parts.items()}


def window(values: Sequence[Cost], around: int) -> list[Cost]:
    low = max(2, min(around - WINDOW // 2, len(values) - WINDOW))
    return [cost for cost in values if low <= cost.turn < low + WINDOW]


def median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else float("nan")


def report(found: list[Cost], turns: list[Turn], load: tuple[float, float]) -> None:
    bare = median([t.bare_seconds * 1000 for t in turns if t.bare_seconds])
    print(f"{len(found)} turns; load {load[0]:.1f} before, {load[1]:.1f} after, on {os.cpu_count()} processors\n")
    print("| median ms a turn | all | tree unchanged | tree changed |\n|---|---|---|---|")
    for name in ("total", "model", "litellm", "command", "harness"):
        kinds = ([c for c in found if c.turn > 1 and c.changed in kind] for kind in ((True, False), (False,), (True,)))
        print(f"| {name} | " + " | ".join(f"{median([getattr(c, name) for c in kind]):.1f}" for kind in kinds) + " |")
    harness = median([c.harness for c in found if c.turn > 1])
    print(f"| bare bubblewrap | {bare:.1f} | | |\n")
    print(f"| the harness by stages, median ms | all | around turn 10 | around turn {len(found)} |\n|---|---|---|---|")
    for stage in found[0].stages:
        kinds = (found[1:], window(found, 10), window(found, len(found)))
        print(f"| {stage} | " + " | ".join(f"{median([c.stages[stage] for c in kind]):.1f}" for kind in kinds) + " |")
    print()
    print(f"harness / bare bubblewrap: {harness / bare:.2f} (limit 3)")
    first, last = (median([c.harness for c in window(found, at)]) for at in (10, len(found)))
    rates = [_load_rate(turns, at) for at in (10, len(found))]
    print(
        f"harness at turn {len(found)} / at turn 10: {last / first:.2f} ({last:.1f} / {first:.1f} ms; "
        f"{last / first / (rates[1] / rates[0]):.2f} in bare calls of the same moment) (limit 1.2)"
    )
    early, late = turns[min(30, len(turns) - 1)].peak_kb, turns[-1].peak_kb
    memory = f"{late / early:.2f} ({late / 1024:.0f} / {early / 1024:.0f} MB)"
    print(f"peak memory at the end / at turn 30: {memory} (limit 1.5)")
    prefixes = [turn.prefix for turn in turns[1:]]
    raw = [turn.raw_prefix for turn in turns[1:]]
    print(
        f"prefix kept, tools and messages: least {min(prefixes):.4f}, median {median(prefixes):.4f} (limit 0.99); "
        f"of the bytes as sent, where the tool comes last: least {min(raw):.4f}, median {median(raw):.4f}"
    )


def _load_rate(turns: list[Turn], around: int) -> float:
    low = max(0, min(around - WINDOW, len(turns) - 2 * WINDOW))
    return median([t.bare_seconds for t in turns[low : low + 2 * WINDOW] if t.bare_seconds])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=1000)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--json", type=Path, help="write every turn's costs here")
    options = parser.parse_args()
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as directory:
        turns, calls, events = run(options.turns, options.files, Path(directory))
    found = costs(turns, calls, events)
    report(found, turns, (before, os.getloadavg()[0]))
    if options.json:
        options.json.write_text("\n".join(json.dumps(dataclasses.asdict(cost)) for cost in found) + "\n")


if __name__ == "__main__":
    main()
