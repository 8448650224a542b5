"""The question whether a command may run, at the user's terminal: one key, and a reason where it is no.

What was typed before the question is thrown away: nobody agrees to what they have not seen.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import sys
import termios
import tty
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livecoder.permissions.gatekeeper import Answer, Question, Scope
from livecoder.view.revealed import revealed, rows

if TYPE_CHECKING:
    from livecoder.cli.running import Screen

TICK = 0.1
"""Seconds between two looks whether the round is being ended."""
REASON_CHARS = 500
ESCAPE = "\x1b"
_SEQUENCE = re.compile("\x1b[\\[O][0-?]*[ -/]*[@-~]")
"""What an arrow or another key of its kind sends; it begins as Escape does."""


@dataclass(frozen=True, slots=True)
class Approval:
    """Asks on standard input, which is a terminal. `ended`: the user wants out of the round."""

    shown: Screen
    ended: Callable[[], bool]

    def __call__(self, question: Question) -> Answer | None:
        waited, self.shown.terminal.waiting_for = self.shown.terminal.waiting_for, "your answer"
        try:
            scope = self._scope(question)
            return scope if scope is None else Answer(scope, self._reason() if scope == "no" else "")
        finally:
            self.shown.terminal.waiting_for = waited

    def _scope(self, question: Question) -> Scope | None:
        keys: dict[str, Scope] = {"y": "once", "n": "no", ESCAPE: "no"}
        if question.repeatable:
            keys["a"] = "session"
        if question.prefixes:
            keys["p"] = "prefix"
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
        *told, last = _told(question)
        for line in told:
            self.shown.say(line, "yellow")
        tty.setcbreak(descriptor, termios.TCSAFLUSH)
        try:
            self.shown.say(last, "yellow")
            while (typed := self._typed(descriptor)) is not None:
                if scope := keys.get(_SEQUENCE.sub("", typed)):
                    return scope
            return None
        finally:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)

    def _reason(self) -> str:
        self.shown.say("why? (Enter: no reason)")
        line = self._typed(sys.stdin.fileno()) or ""
        return " ".join(revealed(line.strip()[:REASON_CHARS]).split())

    def _typed(self, descriptor: int) -> str | None:
        """What comes at once: a key or more; in line mode a line. None when there will be nothing."""
        while not self.ended():
            if select.select([descriptor], [], [], TICK)[0]:
                try:
                    data = os.read(descriptor, 4096)
                except OSError:  # the terminal went away
                    return None
                return data.decode("utf-8", "replace") if data else None
        return None


def _told(question: Question) -> list[str]:
    """Everything that there is to know before an answer, in lines of the terminal's width."""
    columns = max(shutil.get_terminal_size().columns, 20)
    lines = ["", "? may this run?", *(f"  │ {row}" for row in rows(question.command, columns - 4))]
    for each in question.parts:
        rule, why = each.decision.rule, f"{each.part.why or 'not all of it is known'}: it could be "
        told = f"{revealed(each.part.text)}: {why if each.decision.unread else 'asked by '}`{rule}` ({rule.source})"
        lines += [f"  {row}" for row in rows(" ".join(told.split()), columns - 2)]
    answers = ["y once"]
    answers += ["a for this session"] if question.repeatable else []
    answers += (
        [f"p always {', '.join(f'`{_joined(words)}`' for words in question.prefixes)}"] if question.prefixes else []
    )
    return lines + [f"  {row}" for row in rows(" · ".join([*answers, "n no"]), columns - 2)]


def _joined(words: tuple[str, ...]) -> str:
    import shlex

    return revealed(shlex.join(words))
