"""The user's own editor, in the user's terminal, on a copy of a text. Nothing of an agent's is executed here."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from pathlib import Path

from livecoder import config
from livecoder.errors import ConfigError

USUAL = "vi"


def edited(text: str, ending: str = ".txt") -> str:
    """The text as the user leaves it. Raises ConfigError when there is no editor, or when it fails."""
    environ = config.environment()
    command = environ.get("VISUAL") or environ.get("EDITOR") or USUAL
    with tempfile.TemporaryDirectory(prefix="livecoder-edit-") as folder:
        path = Path(folder) / f"proposal{ending}"
        path.write_text(text, encoding="utf-8")
        try:
            done = subprocess.run([*shlex.split(command), str(path)], check=False)
        except (OSError, ValueError) as error:
            raise ConfigError(f"the editor {command!r} does not start: {error}", "set EDITOR") from None
        if done.returncode:
            raise ConfigError(f"the editor {command!r} ended with {done.returncode}", "nothing was changed")
        return path.read_text(encoding="utf-8", errors="replace")
