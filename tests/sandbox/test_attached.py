"""A command with its caller's streams: bytes in, bytes out, its exit code, and no descriptor of the caller's inside."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from livecoder.sandbox import Sandbox
from livecoder.sandbox.attached import Attachable, Streams


@dataclass
class Told:
    out: bytes = b""
    err: bytes = b""
    pieces: list[bytes] = field(default_factory=list[bytes])

    def streams(self, stdin: int | None = None) -> Streams:
        return Streams(stdin, self._out, self._err)

    def _out(self, data: bytes) -> None:
        self.out += data
        self.pieces.append(data)

    def _err(self, data: bytes) -> None:
        self.err += data


@pytest.fixture
def attachable(sandbox: Sandbox) -> Attachable:
    assert isinstance(sandbox, Attachable)
    return sandbox


def fed(attachable: Attachable, command: str, data: bytes) -> tuple[int, Told]:
    """Run `command` with `data` coming through a pipe, as slowly as it is read."""
    read, write = os.pipe()

    def feed() -> None:
        with os.fdopen(write, "wb") as file:
            try:
                file.write(data)
            except BrokenPipeError:
                pass

    feeder, told = threading.Thread(target=feed), Told()
    feeder.start()
    try:
        code = attachable.attach(command, told.streams(read))
    finally:
        os.close(read)
        feeder.join()
    return code, told


def test_stdout_stderr_and_exit_code_are_the_commands(attachable: Attachable) -> None:
    told = Told()
    assert attachable.attach("printf 'a\\0\\xff'; printf b >&2; exit 7", told.streams()) == 7
    assert (told.out, told.err) == (b"a\0\xff", b"b")


@pytest.mark.parametrize(("command", "code"), [("kill -9 $$", 137), ("no-such-command", 127), ("true", 0)])
def test_every_way_to_end_has_its_code(attachable: Attachable, command: str, code: int) -> None:
    assert attachable.attach(command, Told().streams()) == code


def test_stdin_passes_through_to_the_last_byte(attachable: Attachable) -> None:
    data = os.urandom(3_000_000)
    code, told = fed(attachable, "cat", data)
    assert (code, told.out == data, told.err) == (0, True, b"")


def test_a_file_is_an_input_too(attachable: Attachable, tmp_path: Path) -> None:
    (tmp_path / "input").write_text("one\ntwo\n")
    told = Told()
    with (tmp_path / "input").open("rb") as file:
        assert attachable.attach("wc -l", told.streams(file.fileno())) == 0
    assert told.out == b"2\n"


def test_without_an_input_there_is_none(attachable: Attachable) -> None:
    told = Told()
    assert attachable.attach("cat; echo end", told.streams()) == 0
    assert told.out == b"end\n"


def test_who_reads_only_a_part_is_not_waited_for(attachable: Attachable) -> None:
    code, told = fed(attachable, "head -c 3", b"x" * 3_000_000)
    assert (code, told.out) == (0, b"xxx")


def test_output_comes_before_the_end(attachable: Attachable) -> None:
    """The second line is printed only once the first has been answered."""
    read, write = os.pipe()
    told = Told()

    def answer(data: bytes) -> None:
        told.out += data
        if told.out == b"ask\n":
            os.write(write, b"answer\n")
            os.close(write)

    assert attachable.attach("echo ask; read -r line; echo got $line", Streams(read, answer, lambda _: None)) == 0
    os.close(read)
    assert told.out == b"ask\ngot answer\n"


def test_the_callers_files_are_not_inside(attachable: Attachable, tmp_path: Path) -> None:
    """A descriptor can be opened again by its name in /proc, for writing: the command has pipes of its own."""
    (tmp_path / "precious").write_text("precious")
    told = Told()
    with (tmp_path / "precious").open("rb") as file:
        attachable.attach("readlink /proc/self/fd/*; echo spoilt >/proc/self/fd/0", told.streams(file.fileno()))
    assert b"precious" not in told.out
    assert (tmp_path / "precious").read_text() == "precious"


def test_nothing_that_it_started_survives(attachable: Attachable, tmp_path: Path) -> None:
    told = Told()
    assert attachable.attach("setsid sh -c 'sleep 3600; touch late' & echo on", told.streams()) == 0
    assert told.out == b"on\n"


def test_a_caller_who_goes_away_ends_it(attachable: Attachable) -> None:
    def gone(data: bytes) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        attachable.attach("yes", Streams(None, gone, lambda _: None))
    assert attachable.attach("true", Told().streams()) == 0
