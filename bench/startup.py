"""Start-up of the command line as ratios: `--version` to a bare Python, `--help` to the help of a minimal typer app.

    python bench/startup.py [--runs 15] [--livecoder PATH]

Runs are interleaved, so that all four meet the same load. Also lists the heavy modules that each imports: none may be.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HEAVY = ("litellm", "git", "jinja2", "tree_sitter", "pydantic", "docker", "textual", "mcp", "openai", "httpx", "rich")
TYPER_APP = """\
import typer


def main(name: str, count: int = 1) -> None:
    \"\"\"Say hello.\"\"\"


app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
app.command()(main)
app()
"""
LIMITS = (("livecoder --version", "python -c pass", 2.0), ("livecoder --help", "typer app --help", 1.3))


def timed(argv: list[str]) -> tuple[float, float]:
    """Wall and processor milliseconds of one run."""
    began = time.perf_counter()
    with Path(os.devnull).open("w") as nothing:
        process = subprocess.Popen(argv, stdout=nothing, stdin=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(argv)} ended with {process.returncode}")
    return wall * 1000, (used.ru_utime + used.ru_stime) * 1000


def heavy_imports(argv: list[str]) -> list[str]:
    """Heavy top-level packages that this run imports, by the interpreter's own account."""
    done = subprocess.run([sys.executable, "-X", "importtime", *argv], capture_output=True, text=True, check=True)
    names = re.findall(r"\| +(\w+)", done.stderr)
    return sorted({name for name in names if name in HEAVY})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--livecoder", default=str(Path(sys.executable).with_name("livecoder")))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        app = Path(directory, "app.py")
        app.write_text(TYPER_APP)
        programs = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "livecoder --version": [options.livecoder, "--version"],
            "typer app --help": [sys.executable, str(app), "--help"],
            "livecoder --help": [options.livecoder, "--help"],
        }
        for argv in programs.values():
            timed(argv)
        samples: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
        for _ in range(options.runs):
            for name, argv in programs.items():
                samples[name].append(timed(argv))
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors, {options.runs} interleaved runs, medians\n")
    print("| program | wall ms | processor ms | heavy imports |\n|---|---|---|---|")
    medians = {n: [statistics.median(column) for column in zip(*rows, strict=True)] for n, rows in samples.items()}
    for name, argv in programs.items():
        found = ", ".join(heavy_imports(argv[1:] if argv[0] == sys.executable else argv)) if "live" in name else "-"
        print(f"| {name} | {medians[name][0]:.0f} | {medians[name][1]:.0f} | {found or 'none'} |")
    print()
    for name, to, limit in LIMITS:
        wall, cpu = (a / b for a, b in zip(medians[name], medians[to], strict=True))
        print(f"{name} / {to}: {wall:.2f} wall, {cpu:.2f} processor (limit {limit})")


if __name__ == "__main__":
    main()
