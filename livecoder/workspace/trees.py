"""The shadow repository: git trees of the user's files in a gitdir of the engine's, with no link to the user's objects.

Nothing here looks at a worktree. No gc ever runs, so a tree that was handed out stays.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeAlias

from livecoder.errors import WorkspaceError
from livecoder.workspace.git import Git

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
CHECKPOINTS = "refs/livecoder/checkpoints"
_COMPOSED = "refs/livecoder/composed"
_CONFIG = """\
[core]
\trepositoryformatversion = 0
\tbare = true
\tlogAllRefUpdates = false
[gc]
\tauto = 0
[fastimport]
\tunpackLimit = 100
"""
# Files are kept byte for byte: no attribute of the worktree or of the user has a say.
_ATTRIBUTES = "* !text !eol !crlf -ident -filter !working-tree-encoding !diff !merge !whitespace\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a tree: git's mode ("100644", "100755", "120000") and its blob."""

    mode: str
    blob: str


Change: TypeAlias = tuple[Entry | None, Entry | None]
"""How a path was and is; None: absent."""


class Trees:
    """Trees and blobs by their git ids."""

    def __init__(self, gitdir: Path) -> None:
        self.gitdir = gitdir
        self.git = Git(gitdir)
        if not (gitdir / "HEAD").exists():
            _create(gitdir)
            self.git.run("hash-object", "-t", "tree", "-w", "--stdin")

    def commit(self, edits: Iterable[bytes], parent: str = "", clean: bool = False) -> tuple[str, str]:
        """A checkpoint: `parent` (or with `clean` nothing of it) changed by fast-import's file commands.

        Returns the ids of the commit and of its tree; CHECKPOINTS then points to the commit.
        """
        start = [f"from {parent}\n".encode()] if parent else []
        return self._import(CHECKPOINTS, [*start, *([b"deleteall\n"] if clean else [])], edits)

    def compose(self, tree: str, changes: Mapping[str, Entry | None]) -> str:
        """`tree` with some paths replaced or removed."""
        edits = [removal(path) for path in changes]
        edits += [f"M {new.mode} {new.blob} ".encode() + quoted(path) for path, new in changes.items() if new]
        return self._import(_COMPOSED, [f'M 040000 {tree} ""\n'.encode()], edits)[1]

    def tip(self) -> str:
        """The last checkpoint's commit, or empty."""
        try:
            return (self.gitdir / CHECKPOINTS).read_text("ascii").strip()
        except FileNotFoundError:
            return ""

    def forget_tip(self) -> None:
        """A ref that a power cut left empty or half written stops every later commit: without one, git begins anew."""
        (self.gitdir / CHECKPOINTS).unlink(missing_ok=True)

    def entries(self, tree: str) -> dict[str, Entry]:
        """Every file of a tree."""
        found: dict[str, Entry] = {}
        for item in self.git.run("ls-tree", "-r", "-z", tree).split(b"\0")[:-1]:
            about, _, path = item.partition(b"\t")
            mode, _, blob = about.decode("ascii").split(" ")
            found[os.fsdecode(path)] = Entry(mode, blob)
        return found

    def changes(self, before: str, after: str) -> dict[str, Change]:
        """What differs between two trees, by path. A rename is one path gone and one come."""
        if before == after:
            return {}
        items = self.git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", before, after).split(b"\0")
        found: dict[str, Change] = {}
        for about, path in zip(items[0:-1:2], items[1::2], strict=True):
            old_mode, mode, old_blob, blob, _ = about.decode("ascii").lstrip(":").split(" ")
            old = Entry(old_mode, old_blob) if old_blob.strip("0") else None
            new = Entry(mode, blob) if blob.strip("0") else None
            found[os.fsdecode(path)] = (old, new)
        return found

    def blobs(self, wanted: Iterable[str]) -> Generator[tuple[str, bytes], None, None]:
        """The blobs' contents, each once, without holding more than one in memory."""
        for name, kind, content in self.objects(wanted):
            if kind != "blob":
                raise WorkspaceError(f"the shadow repository has lost the file contents {name}")
            yield name, content

    def objects(self, wanted: Iterable[str]) -> Generator[tuple[str, str, bytes], None, None]:
        """Objects with their kinds ("blob", "tree", "commit") and contents, as `blobs`."""
        asked = list(dict.fromkeys(wanted))
        if not asked:
            return
        with self._spool() as answers:
            self.git.run("cat-file", "--batch", "--buffer", stdin="\n".join(asked).encode() + b"\n", stdout=answers)
            answers.seek(0)
            for each in asked:
                match answers.readline().decode("ascii").split():
                    case [name, kind, size] if name == each:
                        content = answers.read(int(size))
                    case _:
                        raise WorkspaceError(f"the shadow repository has lost the file contents {each}")
                answers.read(1)
                yield each, kind, content

    def note_skipped(self, tree: str, paths: Iterable[str]) -> None:
        """Remember what a checkpoint could not hold, so that no undo ever removes it."""
        everything = self.skipped(tree) | set(paths)
        if everything:
            write_atomically(self.gitdir / "skipped" / tree, os.fsencode("\0".join(sorted(everything))))

    def skipped(self, tree: str) -> frozenset[str]:
        try:
            return frozenset(os.fsdecode((self.gitdir / "skipped" / tree).read_bytes()).split("\0"))
        except FileNotFoundError:
            return frozenset()

    def note_closed(self, tree: str, files: Mapping[str, int]) -> None:
        """Remember permissions that git's modes do not hold, so that what is restored is no more open than it was."""
        note = self.gitdir / "closed" / tree
        if files or note.exists():
            write_atomically(note, os.fsencode("\0".join(f"{mode:o} {path}" for path, mode in files.items())))

    def closed(self, tree: str) -> dict[str, int]:
        """The permission bits of those files."""
        try:
            items = os.fsdecode((self.gitdir / "closed" / tree).read_bytes()).split("\0")
        except FileNotFoundError:
            return {}
        pairs = (item.partition(" ") for item in items if item)
        return {path: int(mode, 8) for mode, _, path in pairs}

    def _import(self, ref: str, start: list[bytes], edits: Iterable[bytes]) -> tuple[str, str]:
        with self._spool() as stream:
            head = (
                f"commit {ref}\nmark :1\ncommitter livecoder <livecoder@localhost> {int(time.time())} +0000\ndata 0\n"
            )
            stream.write(head.encode())
            stream.writelines(start)
            for edit in edits:
                stream.write(edit + b"\n")
            stream.write(b'\nget-mark :1\nls :1 ""\ndone\n')
            stream.seek(0)
            answer = self.git.run("fast-import", "--quiet", "--done", "--force", stdin=stream).decode(
                "ascii", "replace"
            )
        commit, _, root = answer.partition("\n")
        return commit, root.split()[2] if root.startswith("040000") else EMPTY_TREE

    def _spool(self) -> IO[bytes]:
        return tempfile.TemporaryFile(dir=self.gitdir)


def addition(path: str, mode: str, content: bytes) -> bytes:
    """fast-import's command for a file with its content."""
    return b"M %s inline %s\ndata %d\n%s" % (mode.encode(), quoted(path), len(content), content)


def removal(path: str) -> bytes:
    return b"D " + quoted(path)


def quoted(path: str) -> bytes:
    raw = os.fsencode(path)
    return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'


def write_atomically(path: Path, content: bytes) -> None:
    """The old content or the new one, whatever kills us in between. Raises WorkspaceError."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        raise WorkspaceError(f"{path} could not be written: {error.strerror}", "is the disk full?") from error


def _create(gitdir: Path) -> None:
    for folder in ("objects/info", "objects/pack", "refs", "info"):
        (gitdir / folder).mkdir(parents=True, exist_ok=True)
    (gitdir / "config").write_text(_CONFIG)
    (gitdir / "info/attributes").write_text(_ATTRIBUTES)
    write_atomically(gitdir / "HEAD", b"ref: refs/heads/none\n")
