"""A project's sandbox without a session: on the live repository for a person, on clean copies for replays."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from livecoder import config
from livecoder.config import Settings
from livecoder.opening import copier, open_sandbox, project_state
from livecoder.rooms import Rooms, gitdirs
from livecoder.sandbox import Room, Sandbox
from livecoder.sandbox.toolchains import find, own_interpreter, own_places
from livecoder.scaffold.store import Store
from livecoder.workspace.copies import Dependencies
from livecoder.workspace.gitdir import private_gitdir
from livecoder.workspace.workspace import Workspace, locate

STALE_SECONDS = 24 * 3600.0
"""What a killed visit left behind is older than any that goes on."""


@dataclass(frozen=True, slots=True)
class Visit:
    """`sandbox` shows the repository and, as $SCAFFOLD, a checkout that is thrown away afterwards."""

    root: Path
    checkout: Path
    sandbox: Sandbox


@dataclass(frozen=True, slots=True)
class Workshop:
    """Clean copies of the repository's checkpoints, and the tree as it is now."""

    root: Path
    tree: str
    rooms: Rooms


@contextmanager
def visit(settings: Settings, cwd: Path, store: Store, project: str) -> Generator[Visit]:
    """Raises WorkspaceError, ScaffoldError or SandboxUnavailable. A session may go on in the same repository."""
    root, _, _ = locate(cwd)
    with _place(settings, root) as place:
        checkout = place / "scaffold"
        store.checkout(project, checkout)
        room = _room(settings, root, place, checkout)
        with _opened(settings, root, room) as sandbox:
            yield Visit(root, checkout, sandbox)


@contextmanager
def workshop(settings: Settings, cwd: Path) -> Generator[Workshop]:
    """The same for replays. Raises WorkspaceError while a session goes on in the same repository."""
    root, _, _ = locate(cwd)
    _, state = project_state(settings, root)
    workspace = Workspace.open(cwd, state / "workspace")
    with ExitStack() as stack:
        stack.enter_context(workspace.lock())
        place = stack.enter_context(_place(settings, root))
        tree = workspace.shadow.checkpoint().tree
        dependencies = Dependencies.snapshot(workspace.shadow, place / "dependencies")
        room = _room(settings, root, place, None)
        sandbox = stack.enter_context(_opened(settings, root, room))
        copies = copier(workspace, dependencies)
        yield Workshop(root, tree, Rooms(sandbox, copies, gitdirs(root, Path.home()), place / "copies"))


def _room(settings: Settings, root: Path, place: Path, checkout: Path | None) -> Room:
    private = private_gitdir(root, place / "git", Path.home())
    return Room(
        workspace=root,
        content=root,
        scratch=place / "room",
        gitdir=private.gitdir,
        objects=private.objects,
        masked=private.hidden,
        scaffold=checkout,
        sealed=own_places(),
        show_dotenv=settings.show_dotenv,
    )


def _opened(settings: Settings, root: Path, room: Room) -> Sandbox:
    toolchains = find(config.environment(), root, own_interpreter(), settings.mounts)
    return open_sandbox(settings, room, toolchains, 10_000)


@contextmanager
def _place(settings: Settings, root: Path) -> Generator[Path]:
    visits = project_state(settings, root)[1] / "visits"
    visits.mkdir(parents=True, exist_ok=True, mode=0o700)
    for stale in visits.iterdir():
        if stale.lstat().st_mtime < time.time() - STALE_SECONDS:
            shutil.rmtree(stale, ignore_errors=True)
    place = Path(tempfile.mkdtemp(dir=visits))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
