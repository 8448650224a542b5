"""What the model reads of a command: plain lines, and no long output twice."""

from __future__ import annotations

from livecoder.observation import TOLD_AGAIN, Observations, observation
from livecoder.sandbox import Finished

LONG = "a line of a report\n" * 40


def finished(output: str, exit_code: int = 0, seconds: float = 0.1, note: str = "") -> Finished:
    return Finished(exit_code, seconds, output, len(output), output.count("\n"), False, "/", note=note)


def test_output_exit_code_and_what_there_is_to_say() -> None:
    text = observation(finished("one\ntwo\n", 3, 7.4, "It was killed."), ["tool x is a command now", ""])
    assert text == "one\ntwo\n[exit 3 · 7 s]\n[It was killed.]\n[tool x is a command now]"


def test_nothing_printed_is_no_empty_line() -> None:
    assert observation(finished(" \n"), ()) == "[exit 0]"


def test_a_long_output_that_comes_again_is_named_instead() -> None:
    told = Observations()
    assert told.of(1, finished(LONG), ()).startswith("a line")
    assert told.of(2, finished(LONG, 1), ["said"]) == "[the same output as that of command 1]\n[exit 1]\n[said]"
    assert told.of(3, finished(LONG + "and one more\n"), ()).startswith("a line")


def test_durations_make_no_difference() -> None:
    told = Observations()
    told.of(1, finished(LONG + "12 passed in 0.31s\n"), ())
    assert "as that of command 1]" in told.of(2, finished(LONG + "12 passed in 12.02s\n"), ())
    assert "as that of" not in told.of(3, finished(LONG + "13 passed in 0.31s\n"), ())


def test_what_is_short_is_told_again() -> None:
    told = Observations()
    short = "x" * (TOLD_AGAIN - 1)
    assert told.of(1, finished(short), ()) == told.of(2, finished(short), ())
