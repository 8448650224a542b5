"""The programs that commands will find, by the directories of the sandbox's PATH. None is started.

These are the user's own directories, not the repository's. A version is told where a path or a file beside the program
has it, and is "" otherwise.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

_IN_PATH = (
    re.compile(r"/versions/(?:node/v?)?(\d+\.\d+[\w.]*)/"),  # pyenv, nodenv, nvm
    re.compile(r"/cpython-(\d+\.\d+\.\d+)"),  # uv
    re.compile(r"/node-versions/v(\d+\.\d+\.\d+)/"),  # fnm
    re.compile(r"/(?:installs|candidates|image)/\w+/v?(\d+\.\d+[\w.]*)/"),  # mise, asdf, sdkman, volta
    re.compile(r"/go-(\d+\.\d+[\w.]*)/"),
    re.compile(r"/toolchains/(\d+\.\d+[\w.]*)-"),  # rustup
    re.compile(r"/python(\d+\.\d+)$"),
)
_MAX_FILE = 64


@dataclass(frozen=True, slots=True)
class Programs:
    """`path` is the sandbox's, in its order; nothing is found by an empty one."""

    path: tuple[str, ...] = ()

    def find(self, name: str) -> str:
        """The program's path; "" when there is none."""
        return shutil.which(name, path=os.pathsep.join(self.path)) or "" if self.path else ""

    def version(self, name: str, wanted: str = "") -> str:
        """The version of a program. `wanted` is what the repository asks of a version manager's shim."""
        found = self.find(name)
        if not found:
            return ""
        if Path(found).parent.name == "shims":
            return _shimmed(Path(found).parents[1], wanted)
        real = os.path.realpath(found)
        if name == "go" and (told := _line(Path(real).parents[1] / "VERSION")):
            return told.removeprefix("go").split()[0]
        return next((match[1] for pattern in _IN_PATH if (match := pattern.search(real))), "")

    def prefix(self, name: str, wanted: str = "") -> Path | None:
        """The installation that a program belongs to: the folder above its `bin`."""
        found = self.find(name)
        if not found:
            return None
        if Path(found).parent.name == "shims":
            version = _shimmed(Path(found).parents[1], wanted)
            return Path(found).parents[1] / "versions" / version if version else None
        prefix = Path(found).parents[1]
        return prefix if (prefix / "pyvenv.cfg").exists() else Path(os.path.realpath(found)).parents[1]


def _shimmed(root: Path, wanted: str) -> str:
    """The version that a shim of pyenv's kind takes; "" when it would refuse, or when that cannot be told."""
    version = wanted or _line(root / "version")
    return version if re.fullmatch(r"[\w.-]+", version) and (root / "versions" / version).is_dir() else ""


def _line(path: Path) -> str:
    """The first line of a small file of the user's."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return file.read(_MAX_FILE).decode("utf-8", "replace").partition("\n")[0].strip()
    except OSError:
        return ""
