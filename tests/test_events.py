"""The union of events: every one goes to JSON and back, and fits the schema that is shipped."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from livecoder.errors import LivecoderError
from livecoder.events import (
    BaseRan,
    Call,
    CommandStarted,
    Event,
    PatchMade,
    Usage,
    Verified,
    Warned,
    from_json,
    json_schema,
    kind,
    to_json,
)

CLASSES: tuple[type[Event], ...] = get_args(Event)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
st.register_type_strategy(float, NUMBERS)


@pytest.mark.parametrize("cls", CLASSES, ids=kind)
def test_every_event_survives_a_trip_through_json_and_fits_its_schema(cls: type[Event]) -> None:
    schema = json_schema()[kind(cls)]
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)

    @settings(max_examples=25, deadline=None)
    @given(st.from_type(cls))
    def trip(event: Event) -> None:
        data = json.loads(json.dumps(to_json(event)))
        assert data.pop("event") == kind(event)
        validator.validate(data)  # pyright: ignore[reportUnknownMemberType] (the library is half typed)
        assert from_json({"event": kind(event), **data}) == event

    trip()


@pytest.mark.parametrize("cls", CLASSES, ids=kind)
def test_events_are_frozen_slotted_values_with_a_name_of_their_own(cls: type[Event]) -> None:
    assert (dataclasses.is_dataclass(cls) and not hasattr(cls, "__dict__")) or "__slots__" in vars(cls)
    assert kind(cls) == kind(cls).lower() and " " not in kind(cls)
    assert sum(kind(other) == kind(cls) for other in CLASSES) == 1


def test_an_event_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Warned("x").text = "y"  # pyright: ignore[reportAttributeAccessIssue] (this is what is tested)


def test_the_schema_covers_every_event() -> None:
    assert set(json_schema()) == {kind(cls) for cls in CLASSES}


def test_names_in_json_are_the_fields_names() -> None:
    assert to_json(CommandStarted(1, 2, "c", "ls", 3.0)) == {
        "event": "command_started",
        "turn": 1,
        "step": 2,
        "call_id": "c",
        "command": "ls",
        "timeout": 3.0,
    }


@pytest.mark.parametrize(
    "data",
    [
        {"event": "warned"},
        {"event": "warned", "text": 3},
        {"event": "command_started", "turn": "x", "step": 1, "call_id": "", "command": "", "timeout": 1},
    ],
)
def test_what_is_no_event_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        from_json(data)


def test_a_field_that_has_a_default_may_be_missing_in_an_older_journal() -> None:
    assert from_json({"event": "patch_made", "files": 1, "added": 2, "removed": 3, "names": ["a"]}) == PatchMade(
        1, 2, 3, ("a",)
    )
    data = to_json(CommandStarted(1, 2, "c", "ls", 3.0))
    assert isinstance(from_json({**data, "added_later": True}), CommandStarted)


def test_journals_from_before_tests_were_read_can_still_be_read() -> None:
    verified = Verified("pytest", 0, 1, "copy", "", (), "ok", 1.0)
    ran = BaseRan(1, "pytest", 0, "ok", 1.0)
    for event in (verified, ran):
        data = {name: value for name, value in to_json(event).items() if name not in ("tests", "changed")}
        assert from_json(data) == event


def test_usage_adds_up() -> None:
    assert Usage(1, 2, 3) + Usage(10, 20, 30) == Usage(11, 22, 33)
    assert Call("a", "ls") == Call("a", "ls", None, "", "")


def test_every_error_has_one_line_with_its_remedy() -> None:
    assert LivecoderError("it broke", "mend it").line() == "it broke: mend it"
    assert LivecoderError("it broke").line() == str(LivecoderError("it broke")) == "it broke"


def test_the_shipped_schema_is_the_generated_one() -> None:
    """Made by `json.dumps(livecoder.events.json_schema(), indent=1)`."""
    shipped = Path(__file__).parent.parent / "docs/events.schema.json"
    assert json.loads(shipped.read_text()) == json_schema()
