"""Lines for people: what a model or a repository wrote can never act on the terminal, and every line fits it."""

from __future__ import annotations

import dataclasses
import fcntl
import io
import os
import struct
import termios
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from showing import CHANGED, DENIED, FINISHED, RAN, RAN_TESTS, REPLIED, RESULT, STARTED, VERIFIED

from livecoder import events as e
from livecoder.view.terminal import Terminal, printable


def shown(*events: e.Event, color: bool = False, quiet: bool = False, verbose: bool = False) -> str:
    out = io.StringIO()
    terminal = Terminal(out, color=color, quiet=quiet, verbose=verbose)
    for event in events:
        terminal.show(event)
    return out.getvalue()


# ---- T01, T02, T03: what an output may try


ATTACKS = {
    "clipboard (OSC 52)": "\x1b]52;c;cm0gLXJmIH4=\x07",
    "clear (CSI 2J)": "\x1b[2J",
    "title (OSC 0)": "\x1b]0;owned\x07",
    "title ended by ST": "\x1b]0;owned\x1b\\",
    "link (OSC 8)": "\x1b]8;;http://x\x1b\\",
    "device string (DCS)": "\x1bP1$tx\x1b\\",
    "application string (APC)": "\x1b_payload\x1b\\",
    "privacy message (PM)": "\x1b^payload\x1b\\",
    "start of string (SOS)": "\x1bXpayload\x1b\\",
    "unterminated (OSC)": "\x1b]0;owned",
    "C1 (CSI)": "\x9b2J",
    "C1 (OSC)": "\x9d0;owned\x9c",
    "bell": "\x07",
    "cursor query (CSI 6n)": "\x1b[6n",
    "device query (DA1)": "\x1b[c",
    "reset (RIS)": "\x1bc",
    "colour": "\x1b[31m",
    "overprinting": "safe\rrm\x08\x08ls",
    "bidi": "\u202e\u2066\u061c",
    "zero width": "\u200b\ufeff",
    "tags": "\U000e0041\U000e0042",
    "a lone escape": "\x1b",
    "other controls": "\x00\x0b\x0c\x0e\x7f",
}
OBEYED = [*map(chr, [*range(0x20), *range(0x7F, 0xA0), 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])]


def is_harmless(text: str) -> bool:
    return not any(character in text for character in OBEYED if character not in "\n\t")


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_nothing_that_a_terminal_obeys_comes_through(attack: str) -> None:
    assert is_harmless(printable(f"before {attack} after"))
    events = [
        dataclasses.replace(FINISHED, output=f"x {attack} y\n", note=attack),
        dataclasses.replace(RAN, command=f"echo {attack}"),
        dataclasses.replace(REPLIED, text=f"look {attack}"),
        e.RoundStarted(1, f"task {attack}", ""),
        e.ToolCreated("a", attack, 1, 1),
        e.Warned(attack),
        dataclasses.replace(VERIFIED, exit_code=1, command=attack, output=attack, weakened=(attack,)),
        dataclasses.replace(VERIFIED, changed=e.ChangedTests(e.Names(1, (attack,)), e.Names(1, (attack,)))),
        dataclasses.replace(RESULT, is_error=True, reason=attack),
    ]
    assert is_harmless(shown(*events, verbose=True))


@given(st.text())
def test_no_text_at_all_gets_through_with_a_control_character(text: str) -> None:
    assert is_harmless(printable(text))


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize("text", ["[/foo]", "[@click=app.bell]x[/]", "{{ x }}", "%s %(x)d", "größe 漢字 🙂"])
def test_markup_is_text(text: str) -> None:
    assert text in shown(dataclasses.replace(FINISHED, output=f"{text}\n"))


def test_what_hides_behind_an_unterminated_string_stays_within_its_line() -> None:
    text = shown(dataclasses.replace(FINISHED, output="a \x1b]0;hidden\nb still here\n"))
    assert "b still here" in text and "hidden" not in text
    assert printable("a \x1b]0;hidden\nb still here\n\x1b\nc") == "a \nb still here\n\nc"


# ---- on a terminal


END = "\x04end"


@pytest.fixture
def terminal() -> Iterator[Callable[[int, str], list[str]]]:
    """`terminal(40, "text")` -> the lines that a terminal of 40 columns gets to see."""
    ends: list[int] = []

    def show(columns: int, text: str) -> list[str]:
        ours, theirs = os.openpty()
        ends.append(ours)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with os.fdopen(theirs, "w", encoding="utf-8") as out:
            Terminal(out).line(text)
            out.write(END)
            out.flush()
            told = b""
            while not told.endswith(END.encode()):  # a terminal hands over its lines one by one
                told += os.read(ours, 65536)
            return told.decode().removesuffix(END).replace("\r\n", "\n").split("\n")[:-1]

    yield show
    for end in ends:
        os.close(end)


def test_a_line_is_clipped_at_the_terminals_width(terminal: Callable[[int, str], list[str]]) -> None:
    assert terminal(40, "x" * 40) == ["x" * 40]
    assert terminal(40, "x" * 41) == ["x" * 39 + "…"]
    assert terminal(10, "one\n" + "y" * 20) == ["one", "y" * 9 + "…"]


def test_wide_characters_and_tabs_take_their_cells(terminal: Callable[[int, str], list[str]]) -> None:
    assert terminal(10, "漢" * 5) == ["漢" * 5]
    assert terminal(10, "漢" * 6) == ["漢" * 4 + "…"]
    assert terminal(10, "a\tb\tc") == ["a       b…"]
    assert terminal(10, "e\u0301" * 10) == ["e\u0301" * 10]


@pytest.mark.parametrize("columns", [0, 1, 2])
def test_a_terminal_of_no_width_is_no_reason_to_fail(terminal: Callable[[int, str], list[str]], columns: int) -> None:
    assert len(terminal(columns, "hello")) == 1


def test_into_a_file_lines_are_whole() -> None:
    assert "x" * 5000 in shown(e.Warned("x" * 5000))


# ---- what is said


def test_a_step_as_it_is_read() -> None:
    assert shown(RAN, FINISHED).splitlines() == ["  1 $ ls", "    │ a.txt", "    └ exit 2 · 0.8 s"]


def test_long_commands_and_outputs_lose_their_middle() -> None:
    command = "\n".join(f"line {n}" for n in range(40))
    rows = shown(dataclasses.replace(RAN, command=command)).splitlines()
    assert len(rows) == 12 and rows[8] == "      … 29 more lines" and rows[-1].endswith("line 39")
    rows = shown(dataclasses.replace(FINISHED, output="".join(f"{n}\n" for n in range(100)))).splitlines()
    assert rows[4] == "… 90 lines".join(["    │ ", ""]) and rows[-2] == "    │ 99" and len(rows) == 12


def test_the_session_says_what_it_works_with() -> None:
    text = shown(STARTED)
    assert "livecoder · scripted:x · bubblewrap · scaffold 9f3c1a2, 1 tool · 1,234 tokens to start" in text
    assert "read AGENTS.md (12 tokens)" in text
    assert "bash alone" in shown(dataclasses.replace(STARTED, scaffold="none", tools=()))
    assert "! no sandbox" in shown(dataclasses.replace(STARTED, sandbox="none"), quiet=True)


def test_verify_says_where_and_what_was_weakened() -> None:
    assert shown(VERIFIED).splitlines() == [
        "verify passed on a clean copy: pytest -q (before: exit 1)",
        "! tests/a.py: 1 test fewer",
    ]
    failed = dataclasses.replace(VERIFIED, exit_code=1, where="in place", why_in_place="too large", weakened=())
    assert "verify failed, exit 1 in place (too large)" in shown(failed)


def test_verify_says_test_by_test_what_changed() -> None:
    told = dataclasses.replace(VERIFIED, weakened=(), changed=CHANGED)
    assert shown(told).splitlines()[1:] == [
        "  2 fixed · 1 newly failing · 60 failed before as well",
        "  + t.py::a",
        "  + t.py::aa",
        "! newly failing: t.py::b",
    ]
    many = e.Names(99, tuple(f"t.py::{number}" for number in range(50)))
    rest = e.ChangedTests(fixed=many, new_failing=e.Names(1, ("t.py::n",)), unclear=many, gone=e.Names(3, ("t.py::g",)))
    rows = shown(dataclasses.replace(told, changed=rest)).splitlines()
    assert rows[1] == "  99 fixed · 1 newly failing · 99 failing, not known before · 3 no longer run"
    assert rows[2] == "  + t.py::0" and rows[11:] == ["  + t.py::9", "  + and 89 more", "! new and failing: t.py::n"]


def test_quiet_names_the_newly_failing_too() -> None:
    told = dataclasses.replace(VERIFIED, weakened=(), changed=CHANGED)
    assert shown(told, quiet=True).splitlines() == ["! newly failing: t.py::b"]


def test_a_run_on_the_base_says_what_its_tests_were() -> None:
    ran = e.BaseRan(1, "pytest -q", 1, "…", 2.0)
    assert shown(ran) == "    base: pytest -q -> exit 1\n"
    tested = dataclasses.replace(ran, tests=RAN_TESTS)
    assert shown(tested) == "    base: pytest -q -> exit 1 · 12 passed, 2 failed, 1 error\n"


def test_the_last_line_is_the_whole_in_short() -> None:
    assert shown(RESULT).splitlines()[-1] == ("verified · 2 files +31 -4 · 12 turns · 1,100 tokens · $0.3100 · 61 s")
    unpriced = dataclasses.replace(RESULT, cost_known=False, num_turns=1, patch=e.PatchMade(1, 1, 0, ("a",)))
    assert "1 file +1 -0 · 1 turn · 1,100 tokens · price unknown" in shown(unpriced)
    failed = dataclasses.replace(RESULT, is_error=True, subtype="error_max_turns", reason="--max-turns 3 was reached")
    assert shown(failed).splitlines()[-1].startswith("error_max_turns: --max-turns 3 was reached · ")


def test_a_recorded_models_tokens_are_nobodys() -> None:
    last = shown(dataclasses.replace(STARTED, recorded=True), RESULT).splitlines()[-1]
    assert last == "verified · 2 files +31 -4 · 12 turns · 61 s"


def test_quiet_leaves_warnings_and_errors() -> None:
    failed = dataclasses.replace(RESULT, is_error=True, subtype="error_timeout", reason="the time limit was reached")
    assert shown(STARTED, RAN, REPLIED, e.Warned("careful"), DENIED, failed, quiet=True).splitlines() == [
        "! careful",
        "! denied: network",
        "error_timeout: the time limit was reached · 2 files +31 -4 · 12 turns · 1,100 tokens · $0.3100 · 61 s",
    ]


def test_verbose_names_what_has_no_line_of_its_own() -> None:
    taken = e.CheckpointTaken(1, 0, "t")
    assert shown(taken) == "" and shown(taken, verbose=True) == "  · checkpoint_taken\n"


def test_colour_is_only_there_when_asked_for() -> None:
    assert shown(RAN, color=True) == "\x1b[36m  1 $ ls\x1b[0m\n"
    assert "\x1b" not in shown(STARTED, RAN, FINISHED, VERIFIED, RESULT)


def test_what_is_waited_for_can_be_asked() -> None:
    terminal = Terminal(io.StringIO())
    seen = [terminal.waiting_for]
    ended = e.RoundEnded(1, "success", "", "", 1)
    for event in (e.RoundStarted(1, "x", "x"), RAN, FINISHED, ended):
        terminal.show(event)
        seen.append(terminal.waiting_for)
    assert seen == ["the session to open", "the model", "step 1: ls", "the model", "verify and what was learnt"]


def test_a_look_back_is_not_shown_as_an_answer() -> None:
    assert shown(dataclasses.replace(REPLIED, purpose="reflection")) == ""


def test_a_secret_that_an_escape_sequence_parts_is_masked() -> None:
    out = io.StringIO()
    terminal = Terminal(out)
    terminal.mask = lambda text: text.replace("hunter2hunter2", "[secret]")
    terminal.line("key: hunter2\x1b[0mhunter2")
    assert out.getvalue() == "key: [secret]\n"


def test_tests_that_did_not_pass_as_they_were_found_say_how_they_ended() -> None:
    passed = e.GroundMeasured("pytest", 0, 3.0, "5 passed")
    broken = e.GroundMeasured("pytest", 4, 1.0, "x: error: unrecognized arguments: -n")
    endless = e.GroundMeasured("pytest", None, 95.0, "")
    assert shown(passed, broken, endless).splitlines() == [
        "    tests as they were found: 5 passed (3 s)",
        "    tests as they were found: exit 4: x: error: unrecognized arguments: -n (1 s)",
        "    tests as they were found: not ended, and stopped (95 s)",
    ]


def test_failures_that_an_exit_code_hides_stand_below_it() -> None:
    shown_lines = shown(RAN, dataclasses.replace(FINISHED, exit_code=0), e.FailuresHidden(1, RAN_TESTS))
    assert shown_lines.splitlines()[-2:] == [
        "    └ exit 0 · 0.8 s",
        "    ! tests failed, which exit 0 hides: 12 passed, 2 failed, 1 error",
    ]


def test_that_room_was_made_is_a_warning() -> None:
    made = e.Compacted(3, (1, 2), 90_000, 4_000, "m finds the conversation longer than its window")
    assert shown(made, quiet=True).startswith(
        "! made room: the conversation went from 90,000 to 4,000 characters (2 out"
    )


def test_a_look_back_says_what_it_dropped() -> None:
    assert shown(e.Reflected("done", "", 0.0, 2, 1)) == "reflection: 2 proposals, 1 accepted\n"
    dropped = e.Reflected("done", "dropped: proposal 2: text: too long", 0.0, 1, 1)
    assert shown(dropped) == "reflection: 1 proposal, 1 accepted; dropped: proposal 2: text: too long\n"
