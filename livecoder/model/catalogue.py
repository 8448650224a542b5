"""What is known about models without asking anyone: the data files inside the litellm package, which is not imported.

The package costs seconds to import, its files tens of milliseconds.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_PRICES = "model_prices_and_context_window_backup.json"
_PROVIDERS = "provider_endpoints_support_backup.json"

WITHOUT_TOOLS = ("ollama/",)
"""Models that the data calls able but that are not: this route imitates tool calls with a JSON prompt."""


def context_window(model: str) -> int | None:
    """Tokens that fit into one request; None when unknown."""
    size = facts(model).get("max_input_tokens")
    return size if isinstance(size, int) else None


def calls_tools(model: str) -> bool:
    """Whether the model calls tools natively. The unknown are taken to: most do, and those that do not say so."""
    if model.startswith(WITHOUT_TOOLS):
        return False
    known = facts(model)
    return not known or bool(known.get("supports_function_calling"))


def thinks_in_silence(model: str) -> bool:
    """Whether the model may send nothing for minutes before its first word."""
    return bool(facts(model).get("supports_reasoning"))


def providers() -> frozenset[str]:
    """The prefixes that litellm knows."""
    return frozenset(_read(_PROVIDERS).get("providers", {}))


def is_known(model: str) -> bool:
    return bool(facts(model))


def facts(model: str) -> dict[str, Any]:
    """The data file's entry for `provider/model`, or for the model alone; empty when there is none."""
    prices = _read(_PRICES)
    return prices.get(model) or prices.get(model.partition("/")[2]) or {}


@cache
def _read(name: str) -> dict[str, Any]:
    package = find_spec("litellm")
    if package is None or package.origin is None:
        return {}
    path = Path(package.origin).with_name(name)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
