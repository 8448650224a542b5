"""Stage 6: the only door into a scaffold's history. Refuses by code, with a reason; what it accepts is one commit.

Checks are lists; each takes the proposal and what the gate knows, and returns a reason or nothing. A check never trusts
what the proposal says of itself. What runs something is in `trials`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from livecoder.errors import ScaffoldError
from livecoder.events import ToolUsed
from livecoder.evolution import proposals as p
from livecoder.evolution.candidate import LessonProposal, operation
from livecoder.evolution.replay import Replay
from livecoder.evolution.shape import similarity, sketch
from livecoder.scaffold.cases import Case
from livecoder.scaffold.knobs import load_knobs
from livecoder.scaffold.lessons import MAX_CHARS as LESSON_CHARS
from livecoder.scaffold.lessons import Lesson, alike, lint, operated, shrinks, untold
from livecoder.scaffold.reserved import name_problem
from livecoder.scaffold.sections import MAX_CHARS as SECTION_CHARS
from livecoder.scaffold.sections import marked, sections, variables
from livecoder.scaffold.tools import Run

SAME_TOOL = 0.9
OVERLAP_WORDS = 8
MAX_TOOL_BYTES = 64 * 1024
MAX_TOOLS = 20
"""Active tools of a project; one more needs one less."""
MAX_PROMPT_CHARS = 8_000
MOST_LOST = 0.2
"""The share of all lessons' text that one look back may take away; one lesson it always may."""
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Bench:
    """What the gate knows, from the journal and the store, never from the proposal."""

    candidate: Path
    """A checkout of the branch's head, to which the proposal's change is applied once its words are accepted."""
    workspace: Path
    tools: Mapping[str, bytes]
    """The tools of the head, name -> text."""
    lessons: Sequence[Lesson]
    """Those of the head, tombstones too."""
    prompts: Mapping[str, str]
    hooks: Mapping[str, bytes]
    settings: str
    """The head's scaffold.toml."""
    steps: frozenset[int]
    """Steps that the journal has."""
    uses: Sequence[ToolUsed]
    cases: Callable[[str], Sequence[Case]]
    replay: Replay
    check: Run
    tree: str = ""
    """The checkpoint that the session left."""
    outsider_text: str = ""
    lesson_chars: int = 0
    """The text of all lessons before the first proposal of this look back."""
    by_user: bool = False
    """The user decides: what is there already may be accepted again."""
    not_again: Callable[[p.Proposal], str] = lambda _: ""
    """Why a proposal is not tried again."""


Check = Callable[[p.Proposal, Bench], str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is "" when accepted; `cases` are what an accepted tool must do again from now on."""

    reason: str
    cases: tuple[Case, ...] = ()
    lasting: bool = False
    """The same change would be refused again, whatever the session."""
    waits: bool = False
    """It is for the user to say."""


ACCEPTED = Verdict("")


def judge_words(proposal: p.Proposal, bench: Bench) -> Verdict:
    """What can be told without running anything, in order."""
    for checks, lasting in ((OF_THE_MOMENT, False), (OF_THE_CHANGE, True)):
        for check in checks:
            reason = check(proposal, bench)
            if reason:
                return Verdict(reason, lasting=lasting)
    return ACCEPTED


# ---- what another session might do better


def _held_to(proposal: p.Proposal, bench: Bench) -> str:
    """A contract with steps that exist, of whoever chose what it cites."""
    if proposal.origin in p.UNCITED:
        return ""
    missing = [step for step in proposal.contract.evidence if step not in bench.steps]
    if missing:
        return f"it cites step {missing[0]}, which does not exist"
    return proposal.contract.problem(p.FEWEST_STEPS[proposal.kind])


def _not_again(proposal: p.Proposal, bench: Bench) -> str:
    return bench.not_again(proposal)


def _there(proposal: p.Proposal, bench: Bench) -> str:
    """What is retired or rewritten must be there."""
    known = {lesson.id for lesson in in_force(bench.lessons)}
    match proposal:
        case p.RetireTool(name):
            return "" if name in bench.tools else f"there is no tool {name}"
        case p.RemoveHook(event):
            return "" if event in bench.hooks else f"there is no hook {event}"
        case p.RetireLesson(name):
            return "" if name in known else f"there is no lesson {name}"
        case p.ReviseLesson(lesson):
            return "" if lesson.id in known else f"there is no lesson {lesson.id}"
        case p.MergeLessons(ids):
            return next((f"there is no lesson {id}" for id in ids if id not in known), "")
        case _:
            return ""


def _room(proposal: p.Proposal, bench: Bench) -> str:
    if isinstance(proposal, p.KeepTool) and len({*bench.tools, proposal.name}) > MAX_TOOLS:
        return f"there are {MAX_TOOLS} tools already: retire one first"
    return ""


def _new(proposal: p.Proposal, bench: Bench) -> str:
    match proposal:
        case p.KeepTool():
            return _new_tool(proposal, bench)
        case p.KeepHook():
            return "it is there already" if bench.hooks.get(proposal.event) == proposal.content else ""
        case p.AddLesson() | p.ReviseLesson() | p.MergeLessons() | p.RetireLesson():
            return _new_lesson(proposal, bench.lessons)
        case p.EditSection():
            old = sections(bench.prompts.get(proposal.prompt, "")).get(proposal.section, "")
            return "it changes nothing" if old.split() == proposal.text.split() else ""
        case p.SetKnob():
            now = getattr(load_knobs(bench.settings), proposal.name, None)
            return f"it is {proposal.value} already" if now == proposal.value else ""
        case _:
            return ""


def _new_tool(proposal: p.KeepTool, bench: Bench) -> str:
    shape = sketch(proposal.content.decode("utf-8", "replace"))
    for name, content in bench.tools.items():
        if name == proposal.name and bench.by_user:
            continue
        if content == proposal.content:
            return f"it is the same as {name}"
        if name != proposal.name and similarity(shape, sketch(content.decode("utf-8", "replace"))) >= SAME_TOOL:
            return f"it is nearly the same as {name}"
    return ""


def _new_lesson(proposal: LessonProposal, known: Sequence[Lesson]) -> str:
    """The operation can be done, and what it says is said by none that it does not touch."""
    match proposal:
        case p.ReviseLesson(lesson):
            own = {lesson.id}
            if any((lesson.id, lesson.says) == (old.id, old.says) for old in known):
                return "it changes nothing"
        case p.MergeLessons(ids, lesson):
            own = {lesson.id, *ids}
        case p.AddLesson() | p.RetireLesson():
            lesson, own = None, set[str]()
    twin = alike(lesson.text, (old for old in in_force(known) if old.id not in own)) if lesson else None
    if twin:
        return f"lesson {twin.id} says it already"
    try:
        operated(known, operation(proposal, known))
    except ScaffoldError as error:
        return str(error)
    return ""


def in_force(lessons: Iterable[Lesson]) -> list[Lesson]:
    return [lesson for lesson in lessons if not lesson.retired]


def _timely(proposal: p.Proposal, bench: Bench) -> str:
    """Its moment, which another look back may name better: what it says is not refused for good."""
    return untold(proposal.lesson) if isinstance(proposal, p.AddLesson | p.ReviseLesson | p.MergeLessons) else ""


def _keeps_most(proposal: p.Proposal, bench: Bench) -> str:
    """Lessons do not shrink at once: a curator that rewrites them all loses what it did not think of."""
    texts = {lesson.id: len(lesson.text) for lesson in in_force(bench.lessons)}
    match proposal:
        case p.RetireLesson(name):
            less = texts.get(name, 0)
        case p.ReviseLesson(lesson):
            less = texts.get(lesson.id, 0) - len(lesson.text)
        case p.MergeLessons(ids, lesson):
            less = sum(texts.get(id, 0) for id in set(ids)) - len(lesson.text)
        case _:
            return ""
    before = max(bench.lesson_chars, sum(texts.values()))
    lost = before - sum(texts.values()) + less
    if less > 0 and lost > max(MOST_LOST * before, LESSON_CHARS):
        return f"{lost} of {before} characters of lessons would be gone at once: more than a fifth"
    after = operated(bench.lessons, operation(proposal, bench.lessons))
    # What a merge makes stands in the place of its first: others are what it takes away.
    heir = [replace(proposal.lesson, id=proposal.ids[0])] if isinstance(proposal, p.MergeLessons) else []
    return shrinks(bench.lessons, [*after, *heir])


# ---- what is wrong with the change itself


def _named(proposal: p.Proposal, bench: Bench) -> str:
    problem = name_problem(proposal.name) if isinstance(proposal, p.KeepTool) else ""
    return f"the name {proposal.name!r}: {problem}" if problem else ""


def _sized(proposal: p.Proposal, bench: Bench) -> str:
    match proposal:
        case p.KeepTool() if len(proposal.content) > MAX_TOOL_BYTES:
            return f"it has more than {MAX_TOOL_BYTES // 1024} KiB"
        case p.EditSection():
            if len(proposal.text) > SECTION_CHARS:
                return f"the section would have more than {SECTION_CHARS} characters"
            prompt = bench.prompts.get(proposal.prompt, "")
            old = sections(prompt).get(proposal.section, "")
            if len(prompt) - len(old) + len(proposal.text) > MAX_PROMPT_CHARS:
                return f"the prompt would have more than {MAX_PROMPT_CHARS} characters"
        case _:
            pass
    return ""


def _linted(proposal: p.Proposal, bench: Bench) -> str:
    match proposal:
        case p.AddLesson(lesson) | p.ReviseLesson(lesson) | p.MergeLessons(_, lesson):
            return "; ".join(lint(lesson))
        case p.EditSection():
            old = sections(bench.prompts.get(proposal.prompt, "")).get(proposal.section, "").splitlines()
            new = [line for line in proposal.text.splitlines() if line not in old]
            pieces = [line[at : at + LESSON_CHARS] for line in new for at in range(0, len(line), LESSON_CHARS)]
            return next((found for piece in pieces if piece.strip() for found in lint(Lesson("section", piece))), "")
        case _:
            return ""


def _whole(proposal: p.Proposal, bench: Bench) -> str:
    """A section keeps what the engine tells through it, and stays one section."""
    if not isinstance(proposal, p.EditSection):
        return ""
    if marked(proposal.text):
        return "it holds `{#`, with which sections begin"
    old = sections(bench.prompts.get(proposal.prompt, "")).get(proposal.section, "")
    lost = sorted(variables(old) - variables(proposal.text))
    return f"it drops {{{{ {lost[0]} }}}}" if lost else ""


def _own_words(proposal: p.Proposal, bench: Bench) -> str:
    """An outsider's text may not come back in a scaffold; and no hook comes from where one was read."""
    if not bench.outsider_text:
        return ""
    if proposal.kind == "hook":
        return "no hook is taken from a session in which a stranger's text was read"
    repeated = _runs(_text(proposal)) & _runs(bench.outsider_text)
    return f"it repeats {OVERLAP_WORDS} words or more of an outsider's text" if repeated else ""


def _text(proposal: p.Proposal) -> str:
    match proposal:
        case p.KeepTool() | p.KeepHook():
            return proposal.content.decode("utf-8", "replace")
        case p.AddLesson(lesson) | p.ReviseLesson(lesson) | p.MergeLessons(_, lesson):
            return f"{lesson.trigger} {lesson.text}"
        case p.EditSection():
            return proposal.text
        case _:
            return ""


def _runs(text: str) -> set[tuple[str, ...]]:
    words = WORD.findall(text.lower())
    return {tuple(words[i : i + OVERLAP_WORDS]) for i in range(len(words) - OVERLAP_WORDS + 1)}


OF_THE_MOMENT: tuple[Check, ...] = (_held_to, _not_again, _there, _room, _new, _timely, _keeps_most)
OF_THE_CHANGE: tuple[Check, ...] = (_named, _sized, _linted, _whole, _own_words)
