"""A conversation that no longer fits: old outputs make room, each a line, and `lc out` gives every one of them back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from looping import Rounds, bubble, observed, of, say

from livecoder.compaction import Compaction, window
from livecoder.errors import ContextOverflow
from livecoder.events import Compacted, Event, Nudged, Observed, RoundEnded, Usage
from livecoder.loop import Notice, State, Step
from livecoder.model import Observation
from livecoder.model.scripted import Line, Scripted
from livecoder.sandbox.bubblewrap import Bubblewrap

REFUSED = ContextOverflow("m finds the conversation longer than its window (400)", "begin a new session")
PRINT = "seq -f 'line %.0f of {0}' 1 60"
"""Some 770 characters, other ones for each name."""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Bubblewrap]:
    with bubble(tmp_path) as opened:
        yield opened


class Compacting:
    """Rounds with a compaction round a scripted model."""

    def __init__(self, sandbox: Bubblewrap, *replies: str | Line | Exception, window: int | None = None) -> None:
        self.model = Scripted(replies)
        self.rounds = Rounds(sandbox)
        state, out = self.rounds.state, sandbox.room.shared / "out"
        self.compaction = Compaction(self.model, state.observations, out, window)
        self.rounds.watchers = [self.compaction]

    def play(self) -> tuple[list[Event], RoundEnded]:
        return self.rounds.play(self.compaction)

    @property
    def sent(self) -> list[list[str]]:
        """The observations of each request, as the model read them."""
        return [observed(messages) for messages in self.model.asked]


def prints(*names: str) -> str:
    return say(*(PRINT.format(name) for name in names))


def line(step: int, characters: int) -> str:
    return (
        f"[{characters:,} characters of output, taken out to make room: "
        f"`lc out {step}` shows them, `lc out {step} A:B` lines A to B]"
    )


# ---- after a refusal


def test_a_refused_conversation_goes_on_with_its_oldest_outputs_as_lines(sandbox: Bubblewrap) -> None:
    played = Compacting(sandbox, prints("a"), prints("b"), prints("c"), REFUSED, "done")
    events, ended = played.play()
    assert (ended.ending, ended.answer, ended.turns) == ("success", "done", 4)

    texts = [event.text for event in of(Observed, events)]
    lengths = [len(text.removesuffix("\n[exit 0]")) for text in texts]
    first, second = (f"{line(step, lengths[step - 1])}\n[exit 0]" for step in (1, 2))
    assert played.sent[-2:] == [texts, [first, second, texts[2]]]
    assert observed(played.rounds.state.messages) == texts

    (made,) = of(Compacted, events)
    assert (made.turn, made.steps, made.why) == (4, (1, 2), str(REFUSED))
    assert made.before - made.after == sum(map(len, texts)) - sum(map(len, played.sent[-1]))


def test_it_takes_out_what_brings_the_conversation_to_half_and_no_more(sandbox: Bubblewrap) -> None:
    played = Compacting(sandbox, prints("a", "b", "c", "d", "e"), say("true"), REFUSED, "done")
    events, _ = played.play()
    (made,) = of(Compacted, events)
    assert made.steps == (1, 2, 3, 4)
    saved = len(played.sent[-2][3]) - len(played.sent[-1][3])
    assert made.after <= made.before / 2 < made.after + saved


def test_what_was_taken_out_stays_so_and_what_is_sent_grows_at_its_end_again(sandbox: Bubblewrap) -> None:
    played = Compacting(sandbox, prints("a"), prints("b"), say("true"), REFUSED, say("echo more"), "done")
    events, _ = played.play()
    assert len(of(Compacted, events)) == 1
    before, after = played.model.asked[-2:]
    assert after[: len(before)] == before


def test_only_when_all_others_are_gone_the_newest_outputs_are_taken_out_before_they_were_read(
    sandbox: Bubblewrap,
) -> None:
    played = Compacting(sandbox, prints("a"), prints("b", "c", "d"), REFUSED, REFUSED, "done")
    events, ended = played.play()
    assert ended.ending == "success"
    assert [made.steps for made in of(Compacted, events)] == [(1,), (2, 3)]
    assert played.sent[-1][3].startswith("line 1 of d")


def test_each_output_is_given_back_whole(sandbox: Bubblewrap) -> None:
    played = Compacting(
        sandbox, prints("a"), say("seq 1 5000"), say("true"), REFUSED, say("lc out 1", "lc out 2 4000:4001"), "done"
    )
    events, _ = played.play()
    texts = [event.text for event in of(Observed, events)]
    assert [made.steps for made in of(Compacted, events)] == [(1, 2)]
    assert texts[3:] == [texts[0], "4000\n4001\n[exit 0]"]


def test_what_gives_the_same_as_a_taken_out_output_is_told_again(sandbox: Bubblewrap) -> None:
    played = Compacting(sandbox, prints("a"), say("true"), REFUSED, prints("a"), prints("a"), "done")
    events, _ = played.play()
    texts = [event.text for event in of(Observed, events)]
    assert texts[2] == texts[0]
    assert texts[3] == "[the same output as that of command 3]\n[exit 0]"


def test_small_outputs_and_the_models_own_words_are_left_as_they_are(sandbox: Bubblewrap) -> None:
    written = "cat > note <<'EOF'\n" + "a line of it\n" * 80 + "EOF"
    played = Compacting(sandbox, say(written, "echo small"), prints("a"), say("true"), REFUSED, "done")
    played.play()
    before, after = played.model.asked[-2:]
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert [m.text for m in changed if isinstance(m, Observation)] == [f"{line(3, 770)}\n[exit 0]"]
    assert len(changed) == 1


class Comments:
    """A watcher with a lot to say of the first step."""

    said = "\n".join(f"the base printed {number}" for number in range(100))

    def after_step(self, step: Step, state: State) -> Iterator[Notice]:
        if step.started.step == 1:
            yield Notice(Nudged("test", (1,), self.said), self.said)

    def before_end(self, state: State) -> None:
        return None


def test_what_was_said_of_a_command_at_length_is_given_back_as_well(sandbox: Bubblewrap) -> None:
    played = Compacting(sandbox, say("echo short"), say("true"), REFUSED, say("cat /run/lc/out/1.told"), "done")
    played.rounds.watchers = [*played.rounds.watchers, Comments()]
    events, _ = played.play()
    texts = [event.text for event in of(Observed, events)]
    left = "\n[1,989 characters on what came of it, taken out as well: `lc out 1.told` shows all]"
    assert texts[0] == f"short\n[exit 0]\n{Comments.said}"
    assert played.sent[-2][0] == f"short\n[exit 0]{left}"
    assert texts[2] == f"{texts[0]}\n[exit 0]"


def test_lc_out_knows_the_name(sandbox: Bubblewrap) -> None:
    played = Compacting(sandbox, say("true"), say("lc out 1.told"), "done")
    (sandbox.room.shared / "out" / "1.told").write_text("told\n")
    events, _ = played.play()
    assert [event.text for event in of(Observed, events)] == ["[exit 0]", "told\n[exit 0]"]


def test_what_could_not_be_given_back_stays(sandbox: Bubblewrap) -> None:
    played = Compacting(sandbox, prints("a"), say("true"), REFUSED)
    stream = played.rounds.events(played.compaction)
    with pytest.raises(ContextOverflow):
        for event in stream:
            if isinstance(event, Observed) and event.text == "[exit 0]":
                (sandbox.room.shared / "out" / "1").unlink()
    assert [text.partition("\n")[0] for text in played.sent[-1]] == ["line 1 of a", "[exit 0]"]


# ---- when nothing is left to take out


def test_what_is_refused_all_the_same_fails_with_the_providers_words(sandbox: Bubblewrap) -> None:
    played = Compacting(sandbox, prints("a"), REFUSED, REFUSED)
    with pytest.raises(ContextOverflow, match="longer than its window") as caught:
        played.play()
    assert (caught.value.exit_code, caught.value.remedy) == (4, "begin a new session")


def test_a_first_request_that_is_too_long_has_a_remedy_of_its_own(sandbox: Bubblewrap) -> None:
    with pytest.raises(ContextOverflow) as caught:
        Compacting(sandbox, ContextOverflow(str(REFUSED), REFUSED.remedy)).play()
    assert str(caught.value) == str(REFUSED)
    assert "shorten the task" in caught.value.remedy


# ---- where the window is known


def used(text: str, tokens: int) -> Line:
    return Line(text, Usage(tokens, 0, 5))


FIRST = 21
"""Characters of the first request, and so many tokens here."""


def test_a_window_that_is_nearly_full_is_not_tried(sandbox: Bubblewrap) -> None:
    replies = used(prints("a"), FIRST), used(prints("b", "c", "d", "e"), 5_000), used("done", 5_000)
    events, ended = Compacting(sandbox, *replies, window=8_000).play()
    (made,) = of(Compacted, events)
    assert (made.turn, made.steps) == (3, (1,))
    assert made.why == f"about {made.before:,} tokens of 8,000 are used"
    assert ended.ending == "success"


def test_one_with_room_for_a_reply_is_left_alone(sandbox: Bubblewrap) -> None:
    replies = used(prints("a"), FIRST), used(prints("b", "c"), 2_000), used("done", 4_000)
    events, _ = Compacting(sandbox, *replies, window=8_000).play()
    assert not of(Compacted, events)


def test_tokens_that_were_reported_for_more_than_one_try_do_not_fill_a_window(sandbox: Bubblewrap) -> None:
    replies = used(prints("a"), FIRST), used(prints("b"), 90_000), used("done", 90_000)
    events, _ = Compacting(sandbox, *replies, window=8_000).play()
    assert not of(Compacted, events)


def test_the_window_of_a_model_is_looked_up_and_a_recording_has_none() -> None:
    known, unknown, recorded = (Scripted([], name) for name in ("anthropic/claude-sonnet-4-5", "openai/no", "gpt-4o"))
    known.recorded = unknown.recorded = ""
    assert (window(known), window(unknown), window(recorded)) == (200_000, None, None)


def test_the_users_word_on_it_comes_first_except_for_a_recording() -> None:
    known, recorded = (Scripted([], "anthropic/claude-sonnet-4-5") for _ in range(2))
    known.recorded = ""
    assert (window(known, 32_768), window(recorded, 32_768)) == (32_768, None)
