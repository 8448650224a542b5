"""What the tests say of a solved task: both releases' tests on a copy of the tree, in a sandbox without a network.

The copy is seen at the repository's own path, so that its editable environment finds it. Nothing of the solver's tests
is run: the old release's are put back, and the fixed release's are laid over.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

from tasks import Places, Task, TaskError, sdist, unpack

Results: TypeAlias = Mapping[str, str]
"""passed, failed or skipped, by `module.Class::test[case]` as JUnit reports name a test."""

FORMAT = 2
"""Raised when baselines of an older grader say something else."""
MEMORY_KB = 6 * 1024 * 1024
"""Address space of a test run: some bugs, and some fixes, never stop allocating."""
LEFT_BEHIND = shutil.ignore_patterns(".venv", ".git", "__pycache__", ".pytest_cache")


@dataclass(frozen=True, slots=True)
class Baseline:
    """The old release under its own tests, and under those of the fixed one."""

    suite: dict[str, str]
    graded: dict[str, str]
    """A verdict for each of the task's tests; "missing" where it cannot even be collected."""
    seconds: float
    """What the suite took."""

    @property
    def passing(self) -> list[str]:
        return [name for name, outcome in self.suite.items() if outcome == "passed"]


@dataclass(frozen=True, slots=True)
class Grade:
    turned: tuple[str, ...]
    """Tests of the fixed release that failed before and pass now."""
    unturned: tuple[str, ...]
    broken: tuple[str, ...]
    """Tests that passed before and do not any more; not those to be turned, whose old form may ask for the bug."""
    seconds: float

    @property
    def solved(self) -> bool:
        return not self.unturned and not self.broken


def grade(task: Task, project: Path, places: Places) -> Grade:
    """Judges the tree in `project`, which is left as it is."""
    before = baseline(task, project, places)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="grade-") as scratch:
        copy = Path(scratch, "tree")
        shutil.copytree(project, copy, symlinks=True, ignore=LEFT_BEHIND)
        expected = [name for name in before.passing if not any(covers(test, name) for test in task.turn)]
        broken = _not_passing(expected, _suite(task, copy, project, places))
        if broken:  # tests that measure time fail now and then: what passes in one of two runs is not broken
            broken = _not_passing(broken, _suite(task, copy, project, places))
        verdicts = _graded(task, copy, project, places)
    return Grade(
        turned=tuple(test for test in task.turn if verdicts[test] == "passed"),
        unturned=tuple(test for test in task.turn if verdicts[test] != "passed"),
        broken=(*broken, *(test for test in task.keep if verdicts[test] != "passed")),
        seconds=time.monotonic() - began,
    )


def _not_passing(names: Iterable[str], results: Results) -> list[str]:
    return [name for name in names if results.get(name) != "passed"]


def baseline(task: Task, project: Path, places: Places) -> Baseline:
    """Of the old release itself, never of what a solver made of it; run once a task and kept in the cache."""
    digest = hashlib.sha256(repr((FORMAT, task)).encode()).hexdigest()[:12]
    kept = places.cache / "baselines" / f"{task.name}-{digest}.json"
    if kept.exists():
        return Baseline(**json.loads(kept.read_text()))
    with tempfile.TemporaryDirectory(prefix="grade-") as scratch:
        tree = Path(scratch, "tree")
        unpack(sdist(task, task.old, places), tree)
        began = time.monotonic()
        suite = dict(_suite(task, tree, project, places))
        seconds = time.monotonic() - began
        found = Baseline(suite, _graded(task, tree, project, places), seconds)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(asdict(found)))
    return found


def fixed_verdicts(task: Task, project: Path, places: Places) -> dict[str, str]:
    """The task's tests on the release that fixed it: all must pass, or the task is none."""
    with tempfile.TemporaryDirectory(prefix="grade-") as scratch:
        tree = Path(scratch, "tree")
        unpack(sdist(task, task.fixed, places), tree)
        return _graded(task, tree, project, places)


def _suite(task: Task, tree: Path, project: Path, places: Places) -> Results:
    """The old release's own tests on `tree`."""
    with tempfile.TemporaryDirectory(prefix="grade-") as scratch:
        release = Path(scratch, "tree")
        unpack(sdist(task, task.old, places), release)
        for path in _matching(tree, task.tests):
            path.unlink()
        for path in _matching(release, task.tests):
            _lay(path, tree / path.relative_to(release))
    return run_tests(tree, project, task.suite, task.timeout)


def _graded(task: Task, tree: Path, project: Path, places: Places) -> dict[str, str]:
    """The task's own tests on `tree`, with the files that hold them."""
    with tempfile.TemporaryDirectory(prefix="grade-") as scratch:
        release = Path(scratch, "tree")
        unpack(sdist(task, task.fixed, places), release)
        for name in task.files:
            _lay(release / name, tree / name)
    tests = (*task.turn, *task.keep)
    results = run_tests(tree, project, tests, task.timeout)
    return {test: verdict(test, results) for test in tests}


def verdict(test: str, results: Results) -> str:
    """One word for a test and all its cases: passed only if none failed and at least one ran."""
    outcomes = {outcome for name, outcome in results.items() if covers(test, name)}
    return next((word for word in ("failed", "passed", "skipped") if word in outcomes), "missing")


def covers(test: str, name: str) -> bool:
    """Whether JUnit's `name` is that test or one of its cases."""
    own = junit_name(test)
    return name == own or name.startswith(f"{own}[")


def junit_name(test: str) -> str:
    """`tests/test_a.py::TestB::test_c[d]` -> `tests.test_a.TestB::test_c[d]`."""
    address, bracket, case = test.partition("[")
    path, *names = address.split("::")
    return ".".join((path.removesuffix(".py").replace("/", "."), *names[:-1])) + f"::{names[-1]}{bracket}{case}"


def run_tests(tree: Path, project: Path, arguments: Iterable[str], timeout: float) -> dict[str, str]:
    """pytest on `tree`, seen as `project`, with the environment of `project`. A run that dies has no results."""
    with tempfile.TemporaryDirectory(prefix="grade-") as out:
        (tree / ".venv").mkdir(exist_ok=True)
        sandbox = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
        sandbox += ["--bind", out, "/tmp/grade", "--bind", str(tree), str(project)]
        sandbox += ["--ro-bind", str(project / ".venv"), str(project / ".venv"), "--chdir", str(project)]
        sandbox += ["--unshare-net", "--unshare-pid", "--unshare-ipc", "--die-with-parent", "--new-session"]
        limited = ["bash", "-c", f'ulimit -v {MEMORY_KB}; exec "$@"', "pytest", ".venv/bin/python", "-m", "pytest"]
        options = ["-q", "-p", "no:cacheprovider", "--continue-on-collection-errors", "-o", "junit_family=xunit2"]
        report = ["--junitxml=/tmp/grade/report.xml", "--basetemp=/tmp/grade/temp"]
        command = [*sandbox, "--", *limited, *options, *report, *arguments]
        try:
            subprocess.run(command, env=_environment(project), timeout=timeout, capture_output=True)
        except subprocess.TimeoutExpired:
            return {}
        except FileNotFoundError:
            raise TaskError("grading needs bubblewrap (`bwrap`)") from None
        return _read(Path(out, "report.xml"), project)


def _environment(project: Path) -> dict[str, str]:
    return {
        "PATH": f"{project}/.venv/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _read(report: Path, project: Path) -> dict[str, str]:
    """The worst outcome of each test: an error in its teardown is reported as a case of its own.

    Some name the path that they run at; as they are named here, a baseline holds wherever the project lies.
    """
    results: dict[str, str] = {}
    if not report.exists():
        return results
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}".replace(str(project), ".")
        tags = {child.tag for child in case}
        outcome = "failed" if tags & {"failure", "error"} else "skipped" if "skipped" in tags else "passed"
        if results.get(name) != "failed":
            results[name] = outcome
    return results


def _matching(tree: Path, globs: Iterable[str]) -> list[Path]:
    return [path for pattern in globs for path in tree.glob(pattern) if path.is_file() or path.is_symlink()]


def _lay(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
