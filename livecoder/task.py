"""Stage 1: a task, from argv, stdin or a file. GitHub issues become Tasks elsewhere; nothing here touches a network."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from livecoder.errors import UsageError

MAX_BYTES = 256 * 1024
"""Longer prompts are cut, with a notice: no model reads more with profit, and no terminal shows it."""
CUT = "\n[the text was cut here]"


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked. `source` is "argv", "stdin" or a path; `notice` says what was changed on the way in."""

    text: str
    source: str = "argv"
    notice: str = ""
    outsider: bool = False


def from_bytes(data: bytes, source: str) -> Task:
    """`data` is read up to one byte more than `MAX_BYTES`. Raises UsageError for what is empty or no text at all."""
    if b"\0" in data:
        raise UsageError(f"the prompt from {source} is binary", "give it as UTF-8 text")
    cut = len(data) > MAX_BYTES
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(data[:MAX_BYTES], final=not cut)
    except UnicodeDecodeError:
        raise UsageError(f"the prompt from {source} is not UTF-8 text", "convert it first") from None
    if not cut:
        return from_text(text, source)
    notice = f"the prompt from {source} was cut: only its first {MAX_BYTES:,} bytes are used"
    return Task(from_text(text, source).text + CUT, source, notice)


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
    return Task(f"{task.text}\n\n<stdin>\n{piped.text}\n</stdin>", task.source, task.notice or piped.notice)
