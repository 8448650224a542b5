"""What a command sees, as arguments of bubblewrap: an allowlist root and the room. Only names that exist are mounted.

Order matters: a later mount lies over an earlier one. No process is started here.

Bubblewrap follows links to where it mounts, while the host lies open before it. So no command may replace a directory
on the way to a mount: where it could, that directory is a mount too, which the kernel neither moves nor removes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from livecoder.errors import SandboxUnavailable
from livecoder.sandbox import Room, furnish
from livecoder.sandbox.masked import Mask
from livecoder.sandbox.toolchains import SYSTEM, Toolchains

ROOT = "/run/lc"
HOME = "/home/livecoder"

_ETC_FILES = (
    *("ca-certificates.conf", "debian_version", "ld.so.cache", "ld.so.conf", "localtime", "magic", "mime.types"),
    *("nsswitch.conf", "os-release", "pki/tls/cert.pem", "protocols", "services", "shells", "ssl/openssl.cnf"),
    "timezone",
)
_ETC_DIRECTORIES = (
    *("alternatives", "ca-certificates", "crypto-policies", "fonts", "java", "ld.so.conf.d", "pki/ca-trust"),
    *("pki/tls/certs", "ssl/certs", "java-*", "python3*"),
)
_PROC_READ_ONLY = ("acpi", "asound", "bus", "fs", "irq", "scsi", "sys")
"""Root may write there without any capability, and change the host: /proc/sys/kernel/core_pattern names a program."""
_PROC_EMPTY = ("keys", "kpagecgroup", "kpagecount", "kpageflags", "latency_stats", "sysrq-trigger", "timer_list")
"""What tells of the host, and needs no capability either."""


class Mount(NamedTuple):
    option: str
    source: Path
    seen: Path


def furnish_for_mounts(room: Room) -> None:
    """Make the engine's files and mount points, so that no mount point is ever made in a place of the user's."""
    inside = furnish.directory(room)
    points = ["in", "out", "etc", *(["base"] if room.base else []), *(["git"] if room.gitdir else [])]
    for name in [*points, *(f"objects/{number}" for number in range(len(room.objects)))]:
        (inside / name).mkdir(parents=True, exist_ok=True)
    (inside / "empty").touch()
    (inside / "nothing").mkdir(exist_ok=True)
    (inside / "dot-git").write_text(f"gitdir: {ROOT}/git\n")
    _furnish_etc(inside / "etc")
    if room.gitdir and room.content != room.workspace and not os.path.lexists(room.content / ".git"):
        (room.content / ".git").mkdir()


def _furnish_etc(directory: Path) -> None:
    """Copies of small files, since each mount costs every command; places for directories; our own names."""
    for name in _ETC_FILES:
        copy = directory / name
        try:
            data = Path("/etc", name).read_bytes()
        except OSError:
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(data)
    for path in _etc_directories():
        (directory / path.relative_to("/etc")).mkdir(parents=True, exist_ok=True)
    user, group = os.getuid(), os.getgid()
    own = f"livecoder:x:{user}:{group}::{HOME}:/bin/bash\n" if user else ""
    root = f"root:x:0:0::{HOME}:/bin/bash\n"
    (directory / "passwd").write_text(f"{root}{own}nobody:x:65534:65534::/:/usr/sbin/nologin\n")
    own = f"livecoder:x:{group}:\n" if group else ""
    (directory / "group").write_text(f"root:x:0:\n{own}nogroup:x:65534:\n")
    (directory / "hosts").write_text("127.0.0.1 localhost livecoder\n::1 localhost\n")


def _etc_directories() -> list[Path]:
    return [path for name in _ETC_DIRECTORIES for path in sorted(Path("/etc").glob(name)) if path.is_dir()]


def system_arguments(room: Room) -> list[str]:
    """/usr and friends, a few files of /etc, /opt; no /run, no home."""
    found: list[str] = []
    for path in SYSTEM:
        if path.is_symlink():
            found += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            found += ["--ro-bind", str(path), str(path)]
    found += ["--ro-bind", str(furnish.directory(room) / "etc"), "/etc"]
    for path in _etc_directories():
        found += ["--ro-bind", str(path), str(path)]
    return found


def proc_arguments(room: Room) -> list[str]:
    """/proc of the sandbox's own processes. Bubblewrap itself covers only directories that it finds writable."""
    found = ["--proc", "/proc", "--tmpfs", "/proc/1"]  # process 1 is bubblewrap's: it hands on the exit code
    for path in filter(Path.exists, (Path("/proc", name) for name in _PROC_READ_ONLY)):
        found += ["--ro-bind", str(path), str(path)]
    for path in filter(Path.exists, (Path("/proc", name) for name in _PROC_EMPTY)):
        found += ["--ro-bind", str(furnish.directory(room) / "empty"), str(path)]
    return found


def room_arguments(room: Room, toolchains: Toolchains, masks: tuple[Mask, ...]) -> list[str]:
    """The room's own mounts, over those of `system_arguments`."""
    found = room_mounts(room, toolchains, masks)
    return [word for mount in found for word in (mount.option, str(mount.source), str(mount.seen))]


def room_mounts(room: Room, toolchains: Toolchains, masks: tuple[Mask, ...]) -> list[Mount]:
    """What a command sees beside the system, a later mount over an earlier one. `masks` read as empty."""
    empty = furnish.directory(room) / "empty"
    return [*_pinned(_mounts(room, toolchains)), *(Mount("--ro-bind", empty, mask.seen) for mask in masks)]


def _mounts(room: Room, toolchains: Toolchains) -> list[Mount]:
    inside, shared, bind = furnish.directory(room), room.shared, _bind(room)
    return [
        *(Mount("--bind", shared / "tmp", Path(each)) for each in ("/tmp", "/var/tmp")),
        Mount("--bind", shared / "home", Path(HOME)),
        *(Mount("--ro-bind-try", path, path) for path in toolchains.mounts),
        Mount("--ro-bind", inside, Path(ROOT)),
        Mount("--bind", room.scratch / "in", Path(ROOT, "in")),
        Mount("--ro-bind", shared / "out", Path(ROOT, "out")),
        *(_base(room, room.base) if room.base else ()),
        *(Mount("--ro-bind", path, Path(ROOT, "objects", str(number))) for number, path in enumerate(room.objects)),
        *(mount for path in room.extra for mount in _extra(room, path)),
        Mount(bind, room.content, room.workspace),
        *(_sealed(room, room.workspace) if room.content == room.workspace else ()),
        *_engine(room, toolchains),
        *(_gitdir(room, room.gitdir, bind) if room.gitdir else ()),
        *([_scaffold(room, room.scaffold)] if room.scaffold else []),
    ]


def _scaffold(room: Room, checkout: Path) -> Mount:
    return Mount("--ro-bind" if room.keeps_scaffold else "--bind", checkout, checkout)


def _pinned(mounts: Iterable[Mount]) -> list[Mount]:
    """With a mount for each directory between a writable mount and one further down in it."""
    found: list[Mount] = []
    for mount in mounts:
        above = next((each for each in reversed(found) if each.seen in mount.seen.parents), None)
        if above and above.option == "--bind":
            for place in reversed(mount.seen.relative_to(above.seen).parents[:-1]):
                found.append(Mount("--bind", _real(above.source, place), above.seen / place))
        found.append(mount)
    return found


def _real(root: Path, place: Path) -> Path:
    """A directory below `root` that is one all the way. Made where it is missing, which is only in what is ours."""
    path = root
    for name in place.parts:
        path /= name
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            raise SandboxUnavailable(f"{path} is no directory any more", "remove it, or start a new session")
        path.mkdir(exist_ok=True)
    return path


def _bind(room: Room) -> str:
    return "--ro-bind" if room.read_only else "--bind"


def _base(room: Room, base: Path) -> list[Mount]:
    """The base without its gitdir: where it is the live workspace, that is the user's own, with remotes and tokens."""
    mount, theirs, at = Mount("--ro-bind", base, Path(ROOT, "base")), base / ".git", Path(ROOT, "base/.git")
    if theirs.is_symlink():
        raise _linked(theirs)
    instead = furnish.directory(room) / ("nothing" if theirs.is_dir() else "empty")
    return [mount, Mount("--ro-bind", instead, at)] if theirs.exists() else [mount]


def _extra(room: Room, extra: Path) -> list[Mount]:
    """A further directory. The user's git executes what its `.git` says: commands write none that is there."""
    theirs = extra / ".git"
    if theirs.is_symlink():  # no mount keeps a link from being replaced
        return [Mount("--ro-bind", extra, extra)]
    git = [Mount("--ro-bind", theirs, theirs)] if theirs.exists() else []
    return [Mount(_bind(room), extra, extra), *git, *_sealed(room, extra)]


def _sealed(room: Room, root: Path) -> list[Mount]:
    """What is sealed below `root`, by its topmost directory there."""
    real = root.resolve()
    names = {path.relative_to(real).parts[:1] for path in room.sealed if path.is_relative_to(real)}
    if any(real.is_relative_to(path) for path in room.sealed):
        names = {()}
    paths = [root.joinpath(*name) for name in sorted(names)]
    return [Mount("--ro-bind-try", path, path) for path in paths if not path.is_symlink()]


def _engine(room: Room, toolchains: Toolchains) -> list[Mount]:
    """The engine's own environment, where it lies in the workspace."""
    own = [path for path in toolchains.engine[1:] if path.is_relative_to(room.workspace)]
    there = [path for path in own if (room.content / path.relative_to(room.workspace)).is_dir()]
    return [Mount("--ro-bind", path, path) for path in there]


def _linked(path: Path) -> SandboxUnavailable:
    return SandboxUnavailable(f"{path} is a symbolic link", "make it a directory, or a file with `gitdir: …`")


def _gitdir(room: Room, gitdir: Path, bind: str) -> list[Mount]:
    """The private gitdir over the workspace's `.git`, which a linked worktree has as a file."""
    theirs, at = room.content / ".git", room.workspace / ".git"
    if theirs.is_symlink():
        raise _linked(theirs)
    if theirs.is_dir():
        return [Mount(bind, gitdir, at)]
    if theirs.is_file():
        pointer = Mount("--ro-bind", furnish.directory(room) / "dot-git", at)
        return [pointer, Mount(bind, gitdir, Path(ROOT, "git"))]
    return []
