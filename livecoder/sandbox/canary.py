"""Attacks that a sandbox must withstand, made for real in one command: a setup that only seems to work is found out.

The room is made for it: a repository with a secret, a server outside on a port and another on a socket in there.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import secrets
import shlex
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

from livecoder.errors import SandboxUnavailable
from livecoder.sandbox import Finished, Room, Sandbox, cgroups
from livecoder.sandbox.spawner import located

Make: TypeAlias = Callable[[Room], Sandbox]

_SECONDS = 60.0
_DYING_SECONDS = 3.0
"""What the kernel kills has gone by then, on a busy machine too."""
_CANNOT_TRY = (125, 126, 127)


class Attack(NamedTuple):
    """`command` succeeds when the sandbox has failed. Ids are those of docs/security.md."""

    id: str
    what: str
    command: str


_NOWHERE, _VSOCK = "/dev/tcp/192.0.2.1/80", "exit !socket(my $s, 40, 1, 0)"
ATTACKS = (
    Attack("E01", "write the system", "mount -o remount,bind,rw /usr || {{ touch /usr/canary && rm /usr/canary; }}"),
    Attack("E02", "become root in one more user namespace", "unshare -Ur true"),
    Attack("E03", "talk to the host's docker", "test -S /run/docker.sock || test -S /var/run/docker.sock"),
    Attack("O04", "talk to a server of the host by a socket in the workspace", "test -S door"),
    Attack("E04", "write the user's .git", "echo evil >>.git/config && grep -q core .git/config"),
    Attack("E12", "make a device", "mknod /tmp/disk b 254 0"),
    Attack("E14", "see processes of the host", "test $(ls -d /proc/[0-9]* | wc -l) -gt 20"),
    Attack("E20", "use what the engine has open", r"ls /proc/$$/fd | grep -vqx '[0-2]\|255'"),
    Attack("O01", "change a setting of the kernel", ": >>/proc/sys/kernel/core_pattern"),
    Attack("O06", "reach what hands on the exit codes", "grep -q . /proc/1/maps"),
    Attack("X01", "read the engine's environment", "grep -q . /proc/1/environ"),
    Attack("X02", "read credentials at home", "ls -d {home}/.{{ssh,aws,netrc,config,docker}} | grep -q ."),
    Attack("X03", "reach the network", f"timeout 5 bash -c ': >{_NOWHERE}'; test $? -eq 0 -o $? -eq 124"),
    Attack("X03", "reach the hypervisor", f"perl -e '{_VSOCK}'"),
    Attack("X04", "reach a server of the host by its port", "timeout 5 bash -c ': >/dev/tcp/127.0.0.1/{port}'"),
    Attack("O05", "read a .env file", "grep -q . .env"),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`broken` and `untried` are attacks, as in "E02 become root …"."""

    reason: str = ""
    """Why the sandbox does not even start, and what to do."""
    held: int = 0
    broken: tuple[str, ...] = ()
    untried: tuple[str, ...] = ()
    protections: tuple[str, ...] = ()

    @property
    def works(self) -> bool:
        return not self.reason and not self.broken


def attacked(make: Make) -> Verdict:
    """Open a sandbox on a room of its own and attack it."""
    with _room() as (room, port), ExitStack() as stack:
        mark = f"{secrets.randbelow(10**6) + 10**6}.25"
        try:
            sandbox = stack.enter_context(make(room))
            finished = _run(sandbox, _script(port, mark))
        except SandboxUnavailable as error:
            return Verdict(reason=error.remedy or str(error))
        codes = [int(line) for line in finished.output.split() if line.isdecimal()]
        if len(codes) != len(ATTACKS):
            return Verdict(reason=f"commands do not run in it: {finished.output[-500:] or finished.note}")
        named = [(f"{attack.id} {attack.what}", code) for attack, code in zip(ATTACKS, codes, strict=True)]
        named.append(("E15 leave a daemon behind", 0 if _survived(mark) else 1))
        broken = tuple(name for name, code in named if code == 0)
        untried = tuple(name for name, code in named if code in _CANNOT_TRY)
        return Verdict("", len(named) - len(broken) - len(untried), broken, untried, sandbox.protections)


def verdict(name: str, make: Make, cache: Path, about: str = "") -> Verdict:
    """The same from `cache` where it held since this boot, with the same kernel, bubblewrap and livecoder.

    `about` tells what else it depends on, such as an image.
    """
    file = cache / f"canary-{name}.json"
    key = _key(about)
    if known := _kept(file, key):
        return known
    found = attacked(make)
    if found.works:
        _keep(file, {"key": key, **asdict(found)})
    return found


def _kept(file: Path, key: str) -> Verdict | None:
    try:
        match json.loads(file.read_text()):
            case {"key": kept, "held": int(held), "untried": [*untried], "protections": [*protections]} if kept == key:
                return Verdict("", held, (), tuple(map(str, untried)), tuple(map(str, protections)))
            case _:
                return None
    except (OSError, ValueError):
        return None


def _keep(file: Path, document: dict[str, object]) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps(document))
        new.replace(file)
    except OSError:
        pass  # it is attacked again next time


def _key(about: str) -> str:
    """Of all that the answer depends on and that can change without notice."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    own = filter(Path.is_file, (path for name in (".", "proxy") for path in (Path(__file__).parent / name).iterdir()))
    files = [*own, *map(Path, filter(None, [located("bwrap")]))]
    dates = sorted(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files)
    parts = [
        about,
        platform.release(),
        str(os.getuid()),
        cgroups.surroundings(),
        boot.read_text() if boot.exists() else "",
        *dates,
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@contextmanager
def _room() -> Generator[tuple[Room, int]]:
    """A repository as a careless user has it, and the port of a server outside."""
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="livecoder-canary-")))
        workspace, private = place / "workspace", place / "private"
        for git in (workspace / ".git", private):
            git.mkdir(parents=True)
        (workspace / ".git/config").write_text("[core]\n")
        (workspace / ".env").write_text("KEY=secret\n")
        door = stack.enter_context(socket.socket(socket.AF_UNIX))
        door.bind(str(workspace / "door"))
        door.listen()
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        yield Room(workspace, workspace, place / "scratch", gitdir=private), server.getsockname()[1]


def _script(port: int, mark: str) -> str:
    """Prints each attack's exit code on a line of its own."""
    home = shlex.quote(str(Path.home()))
    daemon = f"(setsid sh -c 'trap \"\" TERM HUP; exec sleep {mark}' &)"
    tries = [f"( {attack.command.format(port=port, home=home)} ) >/dev/null 2>&1; echo $?" for attack in ATTACKS]
    return "\n".join([*tries, daemon])


def _survived(mark: str) -> bool:
    """Whether a process of the host goes on to sleep for `mark` seconds; it is ended."""
    until = time.monotonic() + _DYING_SECONDS
    while (survivors := _sleeping(mark)) and time.monotonic() < until:
        time.sleep(0.02)
    for pid in survivors:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return bool(survivors)


def _sleeping(mark: str) -> list[int]:
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == f"sleep\0{mark}\0".encode():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def _run(sandbox: Sandbox, command: str) -> Finished:
    chunks = sandbox.run(command, _SECONDS)
    while True:
        try:
            next(chunks)
        except StopIteration as stop:
            return stop.value
