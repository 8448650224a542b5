"""Retries, as an onion round one attempt: exponential backoff with full jitter, and the provider's own word on when.

Full jitter: wait a uniform random time up to min(cap, base * 2^n), so that many clients do not return together.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from livecoder.errors import ProviderUnavailable
from livecoder.events import Retried
from livecoder.model.background import rest
from livecoder.model.failures import LATER, Failure

FIRST_WAIT = 1.0
"""Seconds: the upper end of the first wait when the provider does not say."""

E = TypeVar("E")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Patience:
    """`retries` after the first attempt; no single wait is longer than `max_wait_seconds`."""

    retries: int = 4
    max_wait_seconds: float = 60


def persist(
    attempt: Callable[[], Generator[E, None, R | Failure]],
    patience: Patience,
    turn: int,
    cancelled: Callable[[], bool],
) -> Generator[E | Retried, None, R | Failure]:
    """Run attempts until one gives a result; a `Failure` comes back only for policy, or when cancelled while waiting.

    Raises the failure's error when it is permanent, when the attempts are used up, or when the provider asks for a
    longer wait than we have patience for.
    """
    number = 0
    while True:
        result = yield from attempt()
        if not isinstance(result, Failure) or result.verdict == "policy":
            return result
        number += 1
        wait = _wait(result, patience, number)
        yield Retried(turn, str(result.error), round(wait, 2), number)
        if not rest(wait, cancelled):
            return result


def _wait(failure: Failure, patience: Patience, number: int) -> float:
    if failure.verdict != "again":
        raise failure.error
    if failure.wait is not None and failure.wait > patience.max_wait_seconds:
        when = (datetime.now().astimezone() + timedelta(seconds=failure.wait)).strftime("%H:%M on %d %b")
        status = failure.error.status
        raise ProviderUnavailable(f"{failure.error}; it asks to come back at {when}", LATER, status) from failure.error
    limit = patience.retries if failure.attempts is None else min(patience.retries, failure.attempts - 1)
    if number > limit:
        attempts = f" (tried {number} times)" if number > 1 else ""
        raise ProviderUnavailable(f"{failure.error}{attempts}", LATER, failure.error.status) from failure.error
    if failure.wait is not None:
        return failure.wait
    return random.uniform(0, min(patience.max_wait_seconds, FIRST_WAIT * 2 ** (number - 1)))
