"""What a command sees, as arguments of bubblewrap: an allowlist root and the room. Only names that exist are mounted.

Order matters: a later mount lies over an earlier one. No process is started here.
"""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from livecoder.errors import SandboxUnavailable
from livecoder.sandbox import Room, furnish
from livecoder.sandbox.toolchains import SYSTEM, Toolchains

ROOT = "/run/lc"
HOME = "/home/livecoder"

_ETC = (
    *("alternatives", "ca-certificates", "ca-certificates.conf", "crypto-policies", "debian_version", "fonts", "java"),
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "magic", "mime.types", "nsswitch.conf", "os-release"),
    *("pki/ca-trust", "pki/tls/cert.pem", "pki/tls/certs", "protocols", "services", "shells", "ssl/certs"),
    *("ssl/openssl.cnf", "timezone"),
)
_SKIPPED = frozenset(
    (".git", "node_modules", ".venv", "venv", "target", "dist", "build", "__pycache__", ".tox", "vendor")
)
_EXAMPLES = (".example", ".sample", ".template")
_DEPTH = 4
_MOST_MASKS = 500


class Mask(NamedTuple):
    """A file of the user's that reads as empty: where it lies, and where a command sees it."""

    file: Path
    seen: Path


def furnish_for_mounts(room: Room) -> None:
    """Make the engine's files and mount points, so that no mount point is ever made in a place of the user's."""
    inside = furnish.directory(room)
    points = ["in", "out", "etc", *(["base"] if room.base else []), *(["git"] if room.gitdir else [])]
    for name in [*points, *(f"objects/{number}" for number in range(len(room.objects)))]:
        (inside / name).mkdir(parents=True, exist_ok=True)
    (inside / "empty").touch()
    (inside / "dot-git").write_text(f"gitdir: {ROOT}/git\n")
    user, group = os.getuid(), os.getgid()
    own = f"livecoder:x:{user}:{group}::{HOME}:/bin/bash\n" if user else ""
    (inside / "etc/passwd").write_text(
        f"root:x:0:0::{HOME}:/bin/bash\n{own}nobody:x:65534:65534::/:/usr/sbin/nologin\n"
    )
    own = f"livecoder:x:{group}:\n" if group else ""
    (inside / "etc/group").write_text(f"root:x:0:\n{own}nogroup:x:65534:\n")
    (inside / "etc/hosts").write_text("127.0.0.1 localhost livecoder\n::1 localhost\n")
    if room.gitdir and room.content != room.workspace and not os.path.lexists(room.content / ".git"):
        (room.content / ".git").mkdir()


def system_arguments() -> list[str]:
    """/usr and friends, a few files of /etc, /opt; no /var, no /run, no home."""
    found: list[str] = []
    for path in SYSTEM:
        if path.is_symlink():
            found += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            found += ["--ro-bind", str(path), str(path)]
    names = [Path("/etc", name) for name in _ETC]
    for path in [*names, *Path("/etc").glob("java-*"), *Path("/etc").glob("python3*")]:
        if path.exists():
            found += ["--ro-bind", str(path), str(path)]
    return found


def room_arguments(room: Room, toolchains: Toolchains, masks: tuple[Mask, ...]) -> list[str]:
    """The room's own mounts, over those of `system_arguments`. `masks` read as empty where they still exist."""
    inside, scratch, workspace = furnish.directory(room), room.scratch, str(room.workspace)
    found = [
        "--bind",
        str(scratch / "tmp"),
        "/tmp",
        "--symlink",
        "/tmp",
        "/var/tmp",
        "--bind",
        str(scratch / "home"),
        HOME,
    ]
    for name in ("passwd", "group", "hosts"):
        found += ["--ro-bind", str(inside / "etc" / name), f"/etc/{name}"]
    for path in toolchains.mounts:
        found += ["--ro-bind-try", str(path), str(path)]
    found += ["--ro-bind", str(inside), ROOT, "--bind", str(scratch / "in"), f"{ROOT}/in"]
    found += ["--ro-bind", str(scratch / "out"), f"{ROOT}/out"]
    if room.base:
        found += ["--ro-bind", str(room.base), f"{ROOT}/base"]
    for number, path in enumerate(room.objects):
        found += ["--ro-bind", str(path), f"{ROOT}/objects/{number}"]
    for path in room.extra:
        found += ["--bind", str(path), str(path)]
    bind = "--ro-bind" if room.read_only else "--bind"
    found += [bind, str(room.content), workspace]
    for path in toolchains.engine[1:]:
        if path.is_relative_to(room.workspace) and (room.content / path.relative_to(room.workspace)).is_dir():
            found += ["--ro-bind", str(path), str(path)]
    if room.gitdir:
        found += _gitdir_arguments(room, room.gitdir, bind)
    if room.scaffold:
        found += ["--bind", str(room.scaffold), str(room.scaffold)]
    for mask in masks:
        if _is_file(mask.file):
            found += ["--ro-bind", str(inside / "empty"), str(mask.seen)]
    return found


def _gitdir_arguments(room: Room, gitdir: Path, bind: str) -> list[str]:
    """The private gitdir over the workspace's `.git`, which a linked worktree has as a file."""
    theirs = room.content / ".git"
    at = str(room.workspace / ".git")
    if theirs.is_symlink():
        raise SandboxUnavailable(f"{theirs} is a symbolic link", "make it a directory, or a file with `gitdir: …`")
    if theirs.is_dir():
        return [bind, str(gitdir), at]
    if theirs.is_file():
        pointer = ["--ro-bind", str(furnish.directory(room) / "dot-git"), at]
        return [*pointer, bind, str(gitdir), f"{ROOT}/git"]
    return []


def dotenv_files(room: Room) -> tuple[Mask, ...]:
    """`.env*` files a few levels deep, outside dependency folders; examples and templates are no secrets."""
    places = [(room.content, room.workspace), *((path, path) for path in room.extra)]
    if room.base:
        places.append((room.base, Path(ROOT, "base")))
    found = (Mask(path, seen / path.relative_to(real)) for real, seen in places for path in _walk(real, _DEPTH))
    return tuple(itertools.islice(found, _MOST_MASKS))


def _walk(directory: Path, depth: int) -> Iterator[Path]:
    below: list[Path] = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in _SKIPPED:
                        below.append(Path(entry.path))
                elif entry.name.startswith(".env") and not entry.name.endswith(_EXAMPLES):
                    path = Path(entry.path)
                    if _is_file(path):
                        yield path
    except OSError:
        return
    if depth:
        for path in below:
            yield from _walk(path, depth - 1)


def _is_file(path: Path) -> bool:
    """A regular file under its own name: what a link names is unseen, or in the tree under a name of its own."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
