"""Commits of a stranger's, looked through before they enter the user's repository. They lie in a quarantine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from livecoder.errors import BranchRefused
from livecoder.workspace.diff import numbers
from livecoder.workspace.git import Git
from livecoder.workspace.scan import shown
from livecoder.workspace.trees import Trees

MAX_COMMITS = 100
_MODES = {"100644", "100755", "120000"}
_IGNORED_BY_HFS = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_PERSON = re.compile(r"(author|committer) ([^<>]*) <([^<>]*)> \d+ [+-]\d{4}")
_TREE = "the files are in the tree: commit them yourself"


@dataclass(frozen=True, slots=True)
class Commit:
    """`message` is the author's own text, with whatever it holds; figures are against the first parent."""

    id: str
    message: str
    files: int
    added: int
    removed: int


def checked(git: Git, base: str, tip: str) -> tuple[Commit, ...]:
    """The commits between `base` and `tip`, oldest first. Raises BranchRefused for the first thing that is wrong."""
    found = _history(git, base, tip)
    trees = Trees(git.gitdir)
    paths: set[str] = set()
    for commit, parents in found.items():
        for parent in parents:
            paths |= set(_paths(trees, parent, commit))
    _refuse_converted(git, tip, paths)
    return tuple(_commit(git, commit, parents[0]) for commit, parents in found.items())


def _history(git: Git, base: str, tip: str) -> dict[str, list[str]]:
    """Each commit with its parents, which are `base` or among them: so all of them descend from it."""
    listing = git.run(
        "rev-list", "--parents", "--reverse", "--topo-order", f"--max-count={MAX_COMMITS + 1}", tip, f"^{base}"
    )
    found = {row[0]: row[1:] for line in listing.decode("ascii").splitlines() if (row := line.split(" "))}
    if len(found) > MAX_COMMITS:
        raise BranchRefused(f"there are more than {MAX_COMMITS} commits", _TREE)
    for commit, parents in found.items():
        if not parents or not all(parent == base or parent in found for parent in parents):
            raise BranchRefused(f"commit {commit[:12]} does not build on the commit that the session found", _TREE)
    if tip not in found:
        raise BranchRefused(f"HEAD is behind the commit that the session found ({base[:12]})", _TREE)
    return found


def _paths(trees: Trees, parent: str, commit: str) -> Iterator[str]:
    for path, entries in trees.changes(parent, commit).items():
        for entry in filter(None, entries):
            if entry.mode == "160000":
                raise BranchRefused(f"commit {commit[:12]} changes the submodule {shown(path)}", _TREE)
            if entry.mode not in _MODES:
                raise BranchRefused(f"commit {commit[:12]}: {shown(path)} has the mode {entry.mode}", _TREE)
        if any(map(is_dot_git, path.split("/"))):
            raise BranchRefused(
                f"commit {commit[:12]} has a path that git would take for its own: {shown(path)}", _TREE
            )
        yield path


def is_dot_git(name: str) -> bool:
    """A name that some file system takes for `.git`: any case, what HFS ignores, NTFS's tails and short name."""
    plain = _IGNORED_BY_HFS.sub("", name).lower()
    parts = re.split(r"[\\:]", plain)
    return any(part.rstrip(". ") in (".git", "git~1") for part in parts)


def _refuse_converted(git: Git, tip: str, paths: set[str]) -> None:
    """Files that a filter would have rewritten (large file storage): no filter runs here, so they would be wrong."""
    git.run("read-tree", tip)
    asked = "".join(f"{path}\0" for path in sorted(paths)).encode("utf-8", "surrogateescape")
    answer = git.run("check-attr", "--cached", "-z", "--stdin", "filter", "working-tree-encoding", stdin=asked)
    words = answer.decode("utf-8", "surrogateescape").split("\0")
    for path, name, value in zip(words[0::3], words[1::3], words[2::3], strict=False):
        if value not in ("unspecified", "unset"):
            raise BranchRefused(f"{shown(path)} is converted when it is committed ({name}={value})", _TREE)


def _commit(git: Git, commit: str, parent: str) -> Commit:
    head, _, message = git.run("cat-file", "commit", commit).partition(b"\n\n")
    for kind in (b"author ", b"committer "):
        line = next((line for line in head.split(b"\n") if line.startswith(kind)), b"")
        try:
            person = line.decode("utf-8")
        except UnicodeDecodeError:
            person = ""
        if not _PERSON.fullmatch(person) or not person.isprintable():
            raise BranchRefused(f"commit {commit[:12]} names no {kind.decode().strip()} in plain text", _TREE)
    found = numbers(git, parent, commit)
    return Commit(commit, message.decode("utf-8", "replace"), found.files, found.added, found.removed)
