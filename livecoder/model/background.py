"""One of the few threads: a blocking iterable is read in a daemon thread, so that its reader can leave at any time.

An abandoned thread ends at its next item; it never holds up the process. Nothing about models is known here.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Literal, TypeVar

POLL_SECONDS = 0.02
"""How often a silent producer is looked away from, to ask whether the user wants out."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ended:
    """Why the items stopped. `error` is what the producer raised, as a value: the reader decides what it means."""

    why: Literal["done", "failed", "cancelled", "stalled"]
    error: BaseException | None = None


class _Handover(Generic[T]):
    """Runs round the producer: whatever ends it becomes the last thing in the queue, never a traceback on stderr."""

    def __init__(self, out: queue.Queue[tuple[T] | Ended]) -> None:
        self._out = out

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._out.put(Ended("failed" if error else "done", error))
        return True


def read(
    produce: Callable[[], Iterable[T]], cancelled: Callable[[], bool], patience: Callable[[T | None], float]
) -> Generator[T, None, Ended]:
    """Yield what `produce()` yields, from a thread; return within 100 ms once `cancelled()` is true.

    `patience(item)` is how many seconds the producer may be silent after `item` (None: before the first one).
    """
    # Not a SimpleQueue: in CPython 3.11 its `get` waits for ever when a signal's handler outlasts the timeout.
    items: queue.Queue[tuple[T] | Ended] = queue.Queue()
    abandoned = threading.Event()

    def work() -> None:
        with _Handover(items):
            for item in produce():
                items.put((item,))
                if abandoned.is_set():
                    return

    threading.Thread(target=work, name="livecoder-model", daemon=True).start()
    until = time.monotonic() + patience(None)
    try:
        while not cancelled():
            try:
                got = items.get(timeout=POLL_SECONDS)
            except queue.Empty:
                if time.monotonic() > until:
                    return Ended("stalled")
                continue
            if isinstance(got, Ended):
                return got
            yield got[0]
            until = time.monotonic() + patience(got[0])
        return Ended("cancelled")
    finally:
        abandoned.set()


def rest(seconds: float, cancelled: Callable[[], bool]) -> bool:
    """Wait; False as soon as `cancelled()` is true."""
    until = time.monotonic() + seconds
    while not cancelled():
        left = until - time.monotonic()
        if left <= 0:
            return True
        time.sleep(min(left, POLL_SECONDS))
    return False
