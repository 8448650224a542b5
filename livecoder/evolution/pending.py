"""Sessions that wait to be looked back on: a marker file in each, with its task and a line for each failure."""

from __future__ import annotations

from pathlib import Path

PENDING = "reflection.pending"
FAILURES = 2
"""After so many a session waits no longer: each one is paid for."""


def waiting(sessions: Path) -> list[Path]:
    """The sessions that wait, newest first."""
    return sorted((path.parent for path in sessions.glob(f"*/{PENDING}")), reverse=True)


def wait(session: Path, task: str) -> None:
    (session / PENDING).write_text(f"{' '.join(task.split())[:200]}\n")


def task_of(session: Path) -> str:
    """What it was about, as far as that is known without its journal."""
    marker = session / PENDING
    return marker.read_text().partition("\n")[0] if marker.exists() else session.name


def failed(session: Path) -> None:
    """Once more: the session waits on, unless that was the last time. One that never waited does not begin to."""
    marker = session / PENDING
    if not marker.exists():
        return
    with marker.open("a") as file:
        file.write("failed\n")
    if marker.read_text().splitlines()[1:].count("failed") >= FAILURES:
        marker.unlink()


def done(session: Path) -> None:
    (session / PENDING).unlink(missing_ok=True)
