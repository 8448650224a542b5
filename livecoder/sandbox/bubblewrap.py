"""The sandbox of Linux: one bubblewrap process a command, in namespaces of its own, on an allowlist root.

What goes beyond bubblewrap's options has rooms of its own: `spawner` and `seccomp`, `guard`, `network`.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Generator
from pathlib import Path
from types import TracebackType
from typing import Self

from livecoder.errors import SandboxUnavailable
from livecoder.hosts import Reach
from livecoder.sandbox import Finished, Room, furnish, mounts, seccomp, spawner
from livecoder.sandbox.attached import Streams, pump
from livecoder.sandbox.command import Backend, Commands, Launch, Place, never
from livecoder.sandbox.guard import Guard, own_limits
from livecoder.sandbox.masked import Masked
from livecoder.sandbox.network import VARIABLES, Network, means
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.ports import listening
from livecoder.sandbox.process import Ending, Running
from livecoder.sandbox.proxy.log import Asked, Log
from livecoder.sandbox.spawner import Invocation, Spawner, Started
from livecoder.sandbox.toolchains import SYSTEM, Toolchains

_PROBE_SECONDS = 20
_SIGSYS = 128 + 31
_NAMESPACES = (
    *("--die-with-parent", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
    *("--disable-userns", "--cap-drop", "ALL", "--new-session", "--hostname", "livecoder"),
)
_PROTECTIONS = (
    "own user, process, network, IPC and host name spaces",
    "no capabilities, no new privileges, no further user namespaces",
    "only /usr, parts of /etc, /opt, toolchains and the workspace are seen",
    "none of the host's environment",
    ".env files, sockets and pipes of the host read as empty",
    "limits on the size of files, of output, and of /tmp and HOME",
)
_BAD_CALL = "The system call filter ended it: programs for another processor, 32-bit ones too, do not run here."


class Bubblewrap:
    """Commands in bubblewrap. Killing the bubblewrap process kills everything that it started, daemons included."""

    name = "bubblewrap"

    def __init__(self, room: Room, toolchains: Toolchains, policy: Policy, *, parent: Bubblewrap | None = None) -> None:
        """`parent`: the sandbox that this one is a sibling of."""
        self.room = room
        self._reach = policy.reach if room.network else Reach()
        self.protections: tuple[str, ...] = (means(self._reach), *_PROTECTIONS)
        self._toolchains = toolchains
        self._policy = policy
        self._parent = parent
        self._network = parent._network if parent and room.guest else Network(parent._network.log if parent else Log())
        self._spawner = Spawner()
        self._guard: Guard | None = None
        self._commands: Commands | None = None
        self._masked: Masked | None = None
        self._system: list[str] = []
        self._started: Started | None = None
        self._ran = False

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _open(self) -> None:
        if self._parent and self._parent._commands:
            self._prepare()  # that bubblewrap works has been shown
        elif reason := self.probe():
            raise SandboxUnavailable("bubblewrap does not work here", reason)
        shown = (*SYSTEM, *self._toolchains.mounts)
        names = self._parent.hidden() if self._parent else None
        self._masked = Masked(self.room, f"{mounts.ROOT}/base", shown, names)
        self._guard = Guard(self.room, self._policy, self._parent._guard if self._parent else None)
        self._guard.enter(self._spawner)
        self.protections = (*self.protections, seccomp.means(platform.machine()), self._guard.means)
        if self.room.guest:
            self._network.open(self._spawner)
        elif self._reach:
            self._network.connect(self._spawner, self._reach)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._commands = None
        self._spawner.close()
        if self._guard:
            self._guard.close()
        if not self.room.guest:
            self._network.close()

    def run(
        self, command: str, timeout: float, cancelled: Callable[[], bool] = never
    ) -> Generator[str, None, Finished]:
        """See `Sandbox.run`. Raises SandboxUnavailable when bubblewrap itself fails, with its own words."""
        assert self._commands is not None, "the sandbox is entered first"
        assert self._guard is not None, "the sandbox is entered first"
        backend = Backend(self._spawn, self._kill, self._watch, self._judge)
        return self._commands.run(backend, command, timeout, cancelled)

    def attach(self, command: str, streams: Streams) -> int:
        """See `Attachable.attach`. Raises SandboxUnavailable as `run` does."""
        assert self._commands is not None, "the sandbox is entered first"
        self._started = self._start(self._commands.prepared(command), attached=True)
        process = self._started.process
        try:
            pump(process, streams)
            process.wait()
        finally:
            self._kill(process)
            for pipe in filter(None, (process.stdout, process.stderr, process.stdin)):
                pipe.close()
        code = process.returncode
        ending = Ending(128 - code if code < 0 else code, 0.0, "exit")
        self._judge(ending, "it ended without a word")
        return ending.exit_code

    @property
    def apart(self) -> str:
        """See `Serving`."""
        return self._network.reason

    def ports(self) -> tuple[int, ...]:
        """See `Serving`."""
        return listening(self._started.process.pid) if self._started else ()

    def asked(self) -> tuple[Asked, ...]:
        """What commands asked of the network since the last look, those of all siblings too."""
        return self._network.log.taken()

    def forget(self) -> None:
        """See `Sandbox.forget`."""
        assert self._commands is not None, "the sandbox is entered first"
        self._commands.forget()

    def sibling(self, room: Room) -> Bubblewrap:
        return Bubblewrap(room, self._toolchains, self._policy, parent=self)

    def hidden(self) -> frozenset[Path]:
        """The names of what reads as empty here, for siblings."""
        return self._masked.hidden() if self._masked else frozenset()

    def probe(self) -> str:
        """Whether bubblewrap really works on this room: "", or why not and what to do. Runs `true` as any command."""
        if not spawner.located("bwrap"):
            return "it is not installed: `apt-get install bubblewrap` (or your distribution's package)"
        self._prepare()
        assert self._commands is not None
        trial = self._start(Launch(("true",), self._commands.launch().variables))
        code, said = spawner.concluded(trial, _PROBE_SECONDS)
        return "" if code == 0 else "it hangs" if code is None else _diagnose(said)

    def _prepare(self) -> None:
        furnish.furnish(self.room, self._toolchains.engine[0] if self._toolchains.engine else None)
        mounts.furnish_for_mounts(self.room)
        self._system = mounts.system_arguments(self.room)
        variables = VARIABLES if self._reach else ()
        place = Place(mounts.ROOT, mounts.HOME, variables, own_limits(self._policy))
        self._commands = Commands(self.room, self._policy, self._toolchains, place)

    def options(self) -> list[str]:
        """Bubblewrap's options for every command of this room, without variables. Enter or probe first."""
        return [
            *_NAMESPACES,
            *(() if self._network.within else ("--unshare-net",)),
            *self._system,
            *mounts.proc_arguments(self.room),
            *("--dev", "/dev", "--size", str(self._policy.shared_memory_bytes), "--tmpfs", "/dev/shm"),
            *mounts.room_arguments(self.room, self._toolchains, self._masked.masks() if self._masked else ()),
            *("--remount-ro", "/", "--chdir", str(self.room.workspace)),
        ]

    def _spawn(self, launch: Launch) -> Running:
        self._started = self._start(launch)
        return self._started.process

    def _start(self, launch: Launch, *, attached: bool = False) -> Started:
        # Variables come last: without them nothing is run, should the options be cut off.
        options = (*self.options(), *_setenv(launch.variables))
        limit = self._guard.admit if self._guard else spawner.nothing
        return self._spawner.start(Invocation(options, launch.argv, self._network.within, attached), limit)

    def _kill(self, _process: Running) -> None:
        assert self._started is not None, "it was spawned here"
        self._ran = spawner.end(self._started)

    def _watch(self, _process: Running) -> str:
        assert self._started is not None and self._guard is not None, "it was spawned here"
        return self._guard.watch(self._started.process)

    def _judge(self, ending: Ending, output: str) -> str:
        if not self._ran and ending.cause == "exit" and ending.exit_code < 128:
            raise SandboxUnavailable("bubblewrap could not start the command", _diagnose(output.strip()))
        verdict = self._guard.verdict(output) if self._guard else ""
        return _BAD_CALL if ending.exit_code == _SIGSYS and ending.cause == "exit" else verdict


def _setenv(variables: dict[str, str]) -> list[str]:
    return [part for name, value in variables.items() for part in ("--setenv", name, value)]


def _diagnose(said: str) -> str:
    """What bubblewrap said and, where it is known, what to do about it."""
    said = said.rstrip(".")
    if "nknown option" in said:
        return f"{said}: bubblewrap 0.8 or newer is needed"
    if "namespace" not in said and "setting up uid map" not in said and "Operation not permitted" not in said:
        return said or "it ended without a word"
    if "ENOSPC" in said:
        return f"{said}: {_used_up()}"
    for setting, forbids, remedy in _SETTINGS:
        path = Path("/proc/sys", setting)
        if path.exists() and path.read_text().strip() == forbids:
            return f"{said}: user namespaces are forbidden; {remedy}"
    return f"{said}: user namespaces are forbidden here, as in most containers; use --sandbox docker outside of one"


def _used_up() -> str:
    """What to do where the kernel has a number of name spaces and they are all there, or it is 0."""
    limits = sorted(Path("/proc/sys/user").glob("max_*_namespaces"))
    if none := [path.name for path in limits if path.read_text().strip() == "0"]:
        return f"namespaces are forbidden; `sysctl {' '.join(f'user.{name}=15000' for name in none)}`"
    return (
        "no further namespaces may be made here, as in a sandbox or container: use --sandbox docker outside of one, "
        "raise user.max_*_namespaces by sysctl, or end what uses them"
    )


_SETTINGS = (
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "give /usr/bin/bwrap an AppArmor profile with `userns,`, or set that sysctl to 0",
    ),
    ("kernel/unprivileged_userns_clone", "0", "`sysctl kernel.unprivileged_userns_clone=1`"),
)
