"""What commands asked of the network, as events; the model is told what was refused, and what would allow it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from livecoder.events import NetworkAsked
from livecoder.loop import Notice, State, Step
from livecoder.sandbox import Sandbox
from livecoder.sandbox.proxy.log import Asked, Networked

TOLD = 5
"""Refusals of one step that the model reads; the events have all."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A watcher."""

    sandbox: Sandbox

    def after_step(self, step: Step, state: State) -> Iterator[Notice]:
        told = 0
        for asked in _taken(self.sandbox):
            told += not asked.allowed
            yield Notice(_event(asked, step.started.step), _advice(asked) if told <= TOLD else "")

    def before_end(self, state: State) -> None:
        return None

    def rest(self, step: int) -> Iterator[NetworkAsked]:
        """What was asked beside the steps: by services, by verify."""
        return (_event(asked, step) for asked in _taken(self.sandbox))


def _taken(sandbox: Sandbox) -> tuple[Asked, ...]:
    return sandbox.asked() if isinstance(sandbox, Networked) else ()


def _event(asked: Asked, step: int) -> NetworkAsked:
    return NetworkAsked(step, asked.place, asked.allowed, asked.why, asked.count)


def _advice(asked: Asked) -> str:
    if asked.allowed:
        return ""
    setting = f"; the user can: {asked.setting}" if asked.setting else ""
    return f"the network refused {asked.place}: {asked.why}{setting}"
