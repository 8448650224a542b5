"""What an export has of a session besides its events: full outputs up to a bound, with the rest counted; no secret."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from livecoder.cli.exporting import ALL_OUTPUTS, HEAD, TAIL, Archive
from livecoder.events import CommandFinished
from livecoder.journal.journal import Journal
from livecoder.report import masker
from livecoder.view.evidence import Excerpt

FINISHED = CommandFinished(1, 1, "t1", 0, 0.1, "seen", 0, 0, True, False, ".")


def printed(directory: Path, output: bytes) -> CommandFinished:
    """A command whose full output is a blob of the session in `directory`."""
    spool = directory / "spool"
    spool.write_bytes(output)
    with Journal(directory) as journal:
        lines = output.count(b"\n") + (not output.endswith(b"\n"))
        return dataclasses.replace(FINISHED, blob=journal.keep(spool), output_lines=lines)


def archive(directory: Path, *secrets: str) -> Archive:
    return Archive(directory, None, masker(secrets))


def test_an_output_that_the_model_saw_whole_is_what_it_saw(tmp_path: Path) -> None:
    whole = dataclasses.replace(FINISHED, truncated=False)
    assert archive(tmp_path).output(whole) == Excerpt("seen")
    assert archive(tmp_path).output(FINISHED) == Excerpt("seen", "the rest was not kept")


def test_what_was_cut_for_the_model_is_there_as_a_whole(tmp_path: Path) -> None:
    text = "".join(f"line {number}\n" for number in range(5000))
    assert len(text) < HEAD + TAIL
    assert archive(tmp_path).output(printed(tmp_path, text.encode())) == Excerpt(text)


@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("width", [1, 7, 1000, 15_999])
def test_what_is_longer_has_its_ends_and_counts_the_rest(tmp_path: Path, width: int, end: bytes) -> None:
    number = 200_000 // (width + 1)
    lines = [f"{place:{width}}" for place in range(number)]
    shown = archive(tmp_path).output(printed(tmp_path, "\n".join(lines).encode() + end))
    before, gap, after = re.split(r"… ([\d,]+) lines? …\n", shown.text)
    first, last, missing = before.splitlines(), after.splitlines(), int(gap.replace(",", ""))

    assert first == lines[: len(first)] and last == lines[len(lines) - len(last) :]
    assert len(first) + missing + len(last) == number
    assert shown.missing.endswith(f" of {number:,} left out")


def test_of_one_endless_line_a_part_is_missing(tmp_path: Path) -> None:
    shown = archive(tmp_path).output(printed(tmp_path, b"x" * 100_000))
    assert shown.text == "x" * HEAD + "\n… part of a line …\n" + "x" * TAIL
    assert shown.missing == "part of a line of 1 left out"


def test_all_outputs_together_have_a_bound(tmp_path: Path) -> None:
    large = printed(tmp_path, b"line\n" * 50_000)
    exported = archive(tmp_path)
    shown = [exported.output(large) for _ in range(ALL_OUTPUTS // (HEAD + TAIL) + 1)]

    assert all("seen" not in excerpt.text for excerpt in shown[:-1])
    assert shown[-1] == Excerpt("seen", "the whole output does not fit in here: this is what the model saw")


def test_no_escape_sequence_and_no_secret_comes_out(tmp_path: Path) -> None:
    finished = printed(tmp_path, b'a \x1b[31mred\x1b[0m \xff hunter2-\x1b[1mhunter2 "pass\\"word"\n')
    shown = archive(tmp_path, "hunter2-hunter2", 'pass"word').output(finished)
    assert shown == Excerpt('a red \ufffd [secret] "[secret]"\n')


def test_without_a_checkpoint_there_is_no_change_to_show(tmp_path: Path) -> None:
    assert archive(tmp_path).diff(()) == Excerpt("", "no checkpoint is in the journal")
