"""Takes one earlier change back and leaves what came after it: the files that undo it on today's head.

Raises ScaffoldError where a later change went over it; nothing is written here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from livecoder.errors import ScaffoldError
from livecoder.scaffold.changes import SETTINGS, FileChange, files_of
from livecoder.scaffold.files import File
from livecoder.scaffold.knobs import load_knobs, with_knob
from livecoder.scaffold.sections import sections, with_section
from livecoder.scaffold.store import GenerationInfo, Store


def undoing(store: Store, project: str, info: GenerationInfo, parent: str) -> list[FileChange]:
    """What takes the change of generation `info`, made on top of `parent`, out of the project's head."""
    with TemporaryDirectory(prefix="livecoder-head-") as place:
        trees: list[dict[str, File]] = []
        for name, ref in (("before", parent), ("after", info.id), ("head", store.head(project))):
            store.checkout_ref(ref, Path(place) / name)
            trees.append({file.path: file for file in files_of(Path(place) / name)})
    before, after, head = trees
    changed = [path for path in sorted({*before, *after}) if before.get(path) != after.get(path)]
    return [_undone(path, info.subject, before, after, head) for path in changed]


def _undone(
    path: str, subject: str, before: Mapping[str, File], after: Mapping[str, File], head: Mapping[str, File]
) -> FileChange:
    if head.get(path) == after.get(path):
        old = before.get(path)
        return FileChange(path, old.data if old else None, bool(old and old.executable))
    name = subject.partition("(")[2].partition(")")[0]
    if path in before and path in head:
        old_text, now = before[path].data.decode("utf-8", "replace"), head[path].data.decode("utf-8", "replace")
        if path == SETTINGS and hasattr(load_knobs(old_text), name):
            return FileChange(path, with_knob(now, name, getattr(load_knobs(old_text), name)).encode())
        section = name.partition("#")[2]
        if section in sections(old_text) and section in sections(now):
            return FileChange(path, with_section(now, section, sections(old_text)[section]).encode())
    raise ScaffoldError(f"{path} was changed again since", "take it back by hand with `livecoder scaffold rollback`")
