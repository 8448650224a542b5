"""Runs the user's `setup` for a project, in a sandbox with the registries open, once for each state of its lockfiles.

What it makes in dependency folders stays there; what it makes in HOME is kept, and is there when a session begins.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from livecoder import config
from livecoder.config import Settings
from livecoder.errors import ConfigError
from livecoder.kept import Kept, state, without_caches
from livecoder.opening import policy, project_state
from livecoder.sandbox import Finished, Room, Sandbox
from livecoder.sandbox.backends import chosen
from livecoder.sandbox.proxy.log import Networked
from livecoder.sandbox.removal import remove
from livecoder.sandbox.toolchains import find, own_interpreter, own_places
from livecoder.workspace.diff import stat
from livecoder.workspace.gitdir import private_gitdir
from livecoder.workspace.undo import Undo
from livecoder.workspace.workspace import Workspace, locate

MAX_SECONDS = 3600.0
NAMED = 3
"""Changed files that are named."""


def prepare(settings: Settings, cwd: Path, say: Callable[[str], object]) -> None:
    """Run it, unless it has run for these lockfiles; every line that it prints is said.

    Raises ConfigError when it fails. What it changed besides dependencies is said, and `undo` takes it back.
    """
    if not settings.setup:
        return
    _, directory = project_state(settings, locate(cwd)[0])
    workspace, kept = Workspace.open(cwd, directory / "workspace"), Kept(directory / "setup")
    with workspace.lock():
        Undo(workspace.shadow).recover()
        found = workspace.shadow.scan()
        if kept.current(state(settings.setup, workspace.root, found), found):
            return
        say(f"setup: {settings.setup}")
        kept.forget()
        finished = _undoable(workspace, settings, kept, say)
        if finished.exit_code:
            note = f" ({finished.note})" if finished.note else ""
            what = f"setup exits {finished.exit_code}: {settings.setup}{note}"
            raise ConfigError(what, "its output is above; correct the command, or leave it out")
        found = workspace.shadow.scan()
        kept.stamp(state(settings.setup, workspace.root, found), found)
        say(f"setup: done in {finished.seconds:.0f} s, kept until a lockfile changes")


def _undoable(workspace: Workspace, settings: Settings, kept: Kept, say: Callable[[str], object]) -> Finished:
    undo, label = Undo(workspace.shadow), f"setup: {settings.setup}"[:200]
    before = workspace.shadow.checkpoint().tree
    undo.begin_round(before, label)
    try:
        with _sandbox(settings, workspace, kept) as sandbox:
            finished = _followed(sandbox, settings.setup, say)
    finally:
        after = workspace.shadow.checkpoint().tree
        if after == before:
            undo.drop_round()
        else:
            undo.mark_round(before, after, label)
            names = stat(workspace.shadow, before, after).names
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            say(f"! setup changed {', '.join(names[:NAMED])}{more}: `livecoder undo` takes that back")
    return finished


@contextmanager
def _sandbox(settings: Settings, workspace: Workspace, kept: Kept) -> Generator[Sandbox]:
    """On the workspace itself, with a HOME that stays."""
    for name in ("git", "tmp", "in", "out", "lc"):
        remove(kept.scratch / name)
    kept.scratch.mkdir(parents=True, exist_ok=True)
    private = private_gitdir(workspace.root, kept.scratch / "git", Path.home())
    room = Room(
        workspace=workspace.root,
        content=workspace.root,
        scratch=kept.scratch,
        gitdir=private.gitdir,
        objects=private.objects,
        masked=private.hidden,
        sealed=own_places(),
        show_dotenv=settings.show_dotenv,
        network=True,
    )
    toolchains = find(config.environment(), workspace.root, own_interpreter(), settings.mounts)
    allowed = replace(policy(settings), reach=config.reached(settings.setup_hosts, settings.private))
    with chosen(settings.sandbox, room, without_caches(toolchains), allowed, settings.paths.cache) as sandbox:
        yield sandbox


def _followed(sandbox: Sandbox, command: str, say: Callable[[str], object]) -> Finished:
    run, rest = sandbox.run(command, MAX_SECONDS), ""
    while True:
        try:
            *lines, rest = (rest + next(run)).split("\n")
        except StopIteration as end:
            lines, rest = [rest] if rest else [], ""
            finished: Finished | None = end.value
        else:
            finished = None
        for line in (*lines, *_refused(sandbox)):
            say(f"  │ {line}")
        if finished:
            return finished


def _refused(sandbox: Sandbox) -> Iterator[str]:
    """What the proxy refused, with the setting of setup's own."""
    for asked in sandbox.asked() if isinstance(sandbox, Networked) else ():
        if not asked.allowed:
            setting = f"; allow it with {asked.setting.replace('network.', 'setup.')}" if asked.setting else ""
            yield f"! the network refused {asked.place}: {asked.why}{setting}"
