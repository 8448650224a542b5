"""What nobody expected: a bug of ours, written down where the user finds it, or a full disk, which is none.

Whoever calls says what may not get into the file.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from livecoder.errors import ConfigError, LivecoderError

FULL = (errno.ENOSPC, errno.EDQUOT)


def masker(secrets: Sequence[str]) -> Callable[[str], str]:
    """Takes secrets out of a text, also as JSON inside a text has them, where there is no journal that would."""
    longest_first = sorted(secrets, key=len, reverse=True)

    def masked(text: str) -> str:
        for secret in longest_first:
            text = text.replace(secret, "[secret]").replace(json.dumps(secret)[1:-1], "[secret]")
        return text

    return masked


def reported(error: BaseException, folder: Path, masked: Callable[[str], str]) -> LivecoderError:
    """The failure to end with: it says where the report lies. A folder that cannot be written is replaced by /tmp."""
    import traceback

    if isinstance(error, OSError) and error.errno in FULL:
        place = f": {error.filename}" if error.filename else ""
        return ConfigError(masked(f"{error.strerror}{place}"), "free some space where livecoder keeps its state")
    text = masked("".join(traceback.format_exception(error)))
    told = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return LivecoderError(f"a bug of ours ({masked(told)})", f"the report is {_written(folder, text)}")


def _written(folder: Path, text: str) -> str:
    name = f"report-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.txt"
        path.write_text(text, encoding="utf-8", errors="replace")
        return str(path)
    except OSError:
        pass
    import tempfile

    try:
        with tempfile.NamedTemporaryFile("w", prefix=name, suffix=".txt", delete=False, errors="replace") as file:
            file.write(text)
            return file.name
    except OSError as refused:
        return f"lost ({refused.strerror}); its end was: {text.strip().rpartition(chr(10))[2]}"
