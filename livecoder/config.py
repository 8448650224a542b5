"""The user's policy: flags, environment, files. The only room that reads the process environment.

Highest first: flags, `--set`, `LIVECODER_*`, the user's `config.toml`, defaults. Nothing in a repository is read: a
stranger's file must not choose a provider, a key or a verify command. The agent's own settings are knobs, elsewhere;
the key sets are disjoint, by test.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from livecoder.errors import ConfigError, UsageError

Evolve: TypeAlias = Literal["off", "propose", "auto"]
PermissionMode: TypeAlias = Literal["plan", "default", "auto", "yolo"]
SandboxChoice: TypeAlias = Literal["auto", "bubblewrap", "docker", "none"]

Kind: TypeAlias = Literal["text", "number", "integer", "flag", "list"]
KEYS: dict[str, Kind] = {
    "model.name": "text",
    "model.api_base": "text",
    "model.retries": "integer",
    "model.max_wait_seconds": "number",
    "model.idle_timeout_seconds": "number",
    "model.tools": "text",
    "model.temperature": "number",
    "limits.max_turns": "integer",
    "limits.max_budget_usd": "number",
    "limits.max_tokens": "integer",
    "limits.timeout": "number",
    "sandbox.backend": "text",
    "sandbox.mounts": "list",
    "sandbox.show_dotenv": "flag",
    "evolve.mode": "text",
}
"""Every key of the user's `config.toml`, besides `projects.<id>.verify` and `projects.<id>.verify_offered`."""

VARIABLES = {"model.name": "LIVECODER_MODEL", "model.api_base": "LIVECODER_API_BASE"}
"""Keys whose variable is shorter than the rule says: `limits.max_turns` is LIVECODER_LIMITS_MAX_TURNS."""
SECRET = re.compile(r"(?:_|^)(?:\w*KEY|\w*TOKEN|\w*SECRET|\w*PASSWORD|PASSWD|PASS|PAT)$", re.I)
"""Names of variables whose values are shown and stored nowhere."""
SECRET_CHARS = 8
HEADLESS_BUDGET_USD = 3.0
KINDS: dict[Kind, str] = {
    "text": "text",
    "number": "number from 0 up",
    "integer": "whole number from 0 up",
    "flag": "true or false",
    "list": "list",
}
CHOICES = {
    "model.tools": ("auto", "native", "text"),
    "sandbox.backend": ("auto", "bubblewrap", "docker"),
    "evolve.mode": ("off", "propose", "auto"),
}


@dataclass(frozen=True, slots=True)
class Paths:
    """The four directories of livecoder (XDG, or below LIVECODER_HOME)."""

    config: Path
    data: Path
    state: Path
    cache: Path

    @property
    def config_file(self) -> Path:
        return self.config / "config.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for one run, after all sources are merged. Limits of 0 mean none."""

    paths: Paths
    model: str = ""
    api_base: str | None = None
    retries: int = 4
    max_wait_seconds: float = 60.0
    idle_timeout_seconds: float = 120.0
    model_tools: Literal["auto", "native", "text"] = "auto"
    temperature: float | None = None
    max_turns: int = 0
    max_budget_usd: float = 0.0
    max_tokens: int = 0
    timeout: float = 0.0
    sandbox: SandboxChoice = "auto"
    mounts: tuple[Path, ...] = ()
    show_dotenv: bool = False
    evolve: Evolve = "auto"
    permission_mode: PermissionMode = "auto"
    verify: str = ""
    scaffold: str = ""
    """"": this project's branch; "none": bash alone; else a directory or a generation."""
    bare: bool = False
    add_dirs: tuple[Path, ...] = ()


def environment() -> MutableMapping[str, str]:
    """The process environment, for the few rooms that hand it on (toolchains, the provider's library)."""
    return os.environ


def secrets(environ: Mapping[str, str] | None = None) -> list[str]:
    """The values of variables that look like secrets, as far as they are long enough to be told from other text."""
    given = os.environ if environ is None else environ
    return [value for name, value in given.items() if SECRET.search(name) and len(value) >= SECRET_CHARS]


def paths(environ: Mapping[str, str] | None = None) -> Paths:
    """Raises ConfigError when there is no home to write to."""
    environ = os.environ if environ is None else environ
    home = environ.get("LIVECODER_HOME")
    if home:
        try:
            root = Path(home).expanduser().absolute()
        except RuntimeError as error:
            raise ConfigError(f"LIVECODER_HOME={home}: {error}", "set it to a directory of yours") from None
        if root.exists() and not root.is_dir():
            raise ConfigError(f"LIVECODER_HOME={home} is no directory", "set it to a directory of yours")
        return Paths(root / "config", root / "data", root / "state", root / "cache")
    import platformdirs

    dirs = platformdirs.PlatformDirs("livecoder")
    return Paths(
        Path(dirs.user_config_dir), Path(dirs.user_data_dir), Path(dirs.user_state_dir), Path(dirs.user_cache_dir)
    )


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
            raise ConfigError(f"{where}: unknown key `{name}`{_nearest(name)}", "correct or remove it")
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
    """What the user's file says of one project: `verify`, `verify_offered`."""
    value = document.get(f"projects.{project_id}", {})
    return dict(cast(dict[str, Any], value)) if isinstance(value, dict) else {}


def remember(path: Path, project_id: str, values: Mapping[str, str | bool]) -> None:
    """Write values under `[projects.<id>]` of the user's file, keeping comments and order. Raises ConfigError."""
    import tomlkit

    path = Path(os.path.realpath(path))  # a link into the user's dotfiles stays one
    try:
        document = tomlkit.parse(path.read_text("utf-8-sig")) if path.exists() else tomlkit.document()
        projects = document.setdefault("projects", tomlkit.table(is_super_table=True))
        table = projects.setdefault(project_id, tomlkit.table())
        for key, value in values.items():
            table[key] = value
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(".tmp")
        scratch.touch(0o600)
        scratch.chmod(path.stat().st_mode if path.exists() else 0o600)
        scratch.write_text(tomlkit.dumps(document), encoding="utf-8")
        scratch.replace(path)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", "make it a file that you can write") from None


def checked(name: str, value: Any, source: str) -> Any:
    """`value` as the type of key `name`; text is parsed. Raises ConfigError (a file) or UsageError (a flag)."""
    wrong = UsageError if source in ("--set", "flag") else ConfigError
    if name not in KEYS:
        raise wrong(f"{source}: unknown key `{name}`{_nearest(name)}", f"the keys are {', '.join(KEYS)}")
    try:
        typed = _typed(KEYS[name], value)
    except (ValueError, TypeError, OverflowError):
        raise wrong(f"{source}: `{name} = {value!r}` is no {KINDS[KEYS[name]]}", "correct the value") from None
    if name in CHOICES and typed not in CHOICES[name]:
        raise wrong(f"{source}: `{name} = {value!r}`", f"one of {', '.join(CHOICES[name])}")
    return typed


def _typed(kind: Kind, value: Any) -> Any:
    match kind:
        case "text":
            if not isinstance(value, str):
                raise ValueError
            return value
        case "flag":
            if isinstance(value, str) and value in ("true", "false"):
                return value == "true"
            if not isinstance(value, bool):
                raise ValueError
            return value
        case "list":
            items = value.split(",") if isinstance(value, str) else value
            return tuple(str(item) for item in items)
        case "integer" | "number":
            if isinstance(value, bool):
                raise ValueError
            number = int(value) if kind == "integer" else float(value)
            if not 0 <= number < float("inf") or (not isinstance(value, str) and number != value):
                raise ValueError
            return number


def _nearest(name: str) -> str:
    import difflib

    close = difflib.get_close_matches(name, KEYS, 1)
    return f" (did you mean `{close[0]}`?)" if close else ""


def merge(
    flags: Mapping[str, Any], sets: Mapping[str, str], where: Paths, environ: Mapping[str, str]
) -> dict[str, Any]:
    """All keys with their values, the highest source winning; `flags` holds keys of KEYS, absent where not given."""
    merged: dict[str, Any] = {}
    for name, value in read_file(where.config_file).items():
        if name in KEYS:
            merged[name] = value
    for name in KEYS:
        variable = VARIABLES.get(name) or f"LIVECODER_{name.upper().replace('.', '_')}"
        if environ.get(variable):
            merged[name] = checked(name, environ[variable], variable)
    for name, text in sets.items():
        merged[name] = checked(name, text, "--set")
    for name, value in flags.items():
        if value is not None:
            merged[name] = checked(name, value, "flag")
    return merged


def settings(
    flags: Mapping[str, Any], sets: Mapping[str, str], rights: Mapping[str, Any], *, headless: bool
) -> Settings:
    """Everything merged. `flags` are keys of KEYS; `rights` are fields of Settings that only a flag can give."""
    where = paths()
    values = merge(flags, sets, where, os.environ)
    budget = values.get("limits.max_budget_usd", HEADLESS_BUDGET_USD if headless else 0.0)
    return Settings(
        paths=where,
        model=values.get("model.name", ""),
        api_base=values.get("model.api_base"),
        retries=values.get("model.retries", 4),
        max_wait_seconds=values.get("model.max_wait_seconds", 60.0),
        idle_timeout_seconds=values.get("model.idle_timeout_seconds", 120.0),
        model_tools=values.get("model.tools", "auto"),
        temperature=values.get("model.temperature"),
        max_turns=values.get("limits.max_turns", 0),
        max_budget_usd=budget,
        max_tokens=values.get("limits.max_tokens", 0),
        timeout=values.get("limits.timeout", 0.0),
        sandbox=rights.get("sandbox") or values.get("sandbox.backend", "auto"),
        mounts=tuple(Path(item).expanduser() for item in values.get("sandbox.mounts", ())),
        show_dotenv=values.get("sandbox.show_dotenv", False),
        evolve=values.get("evolve.mode", "auto"),
        permission_mode=rights.get("permission_mode") or ("auto" if headless else "default"),
        verify=rights.get("verify") or "",
        scaffold=rights.get("scaffold") or "",
        bare=bool(rights.get("bare")),
        add_dirs=tuple(rights.get("add_dirs", ())),
    )
