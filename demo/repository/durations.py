"""Durations as people write them: "1h 30m" and seconds, both ways."""

import re

UNITS = {"h": 3600, "m": 60, "s": 1}
PART = re.compile(r"(\d+)([hms])")


def parse_duration(text):
    """Seconds of a duration such as "1h 30m"."""
    return sum(int(number) * UNITS[unit] for number, unit in PART.findall(text))


def format_duration(seconds):
    """A duration for people, largest unit first."""
    parts = []
    for unit, size in UNITS.items():
        number, seconds = divmod(seconds, size)
        parts.append(f"{number}{unit}")
    return " ".join(parts)
