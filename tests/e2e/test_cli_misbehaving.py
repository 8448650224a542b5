"""Commands that misbehave: the run goes on, memory and output stay bounded, nothing stays behind."""

from __future__ import annotations

import secrets
import subprocess

import pytest

from tests.e2e.conftest import Livecoder, until

FOR_EVER = "$ yes 'a line that never ends to come'"
FIFTY_MEGABYTES = "$ head -c 50000000 /dev/zero | tr '\\0' x"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (FIFTY_MEGABYTES, "50,000,000"),
        ("$ head -c 100000 /dev/urandom", "exit 0"),
        ("$ printf '\\033]0;owned\\007\\033[2J\\033[31mred\\033[0m'", "red"),
        ('$ cat; read x; echo "got $x"', "got "),
        ("$ (setsid sleep 77777 &) ; echo started", "started"),
        ("$ kill -9 $$", "137"),
        ("$ exit 3", "exit 3"),
        ("$ cd /nowhere || rm -rf ../*", "exit"),
        ("$ exec 1>&-; echo x", "exit"),
    ],
    ids=lambda value: value[:24] if value.startswith("$") else "",
)
def test_the_round_goes_on(livecoder: Livecoder, command: str, told: str) -> None:
    done = livecoder.task(command, "$ echo still here", "Done.")
    seen = [line["message"]["content"][0]["content"] for line in done.lines if line["type"] == "user"]

    assert done.code == 0
    assert told in seen[0]
    assert len(seen[0]) < 40_000
    assert not {"\x1b", "\x07", "\0"} & set(seen[0])
    assert "still here" in seen[1]


def test_no_daemon_survives(livecoder: Livecoder) -> None:
    mark = f"{10**5 + secrets.randbelow(10**5)}.{secrets.randbelow(10**6):06}"  # others run this test too
    livecoder.task(f"$ (setsid sleep {mark} &) ; (nohup sleep {mark} >/dev/null 2>&1 &) ; echo ok", "Done.")

    until(lambda: not subprocess.run(["pgrep", "-f", f"sleep {mark}"], capture_output=True).stdout)


def test_a_command_that_prints_for_ever_ends_at_its_time_limit(livecoder: Livecoder) -> None:
    done = livecoder.task(FOR_EVER, "Done.", flags=("--timeout", "4"))

    assert done.code in (0, 124)
    assert len(done.out) < 100_000


def test_a_command_that_outlives_its_time_out_is_killed_and_the_model_is_told(livecoder: Livecoder) -> None:
    done = livecoder.task("$ trap '' TERM INT HUP; sleep 600", "Done.", flags=("--timeout", "3"))

    assert done.code == 124


def test_escape_sequences_of_a_model_do_not_reach_the_terminal(livecoder: Livecoder) -> None:
    done = livecoder("-p", "x", "-m", livecoder.script("\x1b]0;owned\x07\x1b[2Jhello"))

    assert "\x1b" not in done.err


def test_a_repository_that_is_moved_away_meanwhile_is_told_and_loses_nothing(livecoder: Livecoder) -> None:
    script = livecoder.script("$ echo more >> calc.py; touch mark; while [ -e mark ]; do sleep 0.05; done", "Done.")
    process = livecoder.start("-p", "x", "-m", script, "--json")
    until((livecoder.cwd / "mark").exists)
    moved = livecoder.cwd.rename(livecoder.cwd.with_name("moved"))
    (moved / "mark").unlink()
    done = livecoder.finish(process)

    assert (done.result["subtype"], done.code) == ("error_internal", 3)
    assert "is the directory still there" in done.result["reason"]
    assert "what the round changed is in the tree and not in its patch" in done.out
    assert (moved / "calc.py").read_text().endswith("more\n")
