"""The README is true: its commands exist with these flags, its links lead somewhere, its set-up is the real one."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```console\n(.*?)^```", README, re.M | re.S)
COMMANDS = [line[2:] for block in BLOCKS for line in block.splitlines() if line.startswith("$ ")]
COMMANDS_KNOWN = ("fix", "undo", "redo", "reflect", "scaffold", "sessions", "permissions", "demo", "doctor", "exec")
MENTIONED = re.findall(r"`(livecoder [^`]+)`", README)


def words(command: str) -> list[str]:
    """A command's words, without its comment and its redirections."""
    before, _, _ = command.partition(" < ")
    return shlex.split(before, comments=True)


def help_of(given: list[str]) -> str:
    """The help of the command that these words are: `exec` stands for a prompt."""
    known = (
        given[: 2 if given[0] in ("scaffold", "sessions", "permissions") else 1]
        if given and given[0] in COMMANDS_KNOWN
        else ["exec"]
    )
    line = [sys.executable, "-m", "livecoder", *known, "--help"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("command", [c for c in [*COMMANDS, *MENTIONED] if c.startswith("livecoder")])
def test_every_command_and_flag_exists(command: str, own_home: Path) -> None:
    given = words(command)[1:]
    text = help_of(given)
    assert text.startswith("Usage: livecoder")
    flags = {word.partition("=")[0] for word in given if word.startswith("-") and word != "-"} - {"-p", "--help"}
    assert {flag for flag in flags if not re.search(rf"(?<![\w-]){flag}(?![\w-])", text)} == set()


@pytest.mark.parametrize("target", re.findall(r"\]\((?!https?:)([^)#]+)\)", README))
def test_every_link_into_the_checkout_leads_to_a_file(target: str) -> None:
    assert (ROOT / target).is_file()


def test_two_commands_do_all_the_set_up() -> None:
    first = [words(command) for command in COMMANDS[:2]]
    assert first == [["./install.sh", "demo"], ["./install.sh", "test"]]
    assert "install.sh test" in (ROOT / ".ci/run").read_text()


def test_the_exit_codes_that_it_names_are_the_real_ones() -> None:
    from livecoder.endings import CODES
    from livecoder.errors import ProviderRefused, ProviderUnavailable

    assert CODES["error_verify"] == 6 and CODES["error_max_turns"] == 53 and CODES["interrupted"] == 130
    assert (ProviderRefused.exit_code, ProviderUnavailable.exit_code) == (4, 75)
    said = "6 says done but verify fails, 53 a limit was hit, 4 and 75 the provider refused"
    assert said in " ".join(README.split())
