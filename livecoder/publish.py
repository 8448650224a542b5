"""`--branch NAME`: what a session leaves as commits on a new branch of the user's, once a round has ended well.

The flag is the approval where nobody can be asked; in a conversation the command line asks, after the round.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from livecoder import config
from livecoder.endings import Facts, judge
from livecoder.errors import LivecoderError
from livecoder.events import BranchCommit, BranchMade, Event, Warned
from livecoder.opening import Opened
from livecoder.workspace.branch import Left, Proposal, make, propose
from livecoder.workspace.git import Git
from livecoder.workspace.leaks import refuse_secret_name
from livecoder.workspace.quarantine import head_of


@dataclass(frozen=True, slots=True)
class Publisher:
    """One session's. `base` is the commit that it found."""

    opened: Opened
    base: str

    @classmethod
    def begin(cls, opened: Opened) -> Self | None:
        """Before the first command runs; None where no branch was asked for. Raises BranchRefused."""
        name, gitdir = opened.settings.branch, opened.sandbox.room.gitdir
        if not name or not gitdir:
            return None
        base = head_of(gitdir)
        refuse_secret_name(Git(opened.workspace.gitdir), base, name, config.secrets())
        return cls(opened, base)

    @contextmanager
    def proposed(self, final_tree: str, task: str) -> Generator[Proposal | None]:
        """What would become the branch, while it lasts; None where nothing was left. Raises BranchRefused."""
        opened, room = self.opened, self.opened.sandbox.room
        assert room.gitdir, "begin() saw it"
        left = Left(room.gitdir, room.objects, opened.base_tree, final_tree, tuple(config.secrets()))
        subject = next((line.strip() for line in task.splitlines() if line.strip()), "changes")
        with tempfile.TemporaryDirectory(dir=opened.directory / "room", prefix="branch-") as place:
            yield propose(opened.workspace, left, self.base, subject, Path(place), Path.home())

    def made(self, proposal: Proposal) -> BranchMade:
        """Make the branch. Raises BranchRefused."""
        make(self.opened.workspace, self.opened.settings.branch, proposal)
        return described(self.opened.settings.branch, proposal)

    def after_round(self, facts: Facts, final_tree: str, *, must_change: bool) -> Iterator[Event]:
        """Without a person: the branch of a round that ended well, or why there is none, which is then its ending."""
        if judge(facts, must_change=must_change).exit_code:
            return
        try:
            with self.proposed(final_tree, facts.task.text) as proposal:
                if proposal is None:
                    yield Warned(f"no branch {self.opened.settings.branch} was made: nothing was committed or changed")
                    return
                facts.branch = self.made(proposal)
                yield facts.branch
        except LivecoderError as error:
            facts.unpublished = error.line()


def described(name: str, proposal: Proposal) -> BranchMade:
    """The branch as it is told and recorded."""
    commits = tuple(
        BranchCommit(commit.id, commit.message.partition("\n")[0], commit.files, commit.added, commit.removed)
        for commit in proposal.commits
    )
    return BranchMade(name, proposal.tip, proposal.base, commits)
