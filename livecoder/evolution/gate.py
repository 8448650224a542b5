"""Stage 6: the only door into a scaffold's history. Refuses by code, with a reason; what it accepts is one commit.

Checks are a list; each takes the proposal and what the gate knows, and returns a reason or nothing. A check never
trusts what the proposal says of itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from livecoder.errors import ScaffoldError, WorkspaceError
from livecoder.events import ToolUsed
from livecoder.evolution.proposals import AddLesson, KeepTool, Proposal, RetireLesson, RetireTool
from livecoder.evolution.replay import Replay, departs, make_cases
from livecoder.evolution.shape import similarity, sketch
from livecoder.scaffold.cases import MAX_CASES, Case
from livecoder.scaffold.lessons import Lesson, adding, lint, operated
from livecoder.scaffold.reserved import name_problem
from livecoder.scaffold.tools import Run, check_tool

SAME_TOOL = 0.9
OVERLAP_WORDS = 8
MAX_TOOL_BYTES = 64 * 1024
MAX_TOOLS = 20
"""Active tools of a project; one more needs one less."""
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Bench:
    """What the gate knows, from the journal and the store, never from the proposal."""

    candidate: Path
    """A checkout of the branch's head with the proposal's change applied."""
    workspace: Path
    tools: Mapping[str, bytes]
    """The tools of the head, name -> text."""
    lessons: Sequence[Lesson]
    """Those of the head, tombstones too."""
    steps: frozenset[int]
    """Steps that the journal has."""
    uses: Sequence[ToolUsed]
    cases: Callable[[str], Sequence[Case]]
    replay: Replay
    check: Run
    outsider_text: str = ""


Check = Callable[[Proposal, Bench], str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is "" when accepted; `cases` are what an accepted tool must do again from now on."""

    reason: str
    cases: tuple[Case, ...] = ()


def judge(proposal: Proposal, bench: Bench) -> Verdict:
    """Every check in order, the cheap ones first; a tool's proof last."""
    for check in CHECKS:
        reason = check(proposal, bench)
        if reason:
            return Verdict(reason)
    return _proven(proposal, bench) if isinstance(proposal, KeepTool) else Verdict("")


def _cites(proposal: Proposal, bench: Bench) -> str:
    missing = [step for step in proposal.evidence if step not in bench.steps]
    if missing:
        return f"it cites step {missing[0]}, which does not exist"
    if proposal.origin in ("ledger", "user"):
        return ""  # made by code, from many sessions: no model chose what it cites
    return "" if proposal.evidence else "it cites no step"


def _expects(proposal: Proposal, bench: Bench) -> str:
    return "" if proposal.expects.strip() else "it does not say what it expects"


def _named(proposal: Proposal, bench: Bench) -> str:
    if isinstance(proposal, AddLesson | RetireLesson):
        return ""
    if isinstance(proposal, RetireTool):
        return "" if proposal.name in bench.tools else f"there is no tool {proposal.name}"
    problem = name_problem(proposal.name)
    return f"the name {proposal.name!r}: {problem}" if problem else ""


def _sized(proposal: Proposal, bench: Bench) -> str:
    if isinstance(proposal, KeepTool):
        if len(proposal.content) > MAX_TOOL_BYTES:
            return f"it has more than {MAX_TOOL_BYTES // 1024} KiB"
        if len({*bench.tools, proposal.name}) > MAX_TOOLS:
            return f"there are {MAX_TOOLS} tools already: retire one first"
    return ""


def _linted(proposal: Proposal, bench: Bench) -> str:
    return "; ".join(lint(proposal.lesson)) if isinstance(proposal, AddLesson) else ""


def _duplicate(proposal: Proposal, bench: Bench) -> str:
    if isinstance(proposal, KeepTool):
        shape = sketch(proposal.content.decode("utf-8", "replace"))
        for name, content in bench.tools.items():
            if content == proposal.content:
                return f"it is the same as {name}"
            if name != proposal.name and similarity(shape, sketch(content.decode("utf-8", "replace"))) >= SAME_TOOL:
                return f"it is nearly the same as {name}"
    if isinstance(proposal, AddLesson):
        try:
            operated(bench.lessons, adding(proposal.lesson, bench.lessons))
        except ScaffoldError as error:
            return str(error)
    return ""


def _own_words(proposal: Proposal, bench: Bench) -> str:
    """An outsider's text may not come back as a lesson or inside a tool."""
    if not bench.outsider_text or isinstance(proposal, RetireTool | RetireLesson):
        return ""
    text = proposal.lesson.text if isinstance(proposal, AddLesson) else proposal.content.decode("utf-8", "replace")
    ours, theirs = _runs(text), _runs(bench.outsider_text)
    return f"it repeats {OVERLAP_WORDS} words or more of an outsider's text" if ours & theirs else ""


def _runs(text: str) -> set[tuple[str, ...]]:
    words = WORD.findall(text.lower())
    return {tuple(words[i : i + OVERLAP_WORDS]) for i in range(len(words) - OVERLAP_WORDS + 1)}


def _usable(proposal: Proposal, bench: Bench) -> str:
    if not isinstance(proposal, KeepTool):
        return ""
    verdict = check_tool(bench.check, proposal.name, bench.candidate)
    return "" if verdict.ok else f"it is broken: {verdict.reason}"


CHECKS: tuple[Check, ...] = (_cites, _expects, _named, _sized, _linted, _duplicate, _own_words, _usable)


def _proven(proposal: KeepTool, bench: Bench) -> Verdict:
    """Old cases replay; from use, at least one call of this very text worked and works again."""
    try:
        fresh = make_cases(bench.uses, proposal.name, bench.workspace, bench.candidate, bench.replay)
        old: list[Case] = []
        for case in bench.cases(proposal.name):
            # A revision that was itself used well may print something better; it must still do the same.
            now = bench.replay(bench.candidate, proposal.name, case)
            reason = departs(proposal.name, case, now, same_output=not fresh)
            if reason:
                return Verdict(f"a case no longer replays: {reason}")
            old.append(replace(case, output=now.output if case.deterministic else ""))
    except (ScaffoldError, WorkspaceError) as error:
        return Verdict(f"its cases cannot be replayed: {error}")
    if not fresh and not old:
        return Verdict("no call of it worked that can be repeated")
    return Verdict("", tuple((old + fresh)[:MAX_CASES]))
