"""`livecoder scaffold` and the past: what was learnt and why, in 80 columns, and the way back."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from livecoder.events import HookFailed, HookRan, HookSaid, Nudged, ToolUsed
from tests.e2e.conftest import Livecoder
from tests.e2e.learning import COUNT, RECEIPTS, SESSION, Learnt, step
from tests.journal.sessions import ended, replied, started


@pytest.fixture
def learnt(livecoder: Livecoder) -> Learnt:
    return Learnt(livecoder.home, livecoder.cwd)


def scaffold(livecoder: Livecoder, *words: str) -> list[str]:
    """The lines of a command that succeeds, none of them wider than a terminal."""
    done = livecoder("scaffold", *words)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert [line for line in lines if len(line) > 80] == []
    return lines


def failing(livecoder: Livecoder, *words: str) -> tuple[int, str]:
    """The exit code and the one line of a command that is refused."""
    done = livecoder("scaffold", *words)
    (line,) = done.err.splitlines()
    assert done.out == ""
    return done.code, line.removeprefix("livecoder: ")


def test_the_log_has_one_line_a_generation_with_task_and_evidence(livecoder: Livecoder, learnt: Learnt) -> None:
    id = learnt.commit("tools/count-lines", COUNT, "tool(count-lines): Count the lines of files.")
    newest, seed = scaffold(livecoder, "log")
    assert re.fullmatch(rf"{id}  \d{{4}}-\d\d-\d\d  tool\(count-lines\): .*…  fix the parser so…  \[2,5\]", newest)
    assert seed.endswith("  seed: as shipped")
    assert scaffold(livecoder, "log", "-n", "1") == [newest]
    full = scaffold(livecoder, "log", "--full")
    assert full[0].startswith(f"{id}  ") and full[0].endswith("  tool(count-lines): Count the lines of files.")
    assert "         task: fix the parser so that it takes empty input" in full


def test_hostile_words_reach_no_terminal(livecoder: Livecoder, learnt: Learnt) -> None:
    evil = "\x1b]52;c;ZXZpbA==\x07\x1b[2J\u202egnp.exe"
    learnt.commit("tools/count-lines", COUNT + f"# {evil}\n", f"tool: {evil}", {**RECEIPTS, "Task": evil})
    for words in (
        ["log"],
        ["log", "--full"],
        ["show"],
        ["show", "count-lines"],
        ["why", "count-lines"],
        ["diff", *2 * ["main"]],
    ):
        done = livecoder("scaffold", *words)
        assert done.code == 0 and not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", done.out + done.err)
    assert "<U+202E>gnp.exe" in livecoder("scaffold", "show", "count-lines").out


def test_show_has_a_generation_or_a_part(livecoder: Livecoder, learnt: Learnt) -> None:
    id = learnt.commit("tools/count-lines", COUNT)
    learnt.commit("scaffold.toml", "output_chars = 5000\n")
    assert "+wc -l" in livecoder("scaffold", "show", id).out
    assert "+output_chars = 5000" in livecoder("scaffold", "show").out
    assert livecoder("scaffold", "show", "count-lines").out == COUNT
    assert livecoder("scaffold", "show", "output_chars").out == "5000\n"
    learnt.commit("tools/count-lines", None)
    done = livecoder("scaffold", "show", "count-lines")
    assert (done.code, done.out) == (
        1,
        "tools/count-lines is not there any more: see `livecoder scaffold why count-lines`"[:79] + "…\n",
    )
    assert failing(livecoder, "show", "nothing") == (
        3,
        "the scaffold has no generation nothing: `livecoder scaffold log` lists them",
    )


def test_why_tells_the_steps_and_the_record_of_a_tool(livecoder: Livecoder, learnt: Learnt) -> None:
    learnt.journal(SESSION, *step(1, "true", 0), *step(2, "wc -l a.txt\nwc -l b.txt", 0), *step(5, "count-lines x", 1))
    learnt.commit("tools/count-lines", COUNT, "tool(count-lines): Count the lines of files.")
    later = [ToolUsed("count-lines", number, ("a.txt",), "", "/", code, "t") for number, code in ((1, 0), (2, 3))]
    learnt.journal("20260302-080000-001aa", *later)
    learnt.journal("20260201-080000-001aa", *later)
    lines = scaffold(livecoder, "why", "count-lines")
    assert lines[0] == "tools/count-lines (tool)"
    assert "    expects: later tasks call it" in lines
    assert "    step 2, exit 0: wc -l a.txt wc -l b.txt" in lines
    assert "    step 5, exit 1: count-lines x" in lines
    assert lines[-1] == "since its last change: 2 calls in 1 session, 1 failed"


def test_why_says_what_is_not_known_any_more(livecoder: Livecoder, learnt: Learnt) -> None:
    learnt.commit("tools/count-lines", COUNT)
    learnt.commit("tools/count-lines", None, receipts={"Session": "../../../etc", "Evidence": "step 1"})
    lines = scaffold(livecoder, "why", "count-lines")
    assert lines[0] == "tools/count-lines (tool): not there any more"
    assert f"    the journal of {SESSION} is gone" in lines and "    step 2" in lines
    assert lines[-1] == "not used since its last change"


def test_why_tells_what_a_knob_was_and_when_a_lesson_was_shown(livecoder: Livecoder, learnt: Learnt) -> None:
    learnt.commit("scaffold.toml", "output_chars = 5000\n", "knob(output_chars): 5000: outputs were cut")
    lines = scaffold(livecoder, "why", "output_chars")
    assert lines[0] == "scaffold.toml#output_chars (knob)"
    assert "    from 10000 to 5000" in lines and "    from its default to 10000" in lines
    learnt.commit("lessons/tidy.toml", 'text = "Tidy up."\ntrigger = "make"\n')
    learnt.journal("20260302-080000-001aa", Nudged("lesson", (1,), "learnt earlier here (tidy): Tidy up."))
    assert scaffold(livecoder, "why", "tidy")[-1] == "shown since its last change in 1 session"
    assert scaffold(livecoder, "why", "prompts/system.md")[-1] == "only paired live runs can tell what it does"
    assert failing(livecoder, "why", "../x")[0] == 3


def test_why_sets_the_sessions_with_a_change_beside_those_before(livecoder: Livecoder, learnt: Learnt) -> None:
    early = learnt.store.head(learnt.project)
    late = learnt.commit("scaffold.toml", "output_chars = 5000\n", "knob(output_chars): 5000: outputs were cut")
    later = learnt.commit("tools/count-lines", COUNT)
    for number in range(20):
        began = replace(started(), scaffold=(early, early, late, later)[number % 4])
        turns = [replied(turn=turn + 1) for turn in range(2 if number % 4 < 2 else 4)]
        learnt.journal(f"20260302-0800{number:02}-001aa", began, *turns, *ended())
    lines = scaffold(livecoder, "why", "output_chars")
    assert lines[-6:-1] == [
        "since its last change: 10 sessions, each 4.0 turns, 440 tokens, $0.040",
        "  went well: 10 of 10 (76-100 %)",
        "before: 10 sessions, each 2.0 turns, 220 tokens, $0.020",
        "  went well: 10 of 10 (76-100 %)",
        "observed: no difference seen",
    ]
    assert "observed: too early to tell" in scaffold(livecoder, "why", "system")


def test_why_tells_how_often_a_hook_ran_and_what_came_of_it(livecoder: Livecoder, learnt: Learnt) -> None:
    learnt.commit("hooks/round_start", '#!/bin/sh\n# Says hello.\necho \'{"say": "hello"}\'\n')
    told = [HookSaid("round_start", 0, "hello"), HookRan("round_start", 0), HookFailed("round_start", 0, "exit 1")]
    learnt.journal("20260302-080000-001aa", replace(started(), hooks=("round_start",)), *told, *ended())
    expected = "ran 3 times in 1 of 1 session: said 1, denied 0, failed 1"
    assert expected in scaffold(livecoder, "why", "round_start")
    assert expected in [line.strip() for line in scaffold(livecoder, "hooks")]


def test_rollback_by_name_generation_and_date(livecoder: Livecoder, learnt: Learnt) -> None:
    seed = learnt.store.head(learnt.project)
    learnt.commit("tools/count-lines", COUNT)
    (first, second) = scaffold(livecoder, "rollback", "count-lines")
    assert first.endswith(": rolled back count-lines") and second.startswith("take it back with `livecoder scaffold")
    scaffold(livecoder, "rollback", "count-lines")
    assert livecoder("scaffold", "show", "count-lines").code == 0
    assert scaffold(livecoder, "rollback", "--since", "2025-06-01")[0].endswith("to what it was on 2025-06-01")
    assert learnt.store.diff(seed, learnt.store.head(learnt.project)) == ""
    assert scaffold(livecoder, "rollback", seed)[0].startswith("nothing to change: ")


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        ([], 2, "rollback needs a generation or a name, or --since DATE: `livecoder scaffold log` has them"),
        (["x", "--since", "2026-01-01"], 2, "rollback needs a generation or a name, or --since DATE: "),
        (["--since", "yesterday"], 2, "--since yesterday: a date as in 2026-03-01, or 2026-03-01T14:30"),
        (["--since", "1999-01-01"], 3, "there is no generation from before 1999-01-01 "),
        (["output_chars"], 3, "output_chars is a part of scaffold.toml: roll back scaffold.toml, or a generation"),
        (["nothing"], 3, "the scaffold has no generation nothing: `livecoder scaffold log` lists them"),
    ],
)
def test_a_wrong_rollback_is_one_line(livecoder: Livecoder, words: list[str], code: int, line: str) -> None:
    status, said = failing(livecoder, "rollback", *words)
    assert status == code and said.startswith(line)


def test_hooks_are_listed_with_what_they_are_for(livecoder: Livecoder, learnt: Learnt) -> None:
    assert livecoder("scaffold", "hooks").err == "no hooks yet\n"
    learnt.commit("hooks/before_finish", "#!/bin/sh\n# Asks for the changelog.\necho '{}'\n")
    name, _, more, used = scaffold(livecoder, "hooks")
    assert used.strip().startswith("ran 0 times in 0 of 0 sessions: said 0, denied 0, failed 0")
    assert name == "before_finish        Asks for the changelog."
    assert re.fullmatch(r" {21}3 lines; [0-9a-f]{7} of [\d-]{10}: hook\(before_finish\): chang…", more)


def test_what_is_pinned_stays_and_is_listed(livecoder: Livecoder, learnt: Learnt) -> None:
    learnt.commit("tools/count-lines", COUNT)
    assert scaffold(livecoder, "pin", "count-lines") == ["tools/count-lines is pinned"]
    assert scaffold(livecoder, "pin", "output_chars") == ["scaffold.toml#output_chars is pinned"]
    assert scaffold(livecoder, "pin", "--list") == ["knob    scaffold.toml#output_chars", "tool    tools/count-lines"]
    refused = (3, "pinned by the user: count-lines: `livecoder scaffold pin --remove count-lines`")
    assert failing(livecoder, "remove", "count-lines", "--yes") == refused
    assert scaffold(livecoder, "pin", "--remove", "count-lines") == ["tools/count-lines is not pinned any more"]
    assert scaffold(livecoder, "pin", "--remove", "count-lines") == ["tools/count-lines was not pinned"]
    assert scaffold(livecoder, "remove", "count-lines", "--yes")[0].endswith(": - tools/count-lines")
    for words in ([], ["--list", "x"], ["--list", "--remove"], ["--remove"]):
        assert failing(livecoder, "pin", *words)[0] == 2
    assert failing(livecoder, "pin", "nothing")[0] == 3


def test_what_was_put_right_in_the_store_is_told_once(livecoder: Livecoder, learnt: Learnt) -> None:
    learnt.commit("tools/count-lines", COUNT)
    (learnt.store.path / "HEAD").write_text("garbage")
    assert livecoder("scaffold", "log").err == "warning: the scaffold's history was damaged (HEAD): mended\n"
    assert livecoder("scaffold", "log").err == ""


def test_outside_of_a_repository_every_verb_is_one_line(livecoder: Livecoder) -> None:
    for words in (["log"], ["why", "x"], ["pin", "x"], ["run", "x"], ["env"], ["bisect"], ["import", "x"]):
        code, line = (
            failing(livecoder, *words, "-C", "/") if words[0] != "run" else failing(livecoder, "run", "-C", "/", "x")
        )
        assert code == 3 and "is not in a git repository" in line
