"""What was refused or taken back is not tried again: which change is the same as an earlier one, and what became of it.

Two changes are the same when they say the same in the same place: comments, blank lines, case and punctuation of prose
do not count. Nothing is written here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from livecoder.evolution import proposals as p
from livecoder.scaffold.rejected import Rejected
from livecoder.scaffold.store import GenerationInfo

CONTENT = "Content"
"""The receipt that holds a commit's essence."""
REVERTS = "Reverts"
"""The receipt of a commit that takes back one other commit alone."""
_ROLLBACK = re.compile(r"rollback: (?P<target>\S+)")
_SUBJECT = re.compile(r"(?P<kind>[a-z]+)\((?P<name>[^()\s]+)\): ")


def essence(proposal: p.Proposal) -> str:
    """The hash of what a change says."""
    match proposal:
        case p.KeepTool():
            said = ("tool", _code(proposal.content))
        case p.KeepHook():
            said = ("hook", proposal.event, _code(proposal.content))
        case p.AddLesson() | p.ReviseLesson() | p.MergeLessons():
            said = ("lesson", _prose(proposal.lesson.text))
        case p.EditSection():
            said = (proposal.target, _prose(proposal.text))
        case p.SetKnob():
            said = (proposal.target, str(proposal.value))
        case p.RetireTool() | p.RetireLesson() | p.RemoveHook():
            said = ("retire", proposal.target)
    return hashlib.sha256("\0".join(said).encode("utf-8", "replace")).hexdigest()[:16]


def why_not_again(wanted: str, refused: Iterable[Rejected], history: Sequence[GenerationInfo]) -> str:
    """Why a change of this essence is not tried again; "" when it may be."""
    for old in refused:
        if old.essence == wanted:
            return f"it was refused before ({old.when[:10]}): {old.reason}"
    return "it was in the scaffold before and was taken back" if wanted in taken_back(history) else ""


def taken_back(history: Sequence[GenerationInfo]) -> frozenset[str]:
    """The essences that a rollback or a revert took out again, by a history that begins with the newest.

    What was replaced by a later change is not among them.
    """
    past = _Past()
    for info in reversed(history):
        past.follow(info)
    return frozenset(past.gone)


class _Past:
    """Which changes are live, generation by generation, and which were taken out."""

    def __init__(self) -> None:
        self.gone: set[str] = set()
        self._live: dict[str, GenerationInfo] = {}
        self._then: dict[str, dict[str, GenerationInfo]] = {}
        self._undone: dict[str, tuple[str, GenerationInfo]] = {}
        """By name, what a rollback took out: a second one brings it back."""

    def follow(self, info: GenerationInfo) -> None:
        before = self._live.keys()
        if found := _ROLLBACK.match(info.subject):
            self._roll_back(found["target"])
        elif reverted := info.receipts.get(REVERTS):
            self._live = {essence: old for essence, old in self._live.items() if not _same(old.id, reverted)}
        elif content := info.receipts.get(CONTENT):
            self._live = {**{essence: old for essence, old in self._live.items() if essence != content}, content: info}
            self._undone.pop(_name(info), None)
        self.gone = (self.gone | (before - self._live.keys())) - self._live.keys()
        self._then[info.id] = self._live

    def _roll_back(self, target: str) -> None:
        for id, live in self._then.items():
            if _same(id, target):
                self._live = live
                return
        name = target.rpartition("/")[2].removesuffix(".toml")
        if name in self._undone:
            essence, info = self._undone.pop(name)
            self._live = {**self._live, essence: info}
            return
        newest = next((essence for essence in reversed(self._live) if _name(self._live[essence]) == name), "")
        if newest:
            self._undone[name] = (newest, self._live[newest])
            self._live = {essence: info for essence, info in self._live.items() if essence != newest}


def _name(info: GenerationInfo) -> str:
    found = _SUBJECT.match(info.subject)
    return found["name"] if found else ""


def _same(one: str, other: str) -> bool:
    """Two short ids of one commit may differ in length."""
    return len(one) >= 7 and len(other) >= 7 and (one.startswith(other) or other.startswith(one))


def _code(content: bytes) -> str:
    lines = content.decode("utf-8", "replace").splitlines()
    kept = (line.rstrip() for number, line in enumerate(lines) if not number or not line.lstrip().startswith("#"))
    return "\n".join(line for line in kept if line)


def _prose(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
