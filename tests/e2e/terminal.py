"""A person at a terminal: a pseudo-terminal of 80 columns, keys in, what is shown out."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from pathlib import Path

STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
PATIENCE_SECONDS = 90


class Terminal:
    """Runs a program as the foreground process of a terminal of its own. A context manager."""

    def __init__(self, words: list[str], cwd: Path, env: dict[str, str], columns: int = 80) -> None:
        self._leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.shown = ""
        self._seen = 0
        # `setsid --ctty` makes the terminal the program's own, so that Ctrl-C reaches all of its foreground group.
        self.process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *words], cwd=cwd, env=env, stdin=follower, stdout=follower, stderr=follower
        )
        os.close(follower)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._leader)  # hangs up
        try:
            self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def keys(self, text: str) -> None:
        os.write(self._leader, text.encode())

    def sees(self, text: str) -> str:
        """Wait until `text` is shown after what was seen last; returns everything up to it."""
        end = time.monotonic() + PATIENCE_SECONDS
        while (found := self.shown.find(text, self._seen)) < 0:
            assert time.monotonic() < end and self._read(), f"no {text!r} in\n{self.shown[self._seen :]}"
        start, self._seen = self._seen, found + len(text)
        return self.shown[start : self._seen]

    def ends(self) -> int:
        """Wait for the program's end; returns its exit code."""
        while self._read():
            pass
        return self.process.wait(PATIENCE_SECONDS)

    def waits_for_a_line(self) -> bool:
        """Whether readline has taken over the terminal, and the program sleeps."""
        taken = not termios.tcgetattr(self._leader)[3] & termios.ICANON
        return taken and Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"

    def interrupted(self) -> int:
        """Press Ctrl-C until the program ends, as a person would; returns its exit code.

        One that comes just before Python begins to wait for a line is noticed only with the next key.
        """
        for _ in range(3):
            self.keys("\x03")
            end = time.monotonic() + PATIENCE_SECONDS / 3
            while self.process.poll() is None and time.monotonic() < end:
                self._read(0.2)
            if self.process.poll() is not None:
                break
        return self.ends()

    def _read(self, patience: float = PATIENCE_SECONDS) -> bool:
        ready, _, _ = select.select([self._leader], [], [], patience)
        try:
            data = os.read(self._leader, 65536) if ready else b""
        except OSError:  # the last process of the terminal has ended
            data = b""
        self.shown += STYLE.sub("", data.decode("utf-8", "replace")).replace("\r\n", "\n")
        return bool(data)
