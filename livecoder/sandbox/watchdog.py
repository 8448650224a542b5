"""Looks at a sandbox's processes from outside, where no control group limits them: their memory and their number.

A look comes some times a second, so a limit may be passed for a moment before all is killed. Files in /dev/shm that no
process has mapped are not seen.
"""

from __future__ import annotations

import os
from pathlib import Path

from livecoder.sandbox.cgroups import Limits

_PAGE = os.sysconf("SC_PAGE_SIZE")
_THREADS, _RESIDENT = 17, 21
"""Fields of /proc/PID/stat, counted from the one behind the name."""


def exceeded(bubblewrap: int, limits: Limits) -> str:
    """Which of the limits the processes in a bubblewrap exceed together, as "memory" or "processes"; or ""."""
    children = _read(Path(f"/proc/{bubblewrap}/task/{bubblewrap}/children")).split()
    if not children:
        return ""
    proc = Path(f"/proc/{children[0]}/root/proc")  # the sandbox's own, with its own processes and no others
    family = _names(proc)
    if len(family) > limits.pids:
        return "processes"
    threads = resident = 0
    for name in family:
        fields = _read(proc / name / "stat").rpartition(") ")[2].split()
        if fields:
            threads += int(fields[_THREADS])
            resident += int(fields[_RESIDENT]) * _PAGE  # what is shared counts once for each that shares it
    if threads > limits.pids:
        return "processes"
    if resident > limits.memory and sum(_share(proc / name) for name in family) > limits.memory:
        return "memory"
    return ""


def _names(proc: Path) -> list[str]:
    try:
        return [name for name in os.listdir(proc) if name.isdecimal()]  # noqa: PTH208 (names alone, of thousands)
    except OSError:
        return []


def _share(process: Path) -> int:
    """With what is shared divided among those who share it, and what is swapped out. Slow, so it is asked last."""
    lines = (line.split() for line in _read(process / "smaps_rollup").splitlines())
    return sum(int(fields[1]) * 1024 for fields in lines if fields[0] in ("Pss:", "SwapPss:"))


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:  # it has ended
        return ""
