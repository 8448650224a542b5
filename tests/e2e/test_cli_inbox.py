"""`livecoder scaffold inbox` as a user has it: listed with a diff, accepted, edited, refused; bad input in one line."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from livecoder.evolution import verdicts
from livecoder.evolution.verdicts import Verdict
from livecoder.scaffold import inbox
from livecoder.scaffold.store import Store
from tests.e2e.conftest import Done, Livecoder
from tests.e2e.terminal import Terminal

CLAIM = {"evidence": [1, 2], "cause": "it waited", "expects": "fewer waits", "improves": ["turns"], "risks": ["verify"]}
LESSON = {**CLAIM, "kind": "lesson", "text": "Sums are made in calc.py alone.", "trigger": "python"}
KNOB = {**CLAIM, "kind": "knob", "name": "output_chars", "value": 20_000}
HOOK = {
    **CLAIM,
    "kind": "hook",
    "action": "add",
    "event": "round_start",
    "text": '#!/bin/sh\necho \'{"say": "hello"}\'\n',
}


def proposed(livecoder: Livecoder, *proposals: dict[str, Any], mode: str = "propose") -> list[str]:
    """A task that failed, and a look back that proposes these; the ids of what waits then."""
    livecoder.task("$ frobnicate", "$ ls", "$ pwd", "Done.", flags=("--evolve", mode))
    answer = f"Here: {json.dumps({'proposals': proposals})}"
    done = livecoder("reflect", "--pending", "--evolve", mode, "-m", livecoder.script(answer))
    assert done.code == 0, done.err
    return [line.split()[0] for line in listed(livecoder).out.splitlines() if line[:1].isalnum() and "  " in line]


def listed(livecoder: Livecoder) -> Done:
    return livecoder("scaffold", "inbox")


def subjects(livecoder: Livecoder) -> list[str]:
    lines = livecoder("scaffold", "log").out.splitlines()
    return [line.split("  ", 2)[2] for line in lines if not line.startswith(" ")]


def test_what_waits_is_shown_with_its_reason_its_contract_and_its_diff(livecoder: Livecoder) -> None:
    (id,) = proposed(livecoder, LESSON)
    out = listed(livecoder).out
    assert out.startswith(f"{id}  lessons/sums-are-made-in-calc-py.toml")
    for text in (
        "waits because the gate accepts it; evolution only proposes here",
        "cause: it waited",
        "expects: fewer waits",
        "improves: turns",
        "evidence: step 1, step 2",
        '+text = "Sums are made in calc.py alone."',
        "accept ID | edit ID | refuse ID",
    ):
        assert text in out


def test_nothing_waits_at_first(livecoder: Livecoder) -> None:
    done = listed(livecoder)
    assert (done.code, done.out, done.err) == (0, "", "nothing waits\n")


def test_accepted_it_is_the_next_generation(livecoder: Livecoder) -> None:
    lesson, knob = proposed(livecoder, LESSON, KNOB)
    for id in (knob, lesson):
        done = livecoder("scaffold", "inbox", "accept", id, "--yes")
        assert done.code == 0 and "→" in done.out, done.err
    newest, before = subjects(livecoder)[:2]
    assert newest.startswith("lesson(sums-are-made-in-calc-py): Sums are m")
    assert before.startswith("knob(output_chars): 20000: it w")
    assert listed(livecoder).err == "nothing waits\n"


def test_a_hook_waits_in_auto_too_and_runs_once_it_was_accepted(livecoder: Livecoder) -> None:
    (id,) = proposed(livecoder, HOOK, mode="auto")
    before = livecoder.task("Done.")
    assert [line for line in before.lines if line.get("subtype", "").startswith("hook")] == []
    assert livecoder("scaffold", "inbox", "accept", id, "--yes").code == 0
    after = livecoder.task("Done.")
    (said,) = [line for line in after.lines if line.get("subtype", "").startswith("hook")]
    assert (said["subtype"], said["hook"], said["text"]) == ("hook_said", "round_start", "hello")
    assert "ran once in 1 of 1 session: said 1, denied 0, failed 0" in livecoder("scaffold", "hooks").out


def test_hooks_are_listed_with_whether_they_run(livecoder: Livecoder) -> None:
    assert livecoder("scaffold", "hooks").err == "no hooks yet\n"
    (id,) = proposed(livecoder, HOOK, mode="auto")
    livecoder("scaffold", "inbox", "accept", id, "--yes")
    assert "\n                     runs\n" in livecoder("scaffold", "hooks").out
    (livecoder.home / "data" / "hooks.accepted").unlink()
    assert "does not run: nobody accepted its content\n" in livecoder("scaffold", "hooks").out


def test_the_log_says_what_later_rounds_found(livecoder: Livecoder) -> None:
    (id,) = proposed(livecoder, KNOB)
    livecoder("scaffold", "inbox", "accept", id, "--yes")
    generation = livecoder("scaffold", "log").out.split()[0]
    project = next(livecoder.home.glob("state/projects/*")).name
    verdict = Verdict(generation, "knob(output_chars): 20000", "m", "effective", "turns better, over 8 rounds", 1, 1)
    verdicts.save(livecoder.home / "data", project, [verdict])
    lines = livecoder("scaffold", "log").out.splitlines()
    assert "         later rounds: effective: turns better, over 8 rounds" in lines
    assert lines[-1] == "predicted 1, came true 1 (observed, not proven)"


def test_refused_it_is_not_proposed_again(livecoder: Livecoder) -> None:
    (id,) = proposed(livecoder, LESSON)
    done = livecoder("scaffold", "inbox", "refuse", id, "--why", "sums are made elsewhere", "--yes")
    assert (done.code, done.out) == (0, f"{id} is refused: it is not proposed again\n")
    assert proposed(livecoder, {**LESSON, "text": "SUMS are made in calc.py, alone!"}) == []
    assert subjects(livecoder) == ["seed: as shipped"]


def test_what_is_fit_no_more_stays_and_is_told(livecoder: Livecoder) -> None:
    first, second = proposed(livecoder, LESSON, {**LESSON, "text": "Sums are made in calc.py and only there, alone."})
    assert livecoder("scaffold", "inbox", "accept", first, "--yes").code == 0
    done = livecoder("scaffold", "inbox", "accept", second, "--yes")
    assert done.code == 1 and "says it already" in done.err.splitlines()[-1]
    assert second in listed(livecoder).out


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["accept", "nope", "--yes"], 2, "nothing in the inbox is called 'nope'"),
        (["refuse", "nope", "--yes"], 2, "nothing in the inbox is called 'nope'"),
        (["edit", "nope"], 2, "nothing in the inbox is called 'nope'"),
        (["accept"], 2, "Missing argument"),
        (["accept", "a", "b"], 2, "unexpected extra argument"),
        (["allow", "nope"], 2, "No such command"),
        (["accept", "\x1b[31m", "--yes"], 2, "'\\x1b[31m'"),
        (["accept", "nope", "--yes", "-C", "/nowhere"], 3, "/nowhere"),
    ],
)
def test_bad_input_is_one_line(livecoder: Livecoder, arguments: list[str], code: int, told: str) -> None:
    done = livecoder("scaffold", "inbox", *arguments)
    assert done.code == code and len(done.err.splitlines()) == 1
    assert told in done.err and "\x1b" not in done.err


@pytest.mark.parametrize("verb", ["accept", "refuse", "edit"])
def test_without_a_person_it_asks_for_yes(livecoder: Livecoder, verb: str) -> None:
    (id,) = proposed(livecoder, LESSON)
    done = livecoder("scaffold", "inbox", verb, id)
    assert done.code == 5 and len(done.err.splitlines()) == 1
    assert id in listed(livecoder).out and subjects(livecoder) == ["seed: as shipped"]


def test_the_last_word_is_the_users_at_a_terminal(livecoder: Livecoder) -> None:
    (id,) = proposed(livecoder, LESSON)
    words = [sys.executable, "-m", "livecoder", "scaffold", "inbox", "accept", id]
    with Terminal(words, livecoder.cwd, livecoder.environment()) as terminal:
        terminal.sees("commit this? [y/N]")
        terminal.keys("n\n")
        terminal.sees("nothing was changed")
        assert terminal.ends() == 0
    with Terminal(words, livecoder.cwd, livecoder.environment()) as terminal:
        terminal.sees("commit this? [y/N]")
        terminal.keys("y\n")
        terminal.sees("lesson(sums-are-made-in-calc-py)")
        assert terminal.ends() == 0


@pytest.mark.parametrize(
    ("editor", "code", "told"),
    [
        ("sed -i s/calc.py/sums.py/", 0, "Sums are made in sums.py alone."),
        ("sed -i s/calc.py/https:..x/", 3, "lesson"),
        ("true", 0, "nothing was changed: it waits on"),
        ("false", 3, "the editor 'false' ended with 1"),
        ("no-such-editor", 3, "does not start"),
    ],
)
def test_edited_in_the_users_editor(livecoder: Livecoder, editor: str, code: int, told: str) -> None:
    (id,) = proposed(livecoder, LESSON)
    livecoder.env["EDITOR"] = editor.replace("https:..x", "https:\\\\/\\\\/x")
    livecoder.env.pop("VISUAL", None)
    words = [sys.executable, "-m", "livecoder", "scaffold", "inbox", "edit", id, "--yes"]
    with Terminal(words, livecoder.cwd, livecoder.environment()) as terminal:
        terminal.sees(told)
        assert terminal.ends() == code
    assert (id in listed(livecoder).out) == ("sums.py" not in editor)


# ---- kill -9 between any two steps


ACCEPT = """
    import sys
    from pathlib import Path
    from livecoder.scaffold import plumbing
    plumbing.WHERE = sys.argv[1]  # no PATH leads the store to another git
    from livecoder.cli.app import run
    raise SystemExit(run(["scaffold", "inbox", "accept", sys.argv[2], "--yes"]))
"""


def killing_git(folder: Path, at: int) -> Path:
    """A `git` that counts its calls and kills the process that made the call `at`, once the real git has done it."""
    real = shutil.which("git")
    folder.mkdir()
    script = folder / "git"
    script.write_text(
        f'#!/bin/bash\n[ "$1" = version ] && exec {real} "$@"\necho -n x >> {folder}/calls\n'
        f'calls=$(<{folder}/calls)\nif [ ${{#calls}} = {at} ]; then {real} "$@"; kill -9 $PPID; exit 1; fi\n'
        f'exec {real} "$@"\n'
    )
    script.chmod(0o755)
    return folder


def test_a_kill_between_any_two_steps_leaves_the_old_or_the_new(livecoder: Livecoder, tmp_path: Path) -> None:
    (id,) = proposed(livecoder, HOOK, mode="auto")
    start, outcomes, status = tmp_path / "start", list[bool](), -signal.SIGKILL
    shutil.copytree(livecoder.home, start)
    project = next(livecoder.home.glob("state/projects/*")).name

    def state() -> tuple[bool, bool]:
        """Whether the hook is in the scaffold, and whether it still waits. Anything else fails."""
        found = [info.subject for info in Store.open(livecoder.home / "data").log(project)]
        assert found in (["seed: as shipped"], ["hook(round_start): it waited", "seed: as shipped"])
        return len(found) == 2, bool(inbox.entries(livecoder.home / "data", project))

    while status == -signal.SIGKILL:
        at = len(outcomes) + 1
        shutil.rmtree(livecoder.home)
        shutil.copytree(start, livecoder.home)
        command = [sys.executable, "-c", textwrap.dedent(ACCEPT), str(killing_git(tmp_path / f"git-{at}", at)), id]
        done = subprocess.run(command, cwd=livecoder.cwd, env=livecoder.environment(), capture_output=True, text=True)
        status = done.returncode
        assert status in (0, -signal.SIGKILL), done.stderr
        landed, waits = state()
        assert landed or waits, "what is not in yet still waits"
        outcomes.append(landed)
        if landed and status:
            assert livecoder("scaffold", "inbox", "accept", id, "--yes").code == 0
            assert state() == (True, False), "deciding again ends what was begun"
    assert outcomes == sorted(outcomes) and len(outcomes) > 10 and outcomes[-1] and not outcomes[0]
    assert state() == (True, False) and outcomes.count(True) > 1
