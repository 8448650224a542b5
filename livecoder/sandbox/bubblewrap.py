"""The sandbox of Linux: one bubblewrap process a command, with namespaces, an allowlist root and no network.

Later forms add a system call filter, control groups and a proxy in `options` and `_spawn`; nothing else changes.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
from collections.abc import Callable, Collection, Generator
from pathlib import Path
from types import TracebackType
from typing import Self

from livecoder.errors import SandboxUnavailable
from livecoder.sandbox import Finished, Room, furnish, mounts
from livecoder.sandbox.attached import Streams, pump
from livecoder.sandbox.command import Backend, Commands, Launch, Place, never
from livecoder.sandbox.dotenv import Dotenv
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.process import Ending, Process
from livecoder.sandbox.toolchains import Toolchains

_WHERE = "/usr/bin:/usr/local/bin:/bin"
"""Never the user's PATH: a repository may have put itself there."""
_PROBE_SECONDS = 20
_LAST_BREATH_MS = 300
_NAMESPACES = (
    *("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--unshare-net"),
    *("--disable-userns", "--cap-drop", "ALL", "--die-with-parent", "--new-session", "--hostname", "livecoder"),
)


class Bubblewrap:
    """Commands in bubblewrap. Killing the bubblewrap process kills everything that it started, daemons included.

    `run` spawns on the thread that iterates over it, and `--die-with-parent` ties the command to *that thread's* life
    (PDEATHSIG): iterate on a thread that lives as long as the session, such as the main thread.
    """

    name = "bubblewrap"
    protections: tuple[str, ...] = (
        "own user, process, network, IPC and host name spaces",
        "no network",
        "no capabilities, no new privileges, no further user namespaces",
        "only /usr, parts of /etc, /opt, toolchains and the workspace are seen",
        "none of the host's environment",
        ".env files read as empty",
        "limits on the size of files and of output",
    )

    def __init__(
        self, room: Room, toolchains: Toolchains, policy: Policy, *, works: bool = False, hidden: Collection[Path] = ()
    ) -> None:
        """`works`: another room has shown that bubblewrap does; then no trial is run. `hidden`: see `Dotenv.names`."""
        self.room = room
        self._hidden = hidden
        self._works = works
        self._toolchains = toolchains
        self._policy = policy
        self._commands: Commands | None = None
        self._dotenv: Dotenv | None = None
        self._system: list[str] = []
        self._status = -1
        self._started = False

    def __enter__(self) -> Self:
        if self._works:
            self._prepare()
        elif reason := self.probe():
            raise SandboxUnavailable("bubblewrap does not work here", reason)
        if not self.room.show_dotenv:
            self._dotenv = Dotenv(self.room, f"{mounts.ROOT}/base", self._hidden)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._commands = None

    def run(
        self, command: str, timeout: float, cancelled: Callable[[], bool] = never
    ) -> Generator[str, None, Finished]:
        """See `Sandbox.run`. Raises SandboxUnavailable when bubblewrap itself fails, with its own words."""
        assert self._commands is not None, "the sandbox is entered first"
        return self._commands.run(Backend(self._spawn, self._kill, self._check), command, timeout, cancelled)

    def attach(self, command: str, streams: Streams) -> int:
        """See `Attachable.attach`. Raises SandboxUnavailable as `run` does."""
        assert self._commands is not None, "the sandbox is entered first"
        process = self._spawn(self._commands.prepared(command), attached=True)
        try:
            pump(process, streams)
            process.wait()
        finally:
            self._kill(process)
            for pipe in filter(None, (process.stdout, process.stderr, process.stdin)):
                pipe.close()
        code = process.returncode
        ending = Ending(128 - code if code < 0 else code, 0.0, "exit")
        self._check(ending, "it ended without a word")
        return ending.exit_code

    def sibling(self, room: Room) -> Bubblewrap:
        if self._dotenv:
            self._dotenv.masks()  # the last command may have moved some
        hidden = self._dotenv.names() if self._dotenv else ()
        return Bubblewrap(room, self._toolchains, self._policy, works=self._commands is not None, hidden=hidden)

    def probe(self) -> str:
        """Whether bubblewrap really works on this room: "", or why not and what to do. Runs `true` as any command."""
        if not shutil.which("bwrap", path=_WHERE):
            return "it is not installed: `apt-get install bubblewrap` (or your distribution's package)"
        self._prepare()
        assert self._commands is not None
        trial = self._spawn(Launch(("true",), self._commands.launch().variables))
        try:
            output, _ = trial.communicate(timeout=_PROBE_SECONDS)
        except subprocess.TimeoutExpired:
            return "it hangs"
        finally:
            self._kill(trial)
            trial.communicate()
        return "" if trial.returncode == 0 else _diagnose(output.decode("utf-8", "replace").strip())

    def _prepare(self) -> None:
        furnish.furnish(self.room, self._toolchains.engine[0] if self._toolchains.engine else None)
        mounts.furnish_for_mounts(self.room)
        self._system = mounts.system_arguments()
        self._commands = Commands(self.room, self._policy, self._toolchains, Place(mounts.ROOT, mounts.HOME))

    def _spawn(self, launch: Launch, attached: bool = False) -> Process:
        """Start bubblewrap with an empty environment of its own: it is readable inside, as process 1.

        `attached`: with three pipes, where a command otherwise has no input and one pipe for its output.
        """
        read_status, write_status = os.pipe()
        arguments = [*self.options(), "--json-status-fd", str(write_status), *_setenv(launch.variables)]
        options = os.memfd_create("bwrap-arguments")
        try:
            with os.fdopen(os.dup(options), "wb") as file:
                file.write(b"".join(os.fsencode(argument) + b"\0" for argument in arguments))
            os.lseek(options, 0, os.SEEK_SET)
            process = subprocess.Popen(
                ["bwrap", "--args", str(options), "--", *launch.argv],
                executable=shutil.which("bwrap", path=_WHERE),
                env={},
                stdin=subprocess.PIPE if attached else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if attached else subprocess.STDOUT,
                pass_fds=(options, write_status),
                start_new_session=True,
            )
        except BaseException:
            os.close(read_status)
            raise
        finally:
            os.close(options)
            os.close(write_status)
        self._status = read_status
        return process

    def _kill(self, process: Process) -> None:
        """End everything, and take bubblewrap's word whether the command ran: it reports an exit code only then."""
        if process.poll() is None:
            # The group too: in its first moment the inner process is not tied to bubblewrap's life yet.
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout and not process.stdout.closed:
            # The kernel ends the rest a moment after bubblewrap; the last of them lets go of the output.
            holders = select.poll()
            holders.register(process.stdout, 0)
            holders.poll(_LAST_BREATH_MS)
        os.set_blocking(self._status, False)
        with os.fdopen(self._status, "rb") as file:
            self._started = b'"exit-code"' in (file.read() or b"")

    def options(self) -> list[str]:
        """Bubblewrap's options for every command of this room, without variables. Enter or probe first."""
        return [
            *_NAMESPACES,
            *self._system,
            *("--dev", "/dev", "--proc", "/proc"),
            *("--size", str(self._policy.shared_memory_bytes), "--tmpfs", "/dev/shm"),
            *mounts.room_arguments(self.room, self._toolchains, self._dotenv.masks() if self._dotenv else ()),
            *("--remount-ro", "/", "--chdir", str(self.room.workspace)),
        ]

    def _check(self, ending: Ending, output: str) -> None:
        if not self._started and ending.cause == "exit" and ending.exit_code < 128:
            raise SandboxUnavailable("bubblewrap could not start the command", _diagnose(output.strip()))


def _setenv(variables: dict[str, str]) -> list[str]:
    return [part for name, value in variables.items() for part in ("--setenv", name, value)]


def _diagnose(said: str) -> str:
    """What bubblewrap said and, where it is known, what to do about it."""
    if "nknown option" in said:
        return f"{said}: bubblewrap 0.8 or newer is needed"
    if "namespace" not in said and "setting up uid map" not in said and "Operation not permitted" not in said:
        return said or "it ended without a word"
    for setting, forbids, remedy in _SETTINGS:
        path = Path("/proc/sys", setting)
        if path.exists() and path.read_text().strip() == forbids:
            return f"{said}: user namespaces are forbidden; {remedy}"
    return f"{said}: user namespaces are forbidden here, as in most containers; use --sandbox docker outside of one"


_SETTINGS = (
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "give /usr/bin/bwrap an AppArmor profile with `userns,`, or set that sysctl to 0",
    ),
    ("kernel/unprivileged_userns_clone", "0", "`sysctl kernel.unprivileged_userns_clone=1`"),
    ("user/max_user_namespaces", "0", "`sysctl user.max_user_namespaces=15000`"),
)
