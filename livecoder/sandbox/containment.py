"""What a container is made of, in the fields of docker's own API (`POST /containers/create`), and why."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livecoder.errors import SandboxUnavailable
from livecoder.sandbox import Room, furnish, guard, mounts, owner
from livecoder.sandbox.daemon import Daemon, Image
from livecoder.sandbox.mounts import Mount
from livecoder.sandbox.policy import GIB, Policy
from livecoder.sandbox.seccomp_profile import profile

_RUN = "rw,exec,nosuid,nodev,size=8m,mode=1777"
"""/run, for the copy of bash that the supervisor runs from. Podman gives it to no user."""
_MASKED = (
    *("acpi", "asound", "kcore", "keys", "kpagecgroup", "kpagecount", "kpageflags", "latency_stats", "sched_debug"),
    *("scsi", "timer_list", "timer_stats"),
)
_READ_ONLY = ("bus", "fs", "irq", "sys", "sysrq-trigger")
"""Below /proc. Docker's own lists, which these replace, and what `mounts` has besides."""
_HARDWARE = ("block", "bus", "class", "dev", "devices", "firmware", "hypervisor", "kernel", "module", "power")
"""Below /sys, where only the container's limits are left to see."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """Whom commands run as: the user, also in a daemon that maps the user to root. `passwd` and `group` know them."""

    user: tuple[int, int]
    passwd: bytes = b""
    group: bytes = b""
    """Empty: those of the image are taken as they are."""


@dataclass(frozen=True, slots=True)
class Terms:
    image: str
    user: tuple[int, int]
    session: str
    network: str
    """The container whose network is joined, or ""."""
    calls: str
    """The filter of system calls, as the daemon takes it; or ""."""


def calls(daemon: Daemon, room: Room) -> str:
    """See `Terms.calls`."""
    found = profile(platform.machine()) if daemon.filters_calls else None
    if not found or not daemon.reads_files:
        return found or ""
    file = furnish.directory(room) / "seccomp"
    file.write_text(found)
    return str(file)


def accounts(daemon: Daemon, image: Image) -> Accounts:
    user = (0, 0) if daemon.rootless else (os.getuid(), os.getgid())
    if user[0] == 0:
        return Accounts(user)
    looked_at = daemon.create({"Image": image.id, "Entrypoint": ["-"], "Labels": {owner.LABEL: str(owner.ourselves())}})
    try:
        passwd, group = daemon.file(looked_at, "/etc/passwd"), daemon.file(looked_at, "/etc/group")
    finally:
        daemon.remove(looked_at)
    own, its = f"livecoder:x:{user[0]}:{user[1]}::{mounts.HOME}:/bin/bash\n", f"livecoder:x:{user[1]}:\n"
    return Accounts(user, _with(passwd, own), _with(group, its))


def _with(table: bytes, line: str) -> bytes:
    """Ours first: a number that the image gave to somebody else is the user's here."""
    return line.encode() + table


def furnish_for_containers(room: Room, known: Accounts) -> None:
    """Beside the files that every room has: pipes for the supervisor, and who the user is."""
    mounts.furnish_for_mounts(room)
    inside = furnish.directory(room)
    (inside / "pipe").mkdir(exist_ok=True)
    (inside / "supervisor").write_bytes(Path(__file__).with_name("supervisor").read_bytes())
    if known.passwd:
        (inside / "accounts").touch()
        (inside / "etc/passwd").write_bytes(known.passwd)
        (inside / "etc/group").write_bytes(known.group)


def description(room: Room, seen: Sequence[Mount], policy: Policy, terms: Terms) -> dict[str, Any]:
    """The container for a room. Raises SandboxUnavailable where a path cannot be said to docker."""
    words = ("bash", "--norc", "--noprofile", f"{mounts.ROOT}/supervisor", "first")
    found = own_program(words, seen, policy, terms)
    found["WorkingDir"] = _said(room.workspace)
    found["HostConfig"]["Tmpfs"] = {"/run": _RUN}
    return found


def own_program(words: Sequence[str], seen: Sequence[Mount], policy: Policy, terms: Terms) -> dict[str, Any]:
    """A container for a program of the engine's, in the root directory. Raises SandboxUnavailable as above."""
    user, group = terms.user
    hostname = {} if terms.network else {"Hostname": "livecoder"}  # else that of the network's keeper
    return {
        **hostname,
        "Image": terms.image,
        "Entrypoint": list(words),
        "Cmd": [],
        "Env": ["LD_LIBRARY_PATH=", "LD_PRELOAD="],  # an image's are for its own libraries
        "User": f"{user}:{group}",
        "WorkingDir": "/",
        "Healthcheck": {"Test": ["NONE"]},
        "Labels": {owner.LABEL: str(owner.ourselves()), "livecoder.session": terms.session},
        "HostConfig": {**_confinement(policy, terms), "Mounts": [_mount(each) for each in seen]},
    }


def _confinement(policy: Policy, terms: Terms) -> dict[str, Any]:
    return {
        "AutoRemove": True,
        "NetworkMode": f"container:{terms.network}" if terms.network else "none",
        "IpcMode": "private",
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges", *([f"seccomp={terms.calls}"] if terms.calls else [])],
        "PidsLimit": policy.processes,
        "Memory": policy.memory_bytes,
        "MemorySwap": policy.memory_bytes,  # with swap: none beyond
        "ShmSize": policy.shared_memory_bytes,
        "LogConfig": {"Type": "none"},
        # With 0 the kernel would still hand a crash to the host's crash handler, which runs outside, as root.
        "Ulimits": [{"Name": "core", "Soft": 1, "Hard": 1}],
        "MaskedPaths": [f"/proc/{name}" for name in _MASKED] + [f"/sys/{name}" for name in _HARDWARE],
        "ReadonlyPaths": [f"/proc/{name}" for name in _READ_ONLY],
    }


def layered(room: Room, seen: Iterable[Mount]) -> tuple[Mount, ...]:
    """With what containers need besides, and without what a later mount lies over: docker mounts by depth.

    A mount point that is missing is made, so that it is the user's.
    """
    inside = furnish.directory(room)
    own = [Mount("--ro-bind", inside / "etc" / name, Path("/etc", name)) for name in ("passwd", "group")]
    known = own if (inside / "accounts").exists() else []
    every = [*known, *seen]
    found: list[Mount] = []
    for number, mount in enumerate(every):
        covered = any(later.seen == mount.seen or later.seen in mount.seen.parents for later in every[number + 1 :])
        if not covered and (mount.option != "--ro-bind-try" or mount.source.exists()):
            found.append(mount)
    for point, mount in _points(found):
        if not os.path.lexists(point):
            point.mkdir(parents=True) if mount.source.is_dir() else point.touch()
    return tuple(found)


def identities(seen: Sequence[Mount]) -> tuple[tuple[int, int], ...]:
    """Which files are mounted, and over which. One that the user replaces takes its mount with it."""
    paths = [*(mount.source for mount in seen), *(point for point, _ in _points(seen))]
    found = (os.stat(path) for path in paths if path.exists())  # noqa: PTH116 (thousands of times)
    return tuple((status.st_dev, status.st_ino) for status in found)


def _points(seen: Sequence[Mount]) -> Iterator[tuple[Path, Mount]]:
    """Where on the host the mounts lie that are over what can be written, and which they are."""
    for mount in seen:
        above = max((each for each in seen if each.seen in mount.seen.parents), key=_depth, default=None)
        if above and above.option == "--bind":
            yield above.source / mount.seen.relative_to(above.seen), mount


def _depth(mount: Mount) -> int:
    return len(mount.seen.parts)


def _mount(mount: Mount) -> dict[str, Any]:
    """Read-only ones without what is mounted further down on the host, which would stay writable."""
    read_only = mount.option != "--bind"
    return {
        "Type": "bind",
        "Source": _said(mount.source.resolve()),
        "Target": _said(mount.seen),
        "ReadOnly": read_only,
        "BindOptions": {"Propagation": "rprivate", "NonRecursive": read_only},
    }


def _said(path: Path) -> str:
    text = str(path)
    try:
        text.encode()
    except UnicodeEncodeError:
        remedy = f"docker takes no path that is not UTF-8: rename {text.encode('utf-8', 'backslashreplace').decode()}"
        raise SandboxUnavailable("docker cannot show this directory", remedy) from None
    return text


def own_limits(daemon: Daemon, policy: Policy) -> str:
    """What a command's first process sets for itself. Only in a rootless daemon others of the user's do not count."""
    return guard.own_limits(policy) if daemon.rootless and not daemon.limits_processes else ":"


def words(given: Iterable[str]) -> bytes:
    """As the supervisor reads them."""
    return b"".join(os.fsencode(word) + b"\0" for word in given)


def means(image: str, daemon: Daemon, policy: Policy, network: str) -> tuple[str, ...]:
    """What is kept and how, in words for the user; `network` in words already."""
    free = "not limited, for the daemon cannot do that"
    memory = f"at most {policy.memory_bytes / GIB:.3g} GiB (sandbox.memory)" if daemon.limits_memory else free
    processes = f"at most {policy.processes} (sandbox.pids)" if daemon.limits_processes or daemon.rootless else free
    how = ", held by control groups" if daemon.limits_memory and daemon.limits_processes else ""
    return (
        f"a container of {image}, rootless" if daemon.rootless else f"a container of {image}, as the user",
        network,
        "no capabilities, no new privileges",
        "only the image, read-only, and the workspace are seen",
        "none of the host's environment",
        ".env files, sockets and pipes of the host read as empty",
        "limits on the size of files, of output, and of /tmp and HOME",
        "a filter of system calls" if daemon.filters_calls else "no filter of system calls: the daemon has none",
        f"of each container: memory {memory}, processes {processes}{how}",
    )
