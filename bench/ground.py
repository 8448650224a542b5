"""What livecoder learns about the sources of real packages, held against answers found by hand (`ground.toml`).

    python bench/ground.py [--cache DIR] [NAME …]
    python bench/ground.py --speed

Sources come through pip, which may run a package's own build code to learn its version. Nothing of them is run here.
`--speed` needs no network: what the ground costs in repositories of 500 and of 50,000 files.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from livecoder.ground import Ground, survey
from livecoder.ground.lines import lines
from livecoder.workspace.glance import Glance, glance

ANSWERS = Path(__file__).with_suffix(".toml")
FACTS = ("tests", "where", "for", "checks", "changelog")


@dataclass(frozen=True)
class Row:
    """One package: what was said of it, and what that costs."""

    name: str
    said: dict[str, str]
    wrong: dict[str, str]
    """By fact, what would have been right."""
    lines: int
    characters: int
    milliseconds: float
    unseen: bool
    """Nobody looked at it while the code was written."""


def fetched(name: str, version: str, cache: Path) -> Path:
    """The unpacked sources of one release."""
    target = cache / "unpacked" / f"{name}-{version}"
    if not target.exists():
        downloads = cache / "downloads" / name
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", name]
        subprocess.run([*command, "-d", str(downloads), f"{name}=={version}"], check=True)
        (archive,) = downloads.iterdir()
        with tarfile.open(archive) as opened, tempfile.TemporaryDirectory(dir=cache) as directory:
            opened.extractall(directory, filter="data")
            (top,) = Path(directory).iterdir()
            target.parent.mkdir(exist_ok=True)
            top.rename(target)
    return target


def bare_python(cache: Path) -> tuple[str, ...]:
    """A PATH whose only program is a Python with nothing installed."""
    place = cache / "bare"
    if not place.exists():
        venv.create(place, with_pip=False)
    return (str(place / "bin"),)


def said(ground: Ground) -> dict[str, str]:
    """The facts as one text each: those of the first kit that is Python's, and the command that comes first."""
    python = next((kit for kit in ground.kits if kit.language == "python"), None)
    changelog = ground.conventions.changelog
    versions = [fact.text for fact in python.versions] if python else []
    return {
        "tests": ground.test_command,
        "where": python.tests.where if python else "",
        "for": next((text.removeprefix("for ") for text in versions if text.startswith("for ")), ""),
        "checks": " ".join(sorted(check.name for check in python.checks)) if python else "",
        "changelog": changelog.source if changelog else "",
    }


def compared(answer: dict[str, Any], path: Sequence[str], root: Path) -> Row:
    began = time.perf_counter()
    ground = survey(root, root, Glance(), path=path)
    took = (time.perf_counter() - began) * 1000
    found, wrong = said(ground), dict[str, str]()
    for fact in FACTS:
        right = answer[fact]
        choices = right if fact == "tests" else [" ".join(sorted(right)) if fact == "checks" else right]
        if found[fact] not in choices:
            wrong[fact] = " or ".join(choices) or "(none)"
    told = lines(ground)
    unseen = answer.get("unseen", False)
    return Row(answer["name"], found, wrong, len(told), len("\n".join(told)), took, unseen)


def report(rows: Sequence[Row]) -> None:
    print(f"| package | {' | '.join(FACTS)} | lines | characters | ms |\n|{'---|' * (len(FACTS) + 4)}")
    for row in rows:
        marks = " | ".join("**wrong**" if fact in row.wrong else "right" for fact in FACTS)
        print(f"| {row.name} | {marks} | {row.lines} | {row.characters} | {row.milliseconds:.0f} |")
    for title, group in (("seen", [r for r in rows if not r.unseen]), ("unseen", [r for r in rows if r.unseen])):
        totals = " | ".join(f"{sum(fact not in row.wrong for row in group)} of {len(group)}" for fact in FACTS)
        print(f"| all {title} | {totals} | | | |")
    print()
    for row in rows:
        for fact, right in row.wrong.items():
            print(f"{row.name}, {fact}: said {row.said[fact] or '(none)'}; right is {right}")


def speed(runs: int = 15) -> None:
    """Medians in milliseconds of both halves: files, and git."""
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors, medians of {runs} runs\n")
    print("| files | survey ms | glance ms |\n|---|---|---|")
    for folders in (50, 5_000):
        with tempfile.TemporaryDirectory() as directory:
            root = repository(Path(directory), folders)
            files = partial(survey, root, root, Glance(), path=("/usr/bin", "/bin"))
            surveys = [timed(files) for _ in range(runs)]
            glances = [timed(partial(glance, root, root / ".git")) for _ in range(runs)]
        print(f"| {10 * folders} | {statistics.median(surveys):.1f} | {statistics.median(glances):.1f} |")


def repository(root: Path, folders: int) -> Path:
    """A committed Python project of ten files a folder, a fifth of them tests, with five commits."""
    (root / "pyproject.toml").write_text("[project]\nname = 'x'\n[tool.pytest.ini_options]\n[tool.ruff]\n")
    for number in range(folders):
        place = root / ("tests" if number % 5 == 0 else "src/x") / f"part{number % 70}" / f"p{number}"
        place.mkdir(parents=True)
        for file in range(10):
            (place / f"{'test_' if number % 5 == 0 else ''}m{file}.py").write_text(f"import os\nx = {file}\n")
    git = ["git", "-C", str(root), "-c", "user.name=User", "-c", "user.email=user@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    for number in range(5):
        (root / "CHANGES.md").write_text(f"{number}\n")
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-qm", f"fix: {number}"], check=True)
    (root / "notes.txt").touch()
    return root


def timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "livecoder-bench-ground")
    parser.add_argument("--speed", action="store_true")
    options = parser.parse_args()
    if options.speed:
        speed()
        return
    answers = tomllib.loads(ANSWERS.read_text())["package"]
    chosen = [answer for answer in answers if not options.names or answer["name"] in options.names]
    options.cache.mkdir(parents=True, exist_ok=True)
    path = bare_python(options.cache)
    roots = [fetched(answer["name"], answer["version"], options.cache) for answer in chosen]
    report([compared(answer, path, root) for answer, root in zip(chosen, roots, strict=True)])


if __name__ == "__main__":
    main()
