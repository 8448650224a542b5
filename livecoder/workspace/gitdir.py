"""The gitdir that commands see over the user's `.git`: they may add, commit, stash, branch and reset in it.

It is made of copies and a configuration written here; the engine never runs git on it. The user's objects are named by
the paths at which the sandbox shows them read-only.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from livecoder.errors import WorkspaceError
from livecoder.workspace.credentials import persisted
from livecoder.workspace.git import read_config
from livecoder.workspace.workspace import locate

OBJECTS_INSIDE = "/run/lc/objects"
_OWN = ("HEAD", "index", "ORIG_HEAD", "MERGE_HEAD", "MERGE_MSG", "MERGE_MODE", "CHERRY_PICK_HEAD", "REVERT_HEAD")
_SHARED = ("packed-refs", "shallow", "info/exclude", "info/attributes", "info/grafts")
_REFS = ("refs", "reftable")
_IN_A_STORE = re.compile(r"[0-9a-f]{2}|pack|info|packs|tmp_.*|incoming-.*|.*\.lock|\.nfs.*|\.DS_Store")
"""With what git and file systems leave there for a while."""
_SAFE_KEYS = (
    "core.repositoryformatversion",
    "core.filemode",
    "core.ignorecase",
    "core.symlinks",
    "core.precomposeunicode",
    "core.autocrlf",
    "core.eol",
    "core.safecrlf",
    "core.sparsecheckout",
    "core.sparsecheckoutcone",
    "extensions.objectformat",
    "extensions.refstorage",
    "user.name",
    "user.email",
)
"""No value of these is a command, a path, a URL or a secret."""


@dataclass(frozen=True, slots=True)
class PrivateGit:
    """`objects` are the user's object stores, to be shown at /run/lc/objects/0, 1, … in this order.

    `mount` is where the gitdir belongs inside the sandbox: the workspace's `.git`, or, where `.git` is a file, the
    directory that this file points to (the file itself then wants a read-only mount).
    """

    gitdir: Path
    objects: tuple[Path, ...]
    mount: Path
    hidden: tuple[Path, ...] = ()
    """Files in the worktree, by their names below its root, that hold a credential of the user's configuration."""


def private_gitdir(root: Path, dest: Path, home: Path | None = None) -> PrivateGit:
    """Make the private gitdir of the repository at `root` in `dest`. `home` is where the user's own gitconfig lies."""
    root, gitdir, common = locate(root)
    _refuse_links(gitdir, common)
    objects = _object_stores(common / "objects", home)
    (dest / "objects/info").mkdir(parents=True)
    (dest / "info").mkdir()
    inside = "".join(f"{OBJECTS_INSIDE}/{number}\n" for number in range(len(objects)))
    (dest / "objects/info/alternates").write_text(inside)
    for name in _OWN:
        _copy(gitdir / name, dest / name)
    for name in _SHARED:
        _copy(common / name, dest / name)
    _copy(gitdir / "info/sparse-checkout", dest / "info/sparse-checkout")
    for shared_index in gitdir.glob("sharedindex.*"):
        _copy(shared_index, dest / shared_index.name)
    for folder in _REFS:
        if (common / folder).is_dir():
            shutil.copytree(common / folder, dest / folder, symlinks=True)
        if common != gitdir and (gitdir / folder).is_dir():
            shutil.copytree(gitdir / folder, dest / folder, symlinks=True, dirs_exist_ok=True)
    (dest / "config").write_text(_config(common, home))
    mount = root / ".git" if (root / ".git").is_dir() else gitdir
    return PrivateGit(dest, objects, mount, _seen_credentials(root, gitdir, common))


def _seen_credentials(root: Path, *gitdirs: Path) -> tuple[Path, ...]:
    files = {credential.file.resolve() for credential in persisted(gitdirs[0])}
    inside = [file for file in files if not any(file.is_relative_to(gitdir) for gitdir in gitdirs)]
    return tuple(sorted(file.relative_to(root) for file in inside if file.is_relative_to(root)))


def _refuse_links(gitdir: Path, common: Path) -> None:
    """Folders that are shown or copied whole: as a link one could name anything on the machine."""
    for place in (common / "objects", *(folder / name for folder in (gitdir, common) for name in _REFS)):
        if place.is_symlink():
            raise WorkspaceError(f"{place} is a symbolic link", "work in a clone, or in a `git worktree add` of it")


def _object_stores(first: Path, home: Path | None) -> tuple[Path, ...]:
    """The store and, depth first, all that its alternates name. An alternate that is none is left out."""
    if odd := _no_store(first, home):
        raise WorkspaceError(f"{first} is no object store of git's: {odd}", "move that elsewhere, or work in a clone")
    found: list[Path] = []
    pending = [first]
    while pending:
        store = pending.pop(0).resolve()
        if store in found or _no_store(store, home):
            continue
        found.append(store)
        alternates = store / "info/alternates"
        if _plain(alternates):
            lines = os.fsdecode(alternates.read_bytes()).splitlines()
            pending += [store / line for line in lines if line and not line.startswith("#")]
    return tuple(found)


def _no_store(path: Path, home: Path | None) -> str:
    """Why a directory is not an object store, which commands may see whole; "" when it is one."""
    if not path.is_dir():
        return "it is no directory"
    if home and home.resolve().is_relative_to(path):
        return "the home directory lies there"
    try:
        names = sorted(entry.name for entry in path.iterdir())
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    odd = next((name for name in names if not _IN_A_STORE.fullmatch(name)), "")
    return f"it holds {odd!r}" if odd else ""


def _plain(path: Path) -> bool:
    """A plain file under its own name; a link in a gitdir could name anything on the machine."""
    return path.is_file() and path.resolve() == path


def _copy(source: Path, target: Path) -> None:
    if _plain(source):
        shutil.copyfile(source, target)


def _config(common: Path, home: Path | None) -> str:
    personal = [home / ".config/git/config", home / ".gitconfig"] if home else []
    known: dict[str, str] = {"user.name": "livecoder", "user.email": "livecoder@localhost"}
    for file in (*personal, common / "config"):
        known |= {key: value for key, value in read_config(file).items() if key in _SAFE_KEYS}
    fixed = {
        "core.bare": "false",
        "core.logallrefupdates": "true",
        "core.hookspath": "/dev/null",
        "gc.auto": "0",
        "commit.gpgsign": "false",
        # Submodules' gitdirs are not here, and git fails on a submodule that it looks into without one.
        "diff.ignoresubmodules": "all",
        "advice.detachedhead": "false",
    }
    return _written({"core.repositoryformatversion": "0"} | known | fixed)


def _written(values: Mapping[str, str]) -> str:
    lines: list[str] = []
    for key, value in values.items():
        section, _, name = key.partition(".")
        plain = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        lines.append(f'[{section}]\n\t{name} = "{plain}"\n')
    return "".join(lines)
