"""What git knows of a repository at a glance: its branch, the last commits, untracked files. Nothing is written.

All of it is the repository's own word and may be hostile: bounded in bytes and seconds, plumbing commands only, and
what cannot be read says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from livecoder.workspace.git import Git
from livecoder.workspace.scan import shown

COMMITS = 20
MAX_UNTRACKED = 200
MAX_BYTES = 256 * 1024
"""Of the output of one git command."""
SECONDS = 3.0
"""For one git command. A fifo in the place of a file that git reads would hold it for ever."""
_MAX_LINE = 200


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit that is no merge: its subject, and the paths that it changed."""

    subject: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Glance:
    """`head` is for people: "on main". Commits are the newest first; an untracked folder is one name with "/"."""

    head: str = ""
    commits: tuple[Commit, ...] = ()
    untracked: tuple[str, ...] = ()


def glance(root: Path, gitdir: Path) -> Glance:
    """Raises WorkspaceError only where there is no git."""
    git = Git(gitdir, root)
    listing = git.glimpse(
        *("ls-files", "--others", "--exclude-standard", "--directory", "--no-empty-directory", "-z"),
        limit=MAX_BYTES,
        seconds=SECONDS,
    )
    return Glance(head(gitdir), _commits(git), tuple(map(shown, _fields(listing)[:MAX_UNTRACKED])))


def head(gitdir: Path) -> str:
    """The branch, read from a file that may hold anything."""
    try:
        with (gitdir / "HEAD").open("rb") as file:
            text = file.read(4096).decode("utf-8", "replace").strip()
    except OSError:
        return ""
    branch = text.removeprefix("ref: refs/heads/") if text.startswith("ref: ") else f"detached at {text[:9]}"
    return f"on {shown(branch[:100])}"


def _commits(git: Git) -> tuple[Commit, ...]:
    """Without `--root` a first commit is not told: that of an import, or of a shallow clone, names every path."""
    ids = git.glimpse("rev-list", "--no-merges", f"--max-count={COMMITS}", "HEAD", limit=MAX_BYTES, seconds=SECONDS)
    if not ids:
        return ()
    told = git.glimpse(
        *("diff-tree", "--stdin", "-r", "-z", "--no-renames", "--name-only", "--no-ext-diff", "--no-textconv"),
        *("--encoding=UTF-8", f"--format=%x00%<({_MAX_LINE},trunc)%s"),
        stdin=ids,
        limit=MAX_BYTES,
        seconds=SECONDS,
    )
    return tuple(parsed(_fields(told)))


def parsed(fields: list[str]) -> Iterator[Commit]:
    """An empty field stands before each subject, for no path is empty; a line end before the first path."""
    starts = [number for number, field in enumerate(fields) if not field]
    for start, end in pairwise([*starts, len(fields)]):
        subject, *paths = fields[start + 1 : end] or [""]
        yield Commit(shown(subject).strip(), tuple(path.removeprefix("\n") for path in paths[:1]) + tuple(paths[1:]))


def _fields(output: bytes) -> list[str]:
    """The parts that a NUL ends; one that was cut off is none."""
    return [part.decode("utf-8", "surrogateescape") for part in output.split(b"\0")[:-1]]
