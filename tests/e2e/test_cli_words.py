"""The words of a command line: what they mean, what is wrong with them, and what help says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import PROGRAM, Livecoder

FIX = "$ sed -i 's/a - b/a + b/' calc.py"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--bogus"], "--bogus"),
        (["fix"], "FILE"),
        (["-p", "x", "--max-turns", "many"], "--max-turns"),
        (["-p", "x", "--max-turns", "-1"], "limits.max_turns"),
        (["-p", "x", "--max-budget-usd", "nan"], "limits.max_budget_usd"),
        (["-m", "x/y", "fix", "issue.md"], "`fix` must be the first word"),
        (["fxi", "issue.md"], "did you mean `livecoder fix`?"),
        (["-p", "x", "--set", "model.retries"], "key=value"),
        (["-p", "x", "--set", "model.retrys=1"], "did you mean `model.retries`"),
        (["-p", "x", "--set", "model.retries=often"], "model.retries"),
        (["-p", "x", "--output-format", "xml"], "stream-json"),
        (["-p", "x", "--permission-mode", "god"], "yolo"),
        (["-p", "x", "--yolo", "--permission-mode", "plan"], "contradicts"),
        (["-p", "x", "--sandbox", "none"], "--yes-no-sandbox"),
        (["-p", "x", "--sandbox", "none", "--yes-no-sandbox", "--permission-mode", "plan"], "needs a sandbox"),
        (["-p", "x", "--sandbox", "jail"], "bubblewrap"),
        (["-p", "x", "--add-dir", "/nowhere"], "/nowhere"),
        (["-p", "x", "--patch-out", "/nowhere/fix.patch"], "/nowhere/fix.patch"),
        (["-p", "x", "--evolve", "wildly"], "propose"),
        (["-p", " \n"], "empty"),
        (["fix", "nowhere.md"], "nowhere.md"),
        (["fix", "https://github.com/o/r/issues/1"], "file"),
        (["reflect", "../../x", "-m", "scripted:/dev/null"], "no session"),
    ],
)
def test_a_wrong_command_line_is_exit_2_and_one_line(livecoder: Livecoder, words: list[str], said: str) -> None:
    done = livecoder(*words)

    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert livecoder.sessions() == []


def test_a_word_after_two_dashes_is_a_prompt_even_if_it_is_a_command(livecoder: Livecoder) -> None:
    done = livecoder("-m", livecoder.script("Done."), "--json", "-p", "--", "fix")

    assert done.result["result"] == "Done."


@pytest.mark.parametrize(
    "words",
    [["--help"], ["-h"], ["fix", "--help"], ["-p", "--help"], ["undo", "-h"], ["sessions", "export", "-h"]],
    ids=" ".join,
)
def test_help_fits_a_terminal_and_gives_every_option_one_line(livecoder: Livecoder, words: list[str]) -> None:
    done = livecoder(*words)
    rows = done.out.partition("Options:")[2].partition("\n\n")[0].strip("\n").splitlines()

    assert done.code == 0
    assert all(len(line) <= 80 for line in done.out.splitlines())
    assert rows
    assert all(row.startswith("  -") and not row.endswith("...") for row in rows), done.out


def test_the_main_help_shows_the_way_to_the_options_of_a_task(livecoder: Livecoder) -> None:
    assert "livecoder exec --help" in livecoder("--help").out
    assert "--patch-out FILE" in livecoder("exec", "--help").out


def test_every_command_of_the_main_help_has_a_whole_sentence(livecoder: Livecoder) -> None:
    commands = livecoder("--help").out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()

    known = {"exec", "fix", "undo", "redo", "reflect", "demo", "doctor", "scaffold", "sessions", "permissions"}
    assert {line.split()[0] for line in commands} == known
    assert all(line.rstrip().endswith(".") and not line.endswith("...") for line in commands)


def test_version_and_help_load_nothing_heavy(livecoder: Livecoder) -> None:
    def loaded(word: str) -> set[str]:
        command = [sys.executable, "-X", "importtime", *PROGRAM[1:], word]
        done = subprocess.run(command, env=livecoder.environment(), capture_output=True, text=True, check=True)
        return {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}

    assert not loaded("--help") & {"litellm", "git", "jinja2", "tree_sitter", "openai", "mcp", "sqlite3"}
    assert not loaded("--version") & {"typer", "pydantic", "litellm", "dataclasses"}


def test_a_reader_that_leaves_early_ends_it_quietly(livecoder: Livecoder) -> None:
    command = "set -o pipefail; {} | head -n 0".format(" ".join([*PROGRAM, "--help"]))
    done = subprocess.run(["bash", "-c", command], env=livecoder.environment(), capture_output=True, text=True)

    assert done.stderr == ""


def test_outside_of_a_repository_is_exit_3(livecoder: Livecoder, tmp_path: Path) -> None:
    done = livecoder("-p", "x", "-m", livecoder.script("Done."), cwd=tmp_path)

    assert (done.code, done.out) == (3, "")
    assert "git init" in done.err


def test_another_directory_can_be_named(livecoder: Livecoder, tmp_path: Path) -> None:
    words = ["-p", "x", "-m", livecoder.script(FIX, "Done."), "--json", "-C", str(livecoder.cwd)]
    done = livecoder(*words, cwd=tmp_path)

    assert done.result["patch"] == {"files": 1, "added": 1, "removed": 1}


def test_a_directory_that_is_gone_is_exit_3(livecoder: Livecoder, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    command = f"mkdir {gone}; cd {gone}; rmdir {gone}; exec {' '.join(PROGRAM)} -p x -m x/y </dev/null"
    done = subprocess.run(["bash", "-c", command], env=livecoder.environment(), capture_output=True, text=True)

    assert done.returncode == 3
    assert "gone" in done.stderr and "Traceback" not in done.stderr


def test_a_repository_without_a_commit_works(livecoder: Livecoder, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    subprocess.run(["git", "init", "-q", str(fresh)], check=True)
    words = ["-p", "x", "-m", livecoder.script("$ echo 1 > one.txt", "Done."), "--json"]
    done = livecoder(*words, cwd=fresh)

    assert done.result["patch"]["files"] == 1
