"""Which model: from a name to a `Model`, from an environment to a name. Says what to set when nothing can be used."""

from __future__ import annotations

import difflib
import json
import urllib.request
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from livecoder.errors import ConfigError
from livecoder.model import catalogue
from livecoder.model.provider import LOOPBACK, Provider, ProviderSettings
from livecoder.model.replay import Replay
from livecoder.model.scripted import Scripted


@dataclass(frozen=True, slots=True)
class KeyedProvider:
    """A provider that wants a key: where the key is looked for, and which model is taken when none is named."""

    prefix: str
    variables: tuple[str, ...]
    model: str


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A model server on this machine: `url` lists its models; `prefix` is the provider that finds it there."""

    name: str
    prefix: str
    url: str


KEYED = (
    KeyedProvider("anthropic", ("ANTHROPIC_API_KEY",), "claude-sonnet-5-5"),
    KeyedProvider("openai", ("OPENAI_API_KEY",), "gpt-5.6"),
    KeyedProvider("gemini", ("GEMINI_API_KEY", "GOOGLE_API_KEY"), "gemini-3.8-flash"),
    KeyedProvider("openrouter", ("OPENROUTER_API_KEY",), "openrouter/auto"),
    KeyedProvider("deepseek", ("DEEPSEEK_API_KEY",), "deepseek-v4-pro"),
    KeyedProvider("mistral", ("MISTRAL_API_KEY",), "devstral-latest"),
    KeyedProvider("groq", ("GROQ_API_KEY",), "openai/gpt-oss-120b"),
    KeyedProvider("xai", ("XAI_API_KEY",), "grok-4.7"),
)
"""In the order in which a default is looked for."""

LOCAL = (
    LocalServer("ollama", "ollama_chat", "http://127.0.0.1:11434/api/tags"),
    LocalServer("a llama.cpp server", "llamafile", "http://127.0.0.1:8080/v1/models"),
)
LOCAL_SECONDS = 0.3
NO_KEY = "none"
"""Sent to servers on loopback, which want some key and check none."""


def open_model(
    settings: ProviderSettings, environ: MutableMapping[str, str], workspace: Path
) -> Provider | Scripted | Replay:
    """The model that `settings.model` names: `scripted:FILE`, `replay:FILE` or `provider/model`.

    Raises ConfigError for an unknown provider, a missing key or an unreadable file.
    """
    kind, _, rest = settings.model.partition(":")
    if kind == "scripted":
        return Scripted.from_file(Path(rest))
    if kind == "replay":
        return Replay(Path(rest), workspace)
    prefix = provider_of(settings.model)
    if "/" not in settings.model:
        settings = replace(settings, model=f"{prefix}/{settings.model}")
    keyed = next((one for one in KEYED if one.prefix == prefix), None)
    if keyed and not settings.api_key and not any(environ.get(name) for name in keyed.variables):
        if not _on_loopback(settings.api_base or _base_in(environ, prefix)):
            raise ConfigError(f"no key for {prefix}", f"set {keyed.variables[0]}, or choose another model with --model")
        settings = replace(settings, api_key=NO_KEY)
    return Provider(settings, environ)


def provider_of(model: str) -> str:
    """The provider's name in litellm's words. Raises ConfigError when no provider is named, or none that is known."""
    prefix, slash, _ = model.partition("/")
    known = catalogue.providers()
    if slash and prefix in known:
        return prefix
    provider = catalogue.facts(model).get("litellm_provider")
    if not slash and provider in known:
        return str(provider)
    close = difflib.get_close_matches(prefix, known, 1)
    hint = f"did you mean {close[0]}/…? " if slash and close else ""
    remedy = f"{hint}write it as provider/model, for instance {KEYED[0].prefix}/{KEYED[0].model}"
    raise ConfigError(f"no provider is known for the model {model!r}", remedy)


def default_model(environ: Mapping[str, str], local: Sequence[LocalServer] = LOCAL) -> tuple[str, str]:
    """A model that can be used here, and why this one. Raises ConfigError when there is none."""
    for keyed in KEYED:
        for variable in keyed.variables:
            if environ.get(variable):
                return f"{keyed.prefix}/{keyed.model}", f"{variable} is set"
    for server in local:
        names = _served(server)
        if names:
            return f"{server.prefix}/{names[0]}", f"{server.name} answers at {urlsplit(server.url).netloc}"
    variables = ", ".join(keyed.variables[0] for keyed in KEYED)
    raise ConfigError(
        "no model can be used: no provider's key is set and no local server answers",
        f"set one of {variables}; or start ollama; or name a model with --model",
    )


def _served(server: LocalServer) -> list[str]:
    """The models that a local server lists; empty when it does not answer. Proxies are not asked about loopback."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(server.url, timeout=LOCAL_SECONDS) as answer:
            listed: dict[str, Any] = json.loads(answer.read(1 << 20))
        entries: list[dict[str, str]] = listed.get("models") or listed.get("data") or []
        return [entry.get("name") or entry["id"] for entry in entries]
    except (OSError, ValueError, KeyError, AttributeError):
        return []


def _base_in(environ: Mapping[str, str], prefix: str) -> str:
    """The provider's address where litellm looks for it."""
    names = (f"{prefix.upper()}_BASE_URL", f"{prefix.upper()}_API_BASE")
    return next((environ[name] for name in names if environ.get(name)), "")


def _on_loopback(url: str) -> bool:
    return urlsplit(url).hostname in LOOPBACK
