"""A project that has learnt something, for tests of what a person does with that: commits, cases, journals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from livecoder.events import CommandFinished, CommandStarted, Event
from livecoder.journal.journal import Journal
from livecoder.scaffold import cases
from livecoder.scaffold.cases import Case
from livecoder.scaffold.changes import FileChange
from livecoder.scaffold.store import Store
from livecoder.workspace.workspace import Workspace, project_id

COUNT = """#!/usr/bin/env bash
# Count the lines of files.
if [ "$1" = --help ]; then echo "Count the lines of files."; echo "usage: count-lines FILE..."; exit; fi
wc -l "$@"
"""
SESSION = "20260301-120000-123ab"
RECEIPTS = {
    "Task": "fix the parser so that it takes empty input",
    "Session": SESSION,
    "Model": "scripted",
    "Evidence": "step 2, step 5",
    "Expects": "later tasks call it",
}


@dataclass
class Learnt:
    """Writes into the home of a livecoder as its sessions would."""

    home: Path
    root: Path
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.store = Store.open(self.home / "data")

    @property
    def project(self) -> str:
        return project_id(self.root)

    @property
    def state(self) -> Path:
        return self.home / "state" / "projects" / self.project

    def commit(self, path: str, text: str | None, subject: str = "", receipts: Mapping[str, str] = RECEIPTS) -> str:
        change = FileChange(path, None if text is None else text.encode(), path.startswith(("tools/", "hooks/")))
        kind = path.partition("/")[0].removesuffix("s")
        name = path.rpartition("/")[2].removesuffix(".toml")
        head = self.store.head(self.project)
        subject = subject or f"{kind}({name}): changed"
        return self.store.commit(self.project, head, [change], subject, receipts, datetime.now(UTC)).after

    def case(self, tool: str, *arguments: str, output: str = "", effect: str = "") -> None:
        """One more recorded call, on the tree as it is now."""
        workspace = Workspace.open(self.root, self.state / "workspace")
        made = Case(workspace.shadow.checkpoint().tree, arguments, "", ".", 0, output, effect, True)
        data = self.home / "data"
        cases.save(data, self.project, tool, [*cases.load(data, self.project, tool), made])

    def journal(self, session: str, *events: Event) -> None:
        with Journal(self.state / "sessions" / session) as journal:
            for event in events:
                journal.append(event)


def step(number: int, command: str, exit_code: int) -> tuple[Event, Event]:
    started = CommandStarted(1, number, f"c{number}", command, 30.0)
    finished = CommandFinished(1, number, f"c{number}", exit_code, 0.1, "", 0, 0, False, False, "/")
    return started, finished
