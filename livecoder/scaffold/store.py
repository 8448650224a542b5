"""The scaffold's history: one bare git repository, `main` for the user and a branch for each project.

History is never rewritten: a rollback is a commit too. What moves a branch is one `update-ref` that names the value it
replaces, so a crash leaves the old or the new; what moves one otherwise is undone and told in `notices`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from livecoder import config
from livecoder.errors import ScaffoldError
from livecoder.scaffold import history
from livecoder.scaffold.branches import adopt_seed, branch_of, followed
from livecoder.scaffold.changes import (
    FOLDERS,
    Conflict,
    FileChange,
    Tree,
    applied,
    check,
    digest_of,
    files_of,
    message,
    write_files,
)
from livecoder.scaffold.files import File
from livecoder.scaffold.history import GenerationInfo, History
from livecoder.scaffold.layer import Layer, under
from livecoder.scaffold.lessons import reaching_all
from livecoder.scaffold.lock import locked
from livecoder.scaffold.parts import Part, value
from livecoder.scaffold.pins import Pinned, pinned
from livecoder.scaffold.plumbing import Plumbing, git_program
from livecoder.scaffold.record import MAIN, SEEDS
from livecoder.scaffold.refs import Refs
from livecoder.scaffold.seed import seed_dir
from livecoder.scaffold.tools import FOLDER as TOOLS


@dataclass(frozen=True, slots=True)
class Generation:
    """What a checkout holds. `id` is the short commit, or `dir-…` for a directory, whose `commit` is ""."""

    id: str
    commit: str
    tools: Mapping[str, str] = field(default_factory=dict[str, str])
    """The SHA-256 of each tool's bytes by its name, in hex: of what was to be written, not of what lies there."""


@dataclass(frozen=True, slots=True)
class Commit:
    """A step of a branch, as short generations; the same twice when there was nothing to change."""

    before: str
    after: str


class Store:
    """The history of every project's scaffold below one data directory. Methods raise ScaffoldError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._git = Plumbing(path, _through_gitpython)
        self._refs = Refs(self._git, path.with_suffix(".refs.json"))
        self.layer = Layer()
        """What the repository at hand lends its project, below what the project has of its own."""

    @property
    def notices(self) -> tuple[str, ...]:
        """What was found damaged or moved from outside and put right, and what is to be known of the layer."""
        return (*self._refs.notices, *self.layer.notices)

    @classmethod
    def open(cls, data: Path) -> Store:
        """The store of this data directory, made on first use; `main` follows the seed that is shipped."""
        store = cls(data / "scaffold.git")
        files = files_of(seed_dir())
        mark = f"{SEEDS}{digest_of(files)[:16]}"
        if not store.path.exists() or not {mark, MAIN} <= (store._refs.seen() or {}).keys():
            with store._locked():
                if not store.path.exists():
                    store._git.create()
                adopt_seed(store._git, store._refs, files, mark)
        return store

    def head(self, project: str) -> str:
        """The project's current generation, short."""
        return self._git.short(self._head(project))[0]

    def checkout(self, project: str, dest: Path) -> Generation:
        """Write the project's current generation, and what the repository lends it, into `dest`.

        `dest` is a directory that is empty or not there yet; the generation's id says nothing of the layer.
        """
        head, lent = self._head(project), self.lent(project)
        return self._checkout(head, dest, lent)

    def lent(self, project: str) -> dict[str, File]:
        """What of the repository's layer is in force, by path."""
        if not self.layer.files:
            return {}
        return under(self.history(project).files(), self.history_of(MAIN).files(), self.layer)

    def checkout_ref(self, source: str, dest: Path) -> Generation:
        """Write another scaffold into `dest`: that of a directory, or of a generation in this store."""
        if not Path(source).is_dir():
            return self._checkout(self._git.resolve(source), dest)
        files = files_of(Path(source))
        if not files:
            raise ScaffoldError(f"{source} holds no scaffold", f"it has none of scaffold.toml, {', '.join(FOLDERS)}")
        write_files(files, dest)
        return Generation(f"dir-{digest_of(files)[:7]}", "", _tools(files))

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

        Other files may have moved on since. Raises Conflict when one of these did, to something else, and Pinned when
        the user wants one of them as it is.
        """
        check(changes)
        text = message(subject, receipts)
        with self._locked():
            head, base = self._followed(project), self._git.resolve(base_generation)
            wanted = self._git.store(changes)
            tree = applied(self._git.tree(head), self._git.tree(base), wanted)
            return self._advance(project, head, tree, text, when)

    def rollback(self, project: str, target: str, when: datetime | None = None) -> Commit:
        """A new commit that undoes: for a generation, everything since it; for a part by name, its last change."""
        with self._locked():
            head = self._followed(project)
            tree = self._git.tree(head)
            part, touched = History(self._git, head).last_change(target)
            if part and part.key:
                raise ScaffoldError(f"{target} is a part of {part.path}", f"roll back {part.path}, or a generation")
            if part:
                parents = self._git.text("rev-list", "--parents", "-n1", touched).split()[1:]
                earlier = self._git.tree(parents[0]) if parents else {}
                tree = applied(tree, tree, {part.path: earlier.get(part.path)})
            else:
                tree = self._git.tree(self._git.resolve(target))
            return self._advance(project, head, tree, message(f"rollback: {target}", {}), when or datetime.now(UTC))

    def promote(
        self, project: str, parts: Sequence[Part], when: datetime, seen: tuple[str, str] | None = None
    ) -> Commit:
        """Put these parts, as the project has them, on `main`, which every project follows. A step of `main`.

        A lesson reaches all of them from then on. `seen` are the commits of the project and of `main` that the user
        has looked at. Raises Conflict when one of the parts is another by now, here or there.
        """
        with self._locked():
            head = self._followed(project)
            ours, main = self._git.tree(head), self._refs.settled()[MAIN]
            after, tree = main, self._git.tree(main)
            for part in parts:
                if part.path not in ours or part.key:
                    raise ScaffoldError(f"{part} is no file of this project's scaffold", "name a tool or a lesson")
                for commit, now in zip(seen or (), (ours, tree), strict=False):
                    if self._git.tree(commit).get(part.path) != now.get(part.path):
                        raise Conflict([part.path])
                entry = self._for_all(part, ours[part.path])
                if tree.get(part.path) == entry:
                    continue
                tree = {**tree, part.path: entry}
                why = History(self._git, head).touching(part)[0]
                receipts = {**why.receipts, "From": f"project/{project} {why.id}"}
                after = self._git.commit(tree, [after], message(why.subject, receipts), when)
            if after != main:
                self._refs.move({MAIN: (after, main)})
                self._followed(project, {part.path for part in parts})
            return Commit(*self._git.short(main, after))

    def history(self, project: str) -> History:
        """What led to the project's current generation."""
        return History(self._git, self._head(project))

    def history_of(self, ref: str) -> History:
        """The same of any generation, or of `main`."""
        return History(self._git, self._git.resolve(ref))

    def log(self, project: str, limit: int = 20) -> list[GenerationInfo]:
        """The project's history, newest first."""
        return self.history(project).log(limit)

    def show(self, ref: str) -> str:
        """One generation: its message, its receipts, what it changed."""
        return history.show(self._git, self._git.resolve(ref))

    def diff(self, a: str, b: str) -> str:
        """What changed from generation `a` to generation `b`."""
        return history.diff(self._git, self._git.resolve(a), self._git.resolve(b))

    def _head(self, project: str) -> str:
        branch = branch_of(project)
        refs = self._refs.seen() or {}
        head = refs.get(branch, "")
        if head and MAIN in refs and self._git.is_ancestor(refs[MAIN], head):
            return head
        with self._locked():
            return self._followed(project)

    def _followed(self, project: str, given: Collection[str] = ()) -> str:
        return followed(self._git, self._refs, project, self._pinned(project), given)

    def _for_all(self, part: Part, entry: str) -> str:
        """The tree's entry of a part as every project gets it."""
        mode, blob = entry.split()
        data = reaching_all(part.path, self._git.blobs([blob])[0])
        (stored,) = self._git.store([FileChange(part.path, data, mode == "100755")]).values()
        assert stored is not None, "it has content"
        return stored

    def _advance(self, project: str, head: str, tree: Tree, text: str, when: datetime) -> Commit:
        """The one way onto a project's branch."""
        after, now = head, self._git.tree(head)
        if tree != now:
            if held := [part for part in self._pinned(project) if self._differs(part, now, tree)]:
                raise Pinned(held)
            after = self._git.commit(tree, [head], text, when)
            self._refs.move({branch_of(project): (after, head)})
        return Commit(*self._git.short(head, after))

    def _pinned(self, project: str) -> tuple[Part, ...]:
        return pinned(self.path.parent, project)

    def _differs(self, part: Part, before: Tree, after: Tree) -> bool:
        if before.get(part.path) == after.get(part.path):
            return False
        then, now = (value(part, history.content(self._git, tree, part.path)) for tree in (before, after))
        return not part.key or then != now

    def _checkout(self, commit: str, dest: Path, lent: Mapping[str, File] | None = None) -> Generation:
        files = {file.path: file for file in History(self._git, commit).files()} | dict(lent or {})
        write_files(files.values(), dest)
        return Generation(self._git.short(commit)[0], commit, _tools(files.values()))

    def _locked(self) -> AbstractContextManager[None]:
        return locked(self.path.with_suffix(".lock"))


def _tools(files: Iterable[File]) -> dict[str, str]:
    folder = f"{TOOLS}/"
    return {
        file.path.removeprefix(folder): hashlib.sha256(file.data).hexdigest()
        for file in files
        if file.path.startswith(folder)
    }


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
