"""The commands of one room, one after another: the script around each, its output, what it carries to the next.

The same for every backend; how a process is spawned and killed is theirs.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Generator
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

from livecoder.sandbox import Finished, Room, dropped, furnish
from livecoder.sandbox.bounds import Bounds, Live
from livecoder.sandbox.environment import Environment, Search
from livecoder.sandbox.policy import MIB, Policy
from livecoder.sandbox.process import Ending, Limits, Running, follow
from livecoder.sandbox.toolchains import Toolchains

# Read as BASH_ENV, so that it shows neither in `ps` nor in the line numbers of messages. A command that replaces the
# trap, or itself by `exec`, carries nothing. The limits are hard ones: nothing in the sandbox may raise them.
_STAGE = """\
{{ ulimit -n {files}; ulimit -f {blocks}; {limits}; }} 2>/dev/null
cd -- "$LC_CWD" 2>/dev/null || : >{root}/in/cwd-lost
unset BASH_ENV LC_CWD OLDPWD
trap {trap} EXIT
IFS= read -r -d '' lc_command <{root}/command
"""
# What `env -0` would print, without starting a program.
_TRAP = """\
{{ set +exu; [[ $PWD -ef . ]] || PWD=
builtin compgen -e >{root}/in/names; builtin mapfile -t lc_names <{root}/in/names; }} 2>/dev/null
{{ builtin printf '%s\\0' "$PWD"; for lc_name in "${{lc_names[@]}}"; do
[[ -v $lc_name && ${{!lc_name@a}} != *[aA]* ]] && builtin printf '%s=%s\\0' "$lc_name" "${{!lc_name}}"
done; }} 2>/dev/null >{root}/in/state"""
# Before the arguments of the command's own, which win. Only in this format has a test its file beside its name.
_REPORTING = "--junitxml={path} -o junit_family=xunit1"
_BASH = ("bash", "--norc", "--noprofile", "-c", 'eval "${lc_command?}"', "bash")


@dataclass(frozen=True, slots=True)
class Place:
    """Where commands find things, in their own names."""

    root: str
    """`/run/lc`, or what stands in for it."""
    home: str
    variables: tuple[tuple[str, str], ...] = ()
    limits: str = ":"
    """Further limits that a command's first process sets for itself, as a command of bash."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What a backend starts: bash with the script, in a fresh environment."""

    argv: tuple[str, ...]
    variables: dict[str, str]


@dataclass(frozen=True, slots=True)
class Backend:
    spawn: Callable[[Launch], Running]
    kill: Callable[[Running], None]
    watch: Callable[[Running], str]
    """Asked while the command runs: why it must end now, in a sentence; or ""."""
    judge: Callable[[Ending, str], str]
    """What the sandbox did to the command that has ended. Raises when it was the sandbox that failed."""


def never() -> bool:
    return False


class Commands:
    """Runs a room's commands and remembers what they carry. Make the room's files first (`furnish`)."""

    def __init__(self, room: Room, policy: Policy, toolchains: Toolchains, place: Place) -> None:
        self._room = room
        self._policy = policy
        self._toolchains = toolchains
        self._launchers = furnish.Launchers(room, place.root)
        self._number = furnish.last_number(room)
        fixed = {"HOME": place.home, **dict(place.variables)}
        if room.report:
            fixed["PYTEST_ADDOPTS"] = _REPORTING.format(path=shlex.quote(f"{place.root}/in/{dropped.REPORT}"))
        last: tuple[str, ...] = ()
        if room.scaffold:
            fixed["SCAFFOLD"] = str(room.scaffold)
            last = (f"{place.root}/tools", f"{room.scaffold}/tools")
        search = Search((f"{place.root}/bin",), toolchains.path, last)
        self._first = Environment(str(room.workspace), fixed, toolchains.variables, search)
        self._environment = deepcopy(self._first)
        root = shlex.quote(place.root)
        trap = shlex.quote(_TRAP.format(root=root))
        blocks = policy.file_bytes // 1024
        stage = _STAGE.format(files=policy.open_files, blocks=blocks, limits=place.limits, root=root, trap=trap)
        self._stage = f"{place.root}/stage"
        (furnish.directory(room) / "stage").write_text(stage)

    def forget(self) -> None:
        """See `Sandbox.forget`."""
        self._environment, self._number = deepcopy(self._first), 0
        for spool in (self._room.shared / "out").iterdir():
            spool.unlink()

    def launch(self) -> Launch:
        environment = self._environment
        return Launch(_BASH, {**environment.variables(), "BASH_ENV": self._stage, "LC_CWD": environment.cwd})

    def prepared(self, command: str) -> Launch:
        """The launch that runs `command`, which lies ready for it."""
        self._launchers.refresh()
        furnish.put_command(self._room, command)
        dropped.clear(self._room.scratch / "in")
        return self.launch()

    def run(
        self, backend: Backend, command: str, timeout: float, cancelled: Callable[[], bool]
    ) -> Generator[str, None, Finished]:
        """Run one command; see `Sandbox.run`."""
        pins = self._room.pins
        if pins is None or pins.root != self._room.scaffold or self._room.keeps_scaffold:
            return (yield from self._run(backend, command, timeout, cancelled))
        with pins.writing():
            return (yield from self._run(backend, command, timeout, cancelled))

    def _run(
        self, backend: Backend, command: str, timeout: float, cancelled: Callable[[], bool]
    ) -> Generator[str, None, Finished]:
        self._number += 1
        incoming = self._room.scratch / "in"
        launch = self.prepared(command)
        label = self._room.guest.name if self._room.guest else str(self._number)
        bounds, live = Bounds(self._policy.output_chars, label), Live()
        spool = self._room.shared / "out" / label
        with spool.open("wb") as file:

            def feed(data: bytes) -> str:
                file.write(data)
                file.flush()  # `lc out` shows what a job printed so far
                bounds.feed(data)
                return live.feed(data)

            process = backend.spawn(launch)
            limits = Limits(timeout, self._policy.output_bytes, cancelled, lambda: backend.watch(process))
            ending = yield from follow(process, limits, feed, backend.kill)
        if rest := live.end():
            yield rest
        report = dropped.report(incoming) if self._room.report else None
        left = dropped.collect(incoming)
        return replace(self._finish(backend, ending, bounds, left, spool), report=report)

    def _finish(self, backend: Backend, ending: Ending, bounds: Bounds, left: dropped.Dropped, spool: Path) -> Finished:
        view = bounds.view()
        judgement = backend.judge(ending, view.text)
        notes = [self._explain(ending, view.text), judgement]
        if left.cwd_lost:
            notes.append(self._environment.lose_cwd())
        if left.state is not None:
            notes.append(self._environment.take(left.state))
        return Finished(
            exit_code=ending.exit_code,
            seconds=ending.seconds,
            output=view.text,
            output_bytes=view.bytes,
            output_lines=view.lines,
            truncated=view.clipped,
            cwd=self._environment.cwd,
            timed_out=ending.cause == "timeout",
            interrupted=ending.cause == "interrupt",
            note=" ".join(filter(None, notes)),
            spool=spool if view.clipped or view.folded else None,
            base_requests=left.base_requests,
            job_requests=left.job_requests,
            tool_calls=left.tool_calls,
        )

    def _explain(self, ending: Ending, output: str) -> str:
        match ending.cause:
            case "timeout":
                return f"Killed at its time limit, after {ending.seconds:.0f} s, with everything it had started."
            case "interrupt":
                return "Interrupted, and killed with everything it had started."
            case "output":
                cap = self._policy.output_bytes
                return f"Killed because it had printed {f'{cap // MIB} MiB' if cap >= MIB else f'{cap:,} bytes'}."
            case "watch":
                return ending.why
            case "exit":
                return self._toolchains.explain_missing(output) if ending.exit_code else ""
