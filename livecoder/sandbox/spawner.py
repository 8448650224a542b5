"""Starts bubblewrap, held back at its options until the kernel limits it. What is started and why is not known here.

All processes of a sandbox are started by one thread that lives as long as the sandbox does: the kernel ties a
command's life to the thread that started it (PDEATHSIG), and that thread's control groups become the command's.
"""

from __future__ import annotations

import os
import platform
import re
import resource
import select
import shutil
import signal
import subprocess
from collections.abc import Callable
from concurrent import futures
from pathlib import Path
from typing import NamedTuple, TypeVar

from livecoder.errors import SandboxUnavailable
from livecoder.sandbox import seccomp
from livecoder.sandbox.process import Process

_WHERE = "/usr/bin:/usr/local/bin:/bin"
"""Never the user's PATH: a repository may have put itself there."""
_CORE_BYTES = 1
"""With 0 the kernel would still hand a crash to the host's crash handler, which runs outside, as root."""
_LAST_BREATH_MS = 300

T = TypeVar("T")


class Started(NamedTuple):
    process: Process
    status: int
    """A descriptor to read bubblewrap's own account from (`--json-status-fd`); the caller closes it."""


class Invocation(NamedTuple):
    """`within… bwrap options… -- argv…`."""

    options: tuple[str, ...]
    argv: tuple[str, ...]
    within: tuple[str, ...] = ()
    attached: bool = False
    """With three pipes, where a command otherwise has no input and one pipe for its output."""
    inherited: tuple[int, ...] = ()
    """Descriptors of ours that it gets as well; never for a command."""


def located(name: str) -> str:
    """The path of a program of the system's; "" where there is none."""
    return shutil.which(name, path=_WHERE) or ""


def nothing(_pid: int) -> None:
    """Limits a process in no way."""


class Spawner:
    def __init__(self) -> None:
        self._thread = futures.ThreadPoolExecutor(1, "livecoder-spawner")

    def here(self, action: Callable[[], T]) -> T:
        """Do something on the thread that starts processes."""
        return self._thread.submit(action).result()

    def start(self, invocation: Invocation, limit: Callable[[int], None] = nothing) -> Started:
        """`limit` gets the pid before bubblewrap has read an option. Raises SandboxUnavailable."""
        started = self._thread.submit(_start, invocation, limit)
        try:
            return started.result()
        except BaseException:
            started.add_done_callback(_end_unwanted)
            raise

    def close(self) -> None:
        """What still runs is ended by the kernel, as long as it has `--die-with-parent`."""
        self._thread.shutdown()


def end(started: Started) -> bool:
    """Kill everything; whether the command itself ran, as bubblewrap has it: it reports an exit code only then."""
    process = started.process
    if process.poll() is None:
        # The group too: in its first moment the inner process is not tied to bubblewrap's life yet.
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    os.set_blocking(started.status, False)
    with os.fdopen(started.status, "rb") as file:
        account = file.read() or b""
    ran = b'"exit-code"' in account
    if not ran and (child := re.search(rb'"child-pid": (\d+)', account)):
        _kill_init(int(child[1]))
    if process.stdout and not process.stdout.closed:
        # The kernel ends the rest a moment after bubblewrap; the last of them lets go of the output.
        holders = select.poll()
        holders.register(process.stdout, 0)
        holders.poll(_LAST_BREATH_MS)
    return ran


def _kill_init(pid: int) -> None:
    """The sandbox's process 1: for a moment it has left the group and is not yet tied to bubblewrap's life."""
    try:
        if Path(f"/proc/{pid}/comm").read_text() == "bwrap\n":
            os.kill(pid, signal.SIGKILL)
    except OSError:
        pass  # it ended with bubblewrap, as nearly always


def concluded(started: Started, seconds: float) -> tuple[int | None, str]:
    """Wait for its end: its exit code, or None when the time was too short, and what it said."""
    try:
        output, _ = started.process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        discard(started)
        return None, ""
    end(started)
    return started.process.returncode, output.decode("utf-8", "replace").strip()


def _end_unwanted(future: futures.Future[Started]) -> None:
    if not future.cancelled() and not future.exception():
        discard(future.result())


def discard(started: Started) -> None:
    """End something that nobody waits for."""
    end(started)
    if started.process.stdout:
        started.process.stdout.close()


def _start(invocation: Invocation, limit: Callable[[int], None]) -> Started:
    options, write_options = os.pipe()
    status, write_status = os.pipe()
    words = ["--json-status-fd", str(write_status), *invocation.options]
    handed = [options, write_status]
    if program := seccomp.program(platform.machine()):
        handed.append(_file(program))
        words[:0] = ["--seccomp", str(handed[-1])]
    try:
        # Its own environment is empty: that can be read inside, as process 1.
        process = subprocess.Popen(
            [*invocation.within, located("bwrap"), "--args", str(options), "--", *invocation.argv],
            env={},
            stdin=subprocess.PIPE if invocation.attached else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if invocation.attached else subprocess.STDOUT,
            pass_fds=[*handed, *invocation.inherited],
            start_new_session=True,
        )
    except OSError as error:
        os.close(write_options)
        os.close(status)
        raise SandboxUnavailable("bubblewrap could not be started", error.strerror or str(error)) from None
    finally:
        for fd in handed:
            os.close(fd)
    started = Started(process, status)
    try:
        with os.fdopen(write_options, "wb") as file:
            resource.prlimit(process.pid, resource.RLIMIT_CORE, (_CORE_BYTES, _CORE_BYTES))
            limit(process.pid)
            file.write(b"".join(os.fsencode(word) + b"\0" for word in words))
    except BrokenPipeError:
        pass  # it ended before it had read them: its exit code and its words say why
    except OSError as error:
        discard(started)
        raise SandboxUnavailable("the command could not be limited", error.strerror or str(error)) from None
    return started


def _file(data: bytes) -> int:
    """A file in memory, at its beginning."""
    fd = os.memfd_create("livecoder")
    with os.fdopen(os.dup(fd), "wb") as file:
        file.write(data)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd
