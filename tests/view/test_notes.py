"""What happens beside the commands has a label, a few words and a tone; more of it is there for whoever asks."""

from __future__ import annotations

import pytest
from showing import COMMITTED, DENIED, RAN_TESTS, REFUSED, SESSION, WAITING

from livecoder import events as e
from livecoder.view.notes import Note, learnt, notes


@pytest.mark.parametrize(
    ("event", "note"),
    [
        (e.BaseRan(1, "ls", 1, "gone", 2.25), Note("on the base", "ls → exit 1 · 2.2 s", body="gone")),
        (
            e.GroundMeasured("pytest", 1, 3.0, "1 failed", ("t",)),
            Note("tests as found", "pytest → exit 1 · 3.0 s · 1 failed"),
        ),
        (
            e.FailuresHidden(1, RAN_TESTS),
            Note("tests failed", "12 passed, 2 failed, 1 error, which exit 0 hides", "bad"),
        ),
        (
            e.Compacted(3, (1, 2), 90_000, 4_000, "it is full"),
            Note(
                "made room",
                "the conversation went from 90,000 to 4,000 characters "
                "(2 outputs taken out, as `lc out` has them): it is full",
            ),
        ),
        (e.JobStarted(1, "suite", "make test"), Note("job started", "suite: make test")),
        (e.JobEnded(2, "suite", 2, 61.0, "out", 1, False), Note("job ended", "suite → exit 2 · 61 s", "bad", "out")),
        (e.ServiceStarted(1, "db", "serve", (5432,), 0.3), Note("service started", "db: serve (port 5432)")),
        (
            e.ServiceEnded(2, "db", 3, 61.0, "out", False),
            Note("service ended", "db → ended with exit 3 · 61 s", "bad", "out"),
        ),
        (e.ServiceEnded(2, "db", 137, 61.0, "", True), Note("service ended", "db → stopped · 61 s")),
        (e.NetworkAsked(1, "pypi.org:443", True, "", 2), Note("network", "pypi.org:443 reached (2 times)")),
        (e.NetworkAsked(1, "a.b:80", True, "gone", 1), Note("network", "a.b:80 failed: gone (1 time)")),
        (e.NetworkAsked(1, "a.b:80", False, "why", 1), Note("network", "a.b:80 refused: why (1 time)", "bad")),
        (e.ToolCreated("a", "Does it.", 1, 1), Note("tool born", "a: Does it. (1 line)", "good")),
        (e.ToolRevised("a", "Does it.", 2, 1), Note("tool revised", "a: Does it. (2 lines)", "good")),
        (e.ToolBroken("a", "exit 2", 1), Note("tool broken", "a: exit 2", "bad")),
        (e.ToolUsed("a", 1, ("x y",), "", ".", 0, "t"), Note("tool used", "a 'x y' → exit 0", "good")),
        (e.ToolUsed("a", 1, (), "", ".", 3, "t"), Note("tool used", "a → exit 3", "bad")),
        (e.Harvested(2, "Python", 9, 0, (1,), "x", ("step 1",)), Note("script noted", "Python, 9 lines, like step 1")),
        (e.Nudged("cut outputs", (1, 2), "ask for less"), Note("advice given", "ask for less")),
        (e.Nudged("lesson", (1,), "learnt earlier"), Note("lesson recalled", "learnt earlier")),
        (e.UserSaid("stop that", "steering"), Note("the user said meanwhile", "stop that", "said")),
        (DENIED, Note("denied", "network: no network here", "bad")),
        (e.LimitWarned("turns", "two left"), Note("warning", "two left", "bad")),
        (e.Retried(1, "busy", 4.0, 2), Note("retry", "2 in 4.0 s: busy", "bad")),
    ],
)  # fmt: skip
def test_what_happened(event: e.Event, note: Note) -> None:
    assert notes([event]) == (note,)
    assert learnt([event]) == ()


def test_what_the_engine_says_in_its_own_words_is_said_once() -> None:
    said = [e.LimitWarned("turns", "two left"), e.UserSaid("two left", "turns")]
    assert [note.text for note in notes(said)] == ["two left"]
    assert [
        note.text for note in notes([e.Nudged("harvest", (1,), "keep it?"), e.UserSaid("keep it?", "last question")])
    ] == ["keep it?"]


@pytest.mark.parametrize(
    ("event", "note"),
    [
        (REFUSED, Note("refused", "lessons/x.toml: it cites no step", "bad")),
        (WAITING, Note("waits in the inbox", "hooks/x: hooks wait", "bad")),
        (e.Reflected("skipped", "too few steps"), Note("looking back", "skipped: too few steps")),
        (e.Reflected("done", "", 0.1, 3, 1), Note("looking back", "done: 3 proposals, 1 accepted")),
        (e.Reflected("off"), Note("looking back", "off")),
    ],
)
def test_what_was_learnt(event: e.Event, note: Note) -> None:
    assert learnt([event]) == (note,)
    assert notes([event]) == ()


def test_what_was_kept_has_its_receipts() -> None:
    (note,) = learnt([COMMITTED])
    assert (note.label, note.text) == ("kept", "tool(count-lines): Count. (9f3c1a2→b71d0e4)")
    assert note.body == "Evidence: step 1\nExpects: fewer steps"


def test_a_proposal_says_from_what_and_what_for() -> None:
    (note,) = learnt([e.Proposed("tool", "tools/a", "Does it.", (1, 3), "fewer steps", "use")])
    assert (note.text, note.body) == ("tools/a: Does it.", "from steps 1, 3; fewer steps")


def test_no_event_is_both_beside_the_commands_and_learnt() -> None:
    assert not [event for event in SESSION if notes([event]) and learnt([event])]
