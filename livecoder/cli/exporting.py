"""What is shown of a past session: its journal, its full outputs and its checkpoints, secrets masked on the way out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from livecoder import config
from livecoder.cli.running import masked
from livecoder.errors import JournalError, WorkspaceError
from livecoder.events import CommandFinished, Event, to_json
from livecoder.journal.journal import kept, timed
from livecoder.journal.masking import with_masked_values
from livecoder.report import masker
from livecoder.sandbox.clean import clean
from livecoder.view.evidence import Excerpt, clipped
from livecoder.view.figures import count
from livecoder.view.listing import KINDS, Listed
from livecoder.view.markdown import report
from livecoder.view.page.document import page
from livecoder.view.story import tell
from livecoder.view.terminal import printable
from livecoder.workspace.diff import readable
from livecoder.workspace.workspace import looked_at

FORMATS = ("jsonl", "md", "html")
HEAD, TAIL = 48_000, 16_000
"""Bytes of a full output that an export has, from its start and its end."""
ALL_OUTPUTS = 8_000_000
"""Bytes of all full outputs in one export: a page must open on a phone."""
DIFF = 400_000
"""Characters of a round's diff."""


def listed(directory: Path) -> Listed:
    """The session in a list. A journal that cannot be read is named, with the reason."""
    project = directory.parent.parent.name
    try:
        return Listed(directory.name, project, tell(_clean(directory, KINDS)))
    except JournalError as error:
        return Listed(directory.name, project, None, str(error))


def seen(directory: Path) -> Iterator[Event]:
    """The events as they were shown when the session ran. Raises JournalError."""
    return (event for _, event in _clean(directory))


def exported(directory: Path, form: str) -> bytes:
    """The session as one of `FORMATS`. Raises JournalError."""
    if form == "jsonl":
        return b"".join(_lines(directory))
    story = tell(_clean(directory))
    archive = Archive(directory, Path(story.started.workspace) if story.started else None)
    view = page if form == "html" else report
    return view(story, archive).encode("utf-8", "replace")


def _clean(directory: Path, kinds: Sequence[type[Event]] = ()) -> Iterator[tuple[float, Event]]:
    """The events, printable and without secrets, also those that a control character in their midst hid."""
    mask = masker(config.secrets())
    return ((at, masked(event, lambda text: mask(printable(mask(text))))) for at, event in timed(directory, kinds))


def _lines(directory: Path) -> Iterator[bytes]:
    """Each event as `to_json` has it, and when it was written, in seconds since the epoch."""
    mask = masker(config.secrets())
    for at, event in timed(directory):
        line = {**with_masked_values(to_json(event), mask), "at": at}
        yield json.dumps(line, separators=(",", ":")).encode() + b"\n"


@dataclass(slots=True)
class Archive:
    """What the session's directory and its project's checkpoints still hold."""

    directory: Path
    workspace: Path | None
    mask: Callable[[str], str] = field(default_factory=lambda: masker(config.secrets()))
    left: int = ALL_OUTPUTS

    def output(self, finished: CommandFinished) -> Excerpt:
        if not finished.blob:
            return Excerpt(finished.output, "the rest was not kept" if finished.truncated else "")
        ends = kept(self.directory, finished.blob, HEAD, TAIL) if self.left > 0 else None
        if ends is None:
            why = "the whole output is gone" if self.left > 0 else "the whole output does not fit in here"
            return Excerpt(finished.output, f"{why}: this is what the model saw")
        self.left -= sum(map(len, ends))
        return _excerpt(*ends, finished.output_lines, self.mask)

    def diff(self, trees: Sequence[str]) -> Excerpt:
        state = self.directory.parent.parent / "workspace"
        try:
            if self.workspace is None or not trees:
                return Excerpt("", "no checkpoint is in the journal")
            change = readable(looked_at(self.workspace, state), trees[0], trees[-1])
        except WorkspaceError as error:
            return Excerpt("", f"the change cannot be shown: {error}")
        return clipped(self.mask(printable(change.decode("utf-8", "replace"))), DIFF)


def _excerpt(first: bytes, last: bytes, lines: int, mask: Callable[[str], str]) -> Excerpt:
    """The ends of an output of so many lines, each of whole lines, and between them a line that counts the others."""
    if not last:
        return Excerpt(mask(clean(first)))
    first = first[: first.rfind(b"\n") + 1] or first + b"\n"
    last = last[last.find(b"\n") + 1 :]
    missing = lines - first.count(b"\n") - last.count(b"\n") - (last[-1:] not in (b"", b"\n"))
    gap = count(missing, "line") if missing > 0 else "part of a line"
    return Excerpt(mask(f"{clean(first)}… {gap} …\n{clean(last)}"), f"{gap} of {lines:,} left out")
