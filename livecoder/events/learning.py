"""What a session learns: tools, nudges, harvested scripts, proposals and what the gate said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ToolCreated:
    name: str
    summary: str
    lines: int
    step: int


@dataclass(frozen=True, slots=True)
class ToolRevised:
    name: str
    summary: str
    lines: int
    step: int


@dataclass(frozen=True, slots=True)
class ToolBroken:
    name: str
    reason: str
    step: int


@dataclass(frozen=True, slots=True)
class ToolUsed:
    """One call of a scaffold tool, as its launcher recorded it inside the sandbox: evidence to check, not proof."""

    name: str
    step: int
    arguments: tuple[str, ...]
    stdin: str
    cwd: str
    exit_code: int
    tree: str
    """The checkpoint just before the step."""
    replayable: bool = True
    """False when stdin came from a pipe and is not known."""


@dataclass(frozen=True, slots=True)
class Nudged:
    """An advice to the model, by evidence: which pattern, at which steps."""

    pattern: str
    steps: tuple[int, ...]
    text: str
    lesson: str = ""
    """The lesson that is shown, by id, where it is one."""


@dataclass(frozen=True, slots=True)
class Harvested:
    """A throw-away script that the model wrote and ran: a candidate for a tool."""

    step: int
    language: str
    lines: int
    exit_code: int
    shingles: tuple[int, ...]
    source: str
    similar_to: tuple[str, ...] = ()
    """`session:step` of earlier scripts of the same shape."""


@dataclass(frozen=True, slots=True)
class ScaffoldEdited:
    """The agent changed a file of its own checkout that is no tool; `source` is what stands there now."""

    path: str
    step: int
    source: str
    removed: bool = False
    problem: str = ""
    """Why it cannot be read; then `source` is empty."""


@dataclass(frozen=True, slots=True)
class HookSaid:
    """What a hook told the model: a remark, or why it should not finish yet."""

    hook: str
    step: int
    """The step that it followed; 0 at a round's start."""
    text: str
    effect: Literal["say", "deny"] = "say"


@dataclass(frozen=True, slots=True)
class HookRan:
    """A hook that had nothing to say."""

    hook: str
    step: int


@dataclass(frozen=True, slots=True)
class HookFailed:
    hook: str
    step: int
    reason: str
    off: bool = False
    """It does not run again in this session."""
    ran: bool = True
    """False where it was not even started: nobody accepted what lies there."""


@dataclass(frozen=True, slots=True)
class Proposed:
    kind: str
    target: str
    summary: str
    evidence: tuple[int, ...]
    expects: str
    origin: Literal["use", "edit", "reflection", "ledger", "user", "import"]
    cause: str = ""
    improves: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProposalRefused:
    kind: str
    target: str
    reason: str
    inbox: bool = False
    """True when it waits for the user instead of being dropped."""


@dataclass(frozen=True, slots=True)
class ScaffoldCommitted:
    before: str
    after: str
    subject: str
    receipts: dict[str, str]


@dataclass(frozen=True, slots=True)
class VerdictGiven:
    """What later rounds say of an earlier generation: observed, not caused."""

    generation: str
    subject: str
    verdict: Literal["effective", "partial", "ineffective", "harmful", "too early"]
    why: str


@dataclass(frozen=True, slots=True)
class Reflected:
    """How reflection went: done, pending (a later run does it), skipped (why), or failed."""

    state: Literal["done", "pending", "skipped", "failed", "off"]
    why: str = ""
    cost_usd: float | None = 0.0
    proposals: int = 0
    accepted: int = 0
    predicted: int = 0
    """Predictions of this model's earlier proposals here that later rounds could judge."""
    came_true: int = 0


@dataclass(frozen=True, slots=True)
class Lasted:
    """What this session found of an earlier one's change, at its own start."""

    session: str
    lines: int
    """Lines that the earlier session had added."""
    kept: int
    """Those of them that were still there."""
    undone: bool
    """Every file that it had changed was as before it."""
