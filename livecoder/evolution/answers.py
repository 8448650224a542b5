"""The look back's answer: the JSON that a model may give, as types, and the proposals that it stands for.

What an answer claims is for the gate to judge; only its form is checked here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from annotated_types import Len

from livecoder.evolution import proposals as p
from livecoder.evolution.contract import MAX_CAUSE, Contract
from livecoder.scaffold.knobs import Value
from livecoder.scaffold.lessons import Lesson
from livecoder.scaffold.sections import WHOLE

if TYPE_CHECKING:
    from pydantic import ValidationError

MOST = 5
"""Proposals of one look back."""
OBJECT = re.compile(r"\{.*\}", re.S)

Observables: TypeAlias = Annotated[list[Annotated[str, Len(1, 80)]], Len(1, 4)]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a proposal comes from, for its receipts."""

    session: str
    task: str
    when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """What every proposal says of itself."""

    evidence: Annotated[list[int], Len(0, 20)]
    cause: Annotated[str, Len(1, MAX_CAUSE)]
    expects: Annotated[str, Len(1, MAX_CAUSE)]
    improves: Observables
    risks: Observables

    def contract(self) -> Contract:
        return Contract(
            tuple(self.evidence), self.cause.strip(), self.expects.strip(), tuple(self.improves), tuple(self.risks)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonAnswer(_Claim):
    kind: Literal["lesson"]
    action: Literal["add", "revise", "merge"] = "add"
    text: Annotated[str, Len(1, 400)]
    trigger: Annotated[str, Len(0, 120)] = ""
    when: Literal["step", "task"] = "step"
    id: Annotated[str, Len(0, 64)] = ""
    ids: Annotated[tuple[Annotated[str, Len(1, 64)], ...], Len(0, 15)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonEnd(_Claim):
    kind: Literal["lesson"]
    action: Literal["retire"]
    id: Annotated[str, Len(1, 64)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAnswer(_Claim):
    """A tool's text, or its end; `arguments` and `stdin` are a call that shows that a new one works."""

    kind: Literal["tool"]
    action: Literal["add", "revise", "retire"]
    name: str
    text: str = ""
    arguments: list[str] | None = None
    stdin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptAnswer(_Claim):
    kind: Literal["prompt"]
    section: Annotated[str, Len(1, 80)]
    """As in `system#rules`."""
    text: Annotated[str, Len(1, 10_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnobAnswer(_Claim):
    kind: Literal["knob"]
    name: Annotated[str, Len(1, 60)]
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class HookAnswer(_Claim):
    kind: Literal["hook"]
    action: Literal["add", "revise", "remove"]
    event: Annotated[str, Len(1, 40)]
    text: str = ""


AnyAnswer: TypeAlias = LessonAnswer | LessonEnd | ToolAnswer | PromptAnswer | KnobAnswer | HookAnswer
KINDS: dict[str, type[AnyAnswer]] = {
    "lesson": LessonAnswer,
    "tool": ToolAnswer,
    "prompt": PromptAnswer,
    "knob": KnobAnswer,
    "hook": HookAnswer,
}


@dataclass(frozen=True, slots=True)
class Answer:
    proposals: Annotated[list[dict[str, Any]], Len(0, MOST)]


@dataclass(frozen=True, slots=True)
class _Kind:
    kind: Literal["lesson", "tool", "prompt", "knob", "hook"]


@dataclass(frozen=True, slots=True)
class Read:
    """An answer: the proposals that have their form, and what is wrong with each other one."""

    proposals: tuple[p.Proposal, ...]
    faults: tuple[str, ...]


def read(text: str, origin: Origin) -> Read:
    """The proposals in a reply, prose round the object or not. Raises pydantic.ValidationError for no such object."""
    from pydantic import TypeAdapter, ValidationError

    found = OBJECT.search(text)
    answer = TypeAdapter(Answer).validate_json(found[0] if found else text or "nothing")
    proposals: list[p.Proposal] = []
    faults: list[str] = []
    for place, given in enumerate(answer.proposals, 1):
        try:
            # By its kind first, so that what is wrong is told of the kind that was meant.
            kind = TypeAdapter(_Kind).validate_python(given).kind
            ends = kind == "lesson" and given.get("action") == "retire"
            item = TypeAdapter(LessonEnd if ends else KINDS[kind]).validate_python(given)
        except ValidationError as error:
            faults.append(f"proposal {place}: {fault(error)}")
        else:
            proposals.append(_proposal(item, origin))
    return Read(tuple(proposals), tuple(faults))


def fault(error: ValidationError) -> str:
    """The first thing that is wrong, in a line; nothing of what was given but its length."""
    first = error.errors(include_url=False)[0]
    given = first["input"]
    length = f" (it has {len(given)})" if first["type"] == "string_too_long" and isinstance(given, str) else ""
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}{length}".strip(": ")


def _proposal(item: AnyAnswer, origin: Origin) -> p.Proposal:
    contract = item.contract()
    match item:
        case LessonAnswer():
            return _lesson(item, contract, origin)
        case LessonEnd():
            return p.RetireLesson(item.id, contract)
        case ToolAnswer():
            if item.action == "retire":
                return p.RetireTool(item.name, contract)
            trial = None if item.arguments is None else p.Trial(tuple(item.arguments), item.stdin)
            summary = f"{'added' if item.action == 'add' else 'revised'} by reflection"
            return p.KeepTool(item.name, item.text.encode(), contract, summary, "reflection", trial)
        case PromptAnswer():
            prompt, _, section = item.section.partition("#")
            return p.EditSection(prompt, section or WHOLE, item.text, contract)
        case KnobAnswer():
            return p.SetKnob(item.name, item.value, contract)
        case HookAnswer():
            if item.action == "remove":
                return p.RemoveHook(item.event, contract)
            return p.KeepHook(item.event, item.text.encode(), contract)


def _lesson(item: LessonAnswer, contract: Contract, origin: Origin) -> p.Proposal:
    text = " ".join(item.text.split())
    lesson = Lesson(
        id=item.id if item.action == "revise" else p.lesson_id(text),
        text=text,
        trigger=item.trigger.strip(),
        evidence=tuple(f"{origin.session}:{step}" for step in contract.evidence),
        created=origin.when,
        task=origin.task[:200],
        when=item.when,
    )
    match item.action:
        case "add":
            return p.AddLesson(lesson, contract)
        case "revise":
            return p.ReviseLesson(lesson, contract)
        case "merge":
            return p.MergeLessons(item.ids, lesson, contract)
