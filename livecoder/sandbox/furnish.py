"""A room's directories and the engine's files in them: `lc`, the command, the launchers of tools.

Everything here is written outside the sandbox and seen read-only inside, except `tmp/`, `home/` and `in/`.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
from pathlib import Path

from livecoder.sandbox import Room
from livecoder.sandbox.dropped import CALLS, MARK

TOOL_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_MOST_TOOLS = 500
_DOWNLOADS = ("/home/.cache/pip", "/home/.cache/uv", "/home/.npm/_cacache", "/home/.cache/yarn")

# `-ef` instead of `-p`: anything but /dev/null may have carried what the tool read.
_LAUNCHER = """\
#!/bin/bash
{tool} "$@"
code=$?
[[ /dev/stdin -ef /dev/null ]] && piped=0 || piped=1
printf '%s\\0' {mark} {name} "$code" "$piped" "$PWD" "$#" "$@" 2>/dev/null >>{calls}
exit "$code"
"""
# What a shell says of a file that it may not execute.
_REFUSAL = """\
#!/bin/bash
printf '%s\\n' {line} >&2
exit 126
"""


def directory(room: Room) -> Path:
    """What commands see as /run/lc: `bin/lc`, `tools/`, `command`, `python`; `in/` and `out/` are mounted into it."""
    return room.scratch / "lc"


def furnish(room: Room, python: Path | None) -> None:
    """Make the room's directories and files; nothing that a session left there is lost."""
    home = room.shared / "home"
    if room.home and not home.exists():
        shutil.copytree(room.home, home, symlinks=True, ignore=_passed)
    for place in (room.shared / "tmp", room.shared / "home", room.shared / "out", room.scratch / "in"):
        place.mkdir(parents=True, exist_ok=True)
    for name in ("bin", "tools"):
        (directory(room) / name).mkdir(parents=True, exist_ok=True)
    (room.shared / "tmp").chmod(0o1777)
    inside = directory(room)
    script = inside / "bin" / "lc"
    script.write_bytes(Path(__file__).with_name("lc").read_bytes())
    script.chmod(0o755)
    (inside / "python").write_text(f"{python}\n" if python else "\n")


def _passed(folder: str, names: list[str]) -> list[str]:
    """What is not copied of a HOME: what was downloaded and unpacked elsewhere, and what is neither file nor folder."""
    kinds = (stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK)
    modes = ((name, Path(folder, name).lstat().st_mode) for name in names)
    odd = [name for name, mode in modes if not any(is_kind(mode) for is_kind in kinds)]
    return odd + [name for name in names if f"{folder}/{name}".endswith(_DOWNLOADS)]


def last_number(room: Room) -> int:
    """The number of the last command whose output lies in the room; 0 at first."""
    return max((int(path.name) for path in (room.shared / "out").iterdir() if path.name.isdecimal()), default=0)


def put_command(room: Room, command: str) -> None:
    data = command.encode("utf-8", "replace").replace(b"\0", b"")
    (directory(room) / "command").write_bytes(data)


class Launchers:
    """One launcher for each tool of the checkout, at `root` for those who call them; each records its calls."""

    def __init__(self, room: Room, root: str) -> None:
        self._tools = room.scaffold / "tools" if room.scaffold else None
        self._directory = directory(room) / "tools"
        self._root = root
        self._pins = room.pins if room.pins and room.pins.root == room.scaffold else None
        self._made: dict[str, str] | None = None
        """The text of each."""
        self._refused: dict[str, str] | None = None
        """What they were made with; None before the first time."""

    def refresh(self) -> None:
        """Make them agree with the checkout as it is now. Cheap where nothing changed."""
        if self._tools is None:
            return
        if self._made is None:
            self._made = {path.name: "" for path in self._directory.iterdir()}
        refused = self._pins.refused() if self._pins else {}
        names = tool_names(self._tools)
        if names == self._made.keys() and refused == self._refused:
            return
        self._refused = refused
        wanted = {name: self._text(name, self._tools, refused.get(name, "")) for name in names}
        for name in self._made.keys() - wanted.keys():
            (self._directory / name).unlink(missing_ok=True)
        for name, text in wanted.items():
            if self._made.get(name) != text:
                launcher = self._directory / name
                launcher.write_text(text)
                launcher.chmod(0o755)
        self._made = wanted

    def _text(self, name: str, tools: Path, refused: str) -> str:
        if refused:
            return _REFUSAL.format(line=shlex.quote(f"livecoder: {name} is not run: {refused}"))
        return _LAUNCHER.format(
            tool=shlex.quote(str(tools / name)), name=name, mark=MARK, calls=shlex.quote(f"{self._root}/in/{CALLS}")
        )


def tool_names(tools: Path) -> set[str]:
    """Names of the executable regular files in a checkout's `tools/`, which a command may have filled."""
    try:
        with os.scandir(tools) as entries:
            names = [entry.name for entry in entries if TOOL_NAME.fullmatch(entry.name) and _executable(entry)]
    except OSError:
        return set()
    return set(sorted(names)[:_MOST_TOOLS])


def _executable(entry: os.DirEntry[str]) -> bool:
    try:
        mode = entry.stat(follow_symlinks=False).st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) and bool(mode & 0o111)
