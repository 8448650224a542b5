"""A task from text, bytes or a file: what is no text is refused, what is too long is cut and says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from livecoder.errors import UsageError
from livecoder.task import CUT, MAX_BYTES, Task, from_bytes, from_file, from_text, with_stdin


def test_text_is_taken_as_it_is_without_the_white_space_around_it() -> None:
    assert from_text("  fix it\n\nnow  \n") == Task("fix it\n\nnow", "argv")
    assert from_bytes("größe\n".encode(), "stdin") == Task("größe", "stdin")


@pytest.mark.parametrize("text", ["", "  \n\t ", "\0"])
def test_nothing_is_no_task(text: str) -> None:
    with pytest.raises(UsageError, match="the prompt from argv is empty"):
        from_text(text)


@pytest.mark.parametrize(
    ("data", "why"), [(b"a\0b", "is binary"), (b"\xff\xfe", "is not UTF-8 text"), (b"caf\xe9", "is not UTF-8 text")]
)
def test_what_is_no_text_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(UsageError, match=f"the prompt from stdin {why}") as caught:
        from_bytes(data, "stdin")
    assert caught.value.exit_code == 2 and caught.value.remedy


def test_an_undecodable_argument_can_still_be_sent() -> None:
    assert from_text(os.fsdecode(b"caf\xe9")).text.encode("utf-8")


def test_a_byte_order_mark_is_no_part_of_the_task() -> None:
    assert from_bytes(b"\xef\xbb\xbffix it", "stdin").text == "fix it"


@pytest.mark.parametrize("character", ["x", "é", "漢", "🙂"])
def test_too_long_a_task_is_cut_between_characters_and_says_so(character: str) -> None:
    task = from_bytes((character * (MAX_BYTES + 1)).encode()[: MAX_BYTES + 1], "stdin")
    assert "cut" in task.notice and task.text.endswith(CUT)
    body = task.text.removesuffix(CUT)
    assert set(body) == {character} and MAX_BYTES - 4 < len(body.encode()) <= MAX_BYTES


def test_a_file_is_a_task_and_is_its_own_source(tmp_path: Path) -> None:
    path = tmp_path / "issue.md"
    path.write_text("# It breaks\n")
    assert from_file(path) == Task("# It breaks", str(path))


def test_of_a_huge_file_only_the_beginning_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.write(b"x" * (MAX_BYTES + 10))
        file.truncate(50 * 1024**3)
    assert "cut" in from_file(path).notice


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.md", tmp_path):
        with pytest.raises(UsageError, match=str(path)):
            from_file(path)


def test_a_prompt_and_piped_data_are_one_task() -> None:
    both = with_stdin(from_text("explain this"), from_bytes(b"Traceback", "stdin"))
    assert both == Task("explain this\n\n<stdin>\nTraceback\n</stdin>", "argv")
    assert with_stdin(from_text("x"), Task("y", "stdin", "it was cut")).notice == "it was cut"
