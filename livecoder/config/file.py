"""The user's `config.toml`: read with the place of what is wrong, written without losing a comment."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from livecoder.config.keys import KEYS, checked, nearest
from livecoder.errors import ConfigError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


def read_file(path: Path) -> dict[str, Any]:
    """The user's file as flat `section.key` values. Raises ConfigError with the line for what is wrong."""
    import tomllib

    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", "make it a readable file or remove it") from None
    try:
        document = tomllib.loads(raw.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}", "correct this line") from None
    flat: dict[str, Any] = {}
    for section, body in document.items():
        if not isinstance(body, dict):
            where = _place(path, raw, section)
            raise ConfigError(f"{where}: `{section}` stands in no section", "put it below one, as in [model]")
        for key, value in cast(dict[str, Any], body).items():
            flat[f"{section}.{key}"] = value
    for name, value in flat.items():
        if name not in KEYS and not name.startswith("projects."):
            where = _place(path, raw, name)
            raise ConfigError(f"{where}: unknown key `{name}`{nearest(name)}", "correct or remove it")
        if name in KEYS:
            flat[name] = checked(name, value, _place(path, raw, name))
    return flat


def _place(path: Path, raw: bytes, name: str) -> str:
    """`path` with the line of `section.key` in it, as far as its text tells without a parser."""
    section, _, key = name.rpartition(".")
    within = ""
    for number, line in enumerate(raw.decode("utf-8-sig").splitlines(), 1):
        if header := re.match(r"\s*\[\s*([^\]]+?)\s*\]", line):
            within = header[1]
        word = re.match(r"\s*([\w.\"'-]+)\s*=", line)
        if word and word[1].strip("\"'") in ((key,) if within == section else (name,)):
            return f"{path}, line {number}"
    return str(path)


def project(document: Mapping[str, Any], project_id: str) -> dict[str, Any]:
    """What the user's file says of one project: `verify`, `verify_offered`, `setup`."""
    value = document.get(f"projects.{project_id}", {})
    return dict(cast(dict[str, Any], value)) if isinstance(value, dict) else {}


def remember(path: Path, project_id: str, values: Mapping[str, str | bool]) -> None:
    """Write values under `[projects.<id>]` of the user's file. Raises ConfigError."""

    def change(document: TOMLDocument) -> None:
        import tomlkit

        projects = document.setdefault("projects", tomlkit.table(is_super_table=True))
        table = projects.setdefault(project_id, tomlkit.table())
        for key, value in values.items():
            table[key] = value

    _edit(path, change)


def allow(path: Path, rule: str) -> None:
    """Add a rule to `permissions.allow` of the user's file. Raises ConfigError."""

    def change(document: TOMLDocument) -> None:
        import tomlkit

        section = document.setdefault("permissions", tomlkit.table())
        section.setdefault("allow", tomlkit.array()).append(rule)

    _edit(path, change)


def _edit(path: Path, change: Callable[[TOMLDocument], None]) -> None:
    """Keeps comments and order, and the file as it was where the new one cannot be written."""
    import tomlkit

    path = Path(os.path.realpath(path))  # a link into the user's dotfiles stays one
    try:
        document = tomlkit.parse(path.read_text("utf-8-sig")) if path.exists() else tomlkit.document()
        change(document)
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(".tmp")
        scratch.touch(0o600)
        scratch.chmod(path.stat().st_mode if path.exists() else 0o600)
        scratch.write_text(tomlkit.dumps(document), encoding="utf-8")
        scratch.replace(path)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", "make it a file that you can write") from None
