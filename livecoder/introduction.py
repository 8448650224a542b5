"""What a session says of itself before its first round: what it has, and what is not as it could be."""

from __future__ import annotations

from collections.abc import Iterator

from livecoder.events import Event, SessionStarted, Warned
from livecoder.model.calls import BASH_TOOL
from livecoder.opening import Opened
from livecoder.prompt import ground_text
from livecoder.workspace.credentials import told

NAMED = 5
"""Paths in no checkpoint that are named at the start."""


def introduction(opened: Opened, hooks: tuple[str, ...]) -> Iterator[Event]:
    """`SessionStarted`, then warnings. `hooks` are those that may run, by their event."""
    estimate, settings = opened.model.estimate_tokens, opened.settings
    sent = opened.system, str(BASH_TOOL), ground_text(opened.ground, settings.verify)
    yield SessionStarted(
        session=opened.id,
        workspace=str(opened.workspace.root),
        model=opened.model_name,
        recorded=bool(opened.model.recorded),
        sandbox=opened.sandbox.name,
        protections=opened.sandbox.protections,
        permission_mode=settings.permission_mode,
        scaffold=opened.generation,
        tools=tuple(tool.name for tool in opened.scaffold.tools),
        unlisted=tuple(tool.name for tool in opened.standing.unlisted),
        lessons=tuple(lesson.id for lesson in opened.standing.general),
        hooks=hooks,
        context_tokens=sum(map(estimate, sent)),
        system=opened.system,
        loaded=tuple(f"{i.name} ({estimate(i.text):,} tokens)" for i in opened.ground.instructions),
        verify=settings.verify,
        network=settings.reach.told,
        setup=settings.setup,
    )
    if opened.why_model:
        yield Warned(f"no model was named: {opened.model.name}, since {opened.why_model}")
    notices = (*told(opened.workspace.gitdir), *(opened.store.notices if opened.store else ()))
    for line in (*notices, *opened.scaffold.problems):
        yield Warned(line)
    if opened.left_out:
        more = f" and {len(opened.left_out) - NAMED} more" if len(opened.left_out) > NAMED else ""
        yield Warned(f"in no checkpoint, out of reach of undo: {', '.join(opened.left_out[:NAMED])}{more}")
