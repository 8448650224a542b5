"""What the engine runs itself: verify on a clean copy of the final tree, and `lc base` on a copy of the first one.

The agent's own words never decide: only the exit code of this run does.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass

from livecoder.events import BaseRan, Verified, Warned
from livecoder.loop import Notice, State, Step, drained
from livecoder.rooms import Rooms
from livecoder.sandbox import BaseRequest, Finished

TIMEOUT = 1800.0
BASE_PAYS_SECONDS = 60.0
"""A verify that took longer is not run on the base as well."""
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
    base_exit: int | None = None
    if not impure and final.seconds <= BASE_PAYS_SECONDS and trees.base != trees.final and not cancelled():
        with rooms.copy(trees.base) as copy:
            base_exit = copy.run(command, 2 * BASE_PAYS_SECONDS, cancelled).exit_code
    output = final.output if not final.note else f"{final.output}\n[{final.note}]"
    return Verified(
        command=command,
        exit_code=final.exit_code,
        base_exit_code=base_exit,
        where="in place" if impure else "copy",
        why_in_place=impure,
        weakened=weakened,
        output=output,
        seconds=final.seconds,
    )


def _on_final(command: str, rooms: Rooms, tree: str, cancelled: Callable[[], bool]) -> tuple[Finished, str]:
    """The run on a clean copy, or in the workspace itself with the reason why no copy will do."""
    with ExitStack() as stack:
        clean = None if rooms.no_copies else stack.enter_context(rooms.clean(tree))
        why = clean.impure if clean else rooms.no_copies
        if clean and not why:
            return stack.enter_context(rooms.on(clean)).run(command, TIMEOUT, cancelled), ""
        return drained(stack.enter_context(rooms.in_place()).run(command, TIMEOUT, cancelled)), why


@dataclass(slots=True)
class BaseRuns:
    """A watcher: what `lc base` asked for during a command is run after it, and its output added to the observation."""

    rooms: Rooms
    base_tree: str
    timeout: float
    cancelled: Callable[[], bool]

    def after_step(self, step: Step, state: State) -> Iterable[Notice]:
        for request in step.finished.base_requests[:MAX_BASE_REQUESTS]:
            if self.rooms.no_copies:
                text = f"`{request.command}` was not run on the base: {self.rooms.no_copies}"
                yield Notice(Warned(text), text)
                continue
            with self.rooms.copy(self.base_tree, beside=self.rooms.sandbox.room.content) as copy:
                finished = copy.run(_with_taken(request), self.timeout, self.cancelled)
            event = BaseRan(step.started.step, request.command, finished.exit_code, finished.output, finished.seconds)
            taken = f" with {', '.join(request.taken)}" if request.taken else ""
            note = f"\n{finished.note}" if finished.note else ""
            said = (
                f"`{request.command}` on the base{taken}:\n{finished.output.rstrip()}{note}\nexit {finished.exit_code}"
            )
            yield Notice(event, said)

    def before_end(self, state: State) -> None:
        return None


def _with_taken(request: BaseRequest) -> str:
    """In the room of the copy, /run/lc/base shows the tree as it is now."""
    quoted = [shlex.quote(path) for path in request.taken]
    bring = [f'mkdir -p "$(dirname {path})" && cp -rT /run/lc/base/{path} {path} || exit 1' for path in quoted]
    return "\n".join([*bring, request.command])
