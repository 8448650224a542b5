"""What one session learns: from its steps, from the agent's own edits, and from looking back.

Local checks come at once; the one request to a model comes after the answer, now or in a later run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from math import inf
from pathlib import Path

from livecoder.control import Control
from livecoder.errors import JournalError, ScaffoldError
from livecoder.events import (
    Event,
    Harvested,
    ProposalRefused,
    Reflected,
    ScaffoldCommitted,
    ToolUsed,
    UserSaid,
    Warned,
)
from livecoder.evolution import pending, verdicts
from livecoder.evolution.answers import Origin
from livecoder.evolution.evolve import PROPOSES, Evolution, Grounds
from livecoder.evolution.harvest import Earlier
from livecoder.evolution.lookback import beside, last_tree, variables
from livecoder.evolution.pending import PENDING as PENDING  # who opens a session knows the marker from here
from livecoder.evolution.proposals import Proposal
from livecoder.evolution.receipts import Receipt
from livecoder.evolution.reckoning import reckon
from livecoder.evolution.reflection import Reflection, reflect, too_dear
from livecoder.evolution.watching import Given, Watching
from livecoder.journal.account import Account, account
from livecoder.journal.recall import recall
from livecoder.loop import State, Watcher
from livecoder.model import User
from livecoder.opening import Opened
from livecoder.prompt import render
from livecoder.rooms import never
from livecoder.scaffold import hooks, rejected
from livecoder.task import Task

MIN_STEPS = 2
"""A round of fewer steps has nothing to look back on."""
DIRECTORY = "dir-"
"""How the generation of a scaffold begins that was given by directory: nothing can be committed on top of it."""


class Learning:
    """`tree` gives the checkpoint before the step at hand; `cancelled` whether the round at hand is being ended."""

    def __init__(self, opened: Opened, tree: Callable[[], str], cancelled: Callable[[], bool] = never) -> None:
        self._opened = opened
        self._resources = ExitStack()
        self.cost_usd = 0.0
        self._watching = self._watch(opened.checkout, tree, cancelled) if opened.checkout else None
        given = opened.generation.startswith(DIRECTORY)
        self._why_off = "a scaffold given by directory is not changed" if given else ""
        self._evolution = None if given else _evolution(opened)

    @property
    def generation(self) -> str:
        return self._evolution.generation if self._evolution else self._opened.generation

    @property
    def watchers(self) -> Sequence[Watcher]:
        return self._watching.all if self._watching else ()

    def close(self) -> None:
        self._resources.close()

    def _watch(self, checkout: Path, tree: Callable[[], str], cancelled: Callable[[], bool]) -> Watching:
        opened = self._opened
        bare = opened.settings.bare
        given = Given(
            checkout=checkout,
            look=self._resources.enter_context(opened.rooms.look_only(checkout)),
            tree=tree,
            cancelled=cancelled,
            knobs=opened.scaffold.knobs,
            lessons=() if bare else opened.scaffold.lessons,
            # Nothing that an agent wrote runs by itself where there is no sandbox.
            hooks=[] if bare or opened.rooms.no_copies else hooks.read_hooks(checkout)[0],
            accepted=hooks.accepted(opened.settings.paths.data),
            earlier=_earlier(opened),
            question=self._question,
        )
        return Watching(given)

    def _question(self, scripts: list[Harvested]) -> str:
        rows = [
            {"step": s.step, "lines": s.lines, "language": s.language, "similar": " and ".join(s.similar_to)}
            for s in scripts
        ]
        scaffold = self._opened.scaffold
        return render(scaffold.prompts["harvest"], {"scripts": rows}, seed="harvest" in scaffold.seeded).strip()

    def before_round(self, task: str, state: State) -> Iterator[Event]:
        """What hooks have to say before the first turn."""
        for notice in self._watching.hooks.at_start(task, state) if self._watching else ():
            yield notice.event
            if notice.say:
                state.messages.append(User(notice.say))
                yield UserSaid(notice.say, "hook")

    def after_round(self, task: Task, control: Control, reflect_now: bool) -> Iterator[Event]:
        """Tools by use and own edits, verdicts on what was learnt before, then the look back.

        Its state is `done`, `pending`, `skipped` with the reason, or `off`.
        """
        evolution, watching, directory = self._evolution, self._watching, self._opened.directory
        if evolution is None or watching is None:
            yield Reflected("off", self._why_off)
            return
        past = account(directory)
        if len(past.steps) >= MIN_STEPS:
            # Written before anything else is done: who is killed here leaves the looking back to a later run.
            pending.wait(directory, self._opened.journal.masked(task.text))
        yield from self._reckoned(evolution)
        self._consider_words_of(evolution, past.outsider_text)
        receipt = _receipt(self._opened, directory.name, past, task.text)
        found, refused = watching.proposals()
        yield from (ProposalRefused(*why) for why in refused)
        yield from self._judged(evolution, found, watching.tools.uses, past, receipt, control)
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
            pending.failed(directory)
            yield Reflected("failed", error.line())
            return
        task = past.task or task
        prompt = _prompt(opened, directory, past)
        dear = self._too_dear(prompt, past)
        if dear:
            pending.done(directory)
            yield Reflected("skipped", dear)
            return
        origin = Origin(directory.name, " ".join(task.split()), datetime.now(UTC).isoformat(timespec="seconds"))
        answer = yield from reflect(opened.model, prompt, origin, opened.state.turn, control)
        self.cost_usd += answer.cost_usd or 0.0
        self._consider_words_of(evolution, past.outsider_text)
        accepted = 0
        receipt = _receipt(opened, directory.name, past, task)
        for event in self._judged(evolution, answer.proposals, past.uses, past, receipt, control):
            accepted += isinstance(event, ScaffoldCommitted)
            yield event
        if not answer.failed:
            pending.done(directory)
        elif not control.cancelled():
            pending.failed(directory)
        yield self._reflected(evolution, answer, accepted)

    def pending(self) -> list[Path]:
        """Sessions of this project that wait for reflection, newest first; none where nothing may be learnt."""
        return pending.waiting(self._opened.sessions) if self._evolution else []

    def _consider_words_of(self, evolution: Evolution, outsider_text: str) -> None:
        """What an outsider asked for teaches nothing by itself: it waits in the inbox for the user's word.

        So does what a model proposes whose predictions come true no more often than by chance.
        """
        evolution.outsider_text = outsider_text
        evolution.mode, evolution.why_propose = self._opened.settings.evolve, PROPOSES
        if outsider_text:
            evolution.mode = "propose"
        elif evolution.mode == "auto" and (rate := _rate(evolution, _model(self._opened))).by_chance:
            evolution.mode = "propose"
            evolution.why_propose = f"the gate accepts it; this model only proposes here ({rate.line()})"

    def _reckoned(self, evolution: Evolution) -> Iterator[Event]:
        evolution.mode = self._opened.settings.evolve
        try:
            yield from reckon(evolution, self._opened.sessions)
        except ScaffoldError as error:
            yield Warned(f"what was learnt before is not judged: {error.line()}")
        self._next_round(evolution)

    def _judged(
        self,
        evolution: Evolution,
        found: Sequence[Proposal],
        uses: Sequence[ToolUsed],
        past: Account,
        receipt: Receipt,
        control: Control,
    ) -> Iterator[Event]:
        grounds = Grounds(frozenset(past.steps), uses, last_tree(past.events))
        yield from evolution.consider(found, grounds, receipt, control.cancelled)
        self._next_round(evolution)

    def _next_round(self, evolution: Evolution) -> None:
        taken, evolution.accepted = evolution.accepted, []
        knobs = self._watching.next_round(taken) if self._watching else None
        if knobs:
            self._opened.scaffold = replace(self._opened.scaffold, knobs=knobs)

    def _too_dear(self, prompt: str, past: Account) -> str:
        """By what the session cost that is looked back on; the budget is that of the session at hand."""
        state, budget = self._opened.state, self._opened.settings.max_budget_usd
        left = budget - state.cost_usd - self.cost_usd if budget else inf
        tokens = self._opened.model.estimate_tokens(prompt)
        return too_dear(tokens, past.cost_usd, past.tokens, past.cost_known, left)

    def _reflected(self, evolution: Evolution, answer: Reflection, accepted: int) -> Reflected:
        rate = _rate(evolution, _model(self._opened))
        return Reflected(
            "failed" if answer.failed else "done",
            answer.failed,
            answer.cost_usd,
            len(answer.proposals),
            accepted,
            rate.predicted,
            rate.came_true,
        )


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
        system=opened.render_system,
    )


def _model(opened: Opened) -> str:
    return opened.model.recorded or opened.model.name


def _rate(evolution: Evolution, model: str) -> verdicts.Rate:
    """How often this model's predictions came true here; a record that cannot be read counts for nothing."""
    try:
        return verdicts.rate(verdicts.load(evolution.data, evolution.project).values(), model)
    except ScaffoldError:
        return verdicts.Rate()


def _earlier(opened: Opened) -> list[Earlier]:
    """Throw-away scripts of this project's past sessions."""
    found: list[Earlier] = []
    for session, event in recall(opened.sessions, (Harvested,)):
        if isinstance(event, Harvested) and session != opened.id:
            found.append(Earlier(f"an earlier task ({session}, step {event.step})", event.shingles))
    return found


def _prompt(opened: Opened, directory: Path, past: Account) -> str:
    refused = rejected.recall(opened.settings.paths.data, opened.project)
    told = variables(past, beside(directory, few=MIN_STEPS), opened.scaffold, refused)
    return render(opened.scaffold.prompts["reflection"], told, seed="reflection" in opened.scaffold.seeded)


def _receipt(opened: Opened, session: str, past: Account, task: str) -> Receipt:
    line = opened.journal.masked(" ".join(task.split()))[:120]
    cost = f"${past.cost_usd:.4f}" if past.cost_known else "unknown"
    if past.recorded:
        cost = "none: a recording"
    return Receipt(line, session, _model(opened), cost)
