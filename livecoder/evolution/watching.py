"""All that watches a session's steps for what they teach, put together; and what a change does to the next round.

Tools, hooks and knobs hold from the next round; prompts and lessons from the next session, so that the cache prefix
stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from livecoder.errors import ScaffoldError
from livecoder.events import Harvested
from livecoder.evolution.contract import Contract
from livecoder.evolution.harvest import Earlier, Harvest, Recurring
from livecoder.evolution.hookwatch import HookWatch
from livecoder.evolution.lessonwatch import LessonWatch
from livecoder.evolution.miner import Mined
from livecoder.evolution.nudges import Nudges
from livecoder.evolution.ownedits import EditWatch, Refusal
from livecoder.evolution.proposals import KeepTool, Proposal
from livecoder.evolution.standing import Standing
from livecoder.evolution.toolwatch import ToolWatch
from livecoder.loop import Watcher
from livecoder.rooms import runner
from livecoder.sandbox import Sandbox
from livecoder.scaffold.changes import SETTINGS, FileChange
from livecoder.scaffold.files import put, read_file
from livecoder.scaffold.hooks import Hook
from livecoder.scaffold.knobs import Knobs, load_knobs
from livecoder.scaffold.lessons import Vocabulary
from livecoder.scaffold.tools import changed


@dataclass(frozen=True, slots=True)
class Given:
    """What a session's watchers are made from. `look` is a sandbox that cannot write the workspace."""

    checkout: Path
    look: Sandbox
    tree: Callable[[], str]
    """The checkpoint before the step at hand."""
    cancelled: Callable[[], bool]
    knobs: Knobs
    shown: Standing
    """What of the scaffold this session shows."""
    hooks: Sequence[Hook]
    accepted: frozenset[str]
    """Hashes of the hooks that the user took."""
    earlier: Sequence[Earlier]
    recurring: Mapping[str, Mined]
    """The shapes that the miner found in past sessions."""
    advised: bool
    """Whether this model is encouraged to make tools at all."""
    vocabulary: Vocabulary
    """Of earlier tasks here."""
    question: Callable[[list[Harvested], list[Recurring]], str]
    """Renders the last question of harvest."""


class Watching:
    """The watchers of one session, in the order in which they see a step."""

    def __init__(self, given: Given) -> None:
        knobs = given.knobs
        self.hooks = HookWatch(
            given.checkout, given.hooks, given.accepted, runner(given.look, given.cancelled), given.cancelled
        )
        self.tools = ToolWatch(given.checkout, runner(given.look), given.tree, given.look.room.pins)
        self.edits = EditWatch(given.checkout)
        made, shown = self.tools.made, given.shown

        def encouraged() -> bool:
            return given.advised and self.tools.encouraged()

        self._harvest = Harvest(
            knobs.harvest, given.question, list(given.earlier), encouraged, lambda: len(made), given.recurring
        )
        self._nudges = Nudges(knobs.nudges, knobs.repeat_threshold, encouraged)
        checked = [lesson for lesson in (*shown.general, *shown.timely) if lesson.check]
        self.lessons = LessonWatch(shown.timely, shown.timely_tokens, checked, runner(given.look), given.vocabulary)
        self._checkout = given.checkout
        self._proposed: dict[str, bytes] = {}

    @property
    def all(self) -> tuple[Watcher, ...]:
        return (self.hooks, self.tools, self.edits, self._harvest, self._nudges, self.lessons)

    def proposals(self) -> tuple[list[Proposal], list[Refusal]]:
        """Each tool that was made or changed and each edit of the agent's own, once for each of its texts."""
        edits, refused = self.edits.proposals()
        return [*self._kept(), *edits], refused

    def _kept(self) -> Iterator[Proposal]:
        """A tool's steps are its evidence, and its use is what it is held to."""
        for name, purpose in self.tools.made.items():
            content = read_file(self._checkout, f"tools/{name}").data
            if self._proposed.get(name) == content:
                continue
            self._proposed[name] = content
            contract = Contract(
                evidence=tuple(dict.fromkeys(use.step for use in self.tools.uses if use.name == name)),
                cause="the task needed it, and a call of it worked",
                expects="later tasks here call it in place of a throw-away script",
                improves=(f"tool:{name}",),
                risks=("turns",),
            )
            yield KeepTool(name, content, contract, purpose)

    def next_round(self, changes: Iterable[FileChange]) -> Knobs | None:
        """Take what was committed into the checkout, as far as it holds from the next round; the knobs if they changed.

        What cannot be written there holds from the next session.
        """
        knobs: Knobs | None = None
        for change in changes:
            if change.path == SETTINGS and change.content is not None:
                knobs = load_knobs(change.content)
                self._nudges.mode, self._nudges.repeats = knobs.nudges, knobs.repeat_threshold
                self._harvest.mode = knobs.harvest
            try:
                if change.path.startswith("tools/") and self._there(change.path) != change.content:
                    put(self._checkout, change.path, change.content, executable=change.executable)
                    self._wrote(change.path.removeprefix("tools/"), change.content)
                    self._proposed[change.path.removeprefix("tools/")] = change.content or b""
                if change.path == SETTINGS:
                    put(self._checkout, change.path, change.content)
            except ScaffoldError:
                continue
            self.edits.taken_over(change.path, change.content)
        self.tools.seen, _ = changed(self.tools.seen, self._checkout)
        return knobs

    def _wrote(self, name: str, content: bytes | None) -> None:
        if self.tools.pins:
            self.tools.pins.wrote(name, content)

    def _there(self, path: str) -> bytes | None:
        try:
            return read_file(self._checkout, path).data
        except ScaffoldError:
            return None
