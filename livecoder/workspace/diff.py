"""The agent's product: what differs between two checkpoints, without what the user's ignore rules exclude.

A changed file belongs to the product when the user's index has it, or when the ignore rules as they were in the *base*
tree (and in `.git/info/exclude`) do not exclude it: a rule that the agent adds hides nothing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from livecoder.workspace.git import Git
from livecoder.workspace.scan import shown
from livecoder.workspace.shadow import RULES, Shadow

PLAIN = ("--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--ignore-submodules=all")
"""A diff by git's own rules and nobody's settings."""


@dataclass(frozen=True, slots=True)
class Stat:
    """Files changed and lines added and removed (binary files count no lines)."""

    files: int
    added: int
    removed: int
    names: tuple[str, ...]


def product(shadow: Shadow, base: str, final: str) -> str:
    """The tree `final` with ignored files as they are in `base`."""
    changes = shadow.trees.changes(base, final)
    rules = {path: e.blob for path, e in shadow.trees.entries(base).items() if _is_rule(path) and e.mode != "120000"}
    contents = dict(shadow.trees.blobs(rules.values()))
    ignored = shadow.ignored(changes, {path: contents[blob] for path, blob in rules.items()})
    return shadow.trees.compose(final, {path: changes[path][0] for path in ignored}) if ignored else final


def patch(shadow: Shadow, base: str, final: str) -> bytes:
    """The product as a patch that `git apply` takes on the base tree, binary files and modes included."""
    final = product(shadow, base, final)
    return shadow.trees.git.run("diff-tree", "-r", "-p", "--binary", "--full-index", *PLAIN, base, final)


def readable(shadow: Shadow, base: str, final: str) -> bytes:
    """The product for people: what changed in a binary file is not shown."""
    final = product(shadow, base, final)
    return shadow.trees.git.run("-c", "core.quotePath=false", "diff-tree", "-r", "-p", *PLAIN, base, final)


def stat(shadow: Shadow, base: str, final: str) -> Stat:
    """The product in numbers."""
    return numbers(shadow.trees.git, base, product(shadow, base, final))


def numbers(git: Git, base: str, final: str) -> Stat:
    """What differs between two trees or commits of any repository, in numbers."""
    listing = git.run("diff-tree", "-r", "-z", "--numstat", *PLAIN, base, final)
    rows = [item.split(b"\t", 2) for item in listing.split(b"\0")[:-1]]
    return Stat(
        files=len(rows),
        added=sum(int(row[0]) for row in rows if row[0] != b"-"),
        removed=sum(int(row[1]) for row in rows if row[1] != b"-"),
        names=tuple(shown(os.fsdecode(row[2])) for row in rows),
    )


def _is_rule(path: str) -> bool:
    return path.rpartition("/")[2] == RULES
