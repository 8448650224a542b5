"""A repository with clean copies of its trees, for what the engine runs itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from looping import bubble

from livecoder.rooms import Cancelled, Rooms, gitdirs
from livecoder.verify import Trees
from livecoder.workspace.copies import Dependencies, clean_copy, materialise
from livecoder.workspace.workspace import Workspace


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    root: Path
    rooms: Rooms
    base: str
    tree: Callable[[], str]

    def trees(self) -> Trees:
        return Trees(self.base, self.tree())


@contextmanager
def placed(tmp_path: Path, root: Path) -> Generator[Place]:
    """`base` is the tree as it is now."""
    workspace = Workspace.open(root, tmp_path / "state")
    dependencies = Dependencies.snapshot(workspace.shadow, tmp_path / "dependencies")

    def copier(tree: str, dest: Path, cancelled: Cancelled) -> str:
        return clean_copy(workspace.shadow.trees, tree, dependencies, dest, cancelled).why_in_place

    def tree() -> str:
        return workspace.shadow.checkpoint().tree

    materialise(workspace.shadow.trees, tree(), tmp_path / "base")
    with bubble(tmp_path, root, tmp_path / "base") as sandbox:
        yield Place(root, Rooms(sandbox, copier, gitdirs(root), tmp_path / "copies"), tree(), tree)


def never() -> bool:
    return False
