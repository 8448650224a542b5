"""What the engine runs itself: verify on a clean copy of the final tree, and `lc base` on a copy of the first one.

The agent's own words never decide: only the exit code of this run does.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

from livecoder.events import BaseRan, CommandStarted, Verified, Warned
from livecoder.loop import Notice, State, Step, drained
from livecoder.rooms import Rooms, speaks_of_reports
from livecoder.sandbox import BaseRequest
from livecoder.tested import LastRuns, Tested, changed_tests, ran_tests, run, tested
from livecoder.testruns.compare import Change, compare

TIMEOUT = 1800.0
BASE_PAYS_SECONDS = 60.0
"""A verify that took longer is not run on the base as well."""
NAMED = 6
"""Failing tests of a base run that are named at most."""
MAX_BASE_REQUESTS = 3


@dataclass(frozen=True, slots=True)
class Trees:
    """The tree as the session found it, and as the round left it."""

    base: str
    final: str


def verify(
    command: str, rooms: Rooms, trees: Trees, weakened: tuple[str, ...], cancelled: Callable[[], bool]
) -> Verified:
    """Run `command` on the final tree, then, when that was quick, on the base, each on a clean copy of its own."""
    final, impure = _on_final(command, rooms, trees.final, cancelled)
    finished = final.finished
    base: Tested | None = None
    if not impure and finished.seconds <= BASE_PAYS_SECONDS and trees.base != trees.final and not cancelled():
        room = rooms.copy(trees.base, report=not speaks_of_reports(command), cancelled=cancelled)
        base = run(command, room, rooms.copy(trees.base, cancelled=cancelled), 2 * BASE_PAYS_SECONDS, cancelled)
    output = finished.output if not finished.note else f"{finished.output}\n[{finished.note}]"
    return Verified(
        command=command,
        exit_code=finished.exit_code,
        base_exit_code=base.finished.exit_code if base else None,
        where="in place" if impure else "copy",
        why_in_place=impure,
        weakened=weakened,
        output=output,
        seconds=finished.seconds,
        tests=ran_tests(final.tests),
        changed=changed_tests(_change(base, final)),
        base_tests=ran_tests(base.tests) if base else None,
    )


def _change(before: Tested | None, after: Tested) -> Change | None:
    if before is None or before.tests is None or after.tests is None:
        return None
    return compare(before.tests, after.tests)


def _on_final(command: str, rooms: Rooms, tree: str, cancelled: Callable[[], bool]) -> tuple[Tested, str]:
    """The run on a clean copy, or in the workspace itself with the reason why no copy will do."""
    report = not speaks_of_reports(command)
    with ExitStack() as stack:
        clean = None if rooms.no_copies else stack.enter_context(rooms.clean(tree, cancelled))
        why = clean.impure if clean else rooms.no_copies
        if clean and not why:
            return run(
                command, rooms.on(clean, report=report), rooms.copy(tree, cancelled=cancelled), TIMEOUT, cancelled
            ), ""
        sandbox = stack.enter_context(rooms.in_place())
        return tested(drained(sandbox.run(command, TIMEOUT, cancelled))), why


@dataclass(slots=True)
class BaseRuns:
    """A watcher: what `lc base` asked for during a command is run after it, and its output added to the observation."""

    rooms: Rooms
    base_tree: str
    timeout: float
    cancelled: Callable[[], bool]
    last: LastRuns = field(default_factory=LastRuns)
    """Of the session: it outlives the round's watcher."""

    def after_step(self, step: Step, state: State) -> Iterable[Notice]:
        self.last.remember(step)
        for place, request in enumerate(step.finished.base_requests[:MAX_BASE_REQUESTS], 1):
            if self.rooms.no_copies:
                text = f"`{request.command}` was not run on the base: {self.rooms.no_copies}"
                yield Notice(Warned(text), text)
            else:
                output = f"base-{step.started.step}" + (f"-{place}" if place > 1 else "")
                yield self._on_base(request, step.started, output)

    def before_end(self, state: State) -> None:
        return None

    def _on_base(self, request: BaseRequest, started: CommandStarted, output: str) -> Notice:
        """`output` is what `lc out` calls the run's. A command that was given longer gives its base run as long."""
        beside, asked = self.rooms.sandbox.room.content, not speaks_of_reports(request.command)
        tools = self.rooms.sandbox.room.scaffold
        copied = partial(self.rooms.copy, self.base_tree, tools, beside, guest=output, cancelled=self.cancelled)
        room, plain = copied(report=asked), copied()
        base = run(_with_taken(request), room, plain, max(self.timeout, started.timeout), self.cancelled)
        finished = base.finished
        last = self.last.of(request.command) if base.tests else None
        change = compare(base.tests, last[1]) if base.tests and last else None
        taken = f" with {', '.join(request.taken)}" if request.taken else ""
        note = f"\n{finished.note}" if finished.note else ""
        compared = f"\nfrom the base to step {last[0]}: {change.text()}" if change and last else ""
        return Notice(
            BaseRan(
                started.step,
                request.command,
                finished.exit_code,
                finished.output,
                finished.seconds,
                ran_tests(base.tests),
                changed_tests(change),
            ),
            f"`{request.command}` on the base{taken}:\n{finished.output.rstrip()}{note}\n[exit {finished.exit_code}]"
            f"{compared or _unseen(base)}",
        )


def _unseen(base: Tested) -> str:
    """The failing tests whose names a pipe or a cut kept from the model; "" for none."""
    failing = base.tests.failing if base.tests else ()
    names = [name for name in failing if name.rpartition("::")[2] not in base.finished.output]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"\nfailed there: {', '.join(names[:NAMED])}{more}" if names else ""


def _with_taken(request: BaseRequest) -> str:
    """In the room of the copy, /run/lc/base shows the tree as it is now."""
    quoted = [shlex.quote(path) for path in request.taken]
    bring = [f'mkdir -p "$(dirname {path})" && cp -rT /run/lc/base/{path} {path} || exit 1' for path in quoted]
    return "\n".join([*bring, request.command])
