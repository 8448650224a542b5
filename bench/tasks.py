"""Real bugs of published packages: what one is, and its old release as a git repository to solve it in.

A task is a small TOML file in `tasks/`. This checkout holds no file of any package: both releases come by pip, into a
cache that no solver is shown.
"""

from __future__ import annotations

import dataclasses
import fcntl
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

FOLDER = Path(__file__).parent / "tasks"
DIFFICULTIES = ("easy", "medium", "hard")
EXCLUDED = (".venv/", "__pycache__/", "*.egg-info/", ".pytest_cache/")
"""What git does not see in a prepared repository: sdists rarely bring a .gitignore."""
INSTALL_SECONDS = 900


class TaskError(Exception):
    """A task, or the place for it, that cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Task:
    """One bug. Tasks of a package are solved at the same path, so that the second finds what the first one taught."""

    name: str
    package: str
    old: str
    """The release with the bug."""
    fixed: str
    """The release that fixed it."""
    difficulty: str
    """easy, medium or hard: a guess."""
    issue: str
    """What the solver is given, and nothing else."""
    requires: tuple[str, ...]
    """Everything in the repository's environment beside the package itself, pinned."""
    tests: tuple[str, ...]
    """Globs of the package's own tests: put back as the old release has them before its suite is run."""
    suite: tuple[str, ...]
    """pytest's arguments for that suite."""
    files: tuple[str, ...]
    """Files of the fixed release's tests that show the bug."""
    turn: tuple[str, ...]
    """Tests in them that must turn from failing to passing: pytest's ids; without `[…]`, all cases of that test.

    One that the old release has, too, passes there in its old form: it asks for the bug, and need not go on passing.
    """
    keep: tuple[str, ...] = ()
    """Tests in them that pass before, too, and must go on passing: what a fix may not overdo."""
    timeout: int = 300
    """Seconds for a run of the suite."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie outside the checkout. `cache`: sdists and baselines. `work`: a repository for each package."""

    cache: Path
    work: Path

    @classmethod
    def usual(cls, cache: Path | None = None, work: Path | None = None) -> Places:
        """The user's own directories, unless others are given."""
        dirs = platformdirs.PlatformDirs("livecoder-bench")
        return cls((cache or Path(dirs.user_cache_dir)).absolute(), (work or Path(dirs.user_data_dir)).absolute())

    def project(self, task: Task) -> Path:
        return self.work / task.package

    def sdists(self, task: Task, version: str) -> Path:
        return self.cache / "sdists" / f"{task.package}-{version}"


def load(name: str, folder: Path = FOLDER) -> Task:
    """Raises TaskError for a task that does not exist, or that is not one."""
    path = folder / f"{name}.toml"
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(each.stem for each in folder.glob("*.toml")))
        raise TaskError(f"there is no task {name}; there are {known}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TaskError(f"{path}: {error}") from None
    return _task(path, data)


def load_all(folder: Path = FOLDER) -> list[Task]:
    return [load(path.stem, folder) for path in sorted(folder.glob("*.toml"))]


def _task(path: Path, data: Mapping[str, Any]) -> Task:
    fields = {field.name: field for field in dataclasses.fields(Task) if field.name != "name"}
    if unknown := data.keys() - fields.keys():
        raise TaskError(f"{path}: unknown keys {', '.join(sorted(unknown))}")
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name in data:
            values[name] = _typed(path, name, field.type, data[name])
        elif field.default is dataclasses.MISSING:
            raise TaskError(f"{path}: `{name}` is missing")
    task = Task(name=path.stem, **values)
    if task.difficulty not in DIFFICULTIES:
        raise TaskError(f"{path}: difficulty is one of {', '.join(DIFFICULTIES)}")
    for test in (*task.turn, *task.keep):
        if test.partition("::")[0] not in task.files:
            raise TaskError(f"{path}: {test} is in none of `files`")
    return task


def _typed(path: Path, name: str, kind: Any, value: Any) -> Any:
    """`kind` is the field's annotation as text: the few that Task has."""
    if kind == "str" and isinstance(value, str) and value.strip():
        return value
    if kind == "int" and isinstance(value, int) and value > 0:
        return value
    if kind.startswith("tuple") and isinstance(value, list) and all(isinstance(each, str) for each in value):  # pyright: ignore[reportUnknownVariableType] # items are checked right here
        return tuple(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] # checked above
    raise TaskError(f"{path}: `{name} = {value!r}` is no {kind}")


# ---- a repository to work in


def prepare(task: Task, places: Places) -> Path:
    """The old release as a repository with an environment of its own; whatever an earlier task left there goes."""
    project = checkout(task, places)
    furnish(task, project)
    return project


def checkout(task: Task, places: Places) -> Path:
    """The old release as a git repository of one commit. Raises TaskError where something else lies already."""
    project, mark = places.project(task), _mark(places, task)
    archive = sdist(task, task.old, places)
    if project.exists() and not mark.exists():
        raise TaskError(f"{project} was not made here: move it away, or give another --work")
    shutil.rmtree(project, ignore_errors=True)
    places.work.mkdir(parents=True, exist_ok=True)
    mark.write_text(task.name)
    unpack(archive, project)
    _git(project, "init", "-q", "-b", "main")
    (project / ".git/info/exclude").write_text("\n".join(EXCLUDED) + "\n")
    _git(project, "add", "--all", "--force")
    _git(project, "commit", "-q", "-m", f"{task.package} {task.old}")
    return project


def furnish(task: Task, project: Path) -> None:
    """An environment in `.venv`: what the task requires, and the package itself, editable."""
    subprocess.run([sys.executable, "-m", "venv", ".venv"], cwd=project, check=True)
    if task.requires:
        _pip(project / ".venv/bin/python", "install", *task.requires, cwd=project)
    # The version of a release that asks git for it: a repository of one commit cannot tell.
    version = {"SETUPTOOLS_SCM_PRETEND_VERSION": task.old}
    _pip(project / ".venv/bin/python", "install", "--no-deps", "--editable", ".", cwd=project, variables=version)
    _git(project, "checkout", "-q", "--", ".")  # some sdists bring metadata that a build writes anew
    if changed := _git(project, "status", "--porcelain"):
        raise TaskError(f"{task.name}: installing the package changed its tree:\n{changed}")


def prepared(task: Task, places: Places) -> Path:
    """Where `task` is being solved. Raises TaskError when it is not."""
    mark = _mark(places, task)
    if not mark.exists() or mark.read_text() != task.name:
        raise TaskError(f"{task.name} is not prepared in {places.work}")
    return places.project(task)


def sdist(task: Task, version: str, places: Places) -> Path:
    """The archive of a release, by pip unless the cache has it."""
    folder = places.sdists(task, version)
    if not any(folder.glob("*.tar.gz")):
        wanted = ("--no-deps", "--no-binary", task.package, f"{task.package}=={version}")
        _pip(_downloader(places), "download", "--dest", str(folder), *wanted, cwd=places.cache)
    found = sorted(folder.glob("*.tar.gz"))
    if len(found) != 1:
        raise TaskError(f"{folder} should hold one .tar.gz")
    return found[0]


def unpack(archive: Path, target: Path) -> None:
    """What is in the archive's one directory, as `target`, which must not exist."""
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        with tarfile.open(archive) as opened:
            opened.extractall(scratch, filter="data")
        (inside,) = Path(scratch).iterdir()
        inside.rename(target)


def _mark(places: Places, task: Task) -> Path:
    """Beside the repository: which task it was made for, and that it was made here."""
    return places.work / f"{task.package}.task"


def _downloader(places: Places) -> Path:
    """A Python with pip in the cache: the one that runs this may have been installed without."""
    place = places.cache / "pip"
    places.cache.mkdir(parents=True, exist_ok=True)
    with (places.cache / "pip.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run may be making it
        if not (place / "bin/pip").exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
    return place / "bin/python"


def _pip(python: Path, *arguments: str, cwd: Path, variables: Mapping[str, str] | None = None) -> None:
    cwd.mkdir(parents=True, exist_ok=True)
    command = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=INSTALL_SECONDS,
    )
    if done.returncode:
        raise TaskError(f"pip {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")


def _git(project: Path, *arguments: str) -> str:
    """The user's git without the user's configuration."""
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false")
    plain = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=project, env=plain, check=True, capture_output=True, text=True
    )
    return done.stdout
