"""What the user had to say twice: a rule in their own words, with a check where it names what must not change.

Read from the user's tasks and steering alone, never from an outsider's, and by code: a sentence is a rule when it
begins as one ("don't …", "never …", "always …") and comes again, in nearly the same words, in another round.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from livecoder.events import CommandStarted, Event, RoundStarted, UserSaid
from livecoder.evolution.fingerprint import LOCKS
from livecoder.evolution.proposals import lesson_id
from livecoder.scaffold.lessons import Lesson, alike, lint, protecting

KINDS = (RoundStarted, UserSaid, CommandStarted)
"""The events that are read here."""
SAME = 0.75
"""Share of the shorter sentence's shingles that the other one has, from which they say the same."""
MAX_SENTENCE = 200
MIN_WORDS = 2
"""Words beyond the prohibition itself: "don't do it" says nothing later."""
MAX_EVIDENCE = 4

_OPENING = r"(?:(?:please|and|but|again|also|no|i said|you (?:must|should))[\s,:]+)*"
_NOT = r"(?:do not|don't|not|never|avoid|stop(?=\s+\w+ing\b))"
_STAYS = r"(?:alone|untouched|unchanged|as (?:it is|they are))"
_RULE = re.compile(
    rf"{_OPENING}(?:{_NOT}\s|(?:leave|keep)\s.+\b{_STAYS}\b|hands off\s|always\s|make sure\s|from now on\b|only use\s)",
    re.I,
)
_CHANGES = r"(?:touch|chang|edit|modif|alter|rewrit|reformat|updat|delet|remov)"
_KEEPS = re.compile(rf"\b{_NOT}\s+(?:\w+\s+)?{_CHANGES}|\b(?:leave|keep)\s.+\b{_STAYS}\b|\bhands off\b", re.I)
_SENTENCES = re.compile(r"(?<=[.!?;])\s+|\n+")
_WORD = re.compile(r"[\w./*@+-]*[\w*]")
_EMPTY = re.compile(r"an?|any|the|th(?:is|at|ese|ose)|its?|please|to|of|in|at|on|my|our|your|ever|again|all|do")
"""Words that say nothing of what is meant."""
_ALIKE: dict[str, str] = {
    **dict.fromkeys(("touch", "edit", "modify", "alter", "editing", "touching", "changing", "modifying"), "change"),
    **dict.fromkeys(("never", "avoid", "stop"), "not"),
    "lockfile": "lock-file",
    "lockfiles": "lock-file",
}


@dataclass(frozen=True, slots=True)
class Said:
    """One text of the user; `step` is the last step before it."""

    session: str
    round: int
    step: int
    text: str


def said(events: Iterable[tuple[str, Event]]) -> Iterator[Said]:
    """The user's own texts in these sessions' events, each session's in order."""
    session, round, step = "", 0, 0
    for name, event in events:
        if name != session:
            session, round, step = name, 0, 0
        match event:
            case CommandStarted():
                step = event.step
            case RoundStarted():
                round = event.round
                if not event.outsider:
                    yield Said(session, round, step, event.task)
            case UserSaid() if event.why == "steering":
                yield Said(session, round, step, event.text)
            case _:
                pass


def said_twice(texts: Iterable[Said], lessons: Sequence[Lesson], root: Path, when: str) -> list[Lesson]:
    """A lesson for each rule that came in two rounds or more; `lessons` are known, tombstones too.

    The same text again is one task tried twice, and counts once.
    """
    once = {" ".join(text.text.split()): text for text in texts}
    groups: list[list[tuple[Said, str]]] = []
    for text in sorted(once.values(), key=lambda each: (each.session, each.round, each.step)):
        for rule in rules(text.text):
            group = next((group for group in groups if same(group[-1][1], rule)), None)
            if group is None:
                groups.append([(text, rule)])
            else:
                group.append((text, rule))
    repeated = [group for group in groups if len({(text.session, text.round) for text, _ in group}) >= 2]
    found = [_lesson(group, root, when) for group in repeated]
    return [lesson for lesson in found if not lint(lesson) and not alike(lesson.text, lessons)]


def rules(text: str) -> list[str]:
    """The sentences that tell the agent what to do or to leave, whatever the task is."""
    plain = text.replace("\u2019", "'")
    sentences = (" ".join(part.split()).lstrip("-*• ").strip() for part in _SENTENCES.split(plain))
    return [s for s in sentences if len(s) <= MAX_SENTENCE and _RULE.match(s) and len(_said_words(s)) > MIN_WORDS]


def same(one: str, other: str) -> bool:
    """Whether two sentences say the same: in words and pairs of words, and about the same paths."""
    a, b = _shingles(one), _shingles(other)
    paths = set(_paths(one)), set(_paths(other))
    return len(a & b) >= SAME * min(len(a), len(b)) and (paths[0] == paths[1] or bool(paths[0] & paths[1]))


def check_of(rule: str, root: Path) -> str:
    """The check of a rule that names what must not change, by path or as the lock file; "" for any other."""
    if not _KEEPS.search(rule):
        return ""
    named = _paths(rule)
    if re.search(r"\block[- ]?files?\b", rule, re.I):
        named += [name for name in LOCKS if "lock" in name]
    return protecting([path for path in named if "*" in path or (root / path).exists()])


def _lesson(group: Sequence[tuple[Said, str]], root: Path, when: str) -> Lesson:
    text, rule = group[-1]
    places = dict.fromkeys(f"{each.session}:{each.step}" for each, _ in group)
    return Lesson(
        id=lesson_id(rule),
        text=rule,
        evidence=tuple(places)[-MAX_EVIDENCE:],
        created=when,
        task=" ".join(text.text.split())[:200],
        session=text.session,
        origin="user",
        check=check_of(rule, root),
    )


def _paths(rule: str) -> list[str]:
    words = (word.removeprefix("./").rstrip("/") for word in _WORD.findall(rule))
    return [word for word in words if re.search(r"[\w*][./][\w*]|\*", word)]


def _said_words(rule: str) -> list[str]:
    text = re.sub(r"\bdon't\b", "do not", rule.lower())
    words: list[str] = _WORD.findall(re.sub(r"\block file", "lock-file", text))
    return [_ALIKE.get(word, word) for word in words if not _EMPTY.fullmatch(word)]


def _shingles(rule: str) -> set[str]:
    words = _said_words(rule)
    return {*words, *(f"{a} {b}" for a, b in itertools.pairwise(words))}
