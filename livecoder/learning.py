"""What one session learns: the watchers of its rounds, and afterwards tools by use and lessons by reflection.

Local checks come at once; the one request to a model comes after the answer, now or in a later run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from math import inf
from pathlib import Path

from livecoder.control import Control
from livecoder.events import CommandFinished, Event, Harvested, Reflected, ScaffoldCommitted
from livecoder.evolution.digest import digest
from livecoder.evolution.evolve import Evolution, Receipt
from livecoder.evolution.harvest import Earlier, Harvest
from livecoder.evolution.lessonwatch import LessonWatch
from livecoder.evolution.nudges import Nudges
from livecoder.evolution.proposals import KeepTool, Proposal
from livecoder.evolution.reflection import Origin, reflect, too_dear
from livecoder.evolution.toolwatch import ToolWatch
from livecoder.journal import journal
from livecoder.journal.recall import recall
from livecoder.loop import Watcher
from livecoder.opening import Opened
from livecoder.prompt import render
from livecoder.rooms import runner
from livecoder.scaffold.files import read_file
from livecoder.scaffold.tools import read_tool
from livecoder.task import Task

PENDING = "reflection.pending"
LESSON_CHARS = 400
DIGEST_CHARS = 12_000
MIN_STEPS = 2
"""A round of fewer steps has nothing to look back on."""


class Learning:
    """`tree` gives the checkpoint before the step at hand."""

    def __init__(self, opened: Opened, tree: Callable[[], str]) -> None:
        self._opened = opened
        self._resources = ExitStack()
        self.cost_usd = 0.0
        self.watchers: Sequence[Watcher] = ()
        self._tools: ToolWatch | None = None
        self._evolution: Evolution | None = None
        if opened.checkout is not None and opened.store is not None:
            self._watch(opened.checkout, tree)
            self._evolution = Evolution(
                store=opened.store,
                data=opened.settings.paths.data,
                project=opened.project,
                generation=opened.generation,
                mode=opened.settings.evolve,
                rooms=opened.rooms,
                workspace=opened.workspace.root,
                system=opened.render_system,
            )
        self._considered: dict[str, bytes] = {}

    @property
    def generation(self) -> str:
        return self._evolution.generation if self._evolution else self._opened.generation

    def close(self) -> None:
        self._resources.close()

    def _watch(self, checkout: Path, tree: Callable[[], str]) -> None:
        knobs, scaffold = self._opened.scaffold.knobs, self._opened.scaffold
        look = runner(self._resources.enter_context(self._opened.rooms.look_only(checkout)))
        tools = self._tools = ToolWatch(checkout, look, tree)
        harvest = Harvest(knobs.harvest, self._question, self._earlier(), tools.encouraged, lambda: len(tools.made))
        nudges = Nudges(knobs.nudges, knobs.repeat_threshold, tools.encouraged)
        lessons = () if self._opened.settings.bare else scaffold.lessons
        self.watchers = (tools, harvest, nudges, LessonWatch(lessons))

    def _earlier(self) -> list[Earlier]:
        found: list[Earlier] = []
        for session, event in recall(self._opened.sessions, (Harvested,)):
            if isinstance(event, Harvested) and session != self._opened.id:
                found.append(Earlier(f"an earlier task ({session}, step {event.step})", event.shingles))
        return found

    def _question(self, scripts: list[Harvested]) -> str:
        rows = [
            {"step": s.step, "lines": s.lines, "language": s.language, "similar": " and ".join(s.similar_to)}
            for s in scripts
        ]
        scaffold = self._opened.scaffold
        return render(scaffold.prompts["harvest"], {"scripts": rows}, seed="harvest" in scaffold.seeded).strip()

    def after_round(self, task: Task, control: Control, reflect_now: bool) -> Iterator[Event]:
        """Tools by use, then reflection: `done`, `pending`, `skipped` with the reason, or `off`."""
        evolution, tools = self._evolution, self._tools
        if evolution is None or tools is None or evolution.mode == "off":
            yield Reflected("off")
            return
        evolution.outsider_text = task.text if task.outsider else ""
        steps = _steps(list(journal.read(self._opened.directory)))
        if len(steps) >= MIN_STEPS:
            # Written before anything else is done: who is killed here leaves the looking back to a later run.
            (self._opened.directory / PENDING).write_text(task.text[:200])
        yield from evolution.consider(self._made(tools), tools.uses, steps, self._receipt(task.text))
        if len(steps) < MIN_STEPS:
            yield Reflected("skipped", "too few steps to look back on")
        elif not reflect_now:
            yield Reflected("pending", "`livecoder reflect --pending` does it")
        else:
            yield from self.reflect(self._opened.directory, task.text, control)

    def reflect(self, directory: Path, task: str, control: Control) -> Iterator[Event]:
        """Look back on the session in `directory`: this one, or one that was left pending."""
        evolution, opened = self._evolution, self._opened
        if evolution is None:
            yield Reflected("off")
            return
        events = list(journal.read(directory))
        prompt = self._prompt(events)
        dear = self._too_dear(prompt)
        if dear:
            (directory / PENDING).unlink(missing_ok=True)
            yield Reflected("skipped", dear)
            return
        origin = Origin(directory.name, " ".join(task.split()), datetime.now(UTC).isoformat(timespec="seconds"))
        answer = yield from reflect(opened.model, prompt, origin, opened.state.turn, control)
        self.cost_usd += answer.cost_usd or 0.0
        accepted = 0
        uses = self._tools.uses if self._tools else []
        for event in evolution.consider(answer.proposals, uses, _steps(events), self._receipt(task)):
            accepted += isinstance(event, ScaffoldCommitted)
            yield event
        if not answer.failed:
            (directory / PENDING).unlink(missing_ok=True)
        state = "failed" if answer.failed else "done"
        yield Reflected(state, answer.failed, answer.cost_usd, len(answer.proposals), accepted)

    def pending(self) -> list[Path]:
        """Sessions of this project that wait for reflection, oldest first."""
        return sorted(path.parent for path in self._opened.sessions.glob(f"*/{PENDING}"))

    def _made(self, tools: ToolWatch) -> list[Proposal]:
        """Each tool that was made or changed, once for each of its texts; its steps are the evidence."""
        found: list[Proposal] = []
        for name in tools.made:
            content = read_file(tools.checkout, f"tools/{name}").data
            if self._considered.get(name) == content:
                continue
            self._considered[name] = content
            steps = tuple(dict.fromkeys(use.step for use in tools.uses if use.name == name))
            expects = "later tasks here call it in place of a throw-away script"
            summary = read_tool(tools.checkout, name).summary
            found.append(KeepTool(name, content, steps, expects, summary))
        return found

    def _prompt(self, events: Sequence[Event]) -> str:
        scaffold = self._opened.scaffold
        variables = {"digest": digest(events, DIGEST_CHARS), "lesson_chars": LESSON_CHARS}
        return render(scaffold.prompts["reflection"], variables, seed="reflection" in scaffold.seeded)

    def _too_dear(self, prompt: str) -> str:
        state, budget = self._opened.state, self._opened.settings.max_budget_usd
        left = budget - state.cost_usd if budget else inf
        tokens = self._opened.model.estimate_tokens(prompt)
        spent = state.usage.input_tokens + state.usage.output_tokens
        return too_dear(tokens, state.cost_usd, spent, state.cost_known, left)

    def _receipt(self, task: str) -> Receipt:
        opened = self._opened
        line = opened.journal.masked(" ".join(task.split())[:120])
        cost = f"${opened.state.cost_usd:.4f}" if opened.state.cost_known else "unknown"
        if opened.model.recorded:
            cost = "none: a recording"
        return Receipt(line, opened.id, opened.model.recorded or opened.model.name, cost)


def _steps(events: Sequence[Event]) -> list[int]:
    return [event.step for event in events if isinstance(event, CommandFinished)]
