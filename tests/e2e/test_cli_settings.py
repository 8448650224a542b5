"""Files, variables and flags: which one wins, and what is said of a bad one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import PROGRAM, Livecoder

LOOP = ("$ echo 1", "$ echo 2", "$ echo 3", "$ echo 4", "Done.")


def write_config(livecoder: Livecoder, text: str) -> Path:
    path = livecoder.home / "config" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[model]\nname = 'x'\nretries = \n", "line 3"),
        ("[model]\nname = 'x'\nretrys = 1\n", "line 3: unknown key `model.retrys` (did you mean `model.retries`?)"),
        ("[limits]\n\nmax_turns = 'many'\n", "line 3: `limits.max_turns = 'many'`"),
        ("[limits]\nmax_turns = inf\n", "line 2"),
        ("[limits]\nmax_turns = 2.5\n", "line 2"),
        ("[limits]\ntimeout = -1\n", "line 2"),
        ("verify = 'x'\n", "line 1"),
        ("[sandbox]\nbackend = 'none'\n", "line 2"),
        ("[evolve]\nmode = true\n", "line 2"),
        ("\x00", "config.toml"),
    ],
)
def test_a_bad_file_is_exit_3_with_the_line(livecoder: Livecoder, text: str, said: str) -> None:
    path = write_config(livecoder, text)
    done = livecoder("-p", "x", "-m", livecoder.script("Done."))

    assert (done.code, done.out) == (3, "")
    assert str(path) in done.err and said in done.err
    assert len(done.err.splitlines()) == 1


def turns(livecoder: Livecoder, *flags: str) -> int:
    return int(livecoder.task(*LOOP, flags=flags).result["num_turns"])


def test_flags_win_over_set_over_variables_over_the_file(livecoder: Livecoder) -> None:
    write_config(livecoder, "[limits]\nmax_turns = 4\n")
    assert turns(livecoder) == 4

    livecoder.env["LIVECODER_LIMITS_MAX_TURNS"] = "3"
    assert turns(livecoder) == 3
    assert turns(livecoder, "--set", "limits.max_turns=2") == 2
    assert turns(livecoder, "--set", "limits.max_turns=2", "--max-turns", "1") == 1


def test_the_model_may_come_from_a_variable(livecoder: Livecoder) -> None:
    livecoder.env["LIVECODER_MODEL"] = livecoder.script("Done.")

    assert livecoder("-p", "x").out == "Done.\n"


def test_a_bad_variable_is_exit_3_and_named(livecoder: Livecoder) -> None:
    livecoder.env["LIVECODER_LIMITS_TIMEOUT"] = "soon"
    done = livecoder("-p", "x", "-m", livecoder.script("Done."))

    assert done.code == 3
    assert "LIVECODER_LIMITS_TIMEOUT" in done.err


def test_nothing_in_a_repository_sets_policy(livecoder: Livecoder) -> None:
    for name in (".livecoder/config.toml", "livecoder.toml", ".env"):
        path = livecoder.cwd / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("LIVECODER_MODEL=scripted:evil\n[limits]\nmax_turns = 1\n")

    assert turns(livecoder) == 5


@pytest.mark.parametrize("home", ["/proc/nowhere", "/dev/null/home"])
def test_a_home_that_cannot_be_made_is_exit_3(livecoder: Livecoder, home: str) -> None:
    livecoder.env["LIVECODER_HOME"] = home
    done = livecoder("-p", "x", "-m", livecoder.script("Done."))

    assert done.code == 3
    assert "LIVECODER_HOME" in done.err and len(done.err.splitlines()) == 1


def test_a_read_only_home_is_exit_3(livecoder: Livecoder) -> None:
    livecoder.home.mkdir(exist_ok=True)
    words = [*PROGRAM, "-p", "x", "-m", livecoder.script("Done.")]
    wall = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", str(livecoder.home), str(livecoder.home)]
    done = subprocess.run(
        [*wall, *words], cwd=livecoder.cwd, env=livecoder.environment(), stdin=subprocess.DEVNULL, capture_output=True
    )

    assert done.returncode == 3
    assert b"LIVECODER_HOME" in done.stderr and b"Traceback" not in done.stderr


def test_no_sandbox_needs_two_words_and_is_said_at_the_start(livecoder: Livecoder) -> None:
    words = ["-p", "x", "-m", livecoder.script("$ echo $HOME", "Done."), "--sandbox", "none"]

    assert livecoder(*words).code == 2
    done = livecoder(*words, "--yes-no-sandbox")
    assert done.code == 0
    assert "no sandbox: commands run with your rights" in done.err


def test_no_secret_of_the_environment_is_seen_by_a_command(livecoder: Livecoder) -> None:
    livecoder.env |= {"DEPLOY_TOKEN": "tok-0123456789", "PGPASSWORD": "pw-0123456789", "PLAIN": "plain-value"}
    for flags in ((), ("--sandbox", "none", "--yes-no-sandbox")):
        done = livecoder.task("$ env", "Done.", flags=flags)

        assert "0123456789" not in done.out + done.err
        assert "plain-value" not in done.out
