"""The one union that everything downstream reads: journal, views, replay, harvest, reflection.

Every event is a frozen dataclass of plain values. `to_json` and `from_json` are the only doors to and from text; the
field names are the JSON names. A new reader never changes the loop. No behaviour lives here.
"""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from livecoder.events.compaction import Compacted
from livecoder.events.conversation import (
    SCHEMA,
    BaseRan,
    Call,
    CheckpointTaken,
    CommandFinished,
    CommandStarted,
    GroundMeasured,
    JobEnded,
    JobStarted,
    LimitWarned,
    ModelReplied,
    NetworkAsked,
    Observed,
    PermissionDenied,
    PermissionGranted,
    Retried,
    RoundStarted,
    ServiceEnded,
    ServiceStarted,
    SessionStarted,
    TextArrived,
    Usage,
    UserSaid,
    Warned,
)
from livecoder.events.ending import (
    BranchCommit,
    BranchMade,
    Ending,
    Outcome,
    PatchMade,
    Result,
    RoundEnded,
    Verified,
)
from livecoder.events.learning import (
    Harvested,
    HookFailed,
    HookRan,
    HookSaid,
    Lasted,
    Nudged,
    ProposalRefused,
    Proposed,
    Reflected,
    ScaffoldCommitted,
    ScaffoldEdited,
    ToolBroken,
    ToolCreated,
    ToolRevised,
    ToolUsed,
    VerdictGiven,
)
from livecoder.events.testing import ChangedTests, FailuresHidden, Names, RanTests

if TYPE_CHECKING:
    from pydantic import TypeAdapter

__all__ = [
    "SCHEMA",
    "BaseRan",
    "BranchCommit",
    "BranchMade",
    "Call",
    "ChangedTests",
    "CheckpointTaken",
    "CommandFinished",
    "CommandStarted",
    "Compacted",
    "Ending",
    "Event",
    "FailuresHidden",
    "GroundMeasured",
    "Harvested",
    "HookFailed",
    "HookRan",
    "HookSaid",
    "JobEnded",
    "JobStarted",
    "Lasted",
    "LimitWarned",
    "ModelReplied",
    "Names",
    "NetworkAsked",
    "Nudged",
    "Observed",
    "Outcome",
    "PatchMade",
    "PermissionDenied",
    "PermissionGranted",
    "ProposalRefused",
    "Proposed",
    "RanTests",
    "Reflected",
    "Result",
    "Retried",
    "RoundEnded",
    "RoundStarted",
    "ScaffoldCommitted",
    "ScaffoldEdited",
    "ServiceEnded",
    "ServiceStarted",
    "SessionStarted",
    "TextArrived",
    "ToolBroken",
    "ToolCreated",
    "ToolRevised",
    "ToolUsed",
    "Usage",
    "UserSaid",
    "VerdictGiven",
    "Verified",
    "Warned",
    "from_json",
    "json_schema",
    "kind",
    "to_json",
]

Event: TypeAlias = (
    SessionStarted
    | RoundStarted
    | CheckpointTaken
    | TextArrived
    | Retried
    | Compacted
    | ModelReplied
    | CommandStarted
    | CommandFinished
    | Observed
    | UserSaid
    | FailuresHidden
    | BaseRan
    | GroundMeasured
    | JobStarted
    | JobEnded
    | ServiceStarted
    | ServiceEnded
    | NetworkAsked
    | PermissionDenied
    | PermissionGranted
    | ToolCreated
    | ToolRevised
    | ToolBroken
    | ToolUsed
    | Nudged
    | Harvested
    | ScaffoldEdited
    | HookSaid
    | HookRan
    | HookFailed
    | LimitWarned
    | RoundEnded
    | Verified
    | PatchMade
    | BranchMade
    | Proposed
    | ProposalRefused
    | ScaffoldCommitted
    | VerdictGiven
    | Reflected
    | Lasted
    | Warned
    | Result
)


def kind(event: Event | type[Event]) -> str:
    """`CommandStarted` -> "command_started": the event's name in JSON."""
    name = event.__name__ if isinstance(event, type) else type(event).__name__
    return name[0].lower() + "".join(f"_{c.lower()}" if c.isupper() else c for c in name[1:])


def to_json(event: Event) -> dict[str, Any]:
    """The event as JSON values, with its kind under "event"."""
    return {"event": kind(event), **dataclasses.asdict(event)}


def from_json(data: dict[str, Any]) -> Event:
    """The inverse of `to_json`. Raises pydantic.ValidationError for what is not an event of this schema."""
    values = {key: value for key, value in data.items() if key != "event"}
    return _readers()[data["event"]].validate_python(values)


def json_schema() -> dict[str, Any]:
    """A JSON Schema of every event, each under its kind."""
    return {name: reader.json_schema() for name, reader in _readers().items()}


@lru_cache(maxsize=1)
def _readers() -> dict[str, TypeAdapter[Event]]:
    from pydantic import TypeAdapter

    return {kind(cls): TypeAdapter(cls) for cls in get_args(Event)}
