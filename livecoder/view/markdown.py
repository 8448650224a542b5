"""A session as a report in Markdown: readable as it stands, and rendered. What others wrote is quoted or fenced."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from livecoder.view import facts
from livecoder.view.evidence import Evidence, Excerpt
from livecoder.view.figures import count, duration, money, when
from livecoder.view.notes import Note
from livecoder.view.story import UNKNOWN, Round, Step, Story, Turn
from livecoder.view.terminal import printable

ACTIVE = re.compile(r"[\\`*\[\]<~]|(?<!\w)_|_(?!\w)|&(?=#?\w+;)")
"""What in a line of our own others must not use: it would become a tag, a link, a picture, a style."""
FENCE = re.compile("`{3,}")


def report(story: Story, evidence: Evidence) -> str:
    blocks = [
        f"# {_line(facts.title(story))}",
        _identity(story),
        "\n".join(f"- {label}: {_line(value)}" for label, value in facts.facts(story)),
        _notes(story.notes),
        *(block for round_ in story.rounds for block in _round(round_, story, evidence)),
        *(["## Learnt", _notes(story.learnt)] if story.learnt else []),
    ]
    return printable("\n\n".join(block for block in blocks if block)) + "\n"


def _identity(story: Story) -> str:
    identity = story.started.session if story.started else "unknown"
    return f"livecoder session {_line(identity)}, {when(story.began)}"


def _round(round_: Round, story: Story, evidence: Evidence) -> Iterator[str]:
    several = len(story.rounds) > 1
    if several:
        yield f"## Round {round_.started.round}: {_line(facts.ending(round_))}"
    if several or round_.started.task.strip() != facts.title(story):
        yield _quoted(round_.started.task)
    yield _notes(round_.notes)
    for turn in round_.turns:
        yield from _turn(turn, recorded=story.recorded)
    if round_.made:
        yield f"### Change: {facts.change(round_.made)}"
    if len(set(round_.trees)) > 1:
        yield _excerpt(evidence.diff(round_.trees), "diff")
    if round_.verified:
        verified = round_.verified
        yield f"### Verify {_line(facts.verdict(verified))}"
        yield _fenced(f"$ {verified.command}\n{verified.output}", "console")
        yield "\n".join(f"- {_line(line)}" for line in verified.weakened)
    if round_.learnt:
        yield "### Learnt"
        yield _notes(round_.learnt)


def _turn(turn: Turn, *, recorded: bool) -> Iterator[str]:
    reply, usage = turn.reply, turn.reply.usage
    figures = f" ({usage.input_tokens:,} tokens in, {usage.output_tokens:,} out, {money(reply.cost_usd)})"
    yield f"### Turn {reply.turn}{'' if recorded else figures}"
    yield _quoted(reply.text)
    for step in turn.steps:
        yield from _step(step)
    yield _notes(turn.notes)


def _step(step: Step) -> Iterator[str]:
    """The command and what the model saw of its output: all of it is in the other formats."""
    finished = step.finished
    yield _fenced(f"$ {step.command}" + (f"\n{finished.output}" if finished else ""), "console")
    if finished is None:
        yield f"→ {_line(step.told or UNKNOWN)}"
    else:
        lines = f", {count(finished.output_lines, 'line')} in all" if finished.truncated else ""
        note = f", {finished.note}" if finished.note else ""
        yield _line(f"→ step {step.number}: exit {finished.exit_code}, {duration(finished.seconds)}{lines}{note}")
    yield _notes(step.notes)


def _notes(notes: Iterable[Note]) -> str:
    return "\n".join(f"- {note.label}: {_line(note.text)}" for note in notes)


def _excerpt(excerpt: Excerpt, language: str) -> str:
    parts = [_fenced(excerpt.text, language)] if excerpt.text.strip() else []
    parts += [f"→ {_line(excerpt.missing)}"] if excerpt.missing else []
    return "\n\n".join(parts)


def _line(text: str) -> str:
    """One line in which nothing is Markdown."""
    return ACTIVE.sub(r"\\\g<0>", " ".join(text.split()))


def _quoted(text: str) -> str:
    """A quote, in which Markdown stays what it is, except for tags and pictures."""
    harmless = text.strip().replace("&", "&amp;").replace("<", "&lt;").replace("![", "!\\[")
    return "\n".join(f"> {line}".rstrip() for line in harmless.splitlines())


def _fenced(text: str, language: str) -> str:
    """Text to the letter, in a fence longer than any in it."""
    longest = max((len(run) for run in FENCE.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.strip(chr(10))}\n{fence}"
