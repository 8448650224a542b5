"""Every key that the user's configuration has, and what may stand there. No file and no environment in here."""

from __future__ import annotations

import re
from typing import Any, Literal, TypeAlias, cast

from livecoder.errors import ConfigError, UsageError
from livecoder.hosts import reach
from livecoder.permissions.rules import written

Kind: TypeAlias = Literal["text", "number", "integer", "size", "flag", "list", "hosts", "ranges", "rules"]
KEYS: dict[str, Kind] = {
    "model.name": "text",
    "model.api_base": "text",
    "model.retries": "integer",
    "model.max_wait_seconds": "number",
    "model.idle_timeout_seconds": "number",
    "model.tools": "text",
    "model.context_window": "integer",
    "model.temperature": "number",
    "limits.max_turns": "integer",
    "limits.max_budget_usd": "number",
    "limits.max_tokens": "integer",
    "limits.timeout": "number",
    "sandbox.backend": "text",
    "sandbox.image": "text",
    "sandbox.mounts": "list",
    "sandbox.show_dotenv": "flag",
    "sandbox.memory": "size",
    "sandbox.pids": "integer",
    "sandbox.scratch": "size",
    "network.hosts": "hosts",
    "network.private": "ranges",
    "setup.hosts": "hosts",
    "evolve.mode": "text",
    "ground.measure": "flag",
    "permissions.allow": "rules",
    "permissions.ask": "rules",
    "permissions.deny": "rules",
}
"""Every key of the user's `config.toml`, besides `projects.<id>` with `verify`, `verify_offered` and `setup`."""

KINDS: dict[Kind, str] = {
    "text": "text",
    "number": "number from 0 up",
    "integer": "whole number from 0 up",
    "size": "size from 1 MiB up, as in 512M, 4G or 1.5 GiB",
    "flag": "true or false",
    "list": "list",
    "hosts": "list of hosts, each as in pypi.org, *.example.org, db.example.org:5432, registries or *",
    "ranges": "list of address ranges, each as in 10.1.0.0/16",
    "rules": 'list of how commands begin, as in ["git push", "terraform"]',
}
CHOICES = {
    "model.tools": ("auto", "native", "text"),
    "sandbox.backend": ("auto", "bubblewrap", "docker"),
    "evolve.mode": ("off", "propose", "auto"),
}


_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", re.I)
_LEAST_SIZE = 1024**2


def checked(name: str, value: Any, source: str) -> Any:
    """`value` as the type of key `name`; text is parsed. Raises ConfigError (a file) or UsageError (a flag)."""
    wrong = UsageError if source in ("--set", "flag") else ConfigError
    if name not in KEYS:
        raise wrong(f"{source}: unknown key `{name}`{nearest(name)}", f"the keys are {', '.join(KEYS)}")
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
        case "hosts" | "ranges":
            items = value.split(",") if isinstance(value, str) else value
            found = tuple(text for item in items if (text := str(item).strip()))
            _ = reach(found) if kind == "hosts" else reach((), found)  # raises ValueError
            return found
        case "rules":
            if not isinstance(value, str | list):
                raise ValueError
            items = value.split(",") if isinstance(value, str) else cast(list[object], value)
            return tuple(written(item) for item in items)
        case "size":
            parts = _SIZE.fullmatch(value.strip() if isinstance(value, str) else str(int(value)))
            size = int(float(parts[1]) * 1024 ** " kmgt".index(parts[2].lower() or " ")) if parts else 0
            if isinstance(value, bool) or size < _LEAST_SIZE:
                raise ValueError
            return size
        case "integer" | "number":
            if isinstance(value, bool):
                raise ValueError
            number = int(value) if kind == "integer" else float(value)
            if not 0 <= number < float("inf") or (not isinstance(value, str) and number != value):
                raise ValueError
            return number


def nearest(name: str) -> str:
    """The key of ours that was probably meant, as words to add to a message; or nothing."""
    import difflib

    close = difflib.get_close_matches(name, KEYS, 1)
    return f" (did you mean `{close[0]}`?)" if close else ""
