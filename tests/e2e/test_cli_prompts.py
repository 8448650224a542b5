"""Where the task comes from: argv, a pipe, both, a file; and what is no task."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from contextlib import closing

import pytest

from tests.e2e.conftest import PROGRAM, Livecoder


def asked(livecoder: Livecoder, *words: str, stdin: bytes = b"") -> str:
    """The task as the model reads it."""
    done = livecoder(*words, "-m", livecoder.script("Done."), stdin=stdin)
    assert done.code in (0, 1), done.err
    with closing(sqlite3.connect(livecoder.sessions()[-1] / "journal.sqlite")) as db:
        return db.execute("SELECT json_extract(body, '$.task') FROM event WHERE kind = 'round_started'").fetchone()[0]


def test_a_pipe_alone_is_the_prompt(livecoder: Livecoder) -> None:
    assert asked(livecoder, stdin=b"fix the sign\n") == "fix the sign"


def test_a_dash_is_the_pipe(livecoder: Livecoder) -> None:
    assert asked(livecoder, "-p", "-", stdin=b"fix the sign") == "fix the sign"
    assert asked(livecoder, "fix", "-", stdin=b"fix the other") == "fix the other"


def test_a_prompt_comes_before_what_is_piped(livecoder: Livecoder) -> None:
    text = asked(livecoder, "exec", "explain this", stdin=b"E: no such file\n")

    assert text == "explain this\n\n<stdin>\nE: no such file\n</stdin>"


def test_a_file_is_an_issue_also_with_a_byte_order_mark(livecoder: Livecoder) -> None:
    (livecoder.cwd / "issue.md").write_bytes(b"\xef\xbb\xbfadd() subtracts\r\n")

    assert asked(livecoder, "fix", "issue.md") == "add() subtracts"


def test_ten_megabytes_are_cut_and_both_sides_are_told(livecoder: Livecoder) -> None:
    done = livecoder("-p", "-", "-m", livecoder.script("Done."), stdin="é".encode() * 5_000_000)
    text = asked(livecoder, stdin=b"x" * 10_000_000)

    assert done.code == 0
    assert "was cut" in done.err and "262,144" in done.err
    assert text.endswith("[the text was cut here]") and len(text) < 263_000


@pytest.mark.parametrize(
    ("data", "said"), [(b"", "empty"), (b" \n\t", "empty"), (b"\x7fELF\0\1", "binary"), (b"caf\xe9", "UTF-8")]
)
def test_no_text_is_exit_2(livecoder: Livecoder, data: bytes, said: str) -> None:
    done = livecoder("-p", "-", "-m", "scripted:none", stdin=data)

    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_closed_stdin_is_no_prompt(livecoder: Livecoder) -> None:
    command = f"{' '.join(PROGRAM)} -p <&-"
    done = subprocess.run(
        ["bash", "-c", command], cwd=livecoder.cwd, env=livecoder.environment(), capture_output=True, text=True
    )

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_an_open_silent_pipe_is_waited_for_three_seconds_and_told_of(livecoder: Livecoder) -> None:
    reading, writing = os.pipe()
    began = time.monotonic()
    process = livecoder.start("-p", "x", "-m", livecoder.script("Done."), stdin=reading)
    os.close(reading)
    done = livecoder.finish(process)
    os.close(writing)

    assert (done.code, done.out) == (0, "Done.\n")
    assert "silent" in done.err
    assert time.monotonic() - began > 3


def test_an_argument_that_is_no_utf8_is_taken(livecoder: Livecoder) -> None:
    assert asked(livecoder, "-p", os.fsdecode(b"caf\xe9")) == "caf?"
