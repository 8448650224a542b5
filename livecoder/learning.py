"""What one session learns: from its steps, from the agent's own edits, and from looking back.

Local checks come at once; the one request to a model comes after the answer, now or in a later run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from math import inf
from pathlib import Path

from livecoder.control import Control
from livecoder.errors import JournalError, ScaffoldError
from livecoder.events import (
    Event,
    Harvested,
    Nudged,
    ProposalRefused,
    Reflected,
    ScaffoldCommitted,
    ToolUsed,
    UserSaid,
    Warned,
)
from livecoder.evolution import pending
from livecoder.evolution.answers import Origin
from livecoder.evolution.candidates import candidates, described
from livecoder.evolution.evolve import PROPOSES, Evolution, Grounds
from livecoder.evolution.harvest import Recurring, earlier
from livecoder.evolution.lasted import lasted
from livecoder.evolution.lessonwatch import recalled, vocabulary
from livecoder.evolution.lookback import beside, last_tree, told_of, variables
from livecoder.evolution.mined import load, refresh
from livecoder.evolution.miner import worthwhile
from livecoder.evolution.proposals import Proposal
from livecoder.evolution.receipts import Receipt
from livecoder.evolution.reckoning import reckon
from livecoder.evolution.reflection import Reflection, reflect, too_dear
from livecoder.evolution.standing import advises_tools
from livecoder.evolution.watching import Given, Watching
from livecoder.journal.account import Account, account
from livecoder.limits import Aside, left
from livecoder.loop import State, Watcher
from livecoder.model import User
from livecoder.opening import Opened
from livecoder.prompt import render
from livecoder.rooms import never
from livecoder.scaffold import hooks, rejected
from livecoder.scaffold.lessons import Lesson
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
        self.aside = Aside()
        self._watching = _watching(opened, self._resources, tree, cancelled)
        given = opened.generation.startswith(DIRECTORY)
        self._why_off = "a scaffold given by directory is not changed" if given else ""
        self._evolution = None if given else _evolution(opened)

    @property
    def generation(self) -> str:
        return self._evolution.generation if self._evolution else self._opened.generation

    @property
    def hooks(self) -> tuple[str, ...]:
        return self._watching.hooks.at_hand if self._watching else ()

    @property
    def watchers(self) -> Sequence[Watcher]:
        return self._watching.all if self._watching else ()

    def close(self) -> None:
        self._resources.close()
        if self._watching is not None:
            with suppress(ScaffoldError):  # an index, which the next session makes as well
                refresh(self._opened.sessions)

    def with_task(self, task: str) -> list[Lesson]:
        """The lessons that a round's first message shows."""
        return self._watching.lessons.with_task(task) if self._watching else []

    def before_round(self, task: str, state: State, learnt: Sequence[Lesson] = ()) -> Iterator[Event]:
        """The lessons that its message has, and what hooks have to say before the first turn."""
        yield from (Nudged("lesson", (), recalled(lesson), lesson.id) for lesson in learnt)
        for notice in self._watching.hooks.at_start(task, state) if self._watching else ():
            yield notice.event
            if notice.say:
                state.messages.append(User(notice.say))
                yield UserSaid(notice.say, "hook")

    def after_round(self, task: Task, control: Control, reflect_now: bool) -> Iterator[Event]:
        """Tools by use and own edits, verdicts on what was learnt before, then the look back.

        Its state is `done`, `pending`, `skipped` with the reason, or `off`.
        """
        evolution, watching, opened = self._evolution, self._watching, self._opened
        if evolution is None or watching is None:
            yield Reflected("off", self._why_off)
            return
        directory = opened.directory
        past = account(directory)
        if len(past.steps) >= MIN_STEPS:
            # Written before anything else is done: who is killed here leaves the looking back to a later run.
            pending.wait(directory, opened.journal.masked(task.text))
        yield from self._reckoned(evolution)
        yield from lasted(opened.sessions, opened.id, opened.workspace.shadow, opened.base_tree)
        self._consider_words_of(evolution, past.outsider_text)
        receipt = _receipt(opened, directory.name, past, task.text)
        found, refused = watching.proposals()
        yield from (ProposalRefused(*why) for why in refused)
        found = [
            *self._described(found, directory, past),
            *candidates(opened.sessions, opened.briefing.ledger, opened.scaffold, opened.workspace.root, _now()),
        ]
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
        tokens = opened.model.estimate_tokens(prompt)
        dear = partial(too_dear, tokens, past.cost_usd, past.tokens, past.cost_known)
        if why := dear(*left(opened.settings, opened.state, self.aside)):
            if dear(inf):  # by what it cost itself: else a session with more left may do it
                pending.done(directory)
            yield Reflected("skipped", why)
            return
        origin = Origin(directory.name, " ".join(task.split()), _now())
        answer = yield from reflect(opened.model, prompt, origin, opened.state.turn, control)
        self.aside.book(answer.usage, answer.cost_usd)
        self._consider_words_of(evolution, past.outsider_text)
        accepted = 0
        receipt = _receipt(opened, directory.name, past, task)
        found = self._described(answer.proposals, directory, past)
        for event in self._judged(evolution, found, past.uses, past, receipt, control):
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
        elif evolution.mode == "auto" and (rate := evolution.rate(self._opened.model_name)).by_chance:
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

    def _described(self, found: Sequence[Proposal], directory: Path, past: Account) -> list[Proposal]:
        now = self._opened.briefing.present.again()
        return described(found, self._opened.scaffold, now, directory.name, tainted=bool(past.outsider_text))

    def _reflected(self, evolution: Evolution, answer: Reflection, accepted: int) -> Reflected:
        rate = evolution.rate(self._opened.model_name)
        state, made = ("failed" if answer.failed else "done"), len(answer.proposals)
        why = answer.failed or (f"dropped: {answer.dropped}" if answer.dropped else "")
        return Reflected(state, why, answer.cost_usd, made, accepted, rate.predicted, rate.came_true)


def _watching(
    opened: Opened, resources: ExitStack, tree: Callable[[], str], cancelled: Callable[[], bool]
) -> Watching | None:
    """The session's watchers; None where it has no scaffold of its own."""
    checkout, settings, briefing = opened.checkout, opened.settings, opened.briefing
    if checkout is None:
        return None

    def question(scripts: list[Harvested], recurring: list[Recurring]) -> str:
        prompt, seed = opened.scaffold.prompts["harvest"], "harvest" in opened.scaffold.seeded
        return render(prompt, told_of(scripts, recurring), seed=seed).strip()

    made = tuple(tool.name for tool in opened.scaffold.tools)
    given = Given(
        checkout=checkout,
        look=resources.enter_context(opened.rooms.look_only(checkout)),
        tree=tree,
        cancelled=cancelled,
        knobs=opened.scaffold.knobs,
        shown=opened.standing,
        # Nothing that an agent wrote runs by itself where there is no sandbox.
        hooks=[] if settings.bare or opened.rooms.no_copies else hooks.read_hooks(checkout)[0],
        accepted=hooks.accepted(settings.paths.data),
        earlier=earlier(opened.sessions, opened.id),
        recurring=worthwhile(load(opened.sessions).shapes, made),
        advised=advises_tools(briefing.ledger, briefing.present.family),
        vocabulary=vocabulary(opened.sessions, opened.standing.timely),
        question=question,
    )
    return Watching(given)


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


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _prompt(opened: Opened, directory: Path, past: Account) -> str:
    refused = rejected.recall(opened.settings.paths.data, opened.project)
    told = variables(past, beside(directory, few=MIN_STEPS), opened.scaffold, refused)
    return render(opened.scaffold.prompts["reflection"], told, seed="reflection" in opened.scaffold.seeded)


def _receipt(opened: Opened, session: str, past: Account, task: str) -> Receipt:
    line = opened.journal.masked(" ".join(task.split()))[:120]
    cost = f"${past.cost_usd:.4f}" if past.cost_known else "unknown"
    if past.recorded:
        cost = "none: a recording"
    return Receipt(line, session, opened.model_name, cost)
