"""The scaffold's history: one bare git repository, `main` for the user and a branch for each project.

History is never rewritten: a rollback is a commit too. What moves a branch is one `update-ref` that names the value it
replaces, so a crash leaves the old or the new.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from livecoder import config
from livecoder.errors import ScaffoldError
from livecoder.scaffold.changes import (
    FOLDERS,
    FileChange,
    Tree,
    allowed,
    applied,
    check,
    digest_of,
    files_of,
    message,
    overlay,
    receipts_of,
    write_files,
)
from livecoder.scaffold.files import File, checked_project
from livecoder.scaffold.plumbing import NOTHING, Plumbing, git_program
from livecoder.scaffold.seed import seed_dir

MAIN = "refs/heads/main"
LATEST_SEED = "refs/seeds/latest"
SEED_TIME = datetime(2025, 1, 1, tzinfo=UTC)
"""Fixed, so that the same seed is the same generation on every machine."""
LOCK_SECONDS = 30.0
PLAIN_DIFF = ("--no-color", "--no-ext-diff", "--no-textconv")


@dataclass(frozen=True, slots=True)
class Generation:
    """What a checkout holds. `id` is the short commit, or `dir-…` for a directory, whose `commit` is ""."""

    id: str
    commit: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A step of a project's branch, as short generations; the same twice when there was nothing to change."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class GenerationInfo:
    """One line of the history."""

    id: str
    subject: str
    when: datetime
    receipts: Mapping[str, str]


class Store:
    """The history of every project's scaffold below one data directory. Methods raise ScaffoldError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._git = Plumbing(path, _through_gitpython)

    @classmethod
    def open(cls, data: Path) -> Store:
        """The store of this data directory, made on first use; `main` follows the seed that is shipped."""
        store = cls(data / "scaffold.git")
        files = files_of(seed_dir())
        mark = f"refs/seeds/{digest_of(files)[:16]}"
        if not store.path.exists() or not {mark, MAIN} <= store._git.refs().keys():
            with store._locked():
                if not store.path.exists():
                    store._git.create()
                store._adopt_seed(files, mark)
        return store

    def head(self, project: str) -> str:
        """The project's current generation, short."""
        return self._git.short(self._head(project))[0]

    def checkout(self, project: str, dest: Path) -> Generation:
        """Write the project's current generation into `dest`, a directory that is empty or not there yet."""
        return self._checkout(self._head(project), dest)

    def checkout_ref(self, source: str, dest: Path) -> Generation:
        """Write another scaffold into `dest`: that of a directory, or of a generation in this store."""
        if not Path(source).is_dir():
            return self._checkout(self._git.resolve(source), dest)
        files = files_of(Path(source))
        if not files:
            raise ScaffoldError(f"{source} holds no scaffold", f"it has none of scaffold.toml, {', '.join(FOLDERS)}")
        write_files(files, dest)
        return Generation(f"dir-{digest_of(files)[:7]}", "")

    def commit(
        self,
        project: str,
        base_generation: str,
        changes: Sequence[FileChange],
        subject: str,
        receipts: Mapping[str, str],
        when: datetime,
    ) -> Commit:
        """Put `changes`, made on top of `base_generation`, on the project's branch: all of them or none.

        Other files may have moved on since. Raises Conflict when one of these did, to something else.
        """
        check(changes)
        text = message(subject, receipts)
        with self._locked():
            head, base = self._fork_or_follow(project), self._git.resolve(base_generation)
            wanted = self._git.store(changes)
            tree = applied(self._git.tree(head), self._git.tree(base), wanted)
            return self._advance(project, head, tree, text, when)

    def rollback(self, project: str, target: str, when: datetime | None = None) -> Commit:
        """A new commit that undoes: for a generation, everything since it; for a tool or lesson, its last change."""
        with self._locked():
            head = self._fork_or_follow(project)
            tree = self._git.tree(head)
            path, touched = self._last_change(head, target)
            if path:
                parents = self._git.text("rev-list", "--parents", "-n1", touched).split()[1:]
                earlier = self._git.tree(parents[0]) if parents else {}
                tree = applied(tree, tree, {path: earlier.get(path)})
            else:
                tree = self._git.tree(self._git.resolve(target))
            return self._advance(project, head, tree, message(f"rollback: {target}", {}), when or datetime.now(UTC))

    def log(self, project: str, limit: int = 20) -> list[GenerationInfo]:
        """The project's history, newest first."""
        form = "--format=%h%x1f%s%x1f%cI%x1f%b"
        raw = self._git.text("log", "-z", "--first-parent", "--abbrev=7", form, f"-n{limit}", self._head(project))
        rows = [row.split("\x1f", 3) for row in raw.split("\0") if row]
        return [GenerationInfo(id, what, datetime.fromisoformat(at), receipts_of(body)) for id, what, at, body in rows]

    def show(self, ref: str) -> str:
        """One generation: its message, its receipts, what it changed."""
        return self._git.text("show", *PLAIN_DIFF, "--stat", "--patch", "--first-parent", self._git.resolve(ref))

    def diff(self, a: str, b: str) -> str:
        """What changed from generation `a` to generation `b`."""
        return self._git.text("diff", *PLAIN_DIFF, self._git.resolve(a), self._git.resolve(b))

    def _head(self, project: str) -> str:
        refs = self._git.refs()
        head = refs.get(_branch(project), "")
        if head and MAIN in refs and self._git.is_ancestor(refs[MAIN], head):
            return head
        with self._locked():
            return self._fork_or_follow(project)

    def _fork_or_follow(self, project: str) -> str:
        """The branch's head, after the branch was made and has what `main` has got since. Needs the lock."""
        refs = self._git.refs()
        branch = _branch(project)
        head, main = refs.get(branch, ""), refs.get(MAIN, "")
        if not main:
            raise self._git.damaged("its branch main is missing")
        if head and self._git.is_ancestor(main, head):
            return head
        if not head or self._git.is_ancestor(head, main):
            self._git.move({branch: (main, head or NOTHING)})
            return main
        base = self._git.text("merge-base", head, main).strip()
        tree = overlay(self._git.tree(head), self._git.tree(base), self._git.tree(main))
        merged = self._git.commit(tree, [head, main], "main: taken over\n", datetime.now(UTC))
        self._git.move({branch: (merged, head)})
        return merged

    def _adopt_seed(self, files: Sequence[File], mark: str) -> None:
        refs = self._git.refs()
        main, old = refs.get(MAIN, ""), refs.get(LATEST_SEED, "")
        if mark in refs and main:
            return
        if not main and refs:
            raise self._git.damaged("its branch main is missing")
        entries = self._git.store([FileChange(file.path, file.data, file.executable) for file in files])
        tree = {path: entry for path, entry in entries.items() if entry}
        seed = self._git.commit(tree, [old] if old else [], "seed: as shipped\n", SEED_TIME)
        moves = {LATEST_SEED: (seed, old or NOTHING), mark: (seed, refs.get(mark, NOTHING))}
        if not main:
            moves[MAIN] = (seed, NOTHING)
        else:
            ours = self._git.tree(main)
            # What the user promoted to main stays, also where the new seed has something else to say.
            merged = overlay(ours, self._git.tree(old) if old else {}, tree)
            if merged != ours:
                subject = "seed: as shipped now\n"
                moves[MAIN] = (self._git.commit(merged, [main, seed], subject, datetime.now(UTC)), main)
        self._git.move(moves)

    def _advance(self, project: str, head: str, tree: Tree, text: str, when: datetime) -> Commit:
        after = head
        if tree != self._git.tree(head):
            after = self._git.commit(tree, [head], text, when)
            self._git.move({_branch(project): (after, head)})
        return Commit(*self._git.short(head, after))

    def _last_change(self, head: str, name: str) -> tuple[str, str]:
        """The path of the tool, lesson or hook of this name and the last commit that changed it; "" for none."""
        for path in (name, f"tools/{name}", f"lessons/{name}.toml", f"hooks/{name}"):
            if allowed(path):
                found = self._git.text("log", "--first-parent", "-n1", "--format=%H", head, "--", path).strip()
                if found:
                    return path, found
        return "", ""

    def _checkout(self, commit: str, dest: Path) -> Generation:
        tree = self._git.tree(commit)
        blobs = self._git.blobs([entry.split()[1] for entry in tree.values()])
        pairs = zip(tree.items(), blobs, strict=True)
        write_files([File(path, data, entry.startswith("100755")) for (path, entry), data in pairs], dest)
        return Generation(self._git.short(commit)[0], commit)

    @contextmanager
    def _locked(self) -> Generator[None]:
        """One writer at a time, over all processes; the kernel lets go of it when a holder dies."""
        deadline = time.monotonic() + LOCK_SECONDS
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = self.path.with_suffix(".lock").open("a")
        except OSError as error:
            raise ScaffoldError(f"{self.path.parent}: {error.strerror}", "make it a directory of yours") from None
        with file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise ScaffoldError(
                            "another livecoder holds the scaffold's store", "end it, try again"
                        ) from None
                    time.sleep(0.02)
            yield


def _branch(project: str) -> str:
    return f"refs/heads/project/{checked_project(project)}"


def _through_gitpython(command: Sequence[str], stdin: BinaryIO, directory: Path) -> tuple[int, bytes, str]:
    # On its import gitpython runs `git version`: the git of this name, not the first of the user's PATH.
    config.environment().update(GIT_PYTHON_GIT_EXECUTABLE=git_program(), GIT_PYTHON_REFRESH="quiet")
    import git

    return git.Git(directory).execute(
        command,
        istream=stdin,
        with_extended_output=True,
        with_exceptions=False,
        stdout_as_string=False,
        strip_newline_in_stdout=False,
    )
