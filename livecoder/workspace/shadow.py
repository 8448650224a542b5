"""Checkpoints: the whole worktree as a tree of the shadow repository, never through the user's index, stash or HEAD.

Tracked and untracked files, and ignored ones up to 1 MB, outside dependency folders. Git never looks at the worktree:
files are found by `scan` and read here, so no filter, attribute, hook or nested repository takes part.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from livecoder.errors import WorkspaceError
from livecoder.workspace.beneath import Beneath
from livecoder.workspace.git import Git
from livecoder.workspace.scan import Scan, Stat, scan, shown
from livecoder.workspace.trees import Trees, addition, removal, write_atomically

RULES = ".gitignore"
MAX_BYTES = 50_000_000
MAX_IGNORED_BYTES = 1_000_000
_UNSETTLED_NS = 20_000_000
"""A file touched this shortly before the scan may change again within the clock's tick: it is read once more."""
_UNKNOWN: Stat = (0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A checkpoint. `left_out` is for people: each path that the tree does not hold, and why."""

    tree: str
    left_out: tuple[str, ...] = ()


@dataclass(slots=True)
class _Seen:
    """What the last checkpoint saw, so that the next one reads changed files only."""

    commit: str
    tree: str
    files: dict[str, Stat]
    left_out: dict[str, str]


class Shadow:
    """The checkpoints of one worktree. `tracked` are the paths in the user's index as the session found it."""

    def __init__(self, root: Path, directory: Path, tracked: frozenset[str] = frozenset()) -> None:
        self.root = root
        self.directory = directory
        self.trees = Trees(directory / "shadow.git")
        self.tracked = tracked
        self._tracked_folders = _folders(tracked)
        self._ignored: dict[str, bool] = {}
        self._readable = 0o044 & ~_umask()
        self._seen = self._load()

    def scan(self) -> Scan:
        return scan(self.root, self._tracked_folders)

    def fingerprint(self) -> str:
        """Equal exactly as long as no file was touched: names, sizes, times, modes and inodes, no contents."""
        return hashlib.blake2b(repr(sorted(self.scan().files.items())).encode("utf-8", "replace")).hexdigest()

    def checkpoint(self) -> Snapshot:
        """The tree as it is now. A file that vanishes or grows while it is read is as if it had before.

        Raises WorkspaceError when the root is gone or the disk is full.
        """
        try:
            return self._checkpoint()
        except OSError as error:
            what = f"no checkpoint of {shown(str(self.root))} could be made: {error.strerror}"
            raise WorkspaceError(what, "is the directory still there, and the disk not full?") from error

    def _checkpoint(self) -> Snapshot:
        started = time.time_ns()
        found = self.scan()
        left_out = found.left_out | self._too_large(found.files)
        files = {path: about for path, about in found.files.items() if path not in left_out}
        seen = self._seen
        if seen is None or seen.files != files or seen.left_out != left_out:
            seen = self._seen = self._record(files, left_out, seen, started - _UNSETTLED_NS)
            self.trees.note_skipped(seen.tree, [*seen.left_out, *found.dependencies])
            self.trees.note_closed(seen.tree, self._closed(files))
        return Snapshot(seen.tree, tuple(f"{shown(path)} ({why})" for path, why in sorted(seen.left_out.items())))

    def ignored(self, paths: Iterable[str], rules: Mapping[str, bytes] | None = None) -> frozenset[str]:
        """Those untracked paths that ignore rules exclude: `rules`, files by their paths, and the user's own.

        Without `rules` those in the worktree count. Git reads none there: what a command put in a file's place, such
        as a pipe, would hold it up.
        """
        asked = [path for path in paths if path not in self.tracked]
        if not asked:
            return frozenset()
        # With "./" before it no name is taken for pathspec magic, which this command cannot switch off otherwise.
        listing = b"\0".join(b"./" + os.fsencode(path) for path in asked)
        with tempfile.TemporaryDirectory(dir=self.directory) as folder:
            for path, content in (self._rules(asked) if rules is None else rules).items():
                file = Path(folder, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            git = Git(self.trees.gitdir, Path(folder))
            found = git.run("check-ignore", "--no-index", "-z", "--stdin", stdin=listing, accepted=(0, 1))
        return frozenset(path.removeprefix("./") for path in os.fsdecode(found).split("\0")[:-1])

    def _rules(self, paths: Iterable[str]) -> dict[str, bytes]:
        """The rules in the worktree that have a say about these paths."""
        folders = {str(folder) for path in paths for folder in PurePosixPath(path).parents}
        found: dict[str, bytes] = {}
        with Beneath(self.root) as beneath:
            for path in (f"{folder}/{RULES}".removeprefix("./") for folder in folders):
                with suppress(OSError):
                    found[path] = beneath.read(path, MAX_IGNORED_BYTES)
        return found

    def _record(self, files: dict[str, Stat], left_out: dict[str, str], seen: _Seen | None, settled: int) -> _Seen:
        """Commit what differs from `seen`; without it, everything. Later change times than `settled` prove nothing."""
        known = seen.files if seen else {}
        gone = [path for path in known if path not in files]
        changed = [path for path, about in files.items() if known.get(path) != about]
        files, left_out = dict(files), dict(left_out)

        def edits() -> Iterator[bytes]:
            yield from map(removal, gone)
            with Beneath(self.root) as beneath:
                for path in changed:
                    yield _edit(beneath, path, files, left_out)

        try:
            commit, tree = self.trees.commit(edits(), seen.commit if seen else self.trees.tip(), clean=seen is None)
        except WorkspaceError:
            # A power cut may have cost the shadow its last objects or its ref: a whole new checkpoint needs neither.
            self.trees.forget_tip()
            changed, gone = list(files), []
            commit, tree = self.trees.commit(edits())
        files.update((path, _UNKNOWN) for path, about in list(files.items()) if about[3] > settled)
        seen = _Seen(commit, tree, files, left_out)
        if len(changed) + len(gone) > 50:
            self._save(seen)
        return seen

    def _too_large(self, files: dict[str, Stat]) -> dict[str, str]:
        """Files over the limits. Only the few between the limits cost a question to git, once a session."""
        large = {path: about[1] for path, about in files.items() if about[1] > MAX_IGNORED_BYTES}
        unsure = [path for path, size in large.items() if size <= MAX_BYTES and path not in self._ignored]
        if unsure:
            found = self.ignored(unsure)
            self._ignored.update((path, path in found) for path in unsure)
        return {
            path: f"{size / 1e6:.1f} MB" + ("" if size > MAX_BYTES else ", ignored")
            for path, size in large.items()
            if size > MAX_BYTES or self._ignored[path]
        }

    def _closed(self, files: dict[str, Stat]) -> dict[str, int]:
        """Permission bits of the files that fewer may read than a new one of this user's."""
        modes = ((path, about[0]) for path, about in files.items())
        return {path: stat.S_IMODE(mode) for path, mode in modes if stat.S_ISREG(mode) and self._readable & ~mode}

    def _load(self) -> _Seen | None:
        try:
            data = json.loads((self.directory / "seen.json").read_bytes())
            files = {path: tuple(about) for path, about in data["files"].items()}
            return _Seen(data["commit"], data["tree"], files, data["left_out"])
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            return None  # it only saves time

    def _save(self, seen: _Seen) -> None:
        data = {"commit": seen.commit, "tree": seen.tree, "files": seen.files, "left_out": seen.left_out}
        write_atomically(self.directory / "seen.json", json.dumps(data).encode("ascii"))


def _edit(beneath: Beneath, path: str, files: dict[str, Stat], left_out: dict[str, str]) -> bytes:
    """The command that brings one file into the tree; what cannot be read goes out of `files` into `left_out`."""
    mode = files[path][0]
    try:
        if stat.S_ISLNK(mode):
            return addition(path, "120000", beneath.link_target(path))
        content = beneath.read(path, MAX_BYTES + 1)
        if len(content) <= MAX_BYTES:
            return addition(path, "100755" if mode & 0o100 else "100644", content)
        left_out[path] = f"more than {MAX_BYTES / 1e6:.0f} MB"
    except FileNotFoundError:
        pass
    except OSError as error:
        left_out[path] = error.strerror or str(error)
    del files[path]
    return removal(path)


def _folders(tracked: frozenset[str]) -> frozenset[str]:
    found: set[str] = set()
    for path in tracked:
        while "/" in path:
            path = path.rpartition("/")[0]
            if path in found:
                break
            found.add(path)
    return frozenset(found)


def _umask() -> int:
    """It can only be asked by setting it: for that moment to the strictest."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
