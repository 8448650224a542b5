"""The inlet of a running round: the first cause stays, a deadline is a cause, what is said is taken once."""

from __future__ import annotations

import threading
import time

from livecoder.control import Control


def test_nothing_is_cancelled_at_first() -> None:
    control = Control()
    assert (control.cause, control.cancelled(), control.take_steering()) == ("", False, "")


def test_the_first_cause_stays() -> None:
    control = Control()
    control.cancel("terminate")
    control.cancel("interrupt")
    assert control.cancelled() and control.cause == "terminate"


def test_a_deadline_is_a_cause_and_an_earlier_cause_wins() -> None:
    assert Control(3600).cause == ""
    late, interrupted = Control(0.01), Control(0.01)
    interrupted.cancel("interrupt")
    time.sleep(0.03)
    assert (late.cause, interrupted.cause) == ("timeout", "interrupt")
    late.cancel("hangup")
    assert late.cause == "timeout"


def test_a_time_limit_of_nothing_is_none() -> None:
    assert not Control(0.0).cancelled()


def test_steering_from_many_threads_is_taken_once_and_whole() -> None:
    control = Control()
    threads = [threading.Thread(target=control.steer, args=(f"word {n}",)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(control.take_steering().split("\n\n")) == sorted(f"word {n}" for n in range(20))
    assert control.take_steering() == ""
