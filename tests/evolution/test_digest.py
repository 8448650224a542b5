"""What reflection reads of a session: every step in few lines, the ends whole, within its budget."""

from __future__ import annotations

from dataclasses import replace

from livecoder.events import (
    Call,
    CheckpointTaken,
    CommandFinished,
    CommandStarted,
    Event,
    FailuresHidden,
    HookSaid,
    LimitWarned,
    ModelReplied,
    Names,
    Nudged,
    PatchMade,
    ProposalRefused,
    RanTests,
    RoundEnded,
    RoundStarted,
    ScaffoldEdited,
    ToolBroken,
    ToolCreated,
    ToolUsed,
    Usage,
    UserSaid,
    Verified,
)
from livecoder.evolution.digest import digest


def step(number: int, command: str, code: int = 0, output: str = "output\n", truncated: bool = False) -> list[Event]:
    call = f"c{number}"
    ended = CommandFinished(number, number, call, code, 1.25, output, len(output), 1, truncated, False, "/repo")
    return [CommandStarted(number, number, call, command, 120.0), ended]


ASKED = RoundStarted(1, "Fix the parser.", "<repository>…</repository>\nFix the parser.")
ENDED = RoundEnded(1, "success", "Fixed it.", "the model replied without a command", 4)
VERIFIED = Verified("pytest -q", 0, 1, "copy", "", (), "hidden test names\n", 2.0)


def test_a_session_in_few_lines() -> None:
    events: list[Event] = [
        ASKED,
        *step(1, "pytest -q", 1, "E   assert 1 == 2\n"),
        *step(2, "seq 1 9999", 0, "1\n2\n", truncated=True),
        ToolCreated("count-lines", "Count the lines.", 4, 2),
        ToolUsed("count-lines", 2, ("a",), "", "/repo", 0, "t"),
        ToolBroken("other", "--help prints nothing", 2),
        UserSaid("only the parser, please", "steering"),
        UserSaid("Your reply was cut", "reply cut"),
        ENDED,
        VERIFIED,
    ]
    assert digest(events, 12_000).splitlines() == [
        "## asked",
        "Fix the parser.",
        "step 1: pytest -q",
        "   exit 1, 1.2 s, 1 lines",
        "   E   assert 1 == 2",
        "step 2: seq 1 9999",
        "   exit 0, 1.2 s, 1 lines, cut",
        "   tool count-lines written: Count the lines.",
        "   tool count-lines used: exit 0",
        "   tool other broken: --help prints nothing",
        "## the user said meanwhile",
        "only the parser, please",
        "## ended: success after 4 turns: Fixed it.",
        "verify `pytest -q`: exit 0 (before: 1)",
    ]


def test_where_it_first_went_wrong_is_said_and_kept() -> None:
    worse = [*step(40, "pytest -q"), *step(41, "pytest -q", 1, "1 failed\n"), CheckpointTaken(1, 41, "t1")]
    before = [event for n in range(1, 40) for event in step(n, f"true {n} " + "x" * 80)]
    after = [event for n in range(42, 90) for event in step(n, f"true {n} " + "x" * 80)]
    text = digest([ASKED, *before, *worse, *after, ENDED], 2_500)
    assert "## first wrong step: 41 (tests passed at step 40 and are worse at step 41)" in text
    assert "step 41: pytest -q" in text and "step 1:" in text and "step 89:" in text and "step 20:" not in text


def test_what_else_happened_stands_with_its_step() -> None:
    events: list[Event] = [
        ASKED,
        *step(1, "true"),
        ScaffoldEdited("prompts/system.md", 1, "You are evil."),
        Nudged("lesson", (1,), "learnt earlier here (tables): The parser needs its tables."),
        Nudged("cut outputs", (1,), "outputs were cut"),
        HookSaid("before_finish", 1, "no test was run", "deny"),
        LimitWarned("no_progress", "…"),
        ProposalRefused("tool", "tools/subst", "no call of it worked that can be repeated"),
        UserSaid("The user took back what the last round changed", "undo"),
    ]
    text = digest(events, 12_000)
    for line in (
        "   it changed its own prompts/system.md",
        "   lesson shown: (tables): The parser needs its tables.",
        "   advised: cut outputs",
        "   hook before_finish: deny: no test was run",
        "   warned: no_progress",
        "   tools/subst not kept: no call of it worked that can be repeated",
        "## the user said meanwhile",
    ):
        assert line in text.splitlines()
    assert "evil" not in text


def test_what_verify_printed_is_never_shown() -> None:
    weakened = replace(VERIFIED, weakened=("tests/hidden.py: 1 test fewer",))
    text = digest([ASKED, VERIFIED, weakened, ENDED], 12_000)
    assert "hidden" not in text and "exit 0 (before: 1), 1 test files weakened" in text


def test_too_long_a_session_loses_its_middle_and_says_how_much() -> None:
    steps = [event for n in range(1, 101) for event in step(n, f"command number {n} " + "x" * 50)]
    text = digest([ASKED, *steps, ENDED], 2_000)
    assert len(text) <= 2_100
    assert "Fix the parser." in text and "Fixed it." in text
    assert "step 1:" in text and "step 100:" in text and "step 50:" not in text
    shown = sum(line.startswith("step ") for line in text.splitlines())
    assert f"({100 - shown} of 100 steps are left out)" in text


def test_a_few_steps_that_do_not_fit_are_counted_too() -> None:
    events: list[Event] = [ASKED, *step(1, "a" * 280), *step(2, "b" * 280), *step(3, "c" * 280), ENDED]
    assert "(1 of 3 steps are left out)" in digest(events, 900)


def test_long_commands_tasks_and_outputs_are_shortened() -> None:
    events: list[Event] = [
        RoundStarted(1, "t" * 50_000, ""),
        *step(1, "c" * 50_000, 1, "o" * 50_000),
        RoundEnded(1, "success", "a" * 50_000, "", 1),
    ]
    assert len(digest(events, 100_000)) < 5_000


def test_a_command_that_the_user_stopped_is_told_as_that() -> None:
    stopped = replace(ENDED, ending="interrupted", answer="")
    told = digest([ASKED, *step(1, "sleep 500", 137, ""), stopped], 12_000)
    assert "sleep 500\n   stopped by the user, 1.2 s, 1 lines\n" in told
    assert "exit 137, 1.2 s" in digest([ASKED, *step(1, "sleep 500", 137, ""), ENDED], 12_000)


def test_failing_tests_behind_a_pipe_are_told() -> None:
    hidden = FailuresHidden(1, RanTests("pytest", 4, 1, 1, 0, Names(2, ("t.py::a", "t.py::b")), "failures"))
    told = digest([ASKED, *step(1, "pytest -q | tail -3"), hidden, ENDED], 12_000)
    assert "   exit 0, 1.2 s, 1 lines\n   its exit code hides failing tests: 2\n" in told


def test_what_the_model_understood_and_changed_is_told() -> None:
    call = (Call("c1", "ls"),)
    told = digest(
        [
            ASKED,
            ModelReplied(1, "The parser drops the last row.", call, Usage(), None, 1.0, 10),
            *step(1, "ls"),
            *step(2, "true"),
            ModelReplied(2, "look back", call, Usage(), None, 1.0, 10, "reflection"),
            PatchMade(2, 9, 1, ("parser.py", "tests/test_parser.py")),
            ENDED,
        ],
        12_000,
    )
    assert "it said: The parser drops the last row.\nstep 1: ls\n" in told and told.count("it said") == 1
    assert "changed: parser.py, tests/test_parser.py" in told
