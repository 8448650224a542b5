"""What may differ between two runs of one recording on two machines, and nothing else.

A recording departs where two texts differ after masking: a mask too many hides a departure, one too few invents one.
"""

from __future__ import annotations

import re

MASKS: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("names under /tmp and /var/tmp", re.compile(r"/(?:var/)?tmp/[\w.+-]+(?:/[\w.+-]+)*"), "<tmp>"),
    (
        "lines of pytest about the machine",
        re.compile(r"^(?:platform \w+ --|(?:rootdir|plugins|cachedir|configfile):).*$", re.M),
        "<pytest>",
    ),
    ("rulers padded to the width of what they hold", re.compile(r"={3,}|-{5,}|_{5,}"), "<ruler>"),
    ("times of day", re.compile(r"\b\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\b"), "<time>"),
    ("dates", re.compile(r"\b20\d{2}-\d{2}-\d{2}\b"), "<date>"),
    ("durations", re.compile(r"\b\d+(?:\.\d+)?(?:e-\d+)? ?(?:s|ms|us|µs|sec|secs|seconds?|minutes?)\b"), "<duration>"),
    ("whether a command took long enough for its time to be told", re.compile(r"(\[exit \d+) · <duration>\]"), r"\1]"),
    ("versions of Python", re.compile(r"\b([Pp]ython ?)\d\.\d+(?:\.\d+)?\b"), r"\1<version>"),
    ("hashes and addresses of seven digits and more", re.compile(r"\b(?:0x)?(?=[a-f]*\d)[0-9a-f]{7,}\b"), "<hex>"),
)
"""What, pattern, replacement: applied in this order, after the workspace's path."""

WORKSPACE = "<workspace>"


def mask(text: str, workspace: str) -> str:
    """`text` without what may differ. `workspace` is the path that this text calls the workspace."""
    if workspace:
        text = re.sub(rf"{re.escape(workspace)}(?![\w-])", WORKSPACE, text)
    for _, pattern, replacement in MASKS:
        text = pattern.sub(replacement, text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def first_difference(recorded: str, now: str) -> tuple[str, str] | None:
    """The first pair of lines that differ, both already masked; None when there is none."""
    ours, theirs = recorded.split("\n"), now.split("\n")
    for index in range(max(len(ours), len(theirs))):
        pair = (
            ours[index] if index < len(ours) else "(nothing more)",
            theirs[index] if index < len(theirs) else "(nothing more)",
        )
        if pair[0] != pair[1]:
            return pair
    return None
