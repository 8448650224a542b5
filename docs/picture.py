"""Draws docs/run.svg: what `livecoder demo` prints in its second act, in the colours of a terminal.

Run it from the checkout: `.venv/bin/python docs/picture.py`.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 104


def main() -> None:
    """Play the demo in colour, cut out the second act, save it."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "LIVECODER_HOME": home, "FORCE_COLOR": "1"}
        command = [sys.executable, "-m", "livecoder", "demo"]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    act = done.stdout[done.stdout.index("act 2") :]
    act = act[: act.index("━━ act 3")].partition("\n")[2]
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(Text.from_ansi(act.strip("\n")), overflow="ellipsis", no_wrap=True)
    drawn = console.export_svg(title="livecoder, second task: the tool of the first one")
    # No fonts from elsewhere: whoever looks at the page asks nobody but its server.
    plain = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.S)
    (Path(__file__).parent / "run.svg").write_text(plain)


if __name__ == "__main__":
    main()
