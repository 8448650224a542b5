"""Stage 5, during the task: which tools the agent made, whether they work, and how each of their calls ended.

What the launchers record inside the sandbox is evidence to check, never proof: the gate replays it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from livecoder.command import Program, programs
from livecoder.events import Event, ToolBroken, ToolCreated, ToolRevised, ToolUsed
from livecoder.loop import Notice, State, Step
from livecoder.sandbox import ToolCall
from livecoder.sandbox.pinned import Pins
from livecoder.scaffold.tools import Change, Run, Seen, changed, check_tool, make_executable, read_tool
from livecoder.scaffold.usage import forms

STRIKES = 2
"""Broken tools in a row after which tool-making is no longer encouraged in this session."""


@dataclass(slots=True)
class ToolWatch:
    """A watcher. `checkout` is the session's scaffold; `run` runs a command in a sandbox that sees it."""

    checkout: Path
    run: Run
    tree: Callable[[], str]
    """The checkpoint of the tree as it was before the step."""
    pins: Pins | None = None
    """Which bytes the tools may have; None: any."""
    seen: dict[str, Seen] = field(default_factory=dict[str, Seen])
    made: dict[str, str] = field(default_factory=dict[str, str])
    """Tools created or revised in this session, and not broken; each with its purpose as its `--help` has it."""
    uses: list[ToolUsed] = field(default_factory=list[ToolUsed])
    _strikes: int = 0
    _told: set[str] = field(default_factory=set[str])
    """Tools of which was said that they are not run."""
    _good: set[str] = field(default_factory=set[str])
    """Tools that were usable once: a new text of another is not a revision of one."""

    def __post_init__(self) -> None:
        self.seen, _ = changed({}, self.checkout)
        self._good = set(self.seen)

    def encouraged(self) -> bool:
        return self._strikes < STRIKES

    def after_step(self, step: Step, state: State) -> Iterable[Notice]:
        known = {name for name, seen in self.seen.items() if seen.digest}
        self.seen, changes = changed(self.seen, self.checkout)
        refused = self.pins.refused() if self.pins else {}
        yield from self._refused(refused, step.started.step)
        for change in changes:
            if change.name not in refused:
                yield from self._changed(change, step.started.step)
        fresh = {name for name, seen in self.seen.items() if seen.digest} - known
        for use in self._used(step, fresh):
            self.uses.append(use)
            yield Notice(use)

    def before_end(self, state: State) -> None:
        return None

    def _refused(self, refused: Mapping[str, str], step: int) -> Iterable[Notice]:
        """What the launchers do not run is none of this session's tools, and said once."""
        for name, reason in refused.items():
            self._forget(name)
            if name not in self._told:
                yield Notice(ToolBroken(name, reason, step), f"tool {name} is not run: {reason}")
        self._told = set(refused)

    def _changed(self, change: Change, step: int) -> Iterable[Notice]:
        name = change.name
        if change.kind == "removed":
            self._forget(name)
            return
        if change.kind == "refused":
            # It may have been a good tool before: a symlink in its place must not be read as one.
            self._forget(name)
            yield self._broken(name, change.reason, step)
            return
        marked = make_executable(self.checkout, name)
        verdict = check_tool(self.run, name, self.checkout)
        if not verdict.ok:
            self._forget(name)
            yield self._broken(name, verdict.reason, step)
            return
        self._strikes = 0
        born = change.kind == "created" or name not in self._good
        self._good.add(name)
        self.made[name] = verdict.summary
        lines = read_tool(self.checkout, name).lines
        event: Event = (ToolCreated if born else ToolRevised)(name, verdict.summary, lines, step)
        extra = " (made executable)" if marked else ""
        done = "is a command now" if born else "revised"
        proven = any(_proves(use, name) for use in self.uses)
        each = " in each form of its --help" if len(forms(verdict.help, name)) > 1 else ""
        kept = "" if proven and not each else f" (kept for later tasks once a call of it{each} has worked)"
        yield Notice(event, f"tool {name} {done}{extra}{kept}")

    def _forget(self, name: str) -> None:
        self.made.pop(name, None)

    def _broken(self, name: str, reason: str, step: int) -> Notice:
        self._strikes += 1
        return Notice(ToolBroken(name, reason, step), f"tool {name} is not usable: {reason}")

    def _used(self, step: Step, fresh: set[str]) -> list[ToolUsed]:
        called = [p for p in programs(step.started.command) if p.name in self.seen] if self.seen else []
        calls = [*step.finished.tool_calls, *self._first_calls(step, called, fresh)]
        return [self._use(step, call, called) for call in calls]

    def _first_calls(self, step: Step, called: list[Program], fresh: set[str]) -> list[ToolCall]:
        """Calls in the very command that wrote the tool: no launcher was there yet, the command line has to do."""
        recorded = {call.name for call in step.finished.tool_calls}
        cwd, code = step.finished.cwd, step.finished.exit_code
        return [
            ToolCall(p.name, p.words[1:], cwd, code, p.heredoc is not None)
            for p in called
            if p.name in fresh - recorded and not any("$" in w or "`" in w for w in p.words[1:])
        ]

    def _use(self, step: Step, call: ToolCall, called: list[Program]) -> ToolUsed:
        stdin = next(
            (
                p.heredoc.body
                for p in called
                if p.heredoc and p.heredoc.quoted and p.name == call.name and p.words[1:] == call.arguments
            ),
            "",
        )
        return ToolUsed(
            name=call.name,
            step=step.started.step,
            arguments=call.arguments,
            stdin=stdin,
            cwd=call.cwd,
            exit_code=call.exit_code,
            tree=self.tree(),
            replayable=bool(stdin) or not call.stdin_piped,
        )


def _proves(use: ToolUsed, name: str) -> bool:
    return use.name == name and proves(use)


def proves(use: ToolUsed) -> bool:
    """Whether this call can become a case: it worked, did something, and can be repeated."""
    return use.exit_code == 0 and use.replayable and use.arguments not in (("--help",), ("-h",), ("--self-test",))
