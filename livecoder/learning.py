"""What one session learns: the watchers of its rounds, and afterwards tools by use and lessons by reflection.

Local checks come at once; the one request to a model comes after the answer, now or in a later run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory

from livecoder.control import Control
from livecoder.errors import JournalError, ScaffoldError
from livecoder.events import Event, Harvested, Reflected, ScaffoldCommitted, ToolUsed
from livecoder.evolution.candidates import candidates, described
from livecoder.evolution.digest import digest
from livecoder.evolution.evolve import Evolution, Receipt
from livecoder.evolution.harvest import Earlier, Harvest, Recurring
from livecoder.evolution.lasted import lasted
from livecoder.evolution.lessonwatch import LessonWatch
from livecoder.evolution.mined import load, refresh
from livecoder.evolution.miner import worthwhile
from livecoder.evolution.nudges import Nudges
from livecoder.evolution.proposals import KeepTool, Proposal
from livecoder.evolution.reflection import Origin, reflect, too_dear
from livecoder.evolution.standing import advises_tools
from livecoder.evolution.toolwatch import ToolWatch
from livecoder.journal.account import Account, account
from livecoder.journal.recall import recall
from livecoder.loop import Watcher
from livecoder.opening import Opened
from livecoder.prompt import render
from livecoder.rooms import runner
from livecoder.scaffold import cases
from livecoder.scaffold.files import read_file
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.tools import read_tool
from livecoder.task import Task

PENDING = "reflection.pending"
"""A session that waits has a file of this name: its task, and a line for each time that looking back failed."""
FAILURES = 2
"""After so many a session waits no longer: each one is paid for."""
LESSON_CHARS = 400
SCRIPT_CHARS = 1_500
"""Of each throw-away script that the last question shows."""
DIGEST_CHARS = 12_000
MIN_STEPS = 2
"""A round of fewer steps has nothing to look back on."""
DIRECTORY = "dir-"
"""How the generation of a scaffold begins that was given by directory: nothing can be committed on top of it."""


class Learning:
    """`tree` gives the checkpoint before the step at hand."""

    def __init__(self, opened: Opened, tree: Callable[[], str]) -> None:
        self._opened = opened
        self._resources = ExitStack()
        self.cost_usd = 0.0
        self.watchers: Sequence[Watcher] = ()
        self._tools: ToolWatch | None = None
        if opened.checkout is not None:
            self._watch(opened.checkout, tree)
        given = opened.generation.startswith(DIRECTORY)
        self._why_off = "a scaffold given by directory is not changed" if given else ""
        self._evolution = None if given else _evolution(opened)
        self._considered: dict[str, bytes] = {}

    @property
    def generation(self) -> str:
        return self._evolution.generation if self._evolution else self._opened.generation

    def close(self) -> None:
        self._resources.close()
        if self._tools is not None:
            with suppress(ScaffoldError):  # an index, which the next session makes as well
                refresh(self._opened.sessions)

    def _watch(self, checkout: Path, tree: Callable[[], str]) -> None:
        knobs = self._opened.scaffold.knobs
        look = runner(self._resources.enter_context(self._opened.rooms.look_only(checkout)))
        tools = self._tools = ToolWatch(checkout, look, tree)
        briefing, shown = self._opened.briefing, self._opened.standing
        advised = advises_tools(briefing.ledger, briefing.present.family)

        def encouraged() -> bool:
            return advised and tools.encouraged()

        made = tuple(tool.name for tool in self._opened.scaffold.tools)
        recurring = worthwhile(load(self._opened.sessions).shapes, made)
        harvest = Harvest(
            knobs.harvest, self._question, self._earlier(), encouraged, lambda: len(tools.made), recurring
        )
        nudges = Nudges(knobs.nudges, knobs.repeat_threshold, encouraged)
        checked = [lesson for lesson in (*shown.general, *shown.timely) if lesson.check]
        lessons = LessonWatch(shown.timely, shown.timely_tokens, checked, look)
        self.watchers = (tools, harvest, nudges, lessons)

    def _earlier(self) -> list[Earlier]:
        found: list[Earlier] = []
        for session, event in recall(self._opened.sessions, (Harvested,)):
            if isinstance(event, Harvested) and session != self._opened.id:
                found.append(Earlier(f"an earlier task ({session}, step {event.step})", event.shingles))
        return found

    def _question(self, scripts: list[Harvested], recurring: list[Recurring]) -> str:
        rows = [
            {
                "step": s.step,
                "lines": s.lines,
                "language": s.language,
                "similar": " and ".join(s.similar_to),
                "source": s.source[:SCRIPT_CHARS].strip(),
            }
            for s in scripts
        ]
        shapes = [{"text": r.shape, "uses": r.uses, "steps": ", ".join(map(str, r.steps))} for r in recurring]
        variables = {"scripts": rows, "shapes": shapes}
        scaffold = self._opened.scaffold
        return render(scaffold.prompts["harvest"], variables, seed="harvest" in scaffold.seeded).strip()

    def after_round(self, task: Task, control: Control, reflect_now: bool) -> Iterator[Event]:
        """Tools by use, then reflection: `done`, `pending`, `skipped` with the reason, or `off`."""
        evolution, tools, directory = self._evolution, self._tools, self._opened.directory
        if evolution is None or tools is None:
            yield Reflected("off", self._why_off)
            return
        past = account(directory)
        if len(past.steps) >= MIN_STEPS:
            # Written before anything else is done: who is killed here leaves the looking back to a later run.
            _wait(directory, self._opened.journal.masked(task.text))
        opened = self._opened
        yield from lasted(opened.sessions, opened.id, opened.workspace.shadow, opened.base_tree)
        self._consider_words_of(evolution, task.text if task.outsider else "")
        receipt = self._receipt(directory.name, past, task.text)
        found = candidates(opened.sessions, opened.briefing.ledger, opened.scaffold, opened.workspace.root, _now())
        found = [*self._made(tools), *found]
        yield from self._judged(evolution, found, tools.uses, past, receipt, control)
        if len(past.steps) < MIN_STEPS:
            yield Reflected("skipped", "too few steps to look back on")
        elif not reflect_now:
            yield Reflected("pending", "`livecoder reflect --pending` does it")
        else:
            yield from self.reflect(directory, task.text, control)

    def reflect(self, directory: Path, task: str, control: Control) -> Iterator[Event]:
        """Look back on the session in `directory`: this one, or one that was left pending; what it cost decides.

        `task` stands in where the session's journal has none.
        """
        evolution, opened = self._evolution, self._opened
        if evolution is None:
            yield Reflected("off", self._why_off)
            return
        try:
            past = account(directory)
        except JournalError as error:
            _failed(directory)
            yield Reflected("failed", error.line())
            return
        task = past.task or task
        prompt = self._prompt(past.events)
        dear = self._too_dear(prompt, past)
        if dear:
            _waits_no_longer(directory)
            yield Reflected("skipped", dear)
            return
        origin = Origin(directory.name, " ".join(task.split()), _now())
        answer = yield from reflect(opened.model, prompt, origin, opened.state.turn, control)
        self.cost_usd += answer.cost_usd or 0.0
        self._consider_words_of(evolution, past.outsider_text)
        accepted = 0
        receipt = self._receipt(directory.name, past, task)
        now = opened.briefing.present.again()
        found = described(answer.proposals, opened.scaffold, now, directory.name, tainted=bool(past.outsider_text))
        for event in self._judged(evolution, found, past.uses, past, receipt, control):
            accepted += isinstance(event, ScaffoldCommitted)
            yield event
        if not answer.failed:
            _waits_no_longer(directory)
        elif not control.cancelled():
            _failed(directory)
        state = "failed" if answer.failed else "done"
        yield Reflected(state, answer.failed, answer.cost_usd, len(answer.proposals), accepted)

    def pending(self) -> list[Path]:
        """Sessions of this project that wait for reflection, newest first; none where nothing may be learnt."""
        waiting = self._opened.sessions.glob(f"*/{PENDING}") if self._evolution else ()
        return sorted((path.parent for path in waiting), reverse=True)

    def _consider_words_of(self, evolution: Evolution, outsider_text: str) -> None:
        """What an outsider asked for teaches nothing by itself: it waits in the inbox for the user's word."""
        evolution.outsider_text = outsider_text
        evolution.mode = "propose" if outsider_text else self._opened.settings.evolve

    def _judged(
        self,
        evolution: Evolution,
        found: Sequence[Proposal],
        uses: Sequence[ToolUsed],
        past: Account,
        receipt: Receipt,
        control: Control,
    ) -> Iterator[Event]:
        if any(isinstance(proposal, KeepTool) for proposal in found):
            _forget_old_cases(evolution)
        yield from evolution.consider(found, uses, past.steps, receipt, control.cancelled)

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

    def _too_dear(self, prompt: str, past: Account) -> str:
        """By what the session cost that is looked back on; the budget is that of the session at hand."""
        state, budget = self._opened.state, self._opened.settings.max_budget_usd
        left = budget - state.cost_usd - self.cost_usd if budget else inf
        tokens = self._opened.model.estimate_tokens(prompt)
        return too_dear(tokens, past.cost_usd, past.tokens, past.cost_known, left)

    def _receipt(self, session: str, past: Account, task: str) -> Receipt:
        opened = self._opened
        line = opened.journal.masked(" ".join(task.split()))[:120]
        cost = f"${past.cost_usd:.4f}" if past.cost_known else "unknown"
        if past.recorded:
            cost = "none: a recording"
        return Receipt(line, session, opened.model.recorded or opened.model.name, cost)


def _evolution(opened: Opened) -> Evolution | None:
    """None where nothing is to be learnt, or nothing that was learnt could be kept."""
    if opened.store is None or opened.settings.evolve == "off":
        return None
    return Evolution(
        store=opened.store,
        data=opened.settings.paths.data,
        project=opened.project,
        generation=opened.generation,
        mode=opened.settings.evolve,
        rooms=opened.rooms,
        workspace=opened.workspace.root,
        system=opened.briefing.system_of,
    )


def _forget_old_cases(evolution: Evolution) -> None:
    """A tool that was retired or rolled back has none: a new one of its name would be held to them."""
    # A store that fails here fails for every proposal, and is told there.
    with suppress(ScaffoldError), TemporaryDirectory(prefix="livecoder-head-") as place:
        evolution.store.checkout(evolution.project, Path(place))
        known = {tool.name for tool in Scaffold.load(Path(place)).tools}
        cases.keep_only(evolution.data, evolution.project, known)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _wait(directory: Path, task: str) -> None:
    (directory / PENDING).write_text(f"{' '.join(task.split())[:200]}\n")


def _failed(directory: Path) -> None:
    """Once more: the session waits on, unless that was the last time. One that never waited does not begin to."""
    marker = directory / PENDING
    if not marker.exists():
        return
    with marker.open("a") as file:
        file.write("failed\n")
    if marker.read_text().splitlines()[1:].count("failed") >= FAILURES:
        marker.unlink()


def _waits_no_longer(directory: Path) -> None:
    (directory / PENDING).unlink(missing_ok=True)
