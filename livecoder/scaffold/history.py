"""Reading the store's history: which generations there are, what each one changed and why. Moves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from livecoder.errors import ScaffoldError
from livecoder.scaffold.changes import Tree, receipts_of
from livecoder.scaffold.files import File
from livecoder.scaffold.parts import Part, candidates, value
from livecoder.scaffold.plumbing import Plumbing

PLAIN_DIFF = ("--no-color", "--no-ext-diff", "--no-textconv")
_FORM = "--format=%H%x1f%h%x1f%s%x1f%cI%x1f%b"


@dataclass(frozen=True, slots=True)
class GenerationInfo:
    """One line of the history; `id` is the short `commit`."""

    id: str
    subject: str
    when: datetime
    receipts: Mapping[str, str]
    commit: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """What led to the generation `head`, a full commit. Methods raise ScaffoldError."""

    git: Plumbing
    head: str

    def log(self, limit: int, since: str = "") -> list[GenerationInfo]:
        """The generations after `since` (a full commit; "": from the beginning), newest first."""
        span = (self.head, f"^{since}") if since else (self.head,)
        return _log(self.git, "--first-parent", f"-n{limit}", *span)

    def part(self, name: str) -> Part:
        """What this name means here, now or earlier. Raises ScaffoldError when it means nothing."""
        part, _ = self.last_change(name)
        if part is None:
            shown = name[:60].encode("unicode_escape", "backslashreplace").decode()
            raise ScaffoldError(f"nothing in this scaffold is called {shown}", "`livecoder scaffold tools`, `lessons`")
        return part

    def last_change(self, name: str) -> tuple[Part | None, str]:
        """The part of this name and the last commit that changed its file, as far as there is one."""
        for part in candidates(name):
            found = self.git.text("log", "--first-parent", "-n1", "--format=%H", self.head, "--", part.path).strip()
            if found and (not part.key or value(part, self.content(part.path)) is not None):
                return part, found
        return None, ""

    def touching(self, part: Part) -> list[GenerationInfo]:
        """The commits that made this part what it is, newest first, also those that came from another branch."""
        found = _log(self.git, self.head, "--", part.path)
        return [info for info in found if not part.key or len(set(map(repr, self.values(info, part)))) == 2]

    def log_of(self, path: str) -> GenerationInfo:
        """The last commit that changed this file, which has one."""
        return _log(self.git, "-n1", self.head, "--", path)[0]

    def with_and_without(self, info: GenerationInfo, limit: int) -> tuple[list[str], list[str]]:
        """Of the last `limit` generations, by short id, those that have this commit in them and those before."""
        later = {info.commit, *self.git.text("rev-list", "--ancestry-path", f"{info.commit}..{self.head}").split()}
        found: tuple[list[str], list[str]] = ([], [])
        for generation in self.log(limit):
            found[generation.commit not in later].append(generation.id)
        return found

    def values(self, info: GenerationInfo, part: Part) -> tuple[object, object]:
        """What a part was before a commit and what it is with it; None where it is not there."""
        parents = self.git.text("rev-list", "--parents", "-n1", info.commit).split()[1:]
        before = content(self.git, self.git.tree(parents[0]) if parents else {}, part.path)
        return value(part, before), value(part, content(self.git, self.git.tree(info.commit), part.path))

    def changed(self) -> tuple[str, ...]:
        """The files that the head itself changed, against the generation that it was made from."""
        parents = self.git.text("rev-list", "--parents", "-n1", self.head).split()[1:]
        old, new = self.git.tree(parents[0]) if parents else {}, self.git.tree(self.head)
        return tuple(sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path)))

    def content(self, path: str) -> bytes | None:
        """One file of the head; None when it has none of this path."""
        return content(self.git, self.git.tree(self.head), path)

    def files(self) -> list[File]:
        """Every file of the head."""
        tree = self.git.tree(self.head)
        blobs = self.git.blobs([entry.split()[1] for entry in tree.values()])
        pairs = zip(tree.items(), blobs, strict=True)
        return [File(path, data, entry.startswith("100755")) for (path, entry), data in pairs]

    def versions(self, path: str) -> frozenset[str]:
        """The git blob ids of every version that this file has had."""
        rows = self.git.text("log", "-m", "--format=", "--raw", "--no-abbrev", "--no-renames", self.head, "--", path)
        return frozenset(row.split()[3] for row in rows.splitlines() if row.startswith(":"))

    def until(self, when: datetime) -> GenerationInfo:
        """The generation that was current at `when`. Raises ScaffoldError when there was none yet."""
        found = _log(self.git, "--first-parent", self.head)
        for info in found:
            if info.when <= when:
                return info
        first = f"the first is {found[-1].id} of {found[-1].when.astimezone():%Y-%m-%d %H:%M}"
        raise ScaffoldError(f"there is no generation from before {when:%Y-%m-%d %H:%M}", first)


def content(git: Plumbing, tree: Tree, path: str) -> bytes | None:
    """One file of a tree; None when it has none of this path."""
    entry = tree.get(path)
    return git.blobs([entry.split()[1]])[0] if entry else None


def show(git: Plumbing, commit: str) -> str:
    return git.text("show", *PLAIN_DIFF, "--stat=80", "--patch", "--first-parent", commit)


def diff(git: Plumbing, a: str, b: str) -> str:
    return git.text("diff", *PLAIN_DIFF, a, b)


def _log(git: Plumbing, *arguments: str) -> list[GenerationInfo]:
    raw = git.text("log", "-z", "--abbrev=7", _FORM, *arguments)
    rows = [row.split("\x1f", 4) for row in raw.split("\0") if row]
    return [
        GenerationInfo(id, what, datetime.fromisoformat(at), receipts_of(body), commit)
        for commit, id, what, at, body in rows
    ]
