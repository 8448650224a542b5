"""What happens while a session runs: rounds, turns, commands, and what the model is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from livecoder.events.testing import ChangedTests, RanTests

SCHEMA = 1
"""Raised whenever a field changes its meaning or goes away; new fields with defaults do not raise it."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request. `cached_tokens` is the part of `input_tokens` that the provider had cached."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
        )


@dataclass(frozen=True, slots=True)
class Call:
    """One command that the model asks for. `problem` says why it cannot be run (invalid arguments, unknown tool)."""

    id: str
    command: str
    timeout: float | None = None
    needs: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SessionStarted:
    session: str
    workspace: str
    model: str
    sandbox: str
    protections: tuple[str, ...]
    permission_mode: str
    scaffold: str
    """The generation (commit) that the session started from; "none" for bash alone."""
    tools: tuple[str, ...]
    context_tokens: int
    """Estimated tokens of system prompt, tool and first message without the task."""
    system: str
    """The system prompt as sent."""
    loaded: tuple[str, ...] = ()
    """Instruction files read (AGENTS.md), each with its token estimate."""
    verify: str = ""
    recorded: bool = False
    """The model is a recording or a script: its tokens and cost are no figures."""
    unlisted: tuple[str, ...] = ()
    """Those of `tools` that have no line in the system prompt."""
    network: tuple[str, ...] = ()
    """The hosts that commands may reach, as the user gave them."""
    setup: str = ""
    """The command that made the dependencies, now or in an earlier session."""
    lessons: tuple[str, ...] = ()
    """Lessons in the system prompt, by id; those with a trigger come with `Nudged`."""
    hooks: tuple[str, ...] = ()
    """Hooks at hand whose content the user accepted, by their event."""
    schema: int = SCHEMA


@dataclass(frozen=True, slots=True)
class RoundStarted:
    round: int
    task: str
    """What the user asked, word for word."""
    message: str
    """The whole first message as sent: the task and what the engine adds."""
    outsider: bool = False


@dataclass(frozen=True, slots=True)
class CheckpointTaken:
    """The tree as it was before step `step` of the round (0: the round's start)."""

    round: int
    step: int
    tree: str
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TextArrived:
    """A piece of the reply while it streams. Shown, never journaled: `ModelReplied` has the whole."""

    text: str


@dataclass(frozen=True, slots=True)
class Retried:
    turn: int
    reason: str
    wait_seconds: float
    attempt: int


@dataclass(frozen=True, slots=True)
class ModelReplied:
    turn: int
    text: str
    calls: tuple[Call, ...]
    usage: Usage
    cost_usd: float | None
    """None where the price is unknown."""
    seconds: float
    """From the request to the last byte, retries included."""
    prompt_bytes: int
    """UTF-8 bytes of the messages as sent."""
    purpose: Literal["turn", "reflection"] = "turn"


@dataclass(frozen=True, slots=True)
class CommandStarted:
    turn: int
    step: int
    """Counts from 1 over the session."""
    call_id: str
    command: str
    timeout: float


@dataclass(frozen=True, slots=True)
class CommandFinished:
    turn: int
    step: int
    call_id: str
    exit_code: int
    seconds: float
    output: str
    """The bounded view, clean text."""
    output_bytes: int
    output_lines: int
    truncated: bool
    timed_out: bool
    cwd: str
    blob: str = ""
    """SHA-256 of the full output in the journal's blobs; empty when `output` is the whole."""
    note: str = ""
    """What the engine adds to explain the result: a time-out, a byte cap, a command that the sandbox lacks."""
    tree_changed: bool = False


@dataclass(frozen=True, slots=True)
class Observed:
    """What the model is told about one call, word for word."""

    turn: int
    call_id: str
    text: str


@dataclass(frozen=True, slots=True)
class UserSaid:
    """A message that the engine or the user adds in the middle of a round."""

    text: str
    why: str


@dataclass(frozen=True, slots=True)
class BaseRan:
    """`lc base CMD`: the command on a clean copy of the tree as the session found it."""

    step: int
    command: str
    exit_code: int
    output: str
    seconds: float
    tests: RanTests | None = None
    """Of this run; None where nothing could be read of them."""
    changed: ChangedTests | None = None
    """From this run to the session's last run of the same command, if there was one."""


@dataclass(frozen=True, slots=True)
class GroundMeasured:
    """The tests on the tree as the session found it."""

    command: str
    exit_code: int | None
    """None: stopped after `seconds`, before they had ended."""
    seconds: float
    said: str
    """The counts of the tests; where there are none, the line that says most of how it ended."""
    failing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JobStarted:
    """`lc run NAME CMD`: the command goes on in the background, beyond the step that asked for it."""

    step: int
    name: str
    command: str


@dataclass(frozen=True, slots=True)
class JobEnded:
    """How a job ended, at the step that was told; `output` is the bounded view."""

    step: int
    name: str
    exit_code: int
    seconds: float
    output: str
    output_lines: int
    truncated: bool
    blob: str = ""
    """SHA-256 of the full output in the journal's blobs; empty when `output` is the whole."""


@dataclass(frozen=True, slots=True)
class ServiceStarted:
    """`lc serve NAME CMD`: the command goes on until the session ends, and others reach it on loopback."""

    step: int
    name: str
    command: str
    ports: tuple[int, ...]
    """On which it listened when the model was told; none where it did not yet, or has ended."""
    seconds: float
    """That were waited for it."""


@dataclass(frozen=True, slots=True)
class ServiceEnded:
    """How a service ended before the session, at the step that was told."""

    step: int
    name: str
    exit_code: int
    seconds: float
    output: str
    stopped: bool
    """By `lc serve`; else by itself."""
    blob: str = ""
    """SHA-256 of the full output in the journal's blobs; empty when `output` is the whole."""


@dataclass(frozen=True, slots=True)
class NetworkAsked:
    """A host that commands asked for until step `step` ended, and what the filter answered."""

    step: int
    host: str
    """`host:port`, or the beginning of what could not be read."""
    allowed: bool
    why: str
    """Why it was refused, or why it could not be reached though it was allowed."""
    count: int


@dataclass(frozen=True, slots=True)
class PermissionDenied:
    """What a command may not have, or may not be. One that rules refused did not run."""

    step: int
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class PermissionGranted:
    """What a rule asks about was allowed before the command ran: by the user's answer, or by the session's mode."""

    step: int
    what: str
    scope: str
    """once, session, prefix (kept in the user's configuration) or mode."""


@dataclass(frozen=True, slots=True)
class LimitWarned:
    limit: str
    text: str


@dataclass(frozen=True, slots=True)
class Warned:
    text: str
