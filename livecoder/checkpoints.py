"""A watcher of the loop: the tree after each step that changed it, so that any step can be gone back to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from livecoder.events import CheckpointTaken
from livecoder.loop import Notice, State, Step
from livecoder.workspace.brief import brief
from livecoder.workspace.shadow import Shadow


@dataclass(slots=True)
class Checkpoints:
    """`tree` is the last one that was taken."""

    shadow: Shadow
    tree: str

    def after_step(self, step: Step, state: State) -> Iterator[Notice]:
        if step.tree_changed:
            before, snapshot = self.tree, self.shadow.checkpoint()
            self.tree = snapshot.tree
            taken = CheckpointTaken(state.round, step.started.step, snapshot.tree, snapshot.left_out)
            yield Notice(taken, brief(self.shadow, before, snapshot.tree, step.started.command + step.finished.output))

    def before_end(self, state: State) -> None:
        return None
