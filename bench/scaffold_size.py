"""What a large scaffold costs beside a small one: the prompt, the start of a session, the harness's time a turn.

    python bench/scaffold_size.py [--turns 60] [--runs 5]

The real command line with a scripted model, in a repository of 200 files, with 20 tools and 20 lessons and with 200 and
500, one after the other in turns. A turn lasts from one reply in the journal to the next: the model takes no time, so
it is the harness, the sandbox and a command of 40 lines of output, the same in both.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from turns import repository

from livecoder.scaffold.lessons import MAX_GENERAL, Lesson, dump

SIZES = {"20 tools, 20 lessons": (20, 20), "200 tools, 500 lessons": (200, 500)}
COMMAND = '```bash\nfor n in $(seq 40); do echo "step {step} line $n of the tests: passed in 0.$n s"; done\n```'


@dataclass(slots=True)
class Measured:
    """Milliseconds; the prompt in bytes."""

    turns: list[float] = field(default_factory=list[float])
    start: list[float] = field(default_factory=list[float])
    prompt: int = 0


def scaffold(root: Path, tools: int, lessons: int) -> Path:
    for number in range(tools):
        path = root / "tools" / f"tool-{number:03}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"#!/usr/bin/env bash\n# Does the thing of number {number:03} for this repository.\necho {number}\n"
        )
        path.chmod(0o755)
    (root / "lessons").mkdir(parents=True)
    for number in range(lessons):
        trigger = "" if number < MAX_GENERAL else f"make target-{number:03}"
        text = f"What was learnt about part {number:03} of this repository, in a sentence of usual length."
        lesson = Lesson(f"lesson-{number:03}", text, trigger, ("s1:1", "s2:1"), f"2026-01-01T{number:05}")
        (root / "lessons" / f"{lesson.id}.toml").write_text(dump(lesson))
    return root


def run(place: Path, root: Path, script: Path, scaffold: Path, into: Measured) -> None:
    """One session; what the journal says of it goes into `into`."""
    home = Path(tempfile.mkdtemp(dir=place))
    began = time.time()
    subprocess.run(
        [sys.executable, "-m", "livecoder", "-p", "Run them.", "-m", f"scripted:{script}", "--scaffold", str(scaffold)],
        cwd=root,
        env={**os.environ, "LIVECODER_HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[1])},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    db = sqlite3.connect(next(home.glob("**/journal.sqlite")))
    replies = [at for (at,) in db.execute("SELECT at FROM event WHERE kind = 'model_replied' ORDER BY seq")]
    (first,) = db.execute("SELECT body FROM event WHERE kind = 'session_started'").fetchone()
    db.close()
    into.turns += [(after - at) * 1000 for at, after in itertools.pairwise(replies[1:])]
    into.start.append((replies[0] - began) * 1000)
    into.prompt = len(json.loads(first)["system"].encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=60)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    found = {name: Measured() for name in SIZES}
    load = [os.getloadavg()[0]]
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        root = repository(place / "repository", 200)
        script = place / "script.md"
        script.write_text("\n---8<---\n".join([*(COMMAND.format(step=n) for n in range(options.turns)), "Done."]))
        made = {name: scaffold(place / f"scaffold-{name[:3]}", *size) for name, size in SIZES.items()}
        for _ in range(options.runs):
            for name in SIZES:
                run(place, root, script, made[name], found[name])
    load.append(os.getloadavg()[0])
    print(f"{options.runs} runs of {options.turns} turns, interleaved; load {load[0]:.1f} to {load[1]:.1f}\n")
    print("| scaffold | prompt, bytes | start, median ms | a turn, median ms |\n|---|---|---|---|")
    for name, seen in found.items():
        print(
            f"| {name} | {seen.prompt:,} | {statistics.median(seen.start):.0f} | {statistics.median(seen.turns):.1f} |"
        )
    small, large = found.values()
    print(f"\nprompt: {large.prompt / small.prompt:.3f} (limit 1); a turn: ", end="")
    print(f"{statistics.median(large.turns) / statistics.median(small.turns):.2f} (limit 1.1)")


if __name__ == "__main__":
    main()
