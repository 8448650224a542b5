"""Stage 5: throw-away scripts that a model writes and runs are candidates for tools.

Strong models do not repeat commands; they write scripts and throw them away. So these are journaled, and when one
comes back in the same shape, or when a task that ran some is over, the model is asked once whether to keep it. So are
command lines of a shape that recurs from task to task, as the miner has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from livecoder.command import Program, programs
from livecoder.events import Harvested
from livecoder.evolution.miner import Mined, called
from livecoder.evolution.shape import SIMILAR, similarity, sketch
from livecoder.evolution.stock import stocked
from livecoder.journal.recall import recall
from livecoder.loop import Notice, State, Step

MIN_LINES = 4
NAMED = 2
"""Procedures that the question names at most: the most used ones."""
NAMED_SCRIPTS = 3
"""Scripts that it shows at most: the last ones."""
INTERPRETERS = {
    "python": "Python",
    "python3": "Python",
    "bash": "bash",
    "sh": "bash",
    "source": "bash",
    ".": "bash",
    "node": "JavaScript",
    "perl": "Perl",
    "ruby": "Ruby",
}
INLINE = ("-c", "-e")
ENDINGS = {".py": "Python", ".sh": "bash", ".js": "JavaScript", ".mjs": "JavaScript", ".pl": "Perl", ".rb": "Ruby"}
OUTSIDE = ("/tmp/", "$HOME/", "~/", "$TMPDIR/")


@dataclass(frozen=True, slots=True)
class Earlier:
    """A script of an earlier step or session: where it ran, and its sketch."""

    where: str
    shingles: tuple[int, ...]


def earlier(sessions: Path, now: str) -> list[Earlier]:
    """Throw-away scripts of this project's sessions before the one called `now`."""
    found: list[Earlier] = []
    for session, event in recall(sessions, (Harvested,)):
        if isinstance(event, Harvested) and session != now:
            found.append(Earlier(f"an earlier task ({session}, step {event.step})", event.shingles))
    return found


@dataclass(frozen=True, slots=True)
class Recurring:
    """A procedure that ran here and in earlier tasks: its shape, how often and with how many arguments, and where."""

    shape: str
    uses: int
    arguments: int
    steps: tuple[int, ...]


@dataclass(slots=True)
class Harvest:
    """A watcher. `earlier` are scripts of this project's past sessions, `recurring` the shapes that the miner has in
    them; `question` renders the last question.
    """

    mode: str
    question: Callable[[list[Harvested], list[Recurring]], str]
    earlier: list[Earlier] = field(default_factory=list[Earlier])
    encouraged: Callable[[], bool] = lambda: True
    tools_made: Callable[[], int] = lambda: 0
    recurring: Mapping[str, Mined] = field(default_factory=dict[str, Mined])
    _written: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    _ran: list[Harvested] = field(default_factory=list[Harvested])
    _met: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    _told: bool = False
    _asked: bool = False

    def after_step(self, step: Step, state: State) -> Iterable[Notice]:
        if self.mode == "never":
            return
        call = called(step.started.command, step.finished.exit_code) if self.recurring else None
        if call and call.ok and call.shape in self.recurring:
            self._met.setdefault(call.shape, []).append(step.started.step)
        for program in programs(step.started.command):
            self._remember_written(program)
            found = self._script(program)
            if found is None:
                continue
            event = self._harvested(step, *found)
            self._ran.append(event)
            yield Notice(event, self._recurs(event))

    def before_end(self, state: State) -> Notice | None:
        """Asked once, when scripts or procedures that ran well came back, here or from task to task.

        Not about what the catalogue has: that is taken from there, see `stock`.
        """
        if self._asked or self.mode == "never" or not self.encouraged() or self.tools_made():
            return None
        back = [script for script in self._ran if script.exit_code == 0 and script.similar_to]
        useful = [script for script in back if not stocked(script.source)][-NAMED_SCRIPTS:]
        met = [self._recurring(shape) for shape in self.recurring if shape in self._met][:NAMED]
        if not useful and not met:
            return None
        self._asked = True
        from livecoder.events import Nudged

        text = self.question(useful, met)
        steps = {script.step for script in useful} | {step for each in met for step in each.steps}
        return Notice(Nudged("harvest", tuple(sorted(steps)), text), text)

    def _recurring(self, shape: str) -> Recurring:
        known = self.recurring[shape]
        return Recurring(shape, known.uses, len(known.sets), tuple(self._met[shape]))

    def _remember_written(self, program: Program) -> None:
        if program.heredoc and program.writes.startswith(OUTSIDE):
            ending = program.writes[program.writes.rfind(".") :]
            self._written[program.writes] = (ENDINGS.get(ending, ""), program.heredoc.body)

    def _script(self, program: Program) -> tuple[str, str] | None:
        """The language and source of the throw-away script that this program runs, if it runs one."""
        for place, word in enumerate(program.words):
            # A script runs as the command itself or after an interpreter; `cat` and `chmod` only name it.
            before = next((found for earlier in program.words[:place] if (found := _language(earlier))), "")
            if word in self._written and (before or place == 0):
                known, source = self._written.pop(word)
                return self._long_enough(before or known, source)
        language = _language(program.words[0]) if program.words else ""
        if not language:
            return None
        for flag, source in zip(program.words[1:], program.words[2:], strict=False):
            if flag in INLINE:
                return self._long_enough(language, source)
        if program.heredoc and _is_read_from_stdin(program):
            return self._long_enough(language, program.heredoc.body)
        return None

    def _long_enough(self, language: str, source: str) -> tuple[str, str] | None:
        lines = sum(1 for line in source.splitlines() if line.strip())
        return (language, source) if language and lines >= MIN_LINES else None

    def _harvested(self, step: Step, language: str, source: str) -> Harvested:
        shingles = sketch(source)
        here = [Earlier(f"step {s.step}", s.shingles) for s in self._ran if s.step != step.started.step]
        alike = [e.where for e in (*here, *self.earlier) if similarity(e.shingles, shingles) >= SIMILAR]
        lines = sum(1 for line in source.splitlines() if line.strip())
        return Harvested(
            step.started.step, language, lines, step.finished.exit_code, shingles, source[:8192], tuple(alike[:3])
        )

    def _recurs(self, event: Harvested) -> str:
        if self._told or not event.similar_to or not self.encouraged() or self.mode == "end" or self.tools_made():
            return ""
        here = any(where.startswith("step") for where in event.similar_to)
        if stocked(event.source) and not here:  # after this task the catalogue's tool is there for the next one
            return ""
        self._told = True
        return (
            f"this script has the shape of the one in {' and '.join(event.similar_to)}. If it comes back again, keep "
            "it: $SCAFFOLD/tools/NAME, with arguments or stdin in place of its constants"
        )


def _language(word: str) -> str:
    """What this command interprets: `python3.12` and `/usr/bin/python` are Python."""
    name = word.rpartition("/")[2]
    return INTERPRETERS.get(name, "") or INTERPRETERS.get(name.rstrip("0123456789."), "")


def _is_read_from_stdin(program: Program) -> bool:
    """Whether an interpreter's stdin is its program, and not data for a script that it was given by name."""
    first = next((word for word in program.words[1:] if word in ("-", "-s") or not word.startswith("-")), "-")
    return first in ("-", "-s")
