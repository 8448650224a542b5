"""What changed between two runs, test by test. Only what the two runs really tell is claimed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from livecoder.testruns import TestRun

_SEPARATOR = re.compile(r"::| > |\[")
_DOTTED = re.compile(r"[\w.]+")
_DEEP = 20


@dataclass(frozen=True, slots=True)
class Change:
    """Ids by what became of them. A test counts as failing where its whole file, class or package could not run."""

    fixed: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    """Failing now, and not before."""
    new_failing: tuple[str, ...] = ()
    """Failing now, and not there before."""
    still_failing: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()
    """Failing now; the run before ended early, or names too few of its failures to tell."""
    gone: tuple[str, ...] = ()
    """Named before and not there now: known only where both runs name every test."""

    def text(self, most: int = 5) -> str:
        """For people and models: how many of each, and of those that matter at most so many names."""
        still = len(self.still_failing)
        parts = [_listed("fixed", self.fixed, most), _listed("newly failing", self.broken, most)]
        parts += [_listed("new and failing", self.new_failing, most)] if self.new_failing else []
        parts += [f"{still} failed before and {'fails' if still == 1 else 'fail'} now"] if still else []
        parts += [_listed("failing now, not known before", self.unclear, most)] if self.unclear else []
        parts += [_listed("no longer run", self.gone, most)] if self.gone else []
        return "; ".join(parts)


def compare(before: TestRun, after: TestRun) -> Change:
    """What became of the tests of `before` in `after`, in the order of the runs."""
    was, now = _Seen(before), _Seen(after)
    fixed = [name for name, status in after.tests.items() if status == "passed" and was.failing(name)]
    missing = [name for name in before.tests if not now.knows(name)]
    if now.absent_is_passing:
        fixed += [name for name in missing if was.failing(name)]
    failing = {name: was.word(name) for name in after.failing}

    def those(word: str) -> tuple[str, ...]:
        return tuple(name for name, each in failing.items() if each == word)

    gone = tuple(missing) if before.complete and after.complete else ()
    return Change(tuple(fixed), those("passing"), those("absent"), those("failing"), those("unknown"), gone)


class _Seen:
    """What a run tells of any test, its own or another run's."""

    def __init__(self, run: TestRun) -> None:
        self._run = run
        self._failing = frozenset(run.failing)
        self._places = frozenset(place for name in run.tests for place in _places(name))

    @property
    def absent_is_passing(self) -> bool:
        return self._run.named == "failures" and not self._run.ended_early

    def failing(self, name: str) -> bool:
        """The test failed, or what holds it could not be run."""
        if name in self._run.tests:
            return name in self._failing
        return any(place in self._failing for place in _places(name))

    def knows(self, name: str) -> bool:
        """The test is named, or what it is in, or something in it."""
        return name in self._run.tests or name in self._places or self.failing(name)

    def word(self, name: str) -> str:
        """What the test was: failing, passing (or skipped), absent or unknown."""
        if self.failing(name):
            return "failing"
        if self.knows(name) or self.absent_is_passing:
            return "passing"
        return "absent" if self._run.complete else "unknown"


def _places(name: str) -> Iterator[str]:
    """What holds the test: `a.py` and `a.py::C` for `a.py::C::test`, `a` and `a.C` for `a.C.test`."""
    separators = re.finditer(r"\.", name) if _DOTTED.fullmatch(name) else _SEPARATOR.finditer(name)
    for match in islice(separators, _DEEP):
        if match[0] == "[":  # a parameter
            break
        yield name[: match.start()]


def _listed(what: str, names: tuple[str, ...], most: int) -> str:
    if not names:
        return f"0 {what}"
    shown = ", ".join(names[:most])
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{len(names)} {what}: {shown}{more}"
