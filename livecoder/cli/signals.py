"""SIGINT, SIGTERM and SIGHUP from the first line to the last, and the line every 30 s that says what is waited for."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from livecoder.control import Cause

if TYPE_CHECKING:
    from livecoder.solve import Solver

HEARTBEAT_SECONDS = 30
CAUSES: dict[int, Cause] = {signal.SIGINT: "interrupt", signal.SIGTERM: "terminate", signal.SIGHUP: "hangup"}


class Signalled(BaseException):
    """A signal came while there was no round that could end with it. (A KeyboardInterrupt would stop at typer.)"""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause)
        self.cause = cause

    @property
    def code(self) -> int:
        from livecoder.endings import SIGNAL_CODES

        return SIGNAL_CODES[self.cause]


class Signals:
    """A context manager. A signal ends the round of the solver at hand; without one it is raised as `Signalled`.

    However often Ctrl-C is pressed, the patch and the result still come. What the caller ignores (nohup) stays ignored.
    """

    def __init__(self, waiting_for: Callable[[], str] | None = None) -> None:
        self._waiting_for = waiting_for
        self._solver: Solver | None = None
        self._before: dict[int, Any] = {}
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        wanted = {number: self._signal for number in CAUSES if signal.getsignal(number) is not signal.SIG_IGN}
        self._before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
        if self._waiting_for:
            self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._still)
            signal.setitimer(signal.ITIMER_REAL, HEARTBEAT_SECONDS, HEARTBEAT_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def tell(self, solver: Solver) -> None:
        """From now on signals end what this solver does."""
        self._solver = solver

    @contextmanager
    def told(self, solver: Solver) -> Generator[None]:
        """The same for a while: between the rounds of a conversation signals are raised again."""
        solver.forget_signal()
        self._solver, self._began = solver, time.monotonic()
        try:
            yield
        finally:
            self._solver = None

    def _signal(self, number: int, frame: FrameType | None) -> None:
        if self._solver is None:
            raise Signalled(CAUSES[number])
        self._solver.cancel(CAUSES[number])

    def _still(self, number: int, frame: FrameType | None) -> None:
        """Straight to the descriptor: the stream may be in the middle of a write that this signal interrupted."""
        if self._waiting_for is None or self._solver is None:
            return
        line = f"… {time.monotonic() - self._began:.0f} s, waiting for {self._waiting_for()}\n"
        try:
            os.write(2, line.encode("utf-8", "replace"))
        except OSError:  # nobody reads any more
            pass
