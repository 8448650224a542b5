"""The user's policy: flags, environment, files. The only room that reads the process environment.

Highest first: flags, `--set`, `LIVECODER_*`, the user's `config.toml`, defaults. Nothing in a repository is read: a
stranger's file must not choose a provider, a key or a verify command. The agent's own settings are knobs, elsewhere;
the key sets are disjoint, by test.
"""

from __future__ import annotations

from livecoder.config.file import allow, project, read_file, remember
from livecoder.config.keys import CHOICES, KEYS, checked
from livecoder.config.settings import (
    HEADLESS_BUDGET_USD,
    SECRET_CHARS,
    Evolve,
    Paths,
    PermissionMode,
    SandboxChoice,
    Settings,
    environment,
    merge,
    paths,
    reached,
    secrets,
    settings,
)

__all__ = [
    "CHOICES",
    "HEADLESS_BUDGET_USD",
    "KEYS",
    "SECRET_CHARS",
    "Evolve",
    "Paths",
    "PermissionMode",
    "SandboxChoice",
    "Settings",
    "allow",
    "checked",
    "environment",
    "merge",
    "paths",
    "project",
    "reached",
    "read_file",
    "remember",
    "secrets",
    "settings",
]
