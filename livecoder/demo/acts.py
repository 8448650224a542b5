"""The acts of the demo: what is asked in each, and how they are played one after the other in one repository."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from livecoder.config import Paths, Settings
from livecoder.events import Event, Result
from livecoder.scaffold.seed import shipped
from livecoder.workspace.git import Git

SUITE = "python3 -m unittest -q && python3 -c"
"""Each act's verify is the suite and what the task asks for; the latter fails before the change."""


@dataclass(frozen=True, slots=True)
class Act:
    """One task of the demo; `recording` is the file in `demo/` that plays the model."""

    title: str
    task: str
    recording: str
    check: str
    """Python that passes only once the task is done."""

    @property
    def verify(self) -> str:
        return f"{SUITE} '{self.check}'"


ACTS = (
    Act(
        "a bug is fixed, and a tool is born",
        'format_duration(3600) gives "1h 0m 0s". Parts that are zero should be left out: "1h"; 3605 is "1h 5s", and '
        'nothing at all is "0s".',
        "act1.jsonl",
        'from durations import *; assert [format_duration(s) for s in (3600, 3605, 0)] == ["1h", "1h 5s", "0s"]',
    ),
    Act(
        "a related bug: the same tool is used, a lesson is shown",
        'parse_duration("2d 4h") ignores the days, and parse_duration("1.5h") gives 5 hours. Days and decimal numbers '
        "should work; format_duration should use days too.",
        "act2.jsonl",
        'from durations import *; assert parse_duration("2d 4h") == 187200; assert parse_duration("1.5h") == 5400',
    ),
    Act(
        "a bad change of the agent to itself (planted) is refused",
        'parse_duration("soon") gives 0. Text that is no duration should raise ValueError.',
        "act3.jsonl",
        'from durations import *; from unittest import *; TestCase().assertRaises(ValueError, parse_duration, "soon")',
    ),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demo plays: a fresh repository and directories of livecoder's own."""

    repository: Path
    paths: Paths


@contextmanager
def stage() -> Generator[Stage]:
    """A temporary stage; it is gone afterwards."""
    with TemporaryDirectory(prefix="livecoder-demo-") as folder:
        root = Path(folder)
        repository = root / "durations"
        shutil.copytree(shipped("demo") / "repository", repository)
        git = Git(repository / ".git", repository)
        for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
            git.run(*arguments)
        yield Stage(repository, Paths(root / "config", root / "data", root / "state", root / "cache"))


def play(act: Act, settings: Settings, at: Stage, show: Callable[[Event], None]) -> Result:
    """One act as one session; returns its result."""
    from livecoder.opening import opened
    from livecoder.solve import Solver
    from livecoder.task import from_text

    result: Result | None = None
    settings = replace(settings, paths=at.paths, verify=act.verify)
    with opened(settings, at.repository) as session, Solver(session) as solver:
        for event in solver.round(from_text(act.task), reflect_now=True):
            show(event)
            if isinstance(event, Result):
                result = event
    assert result is not None, "a round ends with its result"
    return result
