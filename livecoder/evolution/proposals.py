"""One typed change to the scaffold, with the contract that it is made under. The gate judges these and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, get_args

from livecoder.errors import ScaffoldError
from livecoder.evolution.contract import Contract
from livecoder.scaffold.knobs import Value
from livecoder.scaffold.lessons import Lesson

Origin: TypeAlias = Literal["use", "edit", "reflection", "ledger", "user", "import"]
"""A tool that was used; an edit of the agent in its checkout; the look back; all journals together; the user's words; a
pack that the user gave."""
UNCITED: frozenset[Origin] = frozenset({"ledger", "user", "import"})
"""Made by code or given by the user: no model chose what they cite."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A call that shall show that a tool works, where nobody has called it yet."""

    arguments: tuple[str, ...] = ()
    stdin: str = ""


@dataclass(frozen=True, slots=True)
class KeepTool:
    """Add a tool, or replace one, with this text. From use: it lies in the checkout and its calls are the cases."""

    name: str
    content: bytes
    contract: Contract
    summary: str = ""
    origin: Origin = "use"
    trial: Trial | None = None
    kind = "tool"

    @property
    def target(self) -> str:
        return f"tools/{self.name}"


@dataclass(frozen=True, slots=True)
class RetireTool:
    """Take a tool out; its history stays."""

    name: str
    contract: Contract
    origin: Origin = "reflection"
    kind = "tool"
    summary = "retire"

    @property
    def target(self) -> str:
        return f"tools/{self.name}"


class _SaysLesson:
    """What is derived of a lesson that a proposal brings."""

    __slots__ = ()
    lesson: Lesson
    kind = "lesson"

    @property
    def name(self) -> str:
        return self.lesson.id

    @property
    def target(self) -> str:
        return f"lessons/{self.lesson.id}.toml"


@dataclass(frozen=True, slots=True)
class AddLesson(_SaysLesson):
    lesson: Lesson
    contract: Contract
    origin: Origin = "reflection"

    @property
    def summary(self) -> str:
        return self.lesson.text


@dataclass(frozen=True, slots=True)
class ReviseLesson(_SaysLesson):
    """The lesson of this id, said otherwise; its past stays with it."""

    lesson: Lesson
    contract: Contract
    origin: Origin = "reflection"

    @property
    def summary(self) -> str:
        return f"now {self.lesson.text}"


@dataclass(frozen=True, slots=True)
class MergeLessons(_SaysLesson):
    """One lesson in the place of several."""

    ids: tuple[str, ...]
    lesson: Lesson
    contract: Contract
    origin: Origin = "reflection"

    @property
    def summary(self) -> str:
        return f"merges {', '.join(self.ids)}: {self.lesson.text}"


@dataclass(frozen=True, slots=True)
class RetireLesson:
    name: str
    contract: Contract
    origin: Origin = "reflection"
    kind = "lesson"
    summary = "retire"

    @property
    def target(self) -> str:
        return f"lessons/{self.name}.toml"


@dataclass(frozen=True, slots=True)
class EditSection:
    """One section of a prompt, rewritten."""

    prompt: str
    """Without the `.md`."""
    section: str
    text: str
    contract: Contract
    origin: Origin = "reflection"
    kind = "prompt"

    @property
    def name(self) -> str:
        return f"{self.prompt}#{self.section}"

    @property
    def target(self) -> str:
        return f"prompts/{self.prompt}.md#{self.section}"

    @property
    def summary(self) -> str:
        return self.contract.cause


@dataclass(frozen=True, slots=True)
class SetKnob:
    name: str
    value: Value
    contract: Contract
    origin: Origin = "reflection"
    kind = "knob"

    @property
    def target(self) -> str:
        return f"scaffold.toml#{self.name}"

    @property
    def summary(self) -> str:
        return f"{self.value}: {self.contract.cause}"


@dataclass(frozen=True, slots=True)
class KeepHook:
    """Add a hook, or replace one."""

    event: str
    content: bytes
    contract: Contract
    origin: Origin = "reflection"
    kind = "hook"

    @property
    def name(self) -> str:
        return self.event

    @property
    def target(self) -> str:
        return f"hooks/{self.event}"

    @property
    def summary(self) -> str:
        return self.contract.cause


@dataclass(frozen=True, slots=True)
class RemoveHook:
    event: str
    contract: Contract
    origin: Origin = "reflection"
    kind = "hook"
    summary = "remove"

    @property
    def name(self) -> str:
        return self.event

    @property
    def target(self) -> str:
        return f"hooks/{self.event}"


Proposal: TypeAlias = (
    KeepTool
    | RetireTool
    | AddLesson
    | ReviseLesson
    | MergeLessons
    | RetireLesson
    | EditSection
    | SetKnob
    | KeepHook
    | RemoveHook
)
FEWEST_STEPS = {"tool": 1, "lesson": 1, "prompt": 2, "knob": 2, "hook": 2}
"""What reaches into every later step must have been seen more than once."""


def lesson_id(text: str) -> str:
    """A readable id from a lesson's first words."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    return "-".join(words[:6])[:48].strip("-") or "lesson"


def subject(proposal: Proposal) -> str:
    """The commit's subject: `tool(edit-lines): …`, `lesson(run-tests): …`."""
    line = " ".join(f"{proposal.kind}({proposal.name}): {proposal.summary}".split())
    return line if len(line) <= 100 else line[:99] + "…"


def dump(proposal: Proposal) -> dict[str, Any]:
    """The proposal as JSON values, for what must wait. The inverse is `load`."""
    values = asdict(proposal)
    if isinstance(proposal, KeepTool | KeepHook):
        values["content"] = proposal.content.decode("utf-8", "replace")
    return {"is": type(proposal).__name__, "target": proposal.target, **values}


def load(values: Mapping[str, Any]) -> Proposal:
    """Raises ScaffoldError for what `dump` did not write."""
    import json

    from pydantic import TypeAdapter, ValidationError

    known = {cls.__name__: cls for cls in get_args(Proposal)}
    cls: type[Proposal] | None = known.get(str(values.get("is")))
    if cls is None:
        raise ScaffoldError("it is of no kind that is known here", "refuse it: a later look back may propose it again")
    plain = {key: value for key, value in values.items() if key not in ("is", "target")}
    try:
        return TypeAdapter(cls).validate_json(json.dumps(plain))
    except (ValidationError, TypeError) as error:
        raise ScaffoldError(f"it cannot be read: {str(error).splitlines()[0]}", "refuse it") from None
