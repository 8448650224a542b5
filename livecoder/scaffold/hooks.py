"""Hooks: executables `hooks/<event>` that look at a round from outside and may say or deny something, nothing else.

What a hook prints is data with a closed set of effects. Nothing is executed here; which contents the user has accepted
is kept by hash, so a byte changed out of band is another hook.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast, get_args

from livecoder.errors import ScaffoldError
from livecoder.scaffold.accepted import Accepted
from livecoder.scaffold.files import each, read_file
from livecoder.scaffold.hidden import hidden

HookEvent: TypeAlias = Literal["round_start", "after_command", "before_finish"]

EVENTS: tuple[HookEvent, ...] = get_args(HookEvent)
FOLDER = "hooks"
MAX_BYTES = 16 * 1024
SECONDS = 2.0
SAY_CHARS = 500
"""Of what one call may say."""
HEAD_LINES = 5
"""Where the matcher is looked for."""

_MATCH = re.compile(r"^\s*(?:#|//|--|;)\s*match:\s*(?P<words>\S.{0,118}?)\s*$")
_END = "LIVECODER_HOOK"


@dataclass(frozen=True, slots=True)
class Hook:
    """One hook as it lies in a scaffold. `digest` is the SHA-256 of its bytes, in hex."""

    event: HookEvent
    digest: str
    match: str = ""
    """The words that a command begins with for `after_command` to run."""

    @property
    def path(self) -> str:
        return f"{FOLDER}/{self.event}"


@dataclass(frozen=True, slots=True)
class Said:
    """What a hook has to say: a remark for the model, or why it should not finish. Empty: nothing."""

    say: str = ""
    deny: str = ""


def read_hook(root: Path, event: str) -> Hook:
    """The hook of this event in the scaffold at `root`. Raises ScaffoldError for what can be none."""
    known: HookEvent | None = next((name for name in EVENTS if name == event), None)
    if known is None:
        raise ScaffoldError(f"hooks/{_shown(event)} is no hook", f"a hook is one of {', '.join(EVENTS)}")
    file = read_file(root, f"{FOLDER}/{known}")
    if len(file.data) > MAX_BYTES:
        raise ScaffoldError(f"{file.path} has more than {MAX_BYTES // 1024} KiB", "make it smaller")
    try:
        text = file.data.decode("utf-8")
    except UnicodeDecodeError:
        raise ScaffoldError(f"{file.path} is not text", "a hook is a script in UTF-8") from None
    if not text.startswith("#!"):
        raise ScaffoldError(f"{file.path} does not name its interpreter", "begin with `#!/usr/bin/env python3`")
    if not file.executable:
        raise ScaffoldError(f"{file.path} is not executable", "chmod +x")
    if place := hidden(text, allowed="\n\t"):
        raise ScaffoldError(f"{file.path} holds a hidden character ({place})", "take it out")
    match = matcher(text)
    if known == "after_command" and not match:
        raise ScaffoldError(f"{file.path} would run after every command", "add a line `# match: WORDS` at its top")
    return Hook(known, hashlib.sha256(file.data).hexdigest(), match)


def read_hooks(root: Path) -> tuple[list[Hook], list[str]]:
    """The hooks of the scaffold at `root`, and what was left out and why."""
    return each(root, FOLDER, lambda name: read_hook(root, name))


def matcher(text: str) -> str:
    """The words of the `match:` comment near the top of a hook; "" for none."""
    found = (_MATCH.match(line) for line in text.splitlines()[:HEAD_LINES])
    return next((match["words"] for match in found if match), "")


def call(content: bytes, given: Mapping[str, Any]) -> str:
    """The command that runs exactly this content with `given` as JSON on its stdin; only its stdout is read.

    The file in the scaffold is not run: a job may write it between the look at its hash and its start.
    """
    encoded = base64.b64encode(content).decode("ascii")
    lines = [
        'hook=$(mktemp -d)/hook && base64 -d >"$hook" <<\'{end}\' && chmod 700 "$hook" || exit',
        encoded,
        "{end}",
        # One line of ASCII: nothing in it can end the here-document.
        "\"$hook\" 2>/dev/null <<'{end}'",
        json.dumps(given),
        "{end}",
        "",
    ]
    return "\n".join(lines).replace("{end}", _END)


def said(output: str) -> Said:
    """What a hook printed. Keys other than `say` and `deny` have no effect, whatever they claim.

    Raises ScaffoldError for what is no JSON object, or has no text under these keys.
    """
    try:
        found: object = json.loads(output)
    except (ValueError, RecursionError):
        raise ScaffoldError("it printed no JSON", "print {}, or an object with `say` or `deny`") from None
    if not isinstance(found, dict):
        raise ScaffoldError("it printed no JSON object", "print {}, or an object with `say` or `deny`")
    values = cast("dict[str, object]", found)
    return Said(_text(values.get("say", "")), _text(values.get("deny", "")))


def accepted(data: Path) -> frozenset[str]:
    """The hashes of all hooks that this user has ever accepted; none when the file cannot be read."""
    return _accepted(data).hashes()


def accept(data: Path, digest: str) -> None:
    """The user accepts this content, in every project. Raises ScaffoldError when that cannot be written."""
    _accepted(data).add(digest)


def _accepted(data: Path) -> Accepted:
    return Accepted(data / "hooks.accepted")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ScaffoldError("what it says is no text", "give a string")
    if place := hidden(value, allowed="\n\t"):
        raise ScaffoldError(f"what it says holds a hidden character ({place})", "say it plainly")
    clean = value.strip()
    return clean if len(clean) <= SAY_CHARS else clean[: SAY_CHARS - 1] + "…"


def _shown(name: str) -> str:
    return name[:60].encode("unicode_escape", "backslashreplace").decode()
