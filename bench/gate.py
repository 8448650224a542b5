"""What the gate takes from a tool's proposal to its commit, beside bare calls of the same sandbox.

    python bench/gate.py [--tools 12] [--files 500]

A real session's rooms on a repository, the real store; each tool has three calls in the session, which become its
cases. A bare call runs the tool's command in the session's sandbox. Both are interleaved, so that a busy machine slows
both. What the tool itself takes (its `--help`, three calls twice, the boot's command) is subtracted as so many bare
calls.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from turns import repository

from livecoder import config
from livecoder.config import Settings
from livecoder.events import ScaffoldCommitted, ToolUsed
from livecoder.evolution.contract import Contract
from livecoder.evolution.evolve import Evolution, Grounds
from livecoder.evolution.proposals import KeepTool
from livecoder.evolution.receipts import Receipt
from livecoder.loop import drained
from livecoder.opening import Opened, opened

CALLS = 3
RUNS = 2 * CALLS + 2
"""Of something in a sandbox: `--help`, each call twice, the boot's command."""
LIMIT_SECONDS = 1.0
TOOL = """#!/usr/bin/env bash
# Counts what is called VALUE_{number} in a file.
if [ "$1" = --help ]; then echo "Counts VALUE_{number} in a file."; echo "usage: tool-{number} FILE"; exit; fi
{body}
grep -c 'VALUE_{number}' "$1"
"""
CONTRACT = Contract((1, 2), "the task needed it", "later tasks call it", ("turns",), ("verify",))


@contextmanager
def session(root: Path, home: Path) -> Generator[Opened]:
    os.environ["LIVECODER_HOME"] = str(home)
    script = home / "script.md"
    home.mkdir()
    script.write_text("Done.")
    settings = replace(Settings(config.paths()), model=f"scripted:{script}")
    with opened(settings, root) as made:
        yield made


def proposed(number: int) -> KeepTool:
    """Each far enough from the others: a tool that is nearly the same as another is refused at once."""
    body = "\n".join(f"part_{number}_{line}=$(({number} * {line}))" for line in range(30))
    text = TOOL.format(number=number, body=body)
    return KeepTool(f"tool-{number}", text.encode(), CONTRACT, "Counts.")


def judged(made: Opened, evolution: Evolution, number: int, files: list[str], tree: str) -> float:
    """Seconds from the proposal to its commit."""
    proposal = proposed(number)
    uses = [ToolUsed(proposal.name, 1, (file,), "", str(made.workspace.root), 0, tree) for file in files[:CALLS]]
    receipt = Receipt("count", made.id, "scripted", "none")
    began = time.perf_counter()
    events = list(evolution.consider([proposal], Grounds(frozenset({1, 2}), uses, tree), receipt))
    took = time.perf_counter() - began
    assert isinstance(events[-1], ScaffoldCommitted), events[-1]
    return took


def bare(made: Opened, file: str) -> float:
    began = time.perf_counter()
    drained(made.sandbox.run(f"grep -c VALUE_1 {file}", 30.0))
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", type=int, default=12)
    parser.add_argument("--files", type=int, default=500)
    options = parser.parse_args()
    load = [os.getloadavg()[0]]
    with tempfile.TemporaryDirectory() as directory:
        root = repository(Path(directory) / "repository", options.files)
        with session(root, Path(directory) / "home") as made:
            assert made.store is not None
            evolution = Evolution(
                made.store,
                made.settings.paths.data,
                made.project,
                made.generation,
                "auto",
                made.rooms,
                root,
                made.briefing.system_of,
            )
            files = sorted(str(path.relative_to(root)) for path in root.rglob("*.py"))[:CALLS]
            tree = made.workspace.shadow.checkpoint().tree
            gate: list[float] = []
            calls: list[float] = []
            for number in range(options.tools):
                gate.append(judged(made, evolution, number, files, tree))
                calls += [bare(made, file) for file in files for _ in range(3)]
    load.append(os.getloadavg()[0])
    call, whole = statistics.median(calls), statistics.median(gate)
    print(f"{options.tools} tools, {options.files} files; load {load[0]:.1f} to {load[1]:.1f}\n")
    print("| | median ms | in bare calls |\n|---|---|---|")
    print(f"| a bare call in the session's sandbox | {call * 1000:.1f} | 1 |")
    print(f"| a tool, from proposal to commit | {whole * 1000:.0f} | {whole / call:.1f} |")
    own = whole - RUNS * call
    limit = f"{own * 1000:.0f} (limit {LIMIT_SECONDS * 1000:.0f})"
    print(f"| of it beside the tool's own {RUNS} runs | {limit} | {own / call:.1f} |")


if __name__ == "__main__":
    main()
