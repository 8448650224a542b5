"""When a conversation no longer fits the model's window: its oldest outputs become one line each, and it goes on.

Nothing is lost by that, since `lc out` gives each back word for word. It is done seldom, in one go and far enough: what
was sent before is sent anew, past the provider's cache. The loop's own conversation stays whole.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path

from livecoder.errors import ContextOverflow
from livecoder.events import Compacted, Retried, TextArrived
from livecoder.loop import Notice, State, Step
from livecoder.model import Ask, Assistant, Cancelled, Message, Model, Observation, Reply, System, User
from livecoder.model.catalogue import context_window
from livecoder.observation import Observations

LARGE = 400
"""Characters from which something that was told is worth a line in its place."""
LEAST_REPLY = 4096
"""Tokens that are left for a reply, or a tenth of the window where that is more; never more than half of it."""
OUT = (
    "[{characters:,} characters of output, taken out to make room: "
    "`lc out {step}` shows them, `lc out {step} A:B` lines A to B]"
)
SHORTER = "shorten the task or the instruction files (AGENTS.md), or choose a model with a larger window"


@dataclass(frozen=True, slots=True)
class _Told:
    """How an observation is made up: `output` characters of what command `step` printed, then what was said of it."""

    step: int
    output: int


class Compaction:
    """Stands between the loop and the model, for a session; as a watcher it learns which output is of which step.

    `out` is the directory that `lc out` reads. `window` is in tokens; None: only a refusal tells.
    """

    def __init__(self, model: Model, observations: Observations, out: Path, window: int | None) -> None:
        self.name = model.name
        self.recorded = model.recorded
        self._model = model
        self._observations = observations
        self._out = out
        self._window = window
        self._density = inf
        """Tokens a character, the least that was reported: where that is too little, a refusal says so."""
        self._ran: dict[str, Step] = {}
        """Steps since the last request, by the ids of their calls."""
        self._told: dict[Observation, _Told] = {}
        self._short: dict[Observation, Observation] = {}
        """What is sent instead of what was told at first."""

    def estimate_tokens(self, text: str) -> int:
        return self._model.estimate_tokens(text)

    def after_step(self, step: Step, state: State) -> Iterable[Notice]:
        self._ran[step.started.call_id] = step
        return ()

    def before_end(self, state: State) -> None:
        return None

    def ask(
        self, messages: Sequence[Message], ask: Ask, cancelled: Cancelled
    ) -> Generator[TextArrived | Retried | Compacted, None, Reply]:
        """See `Model.ask`. Raises ContextOverflow only when there is nothing left to take out."""
        self._learn(messages)
        if (full := self._nearly_full(messages)) and (made := self._compacted(messages, ask.turn, full)):
            yield made
        while True:
            sent = self._sent(messages)
            try:
                reply = yield from self._model.ask(sent, ask, cancelled)
            except ContextOverflow as error:
                made = self._compacted(messages, ask.turn, str(error), unread=True)
                if made is None:
                    raise _final(error, messages) from None
                yield made
            else:
                if self._window and reply.usage.input_tokens:
                    self._density = min(self._density, reply.usage.input_tokens / _characters(sent))
                return reply

    def _learn(self, messages: Sequence[Message]) -> None:
        """Which of the newest observations are of which steps."""
        for message in _unread(messages):
            if step := self._ran.get(message.call_id):
                output = step.finished.output.rstrip("\n")
                told = output.strip() and message.text.startswith(output)
                self._told[message] = _Told(step.started.step, len(output) if told else 0)
        self._ran.clear()

    def _nearly_full(self, messages: Sequence[Message]) -> str:
        """Why there is no room left for a reply; "" where there is, or nobody knows."""
        if not self._window or self._density == inf:
            return ""
        tokens = self._density * _characters(self._sent(messages))
        room = min(max(self._window // 10, LEAST_REPLY), self._window // 2)
        return f"about {tokens:,.0f} tokens of {self._window:,} are used" if tokens > self._window - room else ""

    def _sent(self, messages: Sequence[Message]) -> Sequence[Message]:
        if not self._short:
            return messages
        return [self._short.get(m, m) if isinstance(m, Observation) else m for m in messages]

    def _compacted(self, messages: Sequence[Message], turn: int, why: str, *, unread: bool = False) -> Compacted | None:
        """Take out the oldest outputs until half is left; None where there is none.

        Those that the model has not read yet only where all others are gone, and `unread` allows it.
        """
        before = left = _characters(self._sent(messages))
        steps: list[int] = []
        newest = _unread(messages)
        told = [m for m in messages if isinstance(m, Observation) and m in self._told and m not in self._short]
        read, not_read = [m for m in told if m not in newest], [m for m in told if m in newest]
        for candidates in (read, not_read if unread else ()):
            for message in candidates:
                if left > before // 2 and (short := self._shortened(message)):
                    left -= len(message.text) - len(short.text)
                    self._short[message] = short
                    steps.append(self._told[message].step)
            if steps:
                self._observations.forget(steps)
                return Compacted(turn, tuple(steps), before, left, why)
        return None

    def _shortened(self, message: Observation) -> Observation | None:
        """The observation with a line in place of its output, and of what else was said if that is long as well.

        None where that makes no room, or something could not be given back.
        """
        told = self._told[message]
        output, said = message.text[: told.output], message.text[told.output :].lstrip("\n")
        if len(output) > LARGE and (self._out / str(told.step)).is_file():
            output = OUT.format(characters=len(output), step=told.step)
        if len(said) > LARGE:
            said = self._filed(told.step, message.text, said)
        short = "\n".join(filter(None, (output, said)))
        return Observation(message.call_id, short) if len(short) < len(message.text) else None

    def _filed(self, step: int, text: str, said: str) -> str:
        """`said` as its first line alone, the exit code, once the whole `text` lies where `lc out` finds it."""
        name = f"{step}.told"
        try:
            (self._out / name).write_text(text, encoding="utf-8", errors="replace")
        except OSError:
            return said
        first, _, rest = said.partition("\n")
        return f"{first}\n[{len(rest):,} characters on what came of it, taken out as well: `lc out {name}` shows all]"


def window(model: Model, said: int = 0) -> int | None:
    """In tokens: what the user `said`, else what is known. A recording has none: it must see what it saw."""
    return None if model.recorded else said or context_window(model.name)


def _unread(messages: Sequence[Message]) -> list[Observation]:
    """What came after the model's last word, the oldest first."""
    found: list[Observation] = []
    for message in reversed(messages):
        if isinstance(message, Assistant):
            break
        if isinstance(message, Observation):
            found.insert(0, message)
    return found


def _final(error: ContextOverflow, messages: Sequence[Message]) -> ContextOverflow:
    """Where the first request is too long already, a new session would begin with the same: another remedy."""
    began = any(isinstance(message, Assistant) for message in messages)
    error.remedy = error.remedy if began else SHORTER
    return error


def _characters(messages: Sequence[Message]) -> int:
    return sum(map(_length, messages))


def _length(message: Message) -> int:
    match message:
        case Assistant(text, calls):
            return len(text) + sum(len(call.command) for call in calls)
        case System(text) | User(text) | Observation(_, text):
            return len(text)
