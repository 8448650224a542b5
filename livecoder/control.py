"""The one inlet of a running round: cancel it, steer it, and its deadline. Safe to call from any thread or signal."""

from __future__ import annotations

import time
from collections import deque
from typing import Literal, TypeAlias

Cause: TypeAlias = Literal["", "interrupt", "terminate", "hangup", "timeout"]


class Control:
    """`timeout` is in seconds from now; 0 means none. The first cause given stays."""

    def __init__(self, timeout: float = 0.0) -> None:
        self._deadline = time.monotonic() + timeout if timeout else None
        self._cause: Cause = ""
        self._steering: deque[str] = deque()

    @property
    def cause(self) -> Cause:
        if not self._cause and self._deadline is not None and time.monotonic() > self._deadline:
            self._cause = "timeout"
        return self._cause

    def cancelled(self) -> bool:
        return self.cause != ""

    def cancel(self, cause: Cause) -> None:
        self._cause = self._cause or cause

    def steer(self, text: str) -> None:
        """Say something to the model before its next turn."""
        self._steering.append(text)

    def take_steering(self) -> str:
        taken: list[str] = []
        while self._steering:
            taken.append(self._steering.popleft())
        return "\n\n".join(taken)
