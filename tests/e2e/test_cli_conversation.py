"""`livecoder` alone, at a terminal of 80 columns: rounds, the verify offer, /undo, Ctrl-C, the end."""

from __future__ import annotations

import signal
import tomllib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from livecoder.cli.chat import UNDONE
from livecoder.events import UserSaid
from livecoder.evolution.pending import PENDING
from livecoder.journal.journal import read
from tests.conftest import git
from tests.e2e.conftest import PROGRAM, Livecoder, until
from tests.e2e.terminal import Terminal
from tests.model.faulty_provider import Endpoint, bash, text

FIX = "$ sed -i 's/a - b/a + b/' calc.py"
LONG = "A sentence of many words that is much longer than eighty columns are and must be read to its very end: END."
TEST = """import unittest

from calc import add


class Sum(unittest.TestCase):
    def test_sum(self):
        self.assertEqual(add(1, 2), 3)
"""
Talk = Callable[..., AbstractContextManager[Terminal]]


@pytest.fixture
def talk(livecoder: Livecoder) -> Talk:
    """`talk(*replies, flags=())` -> a conversation with a scripted model."""

    def begin(*replies: str, flags: tuple[str, ...] = ()) -> Terminal:
        words = [*PROGRAM, "-m", livecoder.script(*replies), *flags]
        return Terminal(words, livecoder.cwd, livecoder.environment())

    return begin


def calm(terminal: Terminal) -> None:
    """Nothing of ours is broken, and no line is wider than the terminal."""
    assert "Traceback" not in terminal.shown and "bug of ours" not in terminal.shown
    echoed = terminal.shown.replace("\r", "\n").replace("^C", "")
    lines = [line for line in echoed.split("\n") if not line.startswith("> ")]
    assert max(map(len, lines)) <= 80, max(lines, key=len)


def ctrl_c(terminal: Terminal) -> None:
    """As a person, who waits for the program to wait: readline does not see what comes before."""
    until(terminal.waits_for_a_line)
    terminal.keys("\x03")


def test_two_rounds_and_the_end(talk: Talk, livecoder: Livecoder) -> None:
    with talk(FIX, f"Fixed. {LONG}", "$ cat calc.py", "It says plus.") as terminal:
        terminal.sees("> ")
        terminal.keys("fix the sign\n")
        shown = terminal.sees("claimed")
        terminal.sees("> ")
        terminal.keys("what does it say?\n")
        terminal.sees("It says plus.")
        terminal.sees("> ")
        terminal.keys("\x04")

        assert terminal.ends() == 0
        assert "END." in shown
        assert terminal.shown.count("It says plus.") == 1
        calm(terminal)
    assert "a + b" in (livecoder.cwd / "calc.py").read_text()


def test_a_first_prompt_on_the_command_line(talk: Talk) -> None:
    with talk("Hello.", flags=("say hello",)) as terminal:
        terminal.sees("Hello.")
        terminal.sees("> ")
        terminal.keys("/quit\n")

        assert terminal.ends() == 0


def test_undo_asks_and_takes_the_round_back(talk: Talk, livecoder: Livecoder) -> None:
    with talk(FIX, "Fixed.", flags=("fix it",)) as terminal:
        terminal.sees("claimed")
        terminal.sees("> ")
        terminal.keys("/undo\n")
        terminal.sees("undo these? [y/N] ")
        terminal.keys("y\n")
        terminal.sees("done: 1 file")
        terminal.sees("> ")
        terminal.keys("/undo\n")
        terminal.sees("can be undone")
        terminal.sees("> ")
        terminal.keys("/quit\n")

        assert terminal.ends() == 0
        calm(terminal)
    assert git(livecoder.cwd, "status", "--porcelain") == ""


def test_the_model_is_told_that_its_round_was_taken_back(talk: Talk, livecoder: Livecoder) -> None:
    with talk(FIX, "Fixed.", "I see.", flags=("fix it",)) as terminal:
        terminal.sees("claimed")
        terminal.sees("> ")
        for reply in "n", "y":
            terminal.keys("/undo\n")
            terminal.sees("undo these? [y/N] ")
            terminal.keys(f"{reply}\n")
            terminal.sees("> ")
        terminal.keys("and now?\n")
        terminal.sees("I see.")
        terminal.sees("> ")
        terminal.keys("/quit\n")

        assert terminal.ends() == 0
    (session,) = livecoder.sessions()
    said = [event for event in read(session) if isinstance(event, UserSaid)]
    assert [(event.text, event.why) for event in said] == [(UNDONE, "undo")]


def test_ctrl_c_at_the_question_of_undo_changes_nothing_and_ends_nothing(talk: Talk, livecoder: Livecoder) -> None:
    with talk(FIX, "Fixed.", "Here.", flags=("fix it",)) as terminal:
        terminal.sees("claimed")
        terminal.sees("> ")
        terminal.keys("/undo\n")
        terminal.sees("undo these? [y/N] ")
        ctrl_c(terminal)
        terminal.sees("undo was interrupted")
        terminal.sees("> ")
        terminal.keys("hi\n")
        terminal.sees("Here.")
        terminal.sees("> ")
        terminal.keys("\x04")

        assert terminal.ends() == 0
        calm(terminal)
    assert "a + b" in (livecoder.cwd / "calc.py").read_text()


def test_at_the_end_no_more_than_three_sessions_are_looked_back_on(talk: Talk, livecoder: Livecoder) -> None:
    for _ in range(5):
        assert livecoder.task("$ ls", "$ cat calc.py", "Seen.").code == 0
    with talk(*['Here: {"proposals": []}'] * 3) as terminal:
        terminal.sees("> ")
        terminal.keys("\x04")

        assert terminal.ends() == 0
        assert terminal.shown.count("reflection: 0 proposals") == 3
        assert "older sessions that wait: 2" in terminal.shown
    assert sum((path / PENDING).exists() for path in livecoder.sessions()) == 2


def test_ctrl_c_on_an_empty_line_says_how_to_leave(talk: Talk) -> None:
    with talk("Hello.") as terminal:
        terminal.sees("> ")
        ctrl_c(terminal)
        terminal.sees("Ctrl-D or /quit ends")
        terminal.sees("> ")
        terminal.keys("half a line")
        ctrl_c(terminal)
        terminal.sees("> ")
        terminal.keys("hi\n")
        terminal.sees("Hello.")
        terminal.sees("> ")
        terminal.keys("\x04")

        assert terminal.ends() == 0
        calm(terminal)


def test_ctrl_c_ends_a_round_and_the_conversation_goes_on(talk: Talk, livecoder: Livecoder) -> None:
    with talk(FIX, "$ touch mark; sleep 600", "Again here.") as terminal:
        terminal.sees("> ")
        terminal.keys("fix it\n")
        until((livecoder.cwd / "mark").exists)
        terminal.keys("\x03\x03\x03")
        terminal.sees("interrupted")
        terminal.sees("> ")
        terminal.keys("go on\n")
        terminal.sees("Again here.")
        terminal.sees("> ")
        terminal.keys("\x04")

        assert terminal.ends() == 0
        calm(terminal)


def test_a_failing_model_does_not_end_the_conversation(talk: Talk) -> None:
    with talk('{"raise": "ProviderUnavailable", "what": "busy"}', "Here now.") as terminal:
        terminal.sees("> ")
        terminal.keys("hi\n")
        terminal.sees("busy")
        terminal.sees("> ")
        terminal.keys("/nonsense\n")
        terminal.sees("/undo the last")
        terminal.sees("> ")
        terminal.keys("hi\n")
        terminal.sees("Here now.")
        terminal.sees("> ")
        terminal.keys("\x04")

        assert terminal.ends() == 0


def test_a_hangup_at_the_prompt_is_exit_129_and_frees_the_repository(talk: Talk, livecoder: Livecoder) -> None:
    with talk("Hello.") as terminal:
        terminal.sees("> ")
    assert terminal.process.returncode in (129, -1)
    assert livecoder.task("Done.").code == 0
    assert list(livecoder.home.glob("state/projects/*/sessions/*/room")) == []


def test_a_task_typed_too_early_is_no_answer_to_the_offer(talk: Talk, livecoder: Livecoder) -> None:
    (livecoder.cwd / "test_calc.py").write_text("def test_calc():\n    pass\n")
    with talk("Done.") as terminal:
        terminal.sees("[y/N] ")
        terminal.keys("make add right\r")
        terminal.sees("y or n")
        terminal.sees("[y/N] ")
        terminal.keys("n\r")
        terminal.sees("> ")
        terminal.keys("\x04")
        terminal.ends()
    (project,) = tomllib.loads((livecoder.home / "config" / "config.toml").read_text())["projects"].values()
    assert project == {"verify_offered": True}


@pytest.mark.parametrize(("answer", "kept"), [("y", True), ("", False)])
def test_a_test_command_is_offered_once(talk: Talk, livecoder: Livecoder, answer: str, kept: bool) -> None:
    (livecoder.cwd / "tests").mkdir()
    (livecoder.cwd / "tests" / "test_calc.py").write_text(TEST)
    with talk(FIX, "Fixed.") as terminal:
        terminal.sees("[y/N] ")
        terminal.keys(f"{answer}\n")
        terminal.sees("> ")
        terminal.keys("fix it\n")
        terminal.sees("verified" if kept else "claimed")
        terminal.sees("> ")
        terminal.keys("\x04")
        terminal.ends()
        calm(terminal)
    (project,) = tomllib.loads((livecoder.home / "config" / "config.toml").read_text())["projects"].values()
    assert ("verify" in project, project["verify_offered"]) == (kept, True)

    with talk("Hello.", flags=("hi",)) as terminal:
        terminal.sees("Hello.")
        assert "[y/N]" not in terminal.shown


def test_ctrl_c_with_p_at_a_terminal_reaches_no_git_of_ours(talk: Talk, livecoder: Livecoder, tmp_path: Path) -> None:
    patch = tmp_path / "fix.patch"
    with talk(FIX, "$ touch mark; sleep 600", flags=("-p", "fix", "--patch-out", str(patch))) as terminal:
        until((livecoder.cwd / "mark").exists)
        for _ in range(30):
            terminal.keys("\x03")

        assert terminal.ends() == 130
        calm(terminal)
    assert "+    return a + b" in patch.read_text()


def test_answers_alone_go_to_a_redirected_stdout(livecoder: Livecoder, tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    command = f"{' '.join(PROGRAM)} -m {livecoder.script('Hello.')} > {out}"
    with Terminal(["bash", "-c", command], livecoder.cwd, livecoder.environment()) as terminal:
        terminal.sees("> ")
        terminal.keys("hi\n")
        terminal.sees("claimed")
        terminal.sees("> ")
        terminal.keys("\x04")
        terminal.ends()

    assert out.read_text() == "Hello.\n"


def test_reflection_at_the_end_can_be_skipped(talk: Talk, livecoder: Livecoder) -> None:
    with talk("$ ls", "$ cat calc.py", "Seen.", "Nothing to change.") as terminal:
        terminal.sees("> ")
        terminal.keys("look\n")
        terminal.sees("claimed")
        terminal.sees("> ")
        terminal.keys("\x04")
        terminal.ends()
        calm(terminal)
        assert "looking back" in terminal.shown


def test_the_terminals_settings_are_as_before(livecoder: Livecoder) -> None:
    command = f"stty -g; {' '.join(PROGRAM)} -p x -m {livecoder.script('Done.')} </dev/null; stty -g"
    with Terminal(["bash", "-c", command], livecoder.cwd, livecoder.environment()) as terminal:
        terminal.ends()

    assert terminal.shown.split("\n")[0] == terminal.shown.strip().split("\n")[-1]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_a_signal_while_looking_back_keeps_the_work(
    livecoder: Livecoder, provider: Endpoint, tmp_path: Path, number: int, code: int
) -> None:
    patch = tmp_path / "fix.patch"
    provider.answers = [bash("ls"), bash("sed -i 's/a - b/a + b/' calc.py"), text("Done."), text("no", stall=60)]
    words = [*PROGRAM, "-p", "fix", "--patch-out", str(patch)]
    with Terminal(words, livecoder.cwd, livecoder.environment()) as terminal:
        terminal.sees("Done.")
        until(provider.waiting.is_set)
        terminal.process.send_signal(number)

        assert terminal.ends() == code
        calm(terminal)
    assert "+    return a + b" in patch.read_text()
