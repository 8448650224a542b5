"""Which Python the commands of a package run with: an environment in the tree, else `python3` of the sandbox's PATH."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from livecoder.ground.facts import Fact
from livecoder.ground.place import Place

ENVIRONMENTS = (".venv", "venv", "env")
MAX_MODULES = 5_000
_VERSION = re.compile(r"^version(?:_info)?\s*=\s*(\d+\.\d+(?:\.\d+)?)", re.M)
_SYSTEM_SITE = re.compile(r"^include-system-site-packages\s*=\s*true", re.M | re.I)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """`path` is from the root of the repository, as in ".venv/bin/python", or a name on PATH."""

    path: str
    environment: str = ""
    """Its folder from the root; "" when it is not in the tree."""
    version: Fact | None = None
    site: frozenset[str] | None = None
    """The names in its site-packages; None when they are not known."""

    def called(self, place: Place, folder: str = "") -> str:
        """As a command in the package, or in a folder of it, must name it."""
        return place.relative(self.path, folder) if self.environment else self.path

    def lacks(self, module: str) -> bool:
        """True only where it is known not to have that module."""
        return self.site is not None and not {module, f"{module}.py"} & self.site

    def lacks_project(self, name: str) -> bool:
        """True only where no distribution of that name is installed, as a link to the tree or otherwise."""
        return self.site is not None and _plain(name) not in set(map(_plain, self.site))


def interpreter(place: Place) -> Interpreter:
    """The nearest environment upwards from the package, else what PATH has."""
    for folder in place.up():
        for name in ENVIRONMENTS:
            path = f"{folder}/{name}" if folder else name
            config = f"{path}/pyvenv.cfg"
            if place.tree.is_file(config) and place.tree.runs(f"{path}/bin/python"):
                found = _VERSION.search(place.tree.text(config))
                version = Fact(f"{found[1]} in {path}", config) if found else None
                return Interpreter(f"{path}/bin/python", path, version, _site(place, path))
    return _of_path(place)


def _of_path(place: Place) -> Interpreter:
    pinned_at = place.above(".python-version")
    pinned = place.tree.text(pinned_at).partition("\n")[0].strip()
    pinned = pinned if re.fullmatch(r"\d+\.\d+[\w.]*", pinned) else ""
    version = place.programs.version("python3", pinned)
    told = Fact(f"{version} as python3", "PATH") if version else None
    if pinned and not version and place.programs.find("python3"):
        told = Fact(f"{pinned} is pinned, and not installed as python3", pinned_at)
    prefix = place.programs.prefix("python3", pinned)
    return Interpreter("python3", "", told, _installed(prefix) if prefix else None)


def _site(place: Place, environment: str) -> frozenset[str] | None:
    if _SYSTEM_SITE.search(place.tree.text(f"{environment}/pyvenv.cfg")):
        return None  # the system's count too, and are not looked at
    libraries = [name for name in place.tree.names(f"{environment}/lib") if name.startswith("python3")]
    return frozenset(place.tree.names(f"{environment}/lib/{libraries[0]}/site-packages")) if libraries else None


def _installed(prefix: Path) -> frozenset[str] | None:
    """The names in the site-packages of an installation of the user's."""
    found: set[str] = set()
    for pattern in ("lib/python3*/site-packages", "lib/python3*/dist-packages", "local/lib/python3*/dist-packages"):
        for folder in prefix.glob(pattern):
            try:
                found.update(path.name for path in islice(folder.iterdir(), MAX_MODULES))
            except OSError:  # not the user's to read
                return None
    return frozenset(found)


def _plain(entry: str) -> str:
    """`__editable__.my_project-1.0.pth`, `my_project-1.0.dist-info` and `My-Project.egg-link` as `myproject`."""
    name = entry.lower().removeprefix("__editable__")
    name = name.removesuffix(".egg-link") if name.endswith(".egg-link") else re.split(r"-\d|\.pth$", name)[0]
    return re.sub(r"[^a-z0-9]", "", name)
