"""A blocking producer can be left at any moment."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from livecoder.model.background import POLL_SECONDS, Ended, read, rest


def drain(stream: Generator[int, None, Ended]) -> tuple[list[int], Ended]:
    items: list[int] = []
    while True:
        try:
            items.append(next(stream))
        except StopIteration as stop:
            return items, stop.value


def never() -> bool:
    return False


def patient(seconds: float) -> Callable[[int | None], float]:
    return lambda _item: seconds


def test_items_come_in_order() -> None:
    assert drain(read(lambda: range(1000), never, patient(10))) == (list(range(1000)), Ended("done"))


def test_an_error_is_a_value() -> None:
    def produce() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError("broken")

    items, ended = drain(read(produce, never, patient(10)))
    assert (items, ended.why, repr(ended.error)) == ([1], "failed", "ZeroDivisionError('broken')")


def test_silence_ends_a_read_after_its_own_patience() -> None:
    release = threading.Event()

    def produce() -> Iterator[int]:
        yield 1
        release.wait(600)

    items, ended = drain(read(produce, never, lambda item: 60 if item is None else 0.1))
    release.set()
    assert (items, ended.why) == ([1], "stalled")


def test_a_cancelled_read_returns_at_once_and_its_producer_ends() -> None:
    release, closed, cancel = threading.Event(), threading.Event(), threading.Event()

    def produce() -> Iterator[int]:
        try:
            yield 1
            release.wait(600)
            yield 2
            yield 3
        finally:
            closed.set()

    stream = read(produce, cancel.is_set, patient(60))
    assert next(stream) == 1
    cancel.set()
    assert drain(stream) == ([], Ended("cancelled"))
    assert not closed.is_set(), "it was not waited for"
    release.set()
    assert closed.wait(60), "the producer ends at its next item"


def test_a_signal_whose_handler_outlasts_a_poll_is_not_lost() -> None:
    """`SimpleQueue.get(timeout)` then waited for the producer, however long: a negative rest means "for ever"."""
    cancel, release = threading.Event(), threading.Event()

    def handler(number: int, frame: object) -> None:
        time.sleep(3 * POLL_SECONDS)
        cancel.set()

    def produce() -> Iterator[int]:
        release.wait(120)
        yield 1

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 2.5 * POLL_SECONDS)
    try:
        assert drain(read(produce, cancel.is_set, patient(60))) == ([], Ended("cancelled"))
    finally:
        release.set()
        signal.signal(signal.SIGALRM, before)


def test_a_wait_is_cut_short_by_an_interrupt() -> None:
    asked: list[int] = []

    def third_time() -> bool:
        asked.append(1)
        return len(asked) == 3

    assert rest(0.05, never) is True
    assert rest(600, third_time) is False


@pytest.mark.parametrize("why", ["cancelled", "stalled"])
def test_an_abandoned_producer_does_not_hold_up_the_process(why: str) -> None:
    code = f"""
import time
from livecoder.model.background import read
stream = read(lambda: iter(lambda: time.sleep(600), 0), lambda: {why == "cancelled"}, lambda item: 0.1)
print(list(stream))
"""
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, timeout=120, capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
