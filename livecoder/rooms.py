"""Sandboxes on something else than the live workspace: clean copies for verify, `lc base` and replays; a look-only one.

Every room has directories of its own and leaves nothing behind. The scaffold is mounted only where a caller says so.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from livecoder.loop import drained
from livecoder.sandbox import Finished, Guest, Sandbox
from livecoder.sandbox.regular import read_regular
from livecoder.sandbox.removal import remove
from livecoder.workspace.copies import never
from livecoder.workspace.gitdir import private_gitdir

Cancelled: TypeAlias = Callable[[], bool]
Copier: TypeAlias = Callable[[str, Path, Cancelled], str]
"""Writes a clean copy of a checkpoint's tree, dependency folders as they were at the start, into a directory.

Returns "" or why the copy is not wholly clean; one that was cancelled is not.
"""
Gitdir: TypeAlias = Callable[[Path], tuple[Path, tuple[Path, ...]]]
"""Makes a private gitdir of the user's repository in a new directory; with the object stores that it reads."""
CONFIGURATIONS = ("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "pyproject.toml", "tox.ini", "setup.cfg")
CONFIGURATION_BYTES = 256 * 1024
NO_SANDBOX = "no sandbox: a copy cannot be shown at the workspace's path"


@dataclass(frozen=True, slots=True)
class Clean:
    """A clean copy of a tree on the host; `impure` is why it is not wholly clean, or "".

    Copying dependencies takes seconds: one copy may serve several rooms, one after another, while none changes it.
    """

    path: Path
    impure: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A sandbox whose workspace path shows a clean copy; `path` is where the copy lies on the host."""

    sandbox: Sandbox
    path: Path
    impure: str

    def run(self, command: str, timeout: float, cancelled: Cancelled = never) -> Finished:
        return drained(self.sandbox.run(command, timeout, cancelled))


@dataclass(frozen=True, slots=True)
class Rooms:
    """`sandbox` is the session's; `directory` is the engine's own, on the same file system as the state."""

    sandbox: Sandbox
    copier: Copier
    gitdir: Gitdir
    directory: Path

    @property
    def no_copies(self) -> str:
        """Why no copy may be used here: a command that names the workspace would reach the user's files. Or ""."""
        return NO_SANDBOX if self.sandbox.name == "none" else ""

    @contextmanager
    def copy(
        self,
        tree: str,
        scaffold: Path | None = None,
        beside: Path | None = None,
        *,
        report: bool = False,
        guest: str = "",
        cancelled: Cancelled = never,
    ) -> Generator[Copy]:
        """A room on a clean copy of `tree`, at the workspace's own path; `beside` is seen there as /run/lc/base."""
        with self.clean(tree, cancelled) as clean, self.on(clean, scaffold, beside, report=report, guest=guest) as copy:
            yield copy

    @contextmanager
    def clean(self, tree: str, cancelled: Cancelled = never) -> Generator[Clean]:
        """A clean copy of `tree` for rooms that are opened `on` it; whoever cancels runs nothing in them."""
        with self._place() as place:
            content = place / "tree"
            impure = self.copier(tree, content, cancelled)
            (content / ".git").mkdir(parents=True, exist_ok=True)  # where each room's gitdir is mounted
            yield Clean(content, impure)

    @contextmanager
    def on(
        self,
        clean: Clean,
        scaffold: Path | None = None,
        beside: Path | None = None,
        *,
        report: bool = False,
        guest: str = "",
    ) -> Generator[Copy]:
        """A room on a copy that there is already, with a gitdir of its own.

        A replay of tools (`scaffold` without `guest`) has no network. `report`: pytest is asked for one, unless the
        project's own configuration says something of reports. `guest` names the room's output beside the session's,
        whose /tmp and HOME it shares; without it, it has its own.
        """
        with self._place() as place:
            gitdir, objects = self.gitdir(place / "git")
            room = replace(
                self.sandbox.room,
                content=clean.path,
                scratch=place / "room",
                scaffold=scaffold,
                gitdir=gitdir,
                objects=objects,
                base=beside,
                read_only=False,
                extra=(),
                network=self.sandbox.room.network and (bool(guest) or scaffold is None),
                report=report and not _has_reports(clean.path),
                guest=Guest(self.sandbox.room.scratch, guest) if guest else None,
            )
            with self.sandbox.sibling(room) as sandbox:
                yield Copy(sandbox, clean.path, clean.impure)

    @contextmanager
    def in_place(self) -> Generator[Sandbox]:
        """A room on the workspace as it is, without the scaffold: where no clean copy can be had."""
        with self._place() as place:
            room = replace(self.sandbox.room, scratch=place / "room", scaffold=None)
            with self.sandbox.sibling(room) as sandbox:
                yield sandbox

    @contextmanager
    def beside(self, name: str) -> Generator[Sandbox]:
        """A second room on the live workspace, for one command that goes on while others run. See `Guest`."""
        with self._place() as place:
            own = self.sandbox.room
            room = replace(own, scratch=place / "room", guest=Guest(own.scratch, name))
            with self.sandbox.sibling(room) as sandbox:
                yield sandbox

    @contextmanager
    def look_only(self, scaffold: Path) -> Generator[Sandbox]:
        """A room that can write neither the workspace nor the scaffold: for hooks, and for checks of a tool."""
        with self._place() as place:
            own = self.sandbox.room
            room = replace(
                own,
                scratch=place / "room",
                scaffold=scaffold,
                read_only=True,
                keeps_scaffold=True,
                network=False,
                home=None,
            )
            with self.sandbox.sibling(room) as sandbox:
                yield sandbox

    @contextmanager
    def empty(self, scaffold: Path) -> Generator[Sandbox]:
        """A room on an empty workspace of its own: for the boot check."""
        with self._place() as place:
            content = place / "tree"
            content.mkdir()
            room = replace(
                self.sandbox.room,
                workspace=content,
                content=content,
                scratch=place / "room",
                scaffold=scaffold,
                gitdir=None,
                objects=(),
                base=None,
                extra=(),
                network=False,
                home=None,
            )
            with self.sandbox.sibling(room) as sandbox:
                yield sandbox

    @contextmanager
    def _place(self) -> Generator[Path]:
        self.directory.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(dir=self.directory))
        try:
            yield place
        finally:
            remove(place)


def gitdirs(root: Path, home: Path | None = None) -> Gitdir:
    """Makes private gitdirs of the repository at `root`, as its user has it now."""

    def make(dest: Path) -> tuple[Path, tuple[Path, ...]]:
        made = private_gitdir(root, dest, home)
        return made.gitdir, made.objects

    return make


def _has_reports(root: Path) -> bool:
    """Whether pytest's configuration at the root says where reports go, or that there are none."""
    found = (read_regular(root / name, CONFIGURATION_BYTES) or b"" for name in CONFIGURATIONS)
    return any(speaks_of_reports(text.decode("utf-8", "replace")) for text in found)


def speaks_of_reports(text: str) -> bool:
    """Whether a command or a configuration has a wish of its own, which ours would replace or contradict."""
    return "--junit" in text or "no:junit" in text


def runner(sandbox: Sandbox, cancelled: Cancelled = never) -> Callable[[str, float], tuple[int, str]]:
    """`run(command, seconds) -> (exit code, output)` in this sandbox."""

    def run(command: str, seconds: float) -> tuple[int, str]:
        finished = drained(sandbox.run(command, seconds, cancelled))
        return finished.exit_code, finished.output

    return run
