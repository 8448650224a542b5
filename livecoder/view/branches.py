"""The commits of a branch in lines, with everything in sight that their messages and names might hide."""

from __future__ import annotations

from livecoder import events as e
from livecoder.view.figures import count
from livecoder.view.revealed import in_line


def commit_lines(branch: e.BranchMade) -> list[str]:
    """One line a commit, oldest first: hash, subject, files, lines added and removed."""
    return [
        f"{commit.id[:12]} {in_line(commit.subject)} ({count(commit.files, 'file')} +{commit.added} -{commit.removed})"
        for commit in branch.commits
    ]
