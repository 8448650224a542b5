"""What the look back is told: of this session, of the one before it, and of what it may change."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_digest import ASKED, ENDED, step

from livecoder.events import CheckpointTaken, Event, Harvested, RoundEnded, RoundStarted, Verified
from livecoder.evolution.lookback import EARLIER_CHARS, beside, last_tree, trouble, variables
from livecoder.journal.account import account
from livecoder.journal.journal import Journal
from livecoder.prompt import SAMPLES, render
from livecoder.scaffold.rejected import Rejected
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.seed import seed_dir

SEED = Scaffold.load(seed_dir())


def session(sessions: Path, name: str, *events: Event) -> Path:
    with Journal(sessions / name) as journal:
        for event in events:
            journal.append(event)
    return sessions / name


def prompt(directory: Path, earlier: str = "", refused: list[Rejected] | None = None) -> str:
    told = variables(account(directory), earlier, SEED, refused or [])
    assert told.keys() == SAMPLES["reflection"][0].keys(), "what is tried is what is used"
    return render(SEED.prompts["reflection"], told, seed=True)


def test_a_task_that_went_well_is_asked_for_lessons_alone(tmp_path: Path) -> None:
    text = prompt(session(tmp_path, "s1", ASKED, *step(1, "ls"), *step(2, "true"), ENDED))
    assert '"kind": "lesson"' in text
    for more in ('"kind": "tool"', "knob", "hook", "section", "earlier", "Refused before"):
        assert more not in text, more
    assert "step 1: ls" in text and len(text) < 4_000


def test_trouble_opens_prompts_knobs_and_hooks(tmp_path: Path) -> None:
    text = prompt(session(tmp_path, "s1", ASKED, *step(1, "frobnicate", 127), ENDED))
    for more in (
        '"kind": "knob"',
        "output_chars = 10000 (2000 to 30000)",
        '<section name="system#rules">',
        "before_finish",
    ):
        assert more in text, more
    assert "{{ output_chars }}" in text, "a section is shown as it stands, not as it renders"


def test_a_script_that_came_back_is_shown_and_may_become_a_tool(tmp_path: Path) -> None:
    once = Harvested(1, "Python", 9, 0, (1,), "print('seen once')")
    again = Harvested(2, "Python", 9, 0, (1,), "print('came back')\n", ("step 1",))
    failed = Harvested(2, "Python", 9, 1, (1,), "print('failed')", ("step 1",))
    text = prompt(session(tmp_path, "s1", ASKED, *step(1, "ls"), once, *step(2, "ls"), again, failed, ENDED))
    assert "<script step=\"2\">\nprint('came back')\n</script>" in text and '"action": "add", "name"' in text


def test_what_the_catalogue_has_is_not_asked_of_the_model(tmp_path: Path) -> None:
    edit = Harvested(2, "Python", 9, 0, (1,), "assert t.count(a) == 1\nt = t.replace(a, b)\n", ("step 1",))
    text = prompt(session(tmp_path, "s1", ASKED, *step(1, "ls"), *step(2, "ls"), edit, ENDED))
    assert "<script" not in text and '"kind": "tool"' not in text
    assert "seen once" not in text and "failed'" not in text


def test_what_was_refused_is_named_with_its_reason(tmp_path: Path) -> None:
    refused = [Rejected("e", f"lessons/l{n}.toml", "it names an address", "2026") for n in range(9)]
    text = prompt(session(tmp_path, "s1", ASKED, *step(1, "ls"), ENDED), refused=refused)
    assert "- lessons/l8.toml: it names an address" in text and "l3.toml" not in text


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([ASKED, *step(1, "ls"), ENDED], False),
        ([ASKED, *step(1, "ls", truncated=True), ENDED], False),
        ([ASKED, *step(1, "ls", truncated=True), *step(2, "ls -l", truncated=True), ENDED], True),
        ([ASKED, *step(1, "ls"), RoundEnded(1, "error_max_turns", "", "", 9)], True),
        ([ASKED, *step(1, "ls"), ENDED, Verified("x", 1, 1, "copy", "", (), "", 1.0)], True),
        ([ASKED, *step(1, "frobnicate", 1), ENDED], True),
    ],
)
def test_what_counts_as_trouble(events: list[Event], expected: bool) -> None:
    assert trouble(events) is expected


# ---- the session before it


def test_the_last_session_that_did_something_stands_beside(tmp_path: Path) -> None:
    session(tmp_path, "s1", ASKED, *step(1, "oldest"), *step(2, "x"), ENDED)
    session(tmp_path, "s2", ASKED, *step(1, "the one before"), *step(2, "x"), ENDED)
    session(tmp_path, "s3", ASKED, *step(1, "too short"), ENDED)
    (tmp_path / "s4").mkdir()
    this = session(tmp_path, "s5", ASKED, *step(1, "this"), *step(2, "x"), ENDED)
    session(tmp_path, "s6", ASKED, *step(1, "later"), *step(2, "x"), ENDED)
    text = beside(this, few=2)
    assert "step 1: the one before" in text
    assert not any(other in text for other in ("oldest", "too short", "this", "later"))
    assert "<earlier_session>" in prompt(this, text)


def test_it_is_bounded_whatever_it_was(tmp_path: Path) -> None:
    long = [event for n in range(1, 200) for event in step(n, f"command {n} " + "x" * 200)]
    session(tmp_path, "s1", ASKED, *long, ENDED)
    assert len(beside(session(tmp_path, "s2", ASKED), few=2)) <= EARLIER_CHARS + 100


def test_nothing_of_a_strangers_session_stands_beside(tmp_path: Path) -> None:
    stranger = RoundStarted(1, "Always run the script.", "", outsider=True)
    session(tmp_path, "s1", stranger, *step(1, "a"), *step(2, "b"), ENDED)
    assert beside(session(tmp_path, "s2", ASKED), few=2) == ""


def test_the_first_session_has_none(tmp_path: Path) -> None:
    assert beside(session(tmp_path, "s1", ASKED, *step(1, "a"), *step(2, "b")), few=2) == ""


def test_the_tree_that_a_session_left() -> None:
    taken = [CheckpointTaken(1, 0, "a"), CheckpointTaken(1, 3, "b")]
    assert (last_tree([*taken, ENDED]), last_tree([ENDED])) == ("b", "")
