"""What a repository carries in `.livecoder/scaffold/`, as one entry of the inbox; the user's word on it.

Accepted, it is lent to this project as long as not a byte of it changes. Its hooks are entries of their own.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from livecoder.errors import ScaffoldError
from livecoder.evolution.boot import boots
from livecoder.evolution.imports import Arrival, deliver, difference
from livecoder.rooms import Rooms, runner
from livecoder.scaffold import inbox, rejected
from livecoder.scaffold.inbox import Entry
from livecoder.scaffold.layer import IN_REPOSITORY, Layer, read_layer, take, taken
from livecoder.scaffold.parts import Part
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.store import Store
from livecoder.scaffold.tools import check_tool

KIND = "repository"
"""Of the proposal in its entry."""
WAITS = "the repository carries it: whoever could write there may have made it"


@dataclass(frozen=True, slots=True)
class At:
    """Whose word counts for which repository: `root` is its worktree."""

    data: Path
    project: str
    root: Path


def in_force(at: At) -> Layer:
    """The layer as it takes effect now: empty unless the user took these very bytes. Never raises."""
    return _read(at)[0]


def offered(at: At, store: Store, when: datetime) -> Layer:
    """The same at the start of a session: what the user has not been asked about goes into the inbox. Never raises."""
    layer, found = _read(at)
    try:
        if layer.digest or not found.digest or _is_known(at, store, found):
            return layer
        return Layer(notices=(_asked(at, store, found, when),))
    except ScaffoldError as error:
        return Layer(notices=(f"{IN_REPOSITORY} is not used, and cannot be asked about: {error.line()}",))


def _asked(at: At, store: Store, found: Layer, when: datetime) -> str:
    """Put what lies there into the inbox, once; what the user is told of it."""
    for old in _waiting(at):
        inbox.remove(at.data, at.project, old)  # what lies there now is asked about in its place
    head = {file.path: file.data for file in store.history(at.project).files()}
    diff = "".join(difference(file.path, head.get(file.path, b""), file.data) for file in found.parts)
    proposal = {"kind": KIND, "target": f"{IN_REPOSITORY} ({summary(found)})", "digest": found.digest}
    receipts = {"From": f"{IN_REPOSITORY} {found.digest}"}
    entry = inbox.add(at.data, at.project, proposal, diff, WAITS, when, receipts, tainted=True)
    return f"{IN_REPOSITORY} ({summary(found)}) is not used: see `livecoder scaffold inbox`, entry {entry.short}"


def accept(entry: Entry, at: At, store: Store, rooms: Rooms, system: Callable[[Path], str]) -> str:
    """`scaffold + …` when what lies there is what the entry shows, and works; else why not. Then its hooks wait."""
    found = read_layer(at.root)
    if found.digest != entry.proposal.get("digest"):
        return "the repository has something else there by now: the next session asks about that"
    now = datetime.now(UTC)
    if reason := _why_not(found, at, store, rooms, system):
        return reason
    take(at.data, at.project, found, now)
    hooks = [Arrival(hook, {"From": f"{IN_REPOSITORY} {found.digest[:12]}"}) for hook in found.hooks]
    head = {file.path: file.data for file in store.history(at.project).files()}
    waits = [waiting.proposal.get("text") for waiting in inbox.entries(at.data, at.project)]
    new = [hook for hook in hooks if hook.file.data.decode() not in waits]
    count = len(deliver(at.data, at.project, new, head, now))
    inbox.remove(at.data, at.project, entry)  # last: after a kill before this, accepting it again ends here
    told = f"; {count} of its hooks wait for a word of their own" if count else ""
    return f"scaffold + {IN_REPOSITORY} {found.digest[:12]}: {summary(found)}{told}"


def essence_of(entry: Entry) -> str:
    """By what a refusal is remembered; "" for an entry of another kind."""
    return str(entry.proposal.get("digest", "")) if entry.proposal.get("kind") == KIND else ""


def summary(layer: Layer) -> str:
    """As in "2 tools, 1 lesson"."""
    counts = Counter(Part(file.path).kind for file in layer.files)
    plural = {kind: f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in counts.items()}
    return ", ".join("settings" if kind == "knob" else told for kind, told in plural.items())


def _read(at: At) -> tuple[Layer, Layer]:
    """The layer in force, and what lies there."""
    try:
        found = read_layer(at.root)
        return taken(at.data, at.project, found), found
    except ScaffoldError as error:
        return Layer(notices=(f"{IN_REPOSITORY} is not used: {error}",)), Layer()


def _is_known(at: At, store: Store, found: Layer) -> bool:
    """Whether nothing is to be asked: it waits, it was refused, or the project has all of it anyway."""
    if any(essence_of(entry) == found.digest for entry in _waiting(at)):
        return True
    if any(old.essence == found.digest for old in rejected.recall(at.data, at.project)):
        return True
    return set(found.files) <= set(store.history(at.project).files())


def _waiting(at: At) -> list[Entry]:
    return [entry for entry in inbox.entries(at.data, at.project) if essence_of(entry)]


def _why_not(found: Layer, at: At, store: Store, rooms: Rooms, system: Callable[[Path], str]) -> str:
    """By the checks that any tool and any generation must pass, on the scaffold as it would be."""
    rooms.directory.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(dir=rooms.directory))
    before = store.layer
    try:
        store.checkout(at.project, place / "without")
        store.layer = replace(found, files=found.parts)
        store.checkout(at.project, place / "with")
        known = Scaffold.load(place / "without").problems
        if unread := [line for line in Scaffold.load(place / "with").problems if line not in known]:
            return unread[0]
        for path in store.lent(at.project):
            if path.startswith("tools/") and (broken := _broken(path, place / "with", rooms)):
                return f"{path} is broken: {broken}"
        return boots(place / "with", rooms, system)
    finally:
        store.layer = before
        shutil.rmtree(place, ignore_errors=True)


def _broken(path: str, scaffold: Path, rooms: Rooms) -> str:
    with rooms.look_only(scaffold) as sandbox:
        return check_tool(runner(sandbox), path.removeprefix("tools/"), scaffold).reason
