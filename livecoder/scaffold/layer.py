"""The scaffold that a repository carries in `.livecoder/scaffold/`: a layer between `main` and the project's own.

It is a stranger's until the user took exactly these bytes for this repository; the agent can write there as well. Its
hooks are no part of the layer: each waits for a word of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from livecoder.errors import ScaffoldError
from livecoder.scaffold.changes import FOLDERS, SETTINGS, allowed, digest_of
from livecoder.scaffold.files import File, entries, project_dir, read_file, write_whole
from livecoder.scaffold.knobs import load_knobs
from livecoder.scaffold.lessons import dump, parse
from livecoder.scaffold.packs import plain_text

IN_REPOSITORY = ".livecoder/scaffold"
MAX_BYTES = 1024 * 1024
"""Of all its files: somebody has to read them."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What lies in a repository. `digest` is a SHA-256, in hex, of its names, contents and executable bits."""

    digest: str = ""
    files: tuple[File, ...] = ()
    notices: tuple[str, ...] = ()
    """What the user is to know of it."""

    @property
    def hooks(self) -> tuple[File, ...]:
        return tuple(file for file in self.files if file.path.startswith("hooks/"))

    @property
    def parts(self) -> tuple[File, ...]:
        """All but the hooks."""
        return tuple(file for file in self.files if file not in self.hooks)


def read_layer(root: Path) -> Layer:
    """What the repository at `root` carries; empty for nothing.

    Raises ScaffoldError for a file that no scaffold could use, or that could not be seen whole by who reviews it.
    """
    paths = [SETTINGS] if (root / IN_REPOSITORY / SETTINGS).is_file() else []
    for folder in FOLDERS:
        paths += [f"{folder}/{name}" for name, _ in entries(root, f"{IN_REPOSITORY}/{folder}")]
    files: list[File] = []
    for path in filter(allowed, paths):
        file = read_file(root, f"{IN_REPOSITORY}/{path}")
        files.append(usable(replace(file, path=path)))
        if sum(len(file.data) for file in files) > MAX_BYTES:
            raise ScaffoldError(f"{IN_REPOSITORY} has more than {MAX_BYTES // 1024} KiB", "make it smaller")
    return Layer(digest_of(files), tuple(files)) if files else Layer()


def usable(file: File) -> File:
    """The file itself. Raises ScaffoldError for what a scaffold would pass over when it reads it."""
    text = plain_text(file)
    if file.path.startswith("lessons/"):
        parse(_id(file), text)
    elif file.path == SETTINGS:
        load_knobs(text)
    elif not file.path.startswith("prompts/") and not text.startswith("#!"):
        raise ScaffoldError(f"{file.path} does not name its interpreter in its first line")
    return file


def taken(data: Path, project: str, layer: Layer) -> Layer:
    """The layer as it takes effect: nothing of one that the user did not take, byte for byte, for this project."""
    when = _taken(data, project).get(layer.digest)
    return replace(layer, files=tuple(_lent(file, when) for file in layer.parts)) if when else Layer()


def take(data: Path, project: str, layer: Layer, when: datetime) -> None:
    """The user takes these bytes, for this project. Raises ScaffoldError when that cannot be written."""
    known = {**_taken(data, project), layer.digest: when.isoformat(timespec="seconds")}
    write_whole(_list(data, project), "".join(f"{digest} {at}\n" for digest, at in known.items()).encode())


def under(own: Iterable[File], main: Iterable[File], layer: Layer) -> dict[str, File]:
    """What of the layer takes effect, by path: where the project is as `main` is, and has not gone its own way."""
    mine, theirs = ({file.path: file for file in files} for files in (own, main))
    return {file.path: file for file in layer.files if mine.get(file.path) == theirs.get(file.path)}


def _lent(file: File, when: str) -> File:
    """A lesson says what it says, and not whose word it is, how it went elsewhere, or that it was here first."""
    if not file.path.startswith("lessons/"):
        return file
    said = parse(_id(file), file.data.decode("utf-8"))
    said = replace(
        said, scope="repo", origin="reflection", tainted=True, helpful=0, harmful=0, created=when, session=""
    )
    return replace(file, data=dump(said).encode())


def _id(file: File) -> str:
    return file.path.removeprefix("lessons/").removesuffix(".toml")


def _taken(data: Path, project: str) -> dict[str, str]:
    """When each digest was taken; none when the list cannot be read."""
    try:
        rows = [row.split() for row in _list(data, project).read_text(encoding="ascii").splitlines()]
    except (OSError, UnicodeDecodeError):
        return {}
    return {row[0]: row[1] for row in rows if len(row) == 2}


def _list(data: Path, project: str) -> Path:
    return project_dir(data, project) / "repository.taken"
