"""Plays the demo for a person: the three recorded acts and the way back, or the user's own model with and without."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from livecoder.config import Settings
from livecoder.demo.acts import ACTS, Stage, play, stage
from livecoder.errors import RecordingDeparted
from livecoder.events import Event, Result
from livecoder.model.recording import read_recording
from livecoder.scaffold.seed import shipped
from livecoder.workspace.git import Git

Line = Callable[[str, str], None]
NEXT = """what to type next, in a repository of yours:
  livecoder -p "fix the failing test in tests/test_x.py" --verify "pytest -q tests/test_x.py"
  livecoder fix issue.md        solve an issue from a file
  livecoder                     a conversation
  livecoder scaffold log        what it learnt; `scaffold rollback NAME` takes it back
  livecoder undo                takes back what it did to your files"""


def recorded(settings: Settings, line: Line, show: Callable[[Event], None]) -> int:
    """The three acts; stops, and says so, where a command's result differs from the recording."""
    header, _ = read_recording(shipped("demo") / ACTS[0].recording)
    line(f"recorded {header.model}, {header.date}; sandbox, commands, tests, tools and commits are real", "bold")
    with stage() as at:
        start = ""
        for number, act in enumerate(ACTS, 1):
            line(f"\n━━ act {number}: {act.title}", "bold")
            model = f"replay:{shipped('demo') / act.recording}"
            result = play(act, dataclasses.replace(settings, model=model, scaffold=""), at, show)
            start = start or result.scaffold_before
            if result.is_error:
                raise RecordingDeparted(f"act {number} went differently: {result.reason}", "the demo ends here")
        _way_back(at, start, line)
    line(f"\n{NEXT}", "")
    return 0


def _way_back(at: Stage, generation: str, line: Line) -> None:
    """Roll the scaffold back and undo the three rounds, then ask git what is left."""
    from livecoder.opening import project_state
    from livecoder.scaffold.store import Store
    from livecoder.workspace.undo import Undo
    from livecoder.workspace.workspace import Workspace

    project, state = project_state(Settings(at.paths), at.repository)
    line(f"\n━━ and back: livecoder scaffold rollback {generation}; livecoder undo {len(ACTS)}", "bold")
    done = Store.open(at.paths.data).rollback(project, generation)
    line(f"scaffold {done.before}→{done.after}: as it was before act 1", "green")
    workspace = Workspace.open(at.repository, state / "workspace")
    with workspace.lock():
        history = Undo(workspace.shadow)
        plan = history.plan_undo(len(ACTS))
        history.apply(plan)
    for name in (*plan.modified, *plan.deleted, *plan.created):
        line(f"  restored {name}", "")
    left = Git(at.repository / ".git", at.repository).run("status", "--short").decode()
    if left:
        raise RecordingDeparted(f"the tree is not clean after undo: {left}", "please report this")
    line("git status: clean", "green")


def live(settings: Settings, line: Line, show: Callable[[Event], None]) -> int:
    """The tasks of acts 1 and 2 with the user's own model, with the scaffold and without; prints what was counted."""
    rows: list[tuple[str, str, Result]] = []
    for name, scaffold in (("scaffold", ""), ("bash alone", "none")):
        with stage() as at:
            for number, act in enumerate(ACTS[:2], 1):
                line(f"\n━━ {name}, task {number}", "bold")
                result = play(act, dataclasses.replace(settings, scaffold=scaffold), at, show)
                rows.append((name, f"task {number}", result))
    line("\nwith          task     outcome    turns     tokens  cost of the task  of learning", "bold")
    for name, task, result in rows:
        tokens = result.usage.input_tokens + result.usage.output_tokens
        cost = f"${result.total_cost_usd:.4f}" if result.cost_known else "unknown"
        learning = f"${result.evolve_cost_usd:.4f}" if result.cost_known else "unknown"
        line(
            f"{name:13} {task:8} {result.outcome:10} {result.num_turns:5} {tokens:10,}  {cost:>16}  {learning:>11}", ""
        )
    line("one run each: this shows what happened, not what is better", "dim")
    return 0
