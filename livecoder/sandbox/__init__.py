"""Stage 3b: where commands run, and the only place where anything that a model wrote is executed.

A sandbox is opened on a `Room` (what a command sees and writes) and runs one process a command. No git, no model, no
event in here: text in, chunks of text out, a `Finished` at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from livecoder.sandbox.pinned import Pins


@dataclass(frozen=True, slots=True)
class Guest:
    """What makes a room one beside another: it shares that one's `tmp/`, `home/` and `out/`, and runs one command."""

    host: Path
    """The other room's `scratch`."""
    name: str
    """What the command's output is called in `out/`, where other outputs have a number."""


@dataclass(frozen=True, slots=True)
class Room:
    """What a command sees and writes. Paths are the host's unless said otherwise."""

    workspace: Path
    """Where the repository lies, outside and inside alike."""
    content: Path
    """The directory mounted there: the workspace itself, or a clean copy of it."""
    scratch: Path
    """The engine's directory for this room; `tmp/`, `home/`, `in/` and `out/` are made in it."""
    gitdir: Path | None = None
    """A private gitdir to mount over the workspace's `.git`."""
    objects: tuple[Path, ...] = ()
    """The user's object stores, seen read-only as /run/lc/objects/0, 1, …"""
    base: Path | None = None
    """The tree as the session found it, seen read-only as /run/lc/base."""
    scaffold: Path | None = None
    """The session's checkout of the scaffold, seen read-write at its own path as $SCAFFOLD. None: no tools."""
    keeps_scaffold: bool = False
    """The scaffold cannot be written: what only looks at a tool, and hooks."""
    pins: Pins | None = None
    """Which bytes the tools of the session's scaffold may have; of no meaning on another scaffold."""
    read_only: bool = False
    """The workspace cannot be written (plan mode, hooks)."""
    extra: tuple[Path, ...] = ()
    """Further directories (`--add-dir`), written where the workspace is; never their `.git`."""
    sealed: tuple[Path, ...] = ()
    """What the engine itself executes, real paths: never written, also where the workspace or `extra` holds it."""
    masked: tuple[Path, ...] = ()
    """Names below the workspace that read as empty, besides `.env` files."""
    show_dotenv: bool = False
    network: bool = False
    """The hosts that the user allows can be reached; else there is loopback alone."""
    guest: Guest | None = None
    home: Path | None = None
    """What HOME holds at first, to be copied; a directory that no command writes."""
    report: bool = False
    """pytest is asked for a JUnit report, in whatever way a command comes to run it; it comes back in `Finished`."""

    @property
    def shared(self) -> Path:
        """Where `tmp/`, `home/` and `out/` lie."""
        return self.guest.host if self.guest else self.scratch


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a scaffold tool, recorded by its launcher inside the sandbox: untrusted."""

    name: str
    arguments: tuple[str, ...]
    cwd: str
    exit_code: int
    stdin_piped: bool


@dataclass(frozen=True, slots=True)
class BaseRequest:
    """A command given to `lc base`: to be run on a clean copy of the base, with the paths `taken` as they are now."""

    command: str
    taken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JobRequest:
    """`lc run NAME COMMAND`, to be started when the asking command has ended; without a command, `lc wait [NAME]`."""

    name: str
    command: str = ""
    script: str = ""
    """What is run: the command after the directory and the variables that the asking one had."""


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """`lc serve NAME COMMAND`; without a command, `lc serve --stop NAME`, and without a name `lc serve`."""

    name: str = ""
    command: str = ""
    script: str = ""
    """See `JobRequest`."""
    port: int = 0
    """The one that it is to listen on; 0: any."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended. `exit_code` is the kernel's word: 128 + signal when killed."""

    exit_code: int
    seconds: float
    output: str
    """The bounded view: whole lines of clean text; says what is missing and which command shows it."""
    output_bytes: int
    output_lines: int
    truncated: bool
    cwd: str
    """The directory that the next command starts in."""
    timed_out: bool = False
    interrupted: bool = False
    note: str = ""
    """What happened to the command beyond its exit code, for the model: one or two sentences, or empty."""
    spool: Path | None = None
    """The full output, raw bytes, when `output` does not have all of it."""
    base_requests: tuple[BaseRequest, ...] = ()
    job_requests: tuple[JobRequest, ...] = ()
    service_requests: tuple[ServiceRequest, ...] = ()
    tool_calls: tuple[ToolCall, ...] = field(default=())
    report: bytes | None = None
    """The JUnit report that a room asked for, as the command left it: untrusted."""


class Sandbox(Protocol):
    """A context manager; leaving it kills and removes everything that belongs to it, except the room's directories."""

    name: str
    protections: tuple[str, ...]
    room: Room

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def run(self, command: str, timeout: float, cancelled: Callable[[], bool] = ...) -> Generator[str, None, Finished]:
        """Run `command` with bash; yields clean text as it comes; kills it and all it started at its end.

        `timeout` is in seconds. Once `cancelled()` is true the command is killed within 100 ms.
        """
        ...

    def forget(self) -> None:
        """The next command carries nothing of the earlier ones, and sees none of their outputs; files stay."""
        ...

    def sibling(self, room: Room) -> Sandbox:
        """A sandbox of the same kind and policy on another room (verify, `lc base`, the gate)."""
        ...
