"""The ledger in words: what was seen of a tool, a lesson or a hook, with intervals; never what caused it.

Causal claims come from paired runs alone, so no word in here says that anything helps.
"""

from __future__ import annotations

from collections.abc import Iterator

from livecoder.evolution.standing import advises_tools, fading
from livecoder.journal.ledger import Kind, Ledger, Making, Record, Tally
from livecoder.journal.ledger.intervals import difference, interval
from livecoder.scaffold.lessons import Lesson, cited
from livecoder.scaffold.tools import Tool

TOO_EARLY = 6
"""Uses, and sessions with it whose ending is known, below which nothing is said."""
STRONG = 20.0
"""How many times better two rates must explain what was seen than one does."""
EARLY, SAME, MORE, LESS = (
    "too early to tell",
    "no difference seen",
    "well more often with it",
    "well less often with it",
)


def word(record: Record) -> str:
    """What may be said of the sessions with it beside those without: one of four, the first below six uses.

    "Well" is: verified, or claimed and most of its lines still there later; not interrupted, undone or corrected. Where
    there is no difference, one is ever called out, however often one looks, in about one case of twenty at most.
    """
    mine, others = record.with_it, record.without
    if record.uses < TOO_EARLY or mine.well + mine.ill < TOO_EARLY or others.well + others.ill < TOO_EARLY:
        return EARLY
    if difference(mine.well, mine.ill, others.well, others.ill) < STRONG:
        return SAME
    return MORE if mine.well * (others.well + others.ill) > others.well * (mine.well + mine.ill) else LESS


def odds(record: Record) -> str:
    """`went well: 5 of 7 (42-88 %) with it, 60 of 90 (58-74 %) without`."""
    return f"went well: {_rate(record.with_it)} with it, {_rate(record.without)} without"


def observed(kind: Kind, name: str, ledger: Ledger) -> Iterator[str]:
    """All that was seen of a tool, a lesson or a hook, in a few lines."""
    record = ledger.record(kind, name)
    yield _uses(record)
    if record.sessions:
        yield f"observed: {odds(record)}: {word(record)}"
        yield f"  {_endings(record.with_it)}"
        without = _means(record.without)
        yield f"  a session with it: {_means(record.with_it)}" + (f"; without: {without}" if without else "")
    if record.made:
        yield from _payback(record.made, record.uses_since)
    yield from _by_family(ledger, record)


def about_tool(tool: Tool, ledger: Ledger) -> Iterator[str]:
    """What `scaffold tools` says of one."""
    record = ledger.record("tool", tool.name)
    yield f"{tool.name:20} {tool.summary}"
    if fading(ledger, [tool.name]):
        yield f"{'':20} has no line in the prompt: the last {record.idle} sessions did not use it"
    yield f"{'':20} {tool.lines} lines"
    for line in observed("tool", tool.name, ledger):
        yield f"{'':20} {line}"


def about_lesson(lesson: Lesson, ledger: Ledger, stale: str) -> Iterator[str]:
    """What `scaffold lessons` says of one; `stale` is why it is shown to nobody, or ""."""
    yield lesson.id + _moment(lesson) + _state(lesson, stale)
    yield f"    {lesson.text}"
    whose = "by the user's word, " if lesson.origin == "user" else ""
    yield f"    {whose}from {', '.join(lesson.evidence) or 'nowhere'}"
    if lesson.check:
        yield f"    check: {lesson.check}"
    if not lesson.retired:
        for line in observed("lesson", lesson.id, ledger):
            yield f"    {line}"


def about_change(with_it: Tally, before: Tally) -> Iterator[str]:
    """What was observed of a knob or of a prompt's section: the sessions since its last change and those before.

    Other tasks, of another time: what differs between them besides is not known.
    """
    for name, tally in (("since its last change", with_it), ("before", before)):
        yield f"{name}: {_count(tally.sessions, 'session')}" + (f", each {_means(tally)}" if tally.sessions else "")
        yield f"  went well: {_rate(tally)}"
    uses = min(with_it.sessions, before.sessions)
    yield f"observed: {word(Record('tool', '', uses=uses, with_it=with_it, without=before))}"


def about_advice(ledger: Ledger) -> Iterator[str]:
    """Model families that are not encouraged to make tools."""
    for family in ledger.families():
        if not advises_tools(ledger, family):
            yield f"{family} is not encouraged to make tools: in some of its last sessions two in a row were broken"


def _by_family(ledger: Ledger, record: Record) -> Iterator[str]:
    """One line for each model family that used it, where there are several."""
    families = [family for family in ledger.families() if ledger.record(record.kind, record.name, family).sessions]
    if len(families) > 1:
        for family in families:
            mine = ledger.record(record.kind, record.name, family)
            yield f"  {family}: {_times(mine.uses)}, failed {mine.failed}; {odds(mine)}: {word(mine)}"


def _uses(record: Record) -> str:
    often = f"{_times(record.uses)} in {_count(record.sessions, 'session')}"
    if record.kind == "lesson":
        return f"shown {often}, in the prompt of {record.listed}"
    if record.kind == "hook":
        told = f"said {record.said}, denied {record.denied}, failed {record.failed}"
        return f"ran {_times(record.uses)} in {record.sessions} of {_count(record.at_hand, 'session')}: {told}"
    return f"used {often}, failed {record.failed}; listed in {record.listed}"


def _moment(lesson: Lesson) -> str:
    """When it is shown, after its id."""
    if not lesson.trigger:
        return ""
    return f" (for a task of {lesson.trigger})" if lesson.when == "task" else f" (at `{lesson.trigger}`)"


def _state(lesson: Lesson, stale: str) -> str:
    if lesson.retired:
        return f": retired: {lesson.retired}"
    if stale:
        return f": stale, not shown: {stale}"
    return "" if lesson.trigger or cited(lesson) else ": waits for a second session that cites it"


def _rate(tally: Tally) -> str:
    known = tally.well + tally.ill
    if not known:
        return "none known"
    low, high = interval(tally.well, tally.ill)
    return f"{tally.well} of {known} ({low * 100:.0f}-{high * 100:.0f} %)"


def _endings(tally: Tally) -> str:
    counts = {
        "verified": tally.verified,
        "claimed": tally.claimed,
        "failed": tally.failed,
        "interrupted": tally.interrupted,
        "corrected": tally.corrected,
        "undone": tally.undone,
    }
    parts = [f"{count} {name}" for name, count in counts.items() if count]
    if tally.lines:
        parts.append(f"{100 * tally.kept / tally.lines:.0f} % of their lines still there later")
    return ", ".join(parts) or "no endings yet"


def _means(tally: Tally) -> str:
    """What one of these sessions took, on average; "" for none. Tokens and cost only where they are figures."""
    parts = [f"{tally.turns / tally.sessions:.1f} turns"] if tally.sessions else []
    if tally.counted:
        parts.append(f"{tally.tokens / tally.counted:,.0f} tokens")
    if tally.priced:
        parts.append(f"${tally.cost_usd / tally.priced:.3f}")
    return ", ".join(parts)


def _payback(made: Making, uses: int) -> Iterator[str]:
    turns = f" in {made.turns:.1f} turns" if made.turns else ""
    line = f"  made for about {made.tokens:,.0f} tokens{turns}"
    if not made.replaced_tokens or not uses:
        yield line
        return
    saved = made.replaced_tokens * uses
    stood = f"{_count(uses, 'use')} since stood for about {saved:,} tokens"
    tries = f" and {made.replaced_turns * uses:.1f} failed tries" if made.replaced_turns else ""
    yield f"{line}; {stood}{tries} of throw-away script: {'paid back' if saved >= made.tokens else 'not paid back yet'}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
