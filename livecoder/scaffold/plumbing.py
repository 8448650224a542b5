"""The git commands of the store's bare repository: objects and refs, never a work tree.

No hook and nothing of the user's environment or configuration counts. Who starts the process is handed in.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TypeAlias

from livecoder.errors import ScaffoldError
from livecoder.scaffold.changes import FileChange, Tree, allowed
from livecoder.scaffold.files import write_whole

NOTHING = "0" * 40
WHERE = "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin:/run/current-system/sw/bin"
"""Where git is looked for: never on the user's PATH, in which a repository's own environment may stand first."""
STALE_SECONDS = 2.0
HEAD = b"ref: refs/heads/main\n"
CONFIG = b"[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"

Runner: TypeAlias = Callable[[Sequence[str], BinaryIO, Path], tuple[int, bytes, str]]
"""Runs a command: (words, stdin, directory) -> (exit status, stdout, stderr)."""

_REF = re.compile(r"\w[\w./~^-]{0,199}", re.ASCII)
_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_DEFAULT_HASH": "sha1",
    "GIT_DEFAULT_REF_FORMAT": "files",
    "GIT_AUTHOR_NAME": "livecoder",
    "GIT_AUTHOR_EMAIL": "livecoder@localhost",
    "GIT_COMMITTER_NAME": "livecoder",
    "GIT_COMMITTER_EMAIL": "livecoder@localhost",
    "LC_ALL": "C",
}
_OPTIONS = (
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.attributesFile=/dev/null",
    "-c",
    "core.fsync=loose-object,reference",
)
"""Objects reach the disk before the ref that names them does."""


class Plumbing:
    """One bare repository. Every method raises ScaffoldError where git fails."""

    def __init__(self, path: Path, runner: Runner) -> None:
        self._path = path
        self._runner = runner
        self._trees: dict[str, Tree] = {}
        """By full commit, which never holds another."""

    def run(self, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> bytes:
        """The bytes that `git ARGUMENTS` prints."""
        return self._execute([f"--git-dir={self._path}", *arguments], stdin, environment or {})

    def text(self, *arguments: str) -> str:
        return self.run(*arguments).decode("utf-8", "replace")

    def create(self) -> None:
        """Make the repository, empty; it appears whole under its name."""
        unfinished = self._path.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        self._execute(["init", "-q", "--bare", "--template=", "-b", "main", str(unfinished)], b"", {})
        unfinished.rename(self._path)

    def refs(self) -> dict[str, str]:
        """Every ref with its commit."""
        lines = self.text("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return dict(line.split(" ", 1) for line in lines)

    def resolve(self, ref: str) -> str:
        """The full commit of a generation, or of a branch such as `main` or `project/<id>`."""
        shown = ref[:80].encode("unicode_escape", "backslashreplace").decode()
        missing = ScaffoldError(f"the scaffold has no generation {shown}", "`livecoder scaffold log` lists them")
        if not _REF.fullmatch(ref):
            raise missing
        try:
            return self.text("rev-parse", "--verify", f"{ref}^{{commit}}").strip()
        except ScaffoldError:
            raise missing from None

    def short(self, *commits: str) -> list[str]:
        """Each commit in seven characters, or as many as tell it from the others."""
        rows = self.text("log", "--no-walk=unsorted", "--format=%H %h", "--abbrev=7", *commits).splitlines()
        found = dict(row.split(" ", 1) for row in rows)
        return [found[commit] for commit in commits]

    def is_ancestor(self, older: str, newer: str) -> bool:
        return older == newer or self.text("rev-list", "-n1", older, f"^{newer}") == ""

    def tree(self, commit: str) -> Tree:
        """The files of a full commit, all of them such as a scaffold can hold."""
        if commit in self._trees:
            return dict(self._trees[commit])
        tree: Tree = {}
        for row in self.run("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")[:-1]:
            attributes, path = row.decode("utf-8", "backslashreplace").split("\t", 1)
            mode, _, blob = attributes.split(" ")
            if mode not in ("100644", "100755") or not allowed(path):
                raise self.damaged(f"{commit[:7]} holds {path[:80]!r}, which no scaffold can")
            tree[path] = f"{mode} {blob}"
        if len(commit) == len(NOTHING):
            self._trees[commit] = tree
        return dict(tree)

    def blobs(self, ids: Sequence[str]) -> list[bytes]:
        """The contents of these blobs, in order."""
        raw = self.run("cat-file", "--batch", stdin="".join(f"{id}\n" for id in ids).encode())
        place, contents = 0, list[bytes]()
        for id in ids:
            head, _, _ = raw[place:].partition(b"\n")
            words = head.split()
            if len(words) != 3 or words[1] != b"blob":
                raise self.damaged(f"its object {id[:10]} is missing")
            start = place + len(head) + 1
            place = start + int(words[2]) + 1
            contents.append(raw[start : place - 1])
            # Git takes an object's word for its name; a byte that changed on the disk is another tool.
            if hashlib.sha1(b"blob %b\0%b" % (words[2], contents[-1]), usedforsecurity=False).hexdigest() != id:
                raise self.damaged(f"its object {id[:10]} is not what it was")
        return contents

    def store(self, changes: Sequence[FileChange]) -> dict[str, str | None]:
        """Write the blobs of these changes; each path with its tree entry, None for one taken away."""
        kept = [change for change in changes if change.content is not None]
        with tempfile.TemporaryDirectory(prefix="livecoder-") as folder:
            files = [Path(folder) / str(number) for number, _ in enumerate(kept)]
            for file, change in zip(files, kept, strict=True):
                file.write_bytes(change.content or b"")
            ids = self.text("hash-object", "-w", "--no-filters", "--", *map(str, files)).split() if files else []
        found: dict[str, str | None] = {change.path: None for change in changes}
        for change, id in zip(kept, ids, strict=True):
            found[change.path] = f"{'100755' if change.executable else '100644'} {id}"
        return found

    def commit(self, tree: Tree, parents: Sequence[str], message: str, when: datetime) -> str:
        """A new commit, not yet reachable."""
        with tempfile.TemporaryDirectory(prefix="livecoder-") as folder:
            index = {"GIT_INDEX_FILE": f"{folder}/index"}
            rows = "".join(f"{entry}\t{path}\0" for path, entry in tree.items())
            self.run("update-index", "-z", "--index-info", stdin=rows.encode(), environment=index)
            written = self.run("write-tree", environment=index).decode().strip()
        at = when.strftime("%Y-%m-%dT%H:%M:%S%z") or ""
        dates = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
        ancestry = [word for parent in parents for word in ("-p", parent)]
        return self.run("commit-tree", *ancestry, written, stdin=message.encode(), environment=dates).decode().strip()

    def move(self, refs: Mapping[str, tuple[str, str]]) -> None:
        """Move refs to their new commits, all or none, if each still is at its old one (NOTHING: it is new)."""
        for ref in ("HEAD", *refs):
            self._clear(ref)
        rows = "".join(f"update {ref} {new} {old}\n" for ref, (new, old) in refs.items())
        self.run("update-ref", "--stdin", stdin=rows.encode())

    def heads_main(self) -> bool:
        """Whether HEAD is as `create` left it; no command here moves it."""
        try:
            return (self._path / "HEAD").read_bytes() == HEAD
        except OSError:
            return False

    def mend(self, *, packed: bool) -> str:
        """Make the repository one that git can read, as far as that costs nothing; what was wrong, or "".

        `packed`: a list of packed refs that cannot be read is put aside, because somebody knows where they belong.
        """
        wrong: list[str] = []
        if not self.heads_main():
            wrong.append("HEAD")
            write_whole(self._path / "HEAD", HEAD)
        if not (self._path / "refs").is_dir():
            wrong.append("refs")
            (self._path / "refs").mkdir()
        try:
            self.refs()
        except ScaffoldError:
            wrong.append("configuration")
            write_whole(self._path / "config", CONFIG)
            if packed and (self._path / "packed-refs").exists():
                wrong.append("packed refs")
                (self._path / "packed-refs").replace(self._path / "packed-refs.damaged")
        return ", ".join(wrong)

    def put(self, ref: str, commit: str) -> None:
        """Set a ref whatever it is now, also where git cannot read it; "" takes it away."""
        for name in (ref, "packed-refs"):
            self._clear(name)
        path = self._path / ref
        if path.is_dir():
            shutil.rmtree(path)
        if commit:
            write_whole(path, f"{commit}\n".encode())
        else:
            self.run("update-ref", "-d", ref)

    def keep(self, where: str, commit: str) -> str:
        """A ref below `where` that keeps this commit; "" when there is no such commit."""
        ref = f"{where}{commit[:12]}"
        try:
            self.run("update-ref", ref, f"{commit}^{{commit}}")
        except ScaffoldError:
            return ""
        return ref

    def damaged(self, what: str) -> ScaffoldError:
        """The error for a store that is not what it should be."""
        remedy = f"move {self._path} away: the next run starts again from the seed"
        return ScaffoldError(f"the scaffold's history is damaged: {what}", remedy)

    def _clear(self, ref: str) -> None:
        """Take away the lock file of a git that was killed; livecoder's own lock keeps every living one out."""
        lock = self._path / f"{ref}.lock"
        try:
            while time.time() - lock.stat().st_mtime < STALE_SECONDS:
                time.sleep(0.05)  # the git of a process just killed may still be at work
            lock.unlink()
        except FileNotFoundError:
            return

    def _execute(self, words: Sequence[str], stdin: bytes, environment: Mapping[str, str]) -> bytes:
        found = git_program()
        given = {**_ENVIRONMENT, **environment}
        # `env -i`: no GIT_* variable of the user's shell, of a hook or of CI may steer this git elsewhere.
        command = [
            "/usr/bin/env",
            "-i",
            *(f"{name}={value}" for name, value in given.items()),
            found,
            *_OPTIONS,
            *words,
        ]
        with tempfile.TemporaryFile() as file:
            file.write(stdin)
            file.seek(0)
            status, output, complaint = self._runner(command, file, self._path.parent)
        if status:
            raise self.damaged(complaint.strip().partition("\n")[0][:200] or f"`git {words[1]}` failed")
        return output


def git_program() -> str:
    """The absolute name of git. Raises ScaffoldError where there is none."""
    found = shutil.which("git", path=WHERE)
    if not found:
        raise ScaffoldError("git is not installed", "install git 2.35 or newer")
    return found
