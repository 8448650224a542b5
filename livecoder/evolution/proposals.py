"""One typed change to the scaffold, with its evidence. The gate judges these and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from livecoder.scaffold.lessons import Lesson

Origin: TypeAlias = Literal["use", "reflection", "ledger", "user"]


@dataclass(frozen=True, slots=True)
class KeepTool:
    """Add a tool, or replace one, with this text. From use: it lies in the checkout and its calls are the cases."""

    name: str
    content: bytes
    evidence: tuple[int, ...]
    expects: str
    summary: str = ""
    origin: Origin = "use"
    kind = "tool"

    @property
    def target(self) -> str:
        return f"tools/{self.name}"


@dataclass(frozen=True, slots=True)
class RetireTool:
    """Take a tool out; its history stays."""

    name: str
    evidence: tuple[int, ...]
    expects: str
    origin: Origin = "reflection"
    kind = "tool"
    summary = "retire"

    @property
    def target(self) -> str:
        return f"tools/{self.name}"


@dataclass(frozen=True, slots=True)
class AddLesson:
    lesson: Lesson
    evidence: tuple[int, ...]
    expects: str
    origin: Origin = "reflection"
    kind = "lesson"

    @property
    def target(self) -> str:
        return f"lessons/{self.lesson.id}.toml"

    @property
    def summary(self) -> str:
        return self.lesson.text


@dataclass(frozen=True, slots=True)
class RetireLesson:
    """A lesson becomes a tombstone; what is expected of that is the reason on it."""

    name: str
    evidence: tuple[int, ...]
    expects: str
    origin: Origin = "reflection"
    kind = "lesson"
    summary = "retire"

    @property
    def target(self) -> str:
        return f"lessons/{self.name}.toml"


Proposal: TypeAlias = KeepTool | RetireTool | AddLesson | RetireLesson


def lesson_id(text: str) -> str:
    """A readable id from a lesson's first words."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    return "-".join(words[:6])[:48].strip("-") or "lesson"


def subject(proposal: Proposal) -> str:
    """The commit's subject: `tool(edit-lines): …`, `lesson(run-tests): …`."""
    name = proposal.lesson.id if isinstance(proposal, AddLesson) else proposal.name
    line = " ".join(f"{proposal.kind}({name}): {proposal.summary}".split())
    return line if len(line) <= 100 else line[:99] + "…"
