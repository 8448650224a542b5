"""The policy of waiting, and the reading of a provider's own word on when."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime

import pytest

from livecoder.errors import ProviderRefused, ProviderUnavailable
from livecoder.events import Retried
from livecoder.model.failures import Failure, seconds_until
from livecoder.model.retry import Patience, persist

BUSY = Failure("again", ProviderUnavailable("busy", status=503))


def run(results: list[str | Failure], patience: Patience) -> tuple[list[Retried], str | Failure]:
    def attempt() -> Generator[Retried, None, str | Failure]:
        yield from ()
        return results.pop(0)

    events: list[Retried] = []
    stream = persist(attempt, patience, 7, lambda: False)
    while True:
        try:
            events.append(next(stream))
        except StopIteration as stop:
            return events, stop.value


def test_waits_grow_at_most_twofold_and_stay_below_the_cap() -> None:
    events, result = run([BUSY, BUSY, BUSY, "ok"], Patience(retries=3, max_wait_seconds=0.01))
    assert result == "ok"
    assert [(event.turn, event.attempt) for event in events] == [(7, 1), (7, 2), (7, 3)]
    assert all(event.wait_seconds <= 0.01 for event in events)


def test_no_retries_means_one_attempt() -> None:
    with pytest.raises(ProviderUnavailable, match=r"^busy$"):
        run([BUSY, "never"], Patience(retries=0))


def test_a_failure_can_ask_for_fewer_attempts() -> None:
    empty = Failure("again", ProviderUnavailable("empty"), attempts=2)
    with pytest.raises(ProviderUnavailable, match="tried 2 times"):
        run([empty, empty, "never"], Patience(retries=9, max_wait_seconds=0))


def test_a_permanent_failure_is_raised_as_it_is() -> None:
    refused = ProviderRefused("no", "do this", 401)
    with pytest.raises(ProviderRefused) as caught:
        run([Failure("refused", refused)], Patience())
    assert caught.value is refused


NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        ("1.5", 1.5),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30.0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
        ("Thu, 01 Jan 2026 13:00:00 +0200", 0.0),
        ("soon", None),
        ("", None),
        ("inf", None),
        ("nan", None),
        ("-5", None),
        ("Thu, 99 Jan 2026 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert seconds_until(value, NOW) == seconds
