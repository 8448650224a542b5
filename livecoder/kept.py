"""What the user's `setup` left beside a project's folders: a HOME, and for which state of the lockfiles it was."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from livecoder.config import Settings
from livecoder.sandbox.dropped import read_regular
from livecoder.sandbox.toolchains import Toolchains
from livecoder.workspace.scan import Scan

LOCKFILES = frozenset(
    (
        *("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml", "conda-lock.yml", "requirements.txt"),
        *("package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb"),
        *("Cargo.lock", "go.sum", "Gemfile.lock", "composer.lock", "mix.lock", "deno.lock"),
    )
)
MANIFESTS = frozenset(("pyproject.toml", "setup.py", "setup.cfg", "package.json", "Cargo.toml", "go.mod", "Gemfile"))
"""Looked at where there is no lockfile."""
_FILE_BYTES = 32 * 1024 * 1024
CACHES = {"CARGO_HOME": ".cargo/registry", "GOMODCACHE": "go/pkg/mod"}
"""Caches of the user's that are read-only in a sandbox, and where in HOME they lie without the variable."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Of one project, in the engine's directory for it."""

    directory: Path

    @property
    def scratch(self) -> Path:
        """Of the room that setup runs in."""
        return self.directory / "room"

    @property
    def home(self) -> Path:
        """HOME as setup left it."""
        return self.scratch / "home"

    def home_of(self, settings: Settings) -> Path | None:
        """What HOME holds when a session begins."""
        return self.home if settings.setup and self._stamp() and self.home.is_dir() else None

    def current(self, state: str, found: Scan) -> bool:
        """Whether setup has run for this state, and the folders that it made are there."""
        stamp = self._stamp()
        return stamp.get("state") == state and set(stamp.get("folders", ())) <= set(found.dependencies)

    def forget(self) -> None:
        self._file.unlink(missing_ok=True)

    def stamp(self, state: str, found: Scan) -> None:
        self._file.write_text(json.dumps({"state": state, "folders": sorted(found.dependencies)}))

    @property
    def _file(self) -> Path:
        return self.directory / "stamp.json"

    def _stamp(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._file.read_text()))
        except (OSError, ValueError):
            return {}


def state(command: str, root: Path, found: Scan) -> str:
    """A hash of the command and of the lockfiles; of the manifests where there is none."""
    files = _named(found.files, LOCKFILES) or _named(found.files, MANIFESTS)
    known = hashlib.sha256(command.encode())
    for path in files:
        known.update(b"\0" + os.fsencode(path) + b"\0" + (read_regular(root / path, _FILE_BYTES) or b""))
    return known.hexdigest()


def _named(paths: Iterable[str], names: frozenset[str]) -> list[str]:
    return sorted(path for path in paths if path.rpartition("/")[2] in names)


def with_own_caches(toolchains: Toolchains, home: Path | None) -> Toolchains:
    """Those caches that this HOME has instead of the user's."""
    return without_caches(toolchains, [name for name, place in CACHES.items() if home and (home / place).is_dir()])


def without_caches(toolchains: Toolchains, own: Collection[str] = CACHES) -> Toolchains:
    """What is to be cached is cached in HOME."""
    return replace(toolchains, variables={key: value for key, value in toolchains.variables.items() if key not in own})
