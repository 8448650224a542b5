"""A new branch of the user's from what a session left: proposed and checked apart, made in one step at the end.

Only objects and that one ref are added to the user's gitdir; HEAD, index, files, stash and other branches are not
touched, and no hook or filter runs.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from livecoder.errors import BranchRefused, UsageError, WorkspaceError
from livecoder.workspace.commits import Commit, checked
from livecoder.workspace.diff import product
from livecoder.workspace.git import Git, read_config
from livecoder.workspace.leaks import refuse_secrets
from livecoder.workspace.quarantine import export, head_of, repository, take_objects
from livecoder.workspace.shadow import Shadow
from livecoder.workspace.trees import addition, removal
from livecoder.workspace.workspace import Workspace, locate

SUBJECT_CHARS = 72


@dataclass(frozen=True, slots=True)
class Left:
    """What a session left: its private gitdir, the user's object stores behind it, the trees before and after."""

    private: Path
    stores: tuple[Path, ...]
    base_tree: str
    final_tree: str
    secrets: tuple[str, ...] = ()
    """The user's: no object of the branch may hold one."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Commits, oldest first, that passed every check. `pack` holds their objects."""

    base: str
    tip: str
    commits: tuple[Commit, ...]
    pack: Path


def check_name(cwd: Path, name: str) -> None:
    """Raises UsageError for a name that no new branch of this repository can have, or where there is no commit."""
    _, gitdir, _ = locate(cwd)
    git, ref = Git(gitdir), f"refs/heads/{name}"
    if name.startswith("-") or name == "HEAD" or not name.isprintable() or _fails(git, "check-ref-format", ref):
        raise UsageError(f"--branch {name!r} is no name of a branch", "see `git help check-ref-format`")
    if _fails(git, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"):
        raise UsageError("--branch needs a commit to start from", "commit once, then run it again")
    folders = [ref.rsplit("/", number)[0] for number in range(1, ref.count("/") - 1)]
    taken = [each for each in (ref, *folders) if not _fails(git, "show-ref", "--verify", "--quiet", each)]
    taken += git.run("for-each-ref", "--count=1", "--format=%(refname)", f"{ref}/").decode("utf-8", "replace").split()
    unborn = f"branch {ref}\0".encode() in git.run("worktree", "list", "--porcelain", "-z")
    if taken or unborn:
        there = taken[0].removeprefix("refs/heads/") if taken else name
        raise UsageError(f"--branch {name}: the branch {there} exists", "a branch is never moved: give another name")


def propose(workspace: Workspace, left: Left, base: str, message: str, place: Path, home: Path) -> Proposal | None:
    """The commits of the session's HEAD on top of `base`, and one with `message` for what is in the tree besides.

    None where there is neither. Works in `place`, an empty directory of the engine's. Raises BranchRefused.
    """
    try:
        staging = repository(place / "staging", workspace.common, left.stores)
        tip = head_of(left.private) or base
        if tip != base:
            take_objects(left.private, staging)
        tip = _with_rest(staging, workspace, left, tip, message, home)
        if tip == base:
            return None
        clean = repository(place / "checked", workspace.common, left.stores)
        pack = export(staging, base, tip, clean)
        found = checked(clean, base, tip)
        refuse_secrets(clean, base, tip, left.secrets)
        return Proposal(base, tip, found, pack)
    except WorkspaceError as error:
        raise BranchRefused(str(error), error.remedy or "the files are in the tree") from None


def make(workspace: Workspace, name: str, proposal: Proposal) -> None:
    """Add the objects, then the ref, which must not exist by now. Killed at any moment: the branch is whole or absent.

    Raises BranchRefused.
    """
    git = Git(workspace.gitdir)
    try:
        with proposal.pack.open("rb") as pack:
            git.run("index-pack", "--stdin", "--strict", stdin=pack)
        create = f"create refs/heads/{name} {proposal.tip}\n".encode()
        git.run("update-ref", "-m", "branch: made by livecoder", "--stdin", stdin=create)
    except WorkspaceError as error:
        raise BranchRefused(f"the branch {name} could not be made ({error})", "the files are in the tree") from None


def _with_rest(staging: Git, workspace: Workspace, left: Left, tip: str, message: str, home: Path) -> str:
    """`tip`, or a commit on it with what the session changed and did not commit, in the user's name."""
    edits = list(_edits(workspace.shadow, left))
    if not edits:
        return tip
    identity = _identity(workspace.common, home)
    who = f"{identity} {int(time.time())} {time.strftime('%z')}"
    text = "".join(c if c.isprintable() else " " for c in message).strip()[:SUBJECT_CHARS].encode("utf-8", "replace")
    head = f"commit refs/heads/rest\nmark :1\nauthor {who}\ncommitter {who}\ndata {len(text) + 1}\n".encode()
    stream = b"\n".join([head + text + b"\n", b"from " + tip.encode(), *edits, b'\nget-mark :1\nls :1 ""\ndone\n'])
    answer = staging.run("fast-import", "--quiet", "--done", stdin=stream).decode("ascii", "replace")
    commit, _, tree = answer.partition("\n")
    before = staging.run("rev-parse", "--verify", "--quiet", f"{tip}^{{tree}}").decode().strip()
    if tree.split()[2:3] == [before]:
        return tip
    if not identity.partition(" <")[0] or identity.endswith("<>"):
        remedy = "set them with `git config --global user.name` and `user.email`"
        raise BranchRefused("git knows neither your name nor your address for a commit", remedy)
    return commit


def _edits(shadow: Shadow, left: Left) -> Iterable[bytes]:
    changes = shadow.trees.changes(left.base_tree, product(shadow, left.base_tree, left.final_tree))
    yield from (removal(path) for path in changes)
    contents = dict(shadow.trees.blobs(new.blob for _, new in changes.values() if new))
    yield from (addition(path, new.mode, contents[new.blob]) for path, (_, new) in changes.items() if new)


def _identity(common: Path, home: Path) -> str:
    """`NAME <ADDRESS>` as the user's own configuration has them; parts may be empty."""
    known: dict[str, str] = {}
    for file in (home / ".config/git/config", home / ".gitconfig", common / "config"):
        known |= read_config(file)
    name, address = (_word(known.get(key, "")) for key in ("user.name", "user.email"))
    return f"{name} <{address}>"


def _word(text: str) -> str:
    return "".join(c for c in text if c.isprintable() and c not in "<>").strip()


def _fails(git: Git, *arguments: str) -> bool:
    try:
        git.run(*arguments)
    except WorkspaceError:
        return True
    return False
