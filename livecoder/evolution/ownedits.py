"""What the agent changed in its own checkout besides tools: seen step by step, and proposed when the round is over.

An edit says nothing of why it was made. Its evidence is the steps that made it and the failures seen just before; its
contract is the usual one of its kind.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from livecoder.errors import ScaffoldError
from livecoder.events import ScaffoldEdited
from livecoder.evolution import proposals as p
from livecoder.evolution.contract import Contract
from livecoder.loop import Notice, State, Step
from livecoder.scaffold.changes import SETTINGS, allowed
from livecoder.scaffold.files import entries, read_file
from livecoder.scaffold.knobs import load_knobs, turned
from livecoder.scaffold.lessons import parse
from livecoder.scaffold.sections import sections

FOLDERS = ("prompts", "lessons", "hooks")
LED_TO = 3
"""Failures before an edit that count as what led to it."""
KNOBS = {
    "output_chars": ("cut_outputs", "prompt_bytes"),
    "command_timeout_seconds": ("timeouts", "seconds"),
    "no_progress_repeats": ("turns", "commands"),
}
"""What a knob is usually turned for, and what that usually costs."""
USUAL = {
    "lesson": ("turns", "prompt_bytes"),
    "knob": ("turns", "prompt_bytes"),
    "prompt": ("turns", "verify"),
    "hook": ("failed_commands", "turns"),
}
Refusal: TypeAlias = tuple[str, str, str]
"""Kind, target and reason of an edit that is no proposal."""


@dataclass(slots=True)
class EditWatch:
    """A watcher over the checkout; what it was at the start is what edits are compared with."""

    checkout: Path
    base: dict[str, bytes] = field(default_factory=dict[str, bytes])
    steps: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    """By path, the steps that changed it."""
    _failed: list[int] = field(default_factory=list[int])
    _led: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    _seen: dict[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    _proposed: dict[str, bytes | None] = field(default_factory=dict[str, bytes | None])

    def __post_init__(self) -> None:
        self._seen = self._survey()
        self.base = {path: data for path in self._seen if (data := self._read(path)) is not None}

    def after_step(self, step: Step, state: State) -> Iterable[Notice]:
        number, now = step.started.step, self._survey()
        for path in sorted({path for path, _ in now.items() ^ self._seen.items()}):
            self.steps.setdefault(path, []).append(number)
            self._led.setdefault(path, self._failed[-LED_TO:])
            yield Notice(self._event(path, number, path not in now))
        self._seen = now
        if step.finished.exit_code or step.finished.truncated:
            self._failed.append(number)

    def before_end(self, state: State) -> None:
        return None

    def proposals(self) -> tuple[list[p.Proposal], list[Refusal]]:
        """Each edit that was not proposed yet, in its last form; and those that cannot be one, with why."""
        found: list[p.Proposal] = []
        refused: list[Refusal] = []
        for path, steps in self.steps.items():
            now = self._read(path) if path in self._seen else None
            unreadable = now is None and path in self._seen
            if (now == self.base.get(path) and not unreadable) or self._proposed.get(path, b"\0") == now:
                continue
            self._proposed[path] = now
            evidence = tuple(dict.fromkeys([*self._led.get(path, ()), *steps]))
            try:
                if unreadable:
                    raise ScaffoldError(f"{path} cannot be read")
                found += _proposed(path, self.base.get(path), now, evidence)
            except ScaffoldError as error:
                refused.append((_kind(path), path, str(error)))
        return found, refused

    def taken_over(self, path: str, content: bytes | None) -> None:
        """The engine itself wrote this file: no edit of the agent's."""
        if content is None:
            self.base.pop(path, None)
        else:
            self.base[path] = content
        self.steps.pop(path, None)
        self._seen = self._survey()

    def _event(self, path: str, step: int, removed: bool) -> ScaffoldEdited:
        data = None if removed else self._read(path)
        source = (data or b"").decode("utf-8", "replace")
        problem = "" if removed or data is not None else "it cannot be read"
        return ScaffoldEdited(path, step, source, removed, problem)

    def _survey(self) -> dict[str, tuple[int, ...]]:
        """One stat a file; nothing is followed or opened."""
        found: dict[str, tuple[int, ...]] = {}
        for folder in FOLDERS:
            try:
                listed = entries(self.checkout, folder)
            except ScaffoldError:
                continue  # made unreadable by a command: told when the next session reads it
            for name, status in listed:
                found[f"{folder}/{name}"] = _signature(status)
        try:
            found[SETTINGS] = _signature((self.checkout / SETTINGS).lstat())
        except OSError:
            pass
        return found

    def _read(self, path: str) -> bytes | None:
        try:
            return read_file(self.checkout, path).data
        except ScaffoldError:
            return None


def _signature(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_mode)


def _kind(path: str) -> str:
    return {"prompts": "prompt", "lessons": "lesson", "hooks": "hook"}.get(path.partition("/")[0], "knob")


def _proposed(path: str, old: bytes | None, new: bytes | None, evidence: tuple[int, ...]) -> Iterator[p.Proposal]:
    """The proposals that one changed file stands for. Raises ScaffoldError for what can be none."""
    folder, _, name = path.partition("/")
    if not allowed(path):
        raise ScaffoldError(f"{path[:80]} cannot be part of a scaffold")
    match folder:
        case "lessons":
            yield _lesson(name.removesuffix(".toml"), old, new, _contract("lesson", path, evidence))
        case "hooks":
            contract = _contract("hook", path, evidence)
            yield p.RemoveHook(name, contract, "edit") if new is None else p.KeepHook(name, new, contract, "edit")
        case "prompts":
            if old is None or new is None:
                raise ScaffoldError("prompts are rewritten by sections, neither added nor taken away")
            yield from _sections(name.removesuffix(".md"), _text(path, old), _text(path, new), evidence)
        case _:
            yield from _knobs(old, new, evidence)


def _contract(kind: str, what: str, evidence: tuple[int, ...], usual: tuple[str, str] | None = None) -> Contract:
    improves, risks = usual or USUAL[kind]
    cause = f"the agent changed {what} itself at step {evidence[-1]}"
    return Contract(evidence, cause, f"fewer {improves} in later tasks here", (improves,), (risks,))


def _lesson(id: str, old: bytes | None, new: bytes | None, contract: Contract) -> p.Proposal:
    if new is None:
        return p.RetireLesson(id, contract, "edit")
    lesson = parse(id, _text(f"lessons/{id}.toml", new))
    return p.AddLesson(lesson, contract, "edit") if old is None else p.ReviseLesson(lesson, contract, "edit")


def _sections(prompt: str, old: str, new: str, evidence: tuple[int, ...]) -> Iterator[p.Proposal]:
    before, after = sections(old), sections(new)
    if list(before) != list(after):
        raise ScaffoldError(f"its sections must stay {', '.join(before)}")
    for name, text in after.items():
        if text != before[name]:
            yield p.EditSection(prompt, name, text, _contract("prompt", f"{prompt}#{name}", evidence), "edit")


def _knobs(old: bytes | None, new: bytes | None, evidence: tuple[int, ...]) -> Iterator[p.Proposal]:
    before, after = load_knobs(old or b""), load_knobs(new or b"")
    for name, value in turned(before, after).items():
        yield p.SetKnob(name, value, _contract("knob", name, evidence, KNOBS.get(name)), "edit")


def _text(path: str, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise ScaffoldError(f"{path} is not UTF-8") from None
