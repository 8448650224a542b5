"""Fixtures of the model room: a faulty provider on loopback, and a Provider in front of it that waits for little."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asking import KEY
from faulty_provider import Endpoint

from livecoder.model.provider import Provider, ProviderSettings


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = Endpoint()
    yield server
    server.close()


@pytest.fixture
def provider(endpoint: Endpoint) -> Callable[..., Provider]:
    """`provider(model=…, retries=…)` -> a Provider of the endpoint."""

    def make(**settings: Any) -> Provider:
        base = endpoint.root if settings.get("model", "").startswith("anthropic/") else endpoint.url
        quick: dict[str, Any] = {
            "model": "openai/unheard-of",
            "max_wait_seconds": 0.05,
            "api_base": base,
            "api_key": KEY,
        }
        return Provider(ProviderSettings(**(quick | settings)), os.environ)

    return make
