"""Stage 1: a task, from argv, stdin or a file. GitHub issues become Tasks elsewhere; nothing here touches a network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from livecoder.errors import UsageError

MAX_BYTES = 256 * 1024
"""Longer prompts are cut, with a notice: no model reads more with profit, and no terminal shows it."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked. `source` is "argv", "stdin" or a path; `notice` says what was changed on the way in."""

    text: str
    source: str = "argv"
    notice: str = ""
    outsider: bool = False


def from_bytes(data: bytes, source: str) -> Task:
    """Raises UsageError for text that is empty or no text at all."""
    notice = ""
    if b"\0" in data:
        raise UsageError(f"the prompt from {source} is binary", "give it as UTF-8 text")
    if len(data) > MAX_BYTES:
        notice = f"the prompt from {source} was cut from {len(data):,} to {MAX_BYTES:,} bytes"
        data = data[:MAX_BYTES]
    try:
        text = data.decode("utf-8", "strict" if not notice else "ignore")
    except UnicodeDecodeError:
        raise UsageError(f"the prompt from {source} is not UTF-8 text", "convert it first") from None
    return from_text(text, source, notice)


def from_text(text: str, source: str = "argv", notice: str = "") -> Task:
    """Raises UsageError for nothing but white space. Lone surrogates (undecodable argv) become U+FFFD."""
    clean = text.encode("utf-8", "replace").decode("utf-8").replace("\0", "").strip()
    if not clean:
        raise UsageError(f"the prompt from {source} is empty", "say what is to be done")
    if len(clean) > MAX_BYTES:
        return from_bytes(clean.encode(), source)
    return Task(clean, source, notice)


def from_file(path: Path) -> Task:
    """Raises UsageError when the file cannot be read."""
    try:
        with path.open("rb") as file:
            return from_bytes(file.read(MAX_BYTES + 1), str(path))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", "give a readable file, or `-` for stdin") from None


def with_stdin(task: Task, piped: Task) -> Task:
    """A prompt and piped data: the prompt, then the data in its own block."""
    return Task(f"{task.text}\n\n<stdin>\n{piped.text}\n</stdin>", task.source, piped.notice)
