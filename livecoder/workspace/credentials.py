"""Credentials in the configuration of the user's clone, as CI's checkout leaves them there: to be told and kept hidden.

Commands see no configuration of the user's (`gitdir`); a file that it includes may lie in the worktree, which they see.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from livecoder.workspace.git import Git

_SECONDS = 5.0
"""For git to read it: what it includes may be a pipe."""
_BYTES = 4_000_000
_IN_AN_ADDRESS = re.compile(r"\w+://([^/@\s]+)@")
_HEADER = re.compile(r"http\.(?:.*\.)?extraheader", re.S)


@dataclass(frozen=True, slots=True)
class Credential:
    key: str
    """Without what is secret in it."""
    file: Path
    """Where it stands."""


def persisted(gitdir: Path) -> tuple[Credential, ...]:
    """What git would send or be asked with, in the configuration of this gitdir and what that includes."""
    words = ("config", "--includes", "--list", "--show-origin", "-z")
    listing = Git(gitdir).glimpse(*words, limit=_BYTES, seconds=_SECONDS).decode("utf-8", "surrogateescape").split("\0")
    found: dict[Credential, None] = {}
    for origin, item in zip(listing[0::2], listing[1::2], strict=False):
        kind, _, place = origin.partition(":")
        key, _, value = item.partition("\n")
        if kind == "file" and _is_secret(key, value):
            file = gitdir / place  # an absolute one stays as it is
            found[Credential(_IN_AN_ADDRESS.sub("…@", key), file)] = None
    return tuple(found)


def told(gitdir: Path) -> tuple[str, ...]:
    """One line for the user where there are any."""
    found = persisted(gitdir)
    if not found:
        return ()
    keys = ", ".join(sorted({credential.key for credential in found}))
    files = ", ".join(sorted({str(credential.file) for credential in found}))
    remedy = "commands do not see it, whatever else runs here does (actions/checkout: `persist-credentials: false`)"
    return (f"git's configuration of this clone holds a credential ({keys} in {files}): {remedy}",)


def _is_secret(key: str, value: str) -> bool:
    """A header to be sent, or a password in an address; a name alone is none, unless it is long: a token."""
    if _HEADER.fullmatch(key):
        return bool(value)
    users = _IN_AN_ADDRESS.findall(f"{key} {value}")
    return any(":" in user.rstrip(":") or len(user) >= 20 for user in users)
