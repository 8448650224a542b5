"""The conversation over the wire: it grows at its end, is never built anew, and its bytes are counted as they come."""

from __future__ import annotations

import time

from livecoder.events import Call
from livecoder.model import Assistant, Message, Observation, System, User
from livecoder.model.wire import Wire

START: tuple[Message, ...] = (System("s"), User("über"))
TURN: tuple[Message, ...] = (Assistant("t", (Call("a", "ls"),)), Observation("a", "x"))


def test_only_what_is_new_is_converted() -> None:
    wire = Wire()
    wire.follow(START)
    first = list(wire.sent)
    assert list(wire.follow((*START, *TURN))) == list(TURN)
    assert all(old is new for old, new in zip(first, wire.sent, strict=False))
    assert len(wire.sent) == 4


def test_a_conversation_that_shrank_or_changed_begins_again() -> None:
    for other in ((*START,), (*START, User("compacted"), *TURN)):
        wire = Wire()
        wire.follow((*START, *TURN))
        wire.follow(other)
        fresh = Wire()
        fresh.follow(other)
        assert (wire.sent, wire.bytes, wire.ids) == (fresh.sent, fresh.bytes, fresh.ids)


def test_bytes_are_utf8_and_count_calls() -> None:
    wire = Wire()
    wire.follow((*START, *TURN))
    assert wire.bytes == len("s") + len("über".encode()) + len("t") + len('{"command": "ls"}') + len("x")


def test_equal_messages_that_were_loaded_again_still_match() -> None:
    wire = Wire()
    wire.follow((System("s"), User("u")))
    assert list(wire.follow((System("s"), User("u"), User("v")))) == [User("v")]


def test_an_empty_reply_is_not_sent() -> None:
    wire = Wire()
    wire.follow((*START, Assistant("")))
    assert [message["role"] for message in wire.sent] == ["system", "user"]


def test_the_text_form_alternates_and_counts_what_it_sends() -> None:
    wire = Wire(native=False)
    wire.follow((*START, *TURN, User("and"), User("more")))
    assert [message["role"] for message in wire.sent] == ["system", "user", "assistant", "user"]
    assert wire.bytes == sum(len(message["content"].encode()) for message in wire.sent)


def test_a_lone_surrogate_cannot_break_a_request() -> None:
    wire = Wire()
    wire.follow((User("a\ud800b"),))
    assert wire.sent[0]["content"] == "a?b"


def test_marks_are_put_on_copies_at_the_ends_of_turns() -> None:
    wire = Wire()
    wire.follow((*START, *TURN, *TURN))
    marked = wire.with_cache_marks()
    carrying = [i for i, message in enumerate(marked) if "cache_control" in str(message)]
    assert carrying == [0, 3, 5]
    assert "cache_control" not in str(wire.sent)


def test_two_thousand_messages_cost_nothing_to_continue() -> None:
    history: list[Message] = [*START, *(TURN * 1000)]
    wire = Wire()
    wire.follow(history)
    started = time.process_time()
    for _ in range(20):
        history.append(User("next"))
        wire.follow(history)
    assert time.process_time() - started < 1
