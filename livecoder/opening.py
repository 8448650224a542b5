"""Opens everything that one session needs and closes it again: the one place where all rooms are put together."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from livecoder import config
from livecoder.baseline import MEASURED, Memory
from livecoder.briefing import Briefing
from livecoder.config import Settings
from livecoder.errors import ConfigError, JournalError, ScaffoldError
from livecoder.evolution.offered import At, offered
from livecoder.evolution.standing import Standing
from livecoder.ground import Ground, survey
from livecoder.journal.journal import Journal, read
from livecoder.kept import Kept, with_own_caches
from livecoder.loop import State
from livecoder.model import Model, System
from livecoder.model.choose import default_model, open_model
from livecoder.model.provider import Provider, ProviderSettings
from livecoder.permissions.gatekeeper import Gatekeeper
from livecoder.prompt import SAMPLES, render
from livecoder.rights import gatekeeper, usable, withholding
from livecoder.rooms import Cancelled, Copier, Rooms, gitdirs
from livecoder.sandbox import Room, Sandbox
from livecoder.sandbox.backends import chosen
from livecoder.sandbox.pinned import Pins
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.removal import remove
from livecoder.sandbox.toolchains import Toolchains, find, own_interpreter, own_places
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.seed import seed_dir
from livecoder.scaffold.store import Generation, Store
from livecoder.workspace.copies import Dependencies, clean_copy, materialise
from livecoder.workspace.gitdir import private_gitdir
from livecoder.workspace.glance import glance
from livecoder.workspace.undo import Undo
from livecoder.workspace.workspace import Workspace, locate, project_id


@dataclass(slots=True)
class Opened:
    """One session's belongings. `directory` holds its journal; everything else in there goes when it closes."""

    id: str
    settings: Settings
    project: str
    sessions: Path
    directory: Path
    workspace: Workspace
    journal: Journal
    model: Model
    why_model: str
    sandbox: Sandbox
    rooms: Rooms
    store: Store | None
    generation: str
    scaffold: Scaffold
    briefing: Briefing
    ground: Ground
    base_tree: str
    left_out: tuple[str, ...]
    state: State
    system: str
    gatekeeper: Gatekeeper

    @property
    def model_name(self) -> str:
        """The model's, or that of the recorded one."""
        return self.model.recorded or self.model.name

    @property
    def checkout(self) -> Path | None:
        """The session's own of the scaffold; None where it has none."""
        return self.sandbox.room.scaffold

    @property
    def standing(self) -> Standing:
        """What of the scaffold this session shows."""
        return self.briefing.choose(self.scaffold)


def project_state(settings: Settings, root: Path) -> tuple[str, Path]:
    """The project's id and the engine's directory for it."""
    project = project_id(root)
    return project, settings.paths.state / "projects" / project


def look(settings: Settings, cwd: Path) -> Ground:
    """The ground alone, as a session in `cwd` would begin with it. Raises WorkspaceError."""
    root, gitdir, _ = locate(cwd)
    toolchains = find(config.environment(), root, own_interpreter(), settings.mounts)
    return _ground(settings, cwd, root, gitdir, toolchains)


@contextmanager
def opened(settings: Settings, cwd: Path) -> Generator[Opened]:
    """Raises WorkspaceError, ConfigError, SandboxUnavailable or ScaffoldError; nothing is left behind then."""
    environ = config.environment()
    _writable(settings.paths.state)
    root, _, _ = locate(cwd)
    project, state = project_state(settings, root)
    model, why_model = _model(settings, root)
    workspace = Workspace.open(cwd, state / "workspace")
    with ExitStack() as stack:
        stack.enter_context(workspace.lock())
        _sweep(state / "sessions", workspace)
        identity = _session_id(datetime.now().astimezone())
        directory = state / "sessions" / identity
        stack.callback(_remove_unused, directory)
        journal = stack.enter_context(Journal(directory, config.secrets(environ)))
        place = directory / "room"
        stack.callback(remove, place)
        start = workspace.shadow.checkpoint()
        dependencies = Dependencies.snapshot(workspace.shadow, place / "dependencies")
        store, checkout, generation = _scaffold(settings, root, place)
        scaffold = usable(checkout or seed_dir(), settings)
        pins = Pins(checkout, generation.tools, withholding(settings)) if checkout else None
        room = _room(settings, workspace, place, pins, start.tree)
        toolchains = with_own_caches(find(environ, root, own_interpreter(), settings.mounts), room.home)
        sandbox = stack.enter_context(open_sandbox(settings, room, toolchains, scaffold.knobs.output_chars))
        briefing = Briefing.open(settings, root, state / "sessions", model.recorded or model.name)
        scaffold, system = _prompts(briefing, scaffold, tools_enabled=checkout is not None)
        yield Opened(
            id=identity,
            settings=settings,
            project=project,
            sessions=state / "sessions",
            directory=directory,
            workspace=workspace,
            journal=journal,
            model=model,
            why_model=why_model,
            sandbox=sandbox,
            rooms=Rooms(sandbox, copier(workspace, dependencies), gitdirs(root, Path.home()), place / "copies"),
            store=store,
            generation=generation.id,
            scaffold=scaffold,
            briefing=briefing,
            ground=_ground(settings, cwd, root, workspace.gitdir, known(sandbox.name, toolchains), start.tree),
            base_tree=start.tree,
            left_out=start.left_out,
            state=State([System(system)], tree=workspace.shadow.fingerprint()),
            system=system,
            gatekeeper=gatekeeper(settings),
        )


def known(sandbox: str, toolchains: Toolchains) -> Toolchains:
    """What can be told of programs without running one: an image's are not the user's, and not looked at."""
    return replace(toolchains, path=()) if sandbox == "docker" else toolchains


def _ground(settings: Settings, cwd: Path, root: Path, gitdir: Path, toolchains: Toolchains, tree: str = "") -> Ground:
    """What is seen now and what was measured before; `tree` is the checkpoint of what lies there."""
    found = survey(root, cwd.resolve(), glance(root, gitdir), path=toolchains.path, bare=settings.bare)
    memory = Memory(project_state(settings, root)[1] / MEASURED)
    return replace(found, baseline=memory.line(settings.verify or found.test_command, tree))


def _model(settings: Settings, root: Path) -> tuple[Model, str]:
    environ = config.environment()
    name, why = (settings.model, "") if settings.model else default_model(environ)
    wanted = ProviderSettings(
        model=name,
        api_base=settings.api_base,
        retries=settings.retries,
        max_wait_seconds=settings.max_wait_seconds,
        idle_timeout_seconds=settings.idle_timeout_seconds,
        tools=settings.model_tools,
        context_window=settings.context_window,
        temperature=settings.temperature,
    )
    model = open_model(wanted, environ, root)
    if isinstance(model, Provider):
        model.warm()
    return model, why


def _scaffold(settings: Settings, root: Path, place: Path) -> tuple[Store | None, Path | None, Generation]:
    if settings.scaffold == "none":
        return None, None, Generation("none", "")
    store, project = Store.open(settings.paths.data), project_id(root)
    checkout = place / "scaffold"
    if settings.scaffold:
        return store, checkout, store.checkout_ref(settings.scaffold, checkout)
    if not settings.bare:
        store.layer = offered(At(settings.paths.data, project, root), store, datetime.now(UTC))
    return store, checkout, store.checkout(project, checkout)


def _room(settings: Settings, workspace: Workspace, place: Path, pins: Pins | None, base_tree: str) -> Room:
    private = private_gitdir(workspace.root, place / "git", Path.home())
    base = place / "base"
    materialise(workspace.shadow.trees, base_tree, base)
    return Room(
        workspace=workspace.root,
        content=workspace.root,
        scratch=place / "session",
        gitdir=private.gitdir,
        objects=private.objects,
        masked=private.hidden,
        base=base,
        scaffold=pins.root if pins else None,
        pins=pins,
        read_only=settings.permission_mode == "plan",
        extra=settings.add_dirs,
        sealed=own_places(),
        show_dotenv=settings.show_dotenv,
        network=bool(settings.reach),
        home=Kept(project_state(settings, workspace.root)[1] / "setup").home_of(settings),
    )


def open_sandbox(settings: Settings, room: Room, toolchains: Toolchains, output_chars: int) -> Sandbox:
    """The sandbox that the user chose, or the first that works. Raises SandboxUnavailable where it is entered."""
    allowed = replace(policy(settings), output_chars=output_chars)
    return chosen(settings.sandbox, room, toolchains, allowed, settings.paths.cache)


def policy(settings: Settings) -> Policy:
    """What the user allows; 0 in the settings leaves what holds without their word."""
    sizes = {"memory_bytes": settings.memory, "processes": settings.pids, "scratch_bytes": settings.scratch}
    given = {name: value for name, value in sizes.items() if value}
    return replace(Policy(reach=settings.reach, image=settings.image), **given)


def copier(workspace: Workspace, dependencies: Dependencies) -> Copier:
    """See `rooms.Copier`."""

    def copy(tree: str, dest: Path, cancelled: Cancelled) -> str:
        made = clean_copy(workspace.shadow.trees, tree, dependencies, dest, cancelled)
        if made.why_in_place and not (dest.exists() and any(dest.iterdir())):
            materialise(workspace.shadow.trees, tree, dest, cancelled)
        return made.why_in_place

    return copy


def _prompts(briefing: Briefing, scaffold: Scaffold, *, tools_enabled: bool) -> tuple[Scaffold, str]:
    """The scaffold with prompts that render, and its system prompt; the seed's stands in for one that does not."""

    def tried(name: str) -> str:
        if name == "system":
            return briefing.system(scaffold, tools_enabled=tools_enabled)
        return render(scaffold.prompts[name], SAMPLES[name][0], seed=name in scaffold.seeded)

    texts: dict[str, str] = {}
    for name in SAMPLES:
        try:
            texts[name] = tried(name)
        except ScaffoldError as error:
            problem = f"prompts/{name}.md: {error} (the seed's is used)"
            scaffold = replace(
                scaffold,
                prompts={**scaffold.prompts, name: Scaffold.load(seed_dir()).prompts[name]},
                seeded=scaffold.seeded | {name},
                problems=(*scaffold.problems, problem),
            )
            texts[name] = tried(name)
    return scaffold, texts["system"]


def _session_id(now: datetime) -> str:
    """Sorts by time, to the millisecond; the rest keeps two of one moment apart."""
    return f"{now:%Y%m%d-%H%M%S}-{now.microsecond // 1000:03d}{secrets.token_hex(1)}"


def _sweep(sessions: Path, workspace: Workspace) -> None:
    """What killed sessions left, by their journals and in the tree; nobody else works here while the lock is held."""
    for stale in sessions.glob("*/room"):
        remove(stale)
    Undo(workspace.shadow).recover()


def _remove_unused(directory: Path) -> None:
    """A session in which nothing happened leaves no journal."""
    with suppress(JournalError):  # why it could not be made is what is told
        if (directory / "journal.sqlite").exists() and next(read(directory), None) is None:
            shutil.rmtree(directory, ignore_errors=True)


def _writable(path: Path) -> None:
    """Raises ConfigError when the engine cannot keep its state there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", "set LIVECODER_HOME to a directory of yours") from None
    if not os.access(path, os.W_OK):
        raise ConfigError(f"{path} cannot be written", "set LIVECODER_HOME to a directory of yours")
