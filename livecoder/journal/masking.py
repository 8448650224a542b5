"""Takes secrets out of events: out of what they say, never out of the words and ids that make them readable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

WORDS = frozenset(
    {"event", "ending", "subtype", "outcome", "state", "kind", "origin", "where", "purpose", "verdict", "effect"}
)
"""Keys whose values are one of a few words: a password that is such a word would make the event unreadable."""
IDS = frozenset({"session", "blob", "tree", "before", "after", "scaffold", "scaffold_before", "scaffold_after"})
"""Keys whose values the engine made, and finds things by."""
AS_IT_IS = WORDS | IDS


def with_masked_values(data: Mapping[str, Any], mask: Callable[[str], str]) -> dict[str, Any]:
    """An event as JSON values, with `mask` over every text in it at any depth. Keys stay as they are."""
    return {key: value if key in AS_IT_IS else _masked(value, mask) for key, value in data.items()}


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return with_masked_values(cast("Mapping[str, Any]", value), mask)
    if isinstance(value, tuple | list):
        return tuple(_masked(item, mask) for item in cast("Sequence[Any]", value))
    return value
