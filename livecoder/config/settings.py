"""All sources merged into one `Settings`: flags, `--set`, the process environment, the user's file, defaults."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from livecoder.config.file import read_file
from livecoder.config.keys import KEYS, checked
from livecoder.errors import ConfigError
from livecoder.hosts import Reach, Upstream, reach
from livecoder.permissions.rules import Rule, Verdict

Evolve: TypeAlias = Literal["off", "propose", "auto"]
PermissionMode: TypeAlias = Literal["plan", "default", "auto", "yolo"]
SandboxChoice: TypeAlias = Literal["auto", "bubblewrap", "docker", "none"]

VARIABLES = {"model.name": "LIVECODER_MODEL", "model.api_base": "LIVECODER_API_BASE"}
"""Keys whose variable is shorter than the rule says: `limits.max_turns` is LIVECODER_LIMITS_MAX_TURNS."""
VERDICT_OF: dict[str, Verdict] = {
    "permissions.allow": "allow",
    "permissions.ask": "ask",
    "permissions.deny": "deny",
}
SECRET = re.compile(r"(?:_|^)(?:\w*KEY|\w*TOKEN|\w*SECRET|\w*PASSWORD|PASSWD|PASS|PAT)$", re.I)
"""Names of variables whose values are shown and stored nowhere."""
SECRET_CHARS = 8
HEADLESS_BUDGET_USD = 3.0
SETUP_HOSTS = ("registries",)


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
    context_window: int = 0
    """Tokens; 0: what litellm knows of the model, else what the provider refuses tells."""
    temperature: float | None = None
    max_turns: int = 0
    max_budget_usd: float = 0.0
    max_tokens: int = 0
    timeout: float = 0.0
    sandbox: SandboxChoice = "auto"
    image: str = ""
    """What docker's containers are made from; "" where the user names none."""
    mounts: tuple[Path, ...] = ()
    show_dotenv: bool = False
    memory: int = 0
    """Bytes that commands may use together; like `pids` and `scratch` 0 where the user says nothing."""
    pids: int = 0
    scratch: int = 0
    """Bytes that a session's /tmp and HOME may hold."""
    reach: Reach = field(default_factory=Reach)
    """The hosts that commands reach; none at first."""
    setup: str = ""
    """Makes the dependencies, once for each state of the lockfiles."""
    setup_hosts: tuple[str, ...] = SETUP_HOSTS
    """What it reaches, see `reached`."""
    private: tuple[str, ...] = ()
    """Ranges that are not public and may be reached."""
    evolve: Evolve = "auto"
    permission_mode: PermissionMode = "auto"
    rules: tuple[Rule, ...] = ()
    """What of commands is allowed, asked about or denied, beside the sandbox."""
    measure_ground: bool = True
    """Whether the tests are run as they were found, on a copy, while the model thinks."""
    verify: str = ""
    branch: str = ""
    """The new branch that a session's commits become; none at first."""
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


def merge(
    flags: Mapping[str, Any], sets: Mapping[str, str], where: Paths, environ: Mapping[str, str]
) -> dict[str, Any]:
    """All keys with their values, the highest source winning; `flags` holds keys of KEYS, absent where not given.

    Rules add up instead: no source takes back what another one denies.
    """
    merged: dict[str, Any] = {}

    def put(name: str, value: Any, source: str) -> None:
        if KEYS[name] == "rules":
            value = (*merged.get(name, ()), *(Rule(words, VERDICT_OF[name], source) for words in value))
        merged[name] = value

    for name, value in read_file(where.config_file).items():
        if name in KEYS:
            put(name, value, str(where.config_file))
    for name in KEYS:
        variable = VARIABLES.get(name) or f"LIVECODER_{name.upper().replace('.', '_')}"
        if environ.get(variable):
            put(name, checked(name, environ[variable], variable), variable)
    for name, text in sets.items():
        put(name, checked(name, text, "--set"), "--set")
    for name, value in flags.items():
        if value is not None:
            put(name, checked(name, value, "flag"), "flag")
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
        context_window=values.get("model.context_window", 0),
        temperature=values.get("model.temperature"),
        max_turns=values.get("limits.max_turns", 0),
        max_budget_usd=budget,
        max_tokens=values.get("limits.max_tokens", 0),
        timeout=values.get("limits.timeout", 0.0),
        sandbox=rights.get("sandbox") or values.get("sandbox.backend", "auto"),
        image=values.get("sandbox.image", ""),
        mounts=tuple(Path(item).expanduser() for item in values.get("sandbox.mounts", ())),
        show_dotenv=values.get("sandbox.show_dotenv", False),
        memory=values.get("sandbox.memory", 0),
        pids=values.get("sandbox.pids", 0),
        scratch=values.get("sandbox.scratch", 0),
        reach=reached(values.get("network.hosts", ()), values.get("network.private", ())),
        setup=rights.get("setup") or "",
        setup_hosts=values.get("setup.hosts", SETUP_HOSTS),
        private=values.get("network.private", ()),
        evolve=values.get("evolve.mode", "auto"),
        measure_ground=values.get("ground.measure", True),
        rules=tuple(rule for name in VERDICT_OF for rule in values.get(name, ())),
        permission_mode=rights.get("permission_mode") or ("auto" if headless else "default"),
        verify=rights.get("verify") or "",
        branch=rights.get("branch") or "",
        scaffold=rights.get("scaffold") or "",
        bare=bool(rights.get("bare")),
        add_dirs=tuple(rights.get("add_dirs", ())),
    )


def reached(hosts: tuple[str, ...], private: tuple[str, ...]) -> Reach:
    """By the machine's own proxy, if it has one. Raises ConfigError where that is of a kind that we cannot use."""
    return reach(hosts, private, _upstream(os.environ)) if hosts else Reach()


def _upstream(environ: Mapping[str, str]) -> Upstream | None:
    """The proxy that the machine itself has to use, if it has one. Raises ConfigError for another kind than HTTP."""
    from urllib.parse import unquote, urlsplit

    name = next((each for each in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy") if environ.get(each)), "")
    if not name:
        return None
    text = environ[name]
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        if parts.scheme == "http" and parts.hostname:
            credentials = ":".join(unquote(each) for each in (parts.username, parts.password) if each is not None)
            return Upstream(parts.hostname, parts.port or 80, credentials)
    except ValueError:
        pass
    raise ConfigError(f"{name} is no address of an HTTP proxy", f"write {name}=http://HOST:PORT, or unset it")
