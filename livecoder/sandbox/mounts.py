"""What a command sees, as arguments of bubblewrap: an allowlist root and the room. Only names that exist are mounted.

Order matters: a later mount lies over an earlier one. No process is started here.
"""

from __future__ import annotations

import os
from pathlib import Path

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


def furnish_for_mounts(room: Room) -> None:
    """Make the engine's files and mount points, so that no mount point is ever made in a place of the user's."""
    inside = furnish.directory(room)
    points = ["in", "out", "etc", *(["base"] if room.base else []), *(["git"] if room.gitdir else [])]
    for name in [*points, *(f"objects/{number}" for number in range(len(room.objects)))]:
        (inside / name).mkdir(parents=True, exist_ok=True)
    (inside / "empty").touch()
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
    """/usr and friends, a few files of /etc, /opt; no /var, no /run, no home."""
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
    found = ["--proc", "/proc"]
    for path in filter(Path.exists, (Path("/proc", name) for name in _PROC_READ_ONLY)):
        found += ["--ro-bind", str(path), str(path)]
    for path in filter(Path.exists, (Path("/proc", name) for name in _PROC_EMPTY)):
        found += ["--ro-bind", str(furnish.directory(room) / "empty"), str(path)]
    return found


def room_arguments(room: Room, toolchains: Toolchains, masks: tuple[Mask, ...]) -> list[str]:
    """The room's own mounts, over those of `system_arguments`. `masks` read as empty."""
    inside, shared = furnish.directory(room), room.shared
    found = [
        "--bind",
        str(shared / "tmp"),
        "/tmp",
        "--symlink",
        "/tmp",
        "/var/tmp",
        "--bind",
        str(shared / "home"),
        HOME,
    ]
    for path in toolchains.mounts:
        found += ["--ro-bind-try", str(path), str(path)]
    found += ["--ro-bind", str(inside), ROOT, "--bind", str(room.scratch / "in"), f"{ROOT}/in"]
    found += ["--ro-bind", str(shared / "out"), f"{ROOT}/out"]
    if room.base:
        found += _base_arguments(room, room.base)
    for number, path in enumerate(room.objects):
        found += ["--ro-bind", str(path), f"{ROOT}/objects/{number}"]
    for path in room.extra:
        found += _extra_arguments(room, path)
    found += [_bind(room), str(room.content), str(room.workspace)]
    if room.content == room.workspace:
        found += _sealed_arguments(room, room.workspace)
    for path in toolchains.engine[1:]:
        if path.is_relative_to(room.workspace) and (room.content / path.relative_to(room.workspace)).is_dir():
            found += ["--ro-bind", str(path), str(path)]
    if room.gitdir:
        found += _gitdir_arguments(room, room.gitdir, _bind(room))
    if room.scaffold:
        found += ["--bind", str(room.scaffold), str(room.scaffold)]
    for mask in masks:
        found += ["--ro-bind", str(inside / "empty"), str(mask.seen)]
    return found


def _bind(room: Room) -> str:
    return "--ro-bind" if room.read_only else "--bind"


def _base_arguments(room: Room, base: Path) -> list[str]:
    """The base without its gitdir: where it is the live workspace, that is the user's own, with remotes and tokens."""
    found = ["--ro-bind", str(base), f"{ROOT}/base"]
    theirs, at = base / ".git", f"{ROOT}/base/.git"
    if theirs.is_symlink():
        raise _linked(theirs)
    if theirs.is_dir():
        return [*found, "--tmpfs", at, "--remount-ro", at]
    return [*found, "--ro-bind", str(furnish.directory(room) / "empty"), at] if theirs.exists() else found


def _extra_arguments(room: Room, extra: Path) -> list[str]:
    """A further directory. The user's git executes what its `.git` says: commands write none that is there."""
    theirs = extra / ".git"
    if theirs.is_symlink():  # no mount keeps a link from being replaced
        return ["--ro-bind", str(extra), str(extra)]
    git = ["--ro-bind", str(theirs), str(theirs)] if theirs.exists() else []
    return [_bind(room), str(extra), str(extra), *git, *_sealed_arguments(room, extra)]


def _sealed_arguments(room: Room, root: Path) -> list[str]:
    """What is sealed below `root`, by its topmost directory there: one in between could be moved, mount and all."""
    real = root.resolve()
    names = {path.relative_to(real).parts[:1] for path in room.sealed if path.is_relative_to(real)}
    if any(real.is_relative_to(path) for path in room.sealed):
        names = {()}
    return [part for name in sorted(names) for part in ("--ro-bind-try", *[str(root.joinpath(*name))] * 2)]


def _linked(path: Path) -> SandboxUnavailable:
    return SandboxUnavailable(f"{path} is a symbolic link", "make it a directory, or a file with `gitdir: …`")


def _gitdir_arguments(room: Room, gitdir: Path, bind: str) -> list[str]:
    """The private gitdir over the workspace's `.git`, which a linked worktree has as a file."""
    theirs = room.content / ".git"
    at = str(room.workspace / ".git")
    if theirs.is_symlink():
        raise _linked(theirs)
    if theirs.is_dir():
        return [bind, str(gitdir), at]
    if theirs.is_file():
        pointer = ["--ro-bind", str(furnish.directory(room) / "dot-git"), at]
        return [*pointer, bind, str(gitdir), f"{ROOT}/git"]
    return []
