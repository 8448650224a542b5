"""`--branch NAME`: what was done is on a new branch afterwards; everything else of the user's git is as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from livecoder.events import BranchMade, SessionStarted
from livecoder.journal.journal import read
from tests.conftest import git
from tests.e2e.conftest import PROGRAM, Livecoder
from tests.e2e.terminal import Terminal
from tests.workspace.conftest import picture

FIX = "$ sed -i 's/a - b/a + b/' calc.py"
COMMIT = f"{FIX} && git commit -qam 'fix: add adds' -m 'It subtracted.'"


@pytest.fixture(autouse=True)
def identity(livecoder: Livecoder, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[user]\n\tname = Ada\n\temail = ada@example.org\n")
    livecoder.env["HOME"] = str(home)


def users(root: Path) -> dict[str, tuple[str, bytes]]:
    kept = picture(root / ".git", without=("objects",))
    return {path: what for path, what in kept.items() if path not in ("refs/heads/fix", "logs/refs/heads/fix")}


def test_commits_of_the_agent_are_the_branch_and_the_result_names_it(livecoder: Livecoder, repository: Path) -> None:
    (repository / "README.md").write_text("# mine, staged\n")
    git(repository, "add", "README.md")
    (repository / "notes.txt").write_text("mine, in no commit\n")
    for name in ("post-commit", "reference-transaction"):
        (repository / ".git/hooks").mkdir(exist_ok=True)
        (repository / ".git/hooks" / name).write_text("#!/bin/sh\ntouch hook-ran\n")
        (repository / ".git/hooks" / name).chmod(0o755)
    before = users(repository)

    done = livecoder.task(
        "$ sed -i 's/a - b/a + b/' calc.py && git commit -qm 'fix: add adds' calc.py",
        "Done.",
        flags=("--branch", "fix"),
    )

    made = done.result["branch"]
    assert done.code == 0
    assert made == {"name": "fix", "commit": git(repository, "rev-parse", "fix").strip()}
    assert git(repository, "log", "--format=%s", "main..fix") == "fix: add adds\n"
    assert git(repository, "diff", "--name-only", "main", "fix") == "calc.py\n"
    assert users(repository) == before
    assert not (repository / "hook-ran").exists()
    assert "a + b" in (repository / "calc.py").read_text()


def test_a_change_without_a_commit_is_one_with_the_tasks_first_line(livecoder: Livecoder, repository: Path) -> None:
    (repository / "notes.txt").write_text("mine, in no commit\n")

    done = livecoder.task(FIX, "Done.", flags=("--branch", "fix", "--verify", "grep -q 'a + b' calc.py"))

    assert (done.code, done.result["outcome"]) == (0, "verified")
    assert git(repository, "log", "--format=%an %s", "main..fix") == "Ada do it\n"
    assert git(repository, "diff", "--name-only", "main", "fix") == "calc.py\n"


def test_the_model_is_told_only_where_a_branch_is_wanted(livecoder: Livecoder) -> None:
    for flags, said in (((), False), (("--branch", "fix"), True)):
        livecoder.task("Nothing to do.", flags=flags)
        (started,) = [event for event in read(livecoder.sessions()[-1]) if isinstance(event, SessionStarted)]
        assert ("as the branch `fix`" in started.system) == said
        assert ("not your commits or stashes" in started.system) != said


def test_in_a_linked_worktree(livecoder: Livecoder, repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", str(tmp_path / "linked"))

    done = livecoder.task(COMMIT, "Done.", flags=("--branch", "fix", "-C", str(tmp_path / "linked")))

    assert done.code == 0
    assert git(repository, "log", "--format=%s", "main..fix") == "fix: add adds\n"


def test_nothing_done_is_no_branch_and_is_said(livecoder: Livecoder, repository: Path) -> None:
    done = livecoder.task("Nothing to do.", flags=("--branch", "fix"))

    assert (done.code, done.result["branch"]) == (0, None)
    assert "no branch fix was made" in done.err
    assert git(repository, "branch", "--list", "fix") == ""


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            "$ git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),s && git commit -q --allow-empty -m s",
            "submodule",
        ),
        ("$ git commit -qam x --amend --allow-empty", "does not build on"),
        ("$ git commit -q --allow-empty -m \"$(printf 'sk-very-')secret-0123456789\"", "holds a secret"),
        ("$ printf 'sk-very-' >new.txt; echo secret-0123456789 >>new.txt", "the file new.txt holds a secret"),
    ],
)
def test_what_fails_a_check_is_exit_1_and_the_files_stay(
    livecoder: Livecoder, repository: Path, command: str, said: str
) -> None:
    livecoder.env["SOME_API_TOKEN"] = "sk-very-secret-0123456789"
    before = users(repository)

    done = livecoder.task(f"{FIX}\n{command.removeprefix('$ ')}", "Done.", flags=("--branch", "fix"))

    assert (done.code, done.result["subtype"], done.result["branch"]) == (1, "error_unsolved", None)
    assert "the branch was not made" in done.result["reason"] and said in done.result["reason"]
    assert users(repository) == before
    assert git(repository, "branch", "--list", "fix") == ""
    assert "a + b" in (repository / "calc.py").read_text()


def test_a_name_that_holds_a_secret_is_refused_before_anything_runs(livecoder: Livecoder, repository: Path) -> None:
    livecoder.env["SOME_API_TOKEN"] = "sk-very-secret-0123456789"

    done = livecoder.task(FIX, "Done.", flags=("--branch", "fix-sk-very-secret-0123456789"))

    assert done.code == 1
    assert "the name of the branch holds a secret" in done.err
    assert "0123456789" not in done.out + done.err
    assert "a - b" in (repository / "calc.py").read_text()
    assert git(repository, "branch", "--list", "fix*") == ""


def test_a_round_that_failed_makes_no_branch(livecoder: Livecoder, repository: Path) -> None:
    done = livecoder.task(COMMIT, "Done.", flags=("--branch", "fix", "--verify", "false"))

    assert (done.code, done.result["branch"]) == (6, None)
    assert git(repository, "branch", "--list", "fix") == ""


@pytest.mark.parametrize("name", ["main", "a..b", "main/x"])
def test_a_taken_or_impossible_name_is_a_usage_error_before_a_session(livecoder: Livecoder, name: str) -> None:
    done = livecoder.task(FIX, "Done.", flags=("--branch", name))

    assert (done.code, done.out, livecoder.sessions()) == (2, "", [])
    assert f"--branch {name}" in done.err.replace("'", "")


def test_without_a_sandbox_there_is_no_branch_of_it(livecoder: Livecoder) -> None:
    done = livecoder.task(FIX, "Done.", flags=("--branch", "fix", "--sandbox", "none", "--yes-no-sandbox"))

    assert (done.code, done.out) == (2, "")


def conversation(livecoder: Livecoder, *replies: str) -> Terminal:
    words = [*PROGRAM, "-m", livecoder.script(*replies), "--branch", "fix", "--evolve", "off"]
    return Terminal(words, livecoder.cwd, livecoder.environment())


def test_a_person_sees_the_commits_and_is_asked_until_there_is_the_branch(
    livecoder: Livecoder, repository: Path
) -> None:
    hidden = f"{FIX} && git commit -qam \"$(printf 'fix\\033[2K it')\""
    with conversation(livecoder, hidden, "Done.", "Still done.", "Once more.") as terminal:
        terminal.sees("> ")
        terminal.keys("do it\r")
        shown = terminal.sees("Make that the new branch fix? [y/N] ")
        assert "fix^[[2K it (1 file +1 -1)" in shown
        terminal.keys("\r")
        terminal.sees("no branch was made")
        assert git(repository, "branch", "--list", "fix") == ""

        terminal.sees("> ")
        terminal.keys("again\r")
        terminal.sees("Make that the new branch fix? [y/N] ")
        terminal.keys("y\r")
        terminal.sees("from here on fix stays as it is")
        made = git(repository, "rev-parse", "fix")

        terminal.sees("> ")
        terminal.keys("and again\r")
        terminal.sees("Once more.")
        terminal.sees("> ")
        terminal.keys("/quit\r")
        assert terminal.ends() == 0
    assert git(repository, "rev-parse", "fix") == made
    recorded = [event for event in read(livecoder.sessions()[-1]) if isinstance(event, BranchMade)]
    assert [event.commit for event in recorded] == [made.strip()]
