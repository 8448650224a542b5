"""The environment of a room's commands: what the engine fixes, what toolchains need, what the last command exported.

The host's environment never enters. What a command reports about itself is data that it may have forged.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from livecoder.sandbox.dropped import STATE_BYTES

FIXED = {
    "LANG": "C.UTF-8",
    "TERM": "dumb",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "CI": "1",
}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NEVER = re.compile(
    r"LD_.*|DYLD_.*|GIT_.*|BASH.*|ENV|SHELLOPTS|PATH|PWD|OLDPWD|SHLVL|_|IFS|PS4|LC_ROOT|LC_CWD|SCAFFOLD|HOME|POSIXLY_CORRECT"
)
_PATH_CHARS = 4096
_ADDITIONS = 64
_VARIABLES = 1000


@dataclass(frozen=True, slots=True)
class Search:
    """PATH in its order: `lc`, what commands added, the engine's directories, the tools."""

    first: tuple[str, ...]
    engine: tuple[str, ...]
    last: tuple[str, ...]


class Environment:
    """What the next command starts with: its variables and its working directory, in the sandbox's own names."""

    def __init__(self, workspace: str, fixed: Mapping[str, str], toolchain: Mapping[str, str], search: Search) -> None:
        self.cwd = workspace
        self._workspace = workspace
        self._fixed = {**FIXED, **fixed}
        self._search = search
        self._carried = dict(toolchain)
        self._additions: tuple[str, ...] = ()

    def variables(self) -> dict[str, str]:
        path = (*self._search.first, *self._additions, *self._search.engine, *self._search.last)
        return {**self._carried, **self._fixed, "PATH": ":".join(path)}

    def lose_cwd(self) -> str:
        """The directory is gone: start in the workspace. Returns the note for the model."""
        self.cwd = self._workspace
        return f"The working directory no longer exists; commands start in {self.cwd} again."

    def take(self, state: bytes) -> str:
        """Carry what a command reported: its directory and its exported variables, each ended by NUL.

        Returns a note for the model, or "".
        """
        if len(state) > STATE_BYTES or state.count(b"\0") > _VARIABLES:
            return "Exported variables and the working directory were not kept: more than 64 KB, or than 1,000."
        cwd, *entries = [os.fsdecode(part) for part in state.split(b"\0")[:-1]] or [self.cwd]
        pairs = [entry.partition("=") for entry in entries]
        variables = {name: value for name, separator, value in pairs if separator}
        if "PATH" in variables:
            self._additions = self._added(variables["PATH"])
            self._carried = {name: value for name, value in variables.items() if self._carriable(name)}
        if not cwd:
            return self.lose_cwd()
        if cwd.startswith("/") and len(cwd) < _PATH_CHARS and "\n" not in cwd:
            self.cwd = cwd
        return ""

    def _carriable(self, name: str) -> bool:
        return bool(_NAME.fullmatch(name)) and not _NEVER.fullmatch(name) and name not in self._fixed

    def _added(self, path: str) -> tuple[str, ...]:
        """What is in `path` beyond the engine's directories. One of those put in front again counts: `activate`."""
        engine = [*self._search.engine, *self._search.last]
        added: dict[str, None] = {}
        for entry in reversed(path.split(":")):
            if entry in engine:
                del engine[len(engine) - 1 - engine[::-1].index(entry) :]
            elif entry.startswith("/") and len(entry) < _PATH_CHARS and "\n" not in entry:
                added[entry] = None
        return tuple(entry for entry in reversed(added) if entry not in self._search.first)[:_ADDITIONS]
