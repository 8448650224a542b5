"""Ctrl-C, SIGTERM and SIGHUP at every moment: the patch so far and exactly one result still come."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import git
from tests.e2e.conftest import LIMIT_SECONDS, PROGRAM, Done, Livecoder, until
from tests.model.faulty_provider import Endpoint, bash, text

FIX = "$ sed -i 's/a - b/a + b/' calc.py"
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]


def stopped(livecoder: Livecoder, process: subprocess.Popen[str], number: int) -> Done:
    """Long before what it waited for was over: that takes longer than any run may."""
    process.send_signal(number)
    return livecoder.finish(process)


def in_a_copy(livecoder: Livecoder, name: str) -> bool:
    """Whether a command on a clean copy has made this file."""
    return any(livecoder.home.glob(f"state/projects/*/sessions/*/room/copies/*/tree/{name}"))


def interrupted(done: Done, code: int) -> None:
    assert (done.code, done.result["subtype"]) == (code, "interrupted")


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_during_a_command_the_patch_so_far_is_written(
    livecoder: Livecoder, tmp_path: Path, number: int, code: int
) -> None:
    patch, mark = tmp_path / "fix.patch", livecoder.cwd / "mark"
    script = livecoder.script(FIX, "$ touch mark; sleep 600", "Done.")
    process = livecoder.start("-p", "x", "-m", script, "--json", "--patch-out", str(patch))
    until(mark.exists)
    done = stopped(livecoder, process, number)

    interrupted(done, code)
    assert "+    return a + b" in patch.read_text()
    assert done.result["patch"]["files"] == 2


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_while_the_model_streams(livecoder: Livecoder, provider: Endpoint, number: int, code: int) -> None:
    provider.answers = [bash("sed -i 's/a - b/a + b/' calc.py"), text("I am", " thinking", stall=600)]
    process = livecoder.start("-p", "x", "--json")
    until(provider.waiting.is_set)
    done = stopped(livecoder, process, number)

    interrupted(done, code)
    assert done.result["patch"]["files"] == 1


def test_before_the_first_byte_of_the_model(livecoder: Livecoder, provider: Endpoint) -> None:
    provider.answers = [text("never", first_pause=600)]
    process = livecoder.start("-p", "x", "--json")
    until(provider.waiting.is_set)

    interrupted(stopped(livecoder, process, signal.SIGTERM), 143)


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_during_verify(livecoder: Livecoder, number: int, code: int) -> None:
    script = livecoder.script(FIX, "Done.")
    process = livecoder.start("-p", "x", "-m", script, "--json", "--verify", "touch begun; sleep 600")
    until(lambda: in_a_copy(livecoder, "begun"))
    done = stopped(livecoder, process, number)

    interrupted(done, code)
    assert done.result["verify"] is None
    assert done.result["patch"]["files"] == 1


# Quick where the session's own /tmp is, and ten minutes in the gate's replay of it.
SLOW_TOOL = """$ touch /tmp/quick; cat >$SCAFFOLD/tools/slow-stamp <<'EOF'
#!/usr/bin/env bash
# Write a file.
if [ "$1" = --help ]; then echo "Write a file."; echo "usage: slow-stamp FILE"; exit; fi
touch "$1"; [ -e /tmp/quick ] || sleep 600
EOF
chmod +x $SCAFFOLD/tools/slow-stamp"""


def test_during_a_replay_of_a_tool_the_run_ends_soon(livecoder: Livecoder, tmp_path: Path) -> None:
    patch = tmp_path / "fix.patch"
    script = livecoder.script(FIX, SLOW_TOOL, "$ slow-stamp stamped", "Done.")
    process = livecoder.start("-p", "x", "-m", script, "--json", "--patch-out", str(patch))
    until(lambda: in_a_copy(livecoder, "stamped"))
    done = stopped(livecoder, process, signal.SIGTERM)

    interrupted(done, 143)
    assert "+    return a + b" in patch.read_text()
    assert done.result["scaffold"]["before"] == done.result["scaffold"]["after"]


def test_the_time_limit_holds_for_the_replay_of_a_tool(livecoder: Livecoder) -> None:
    done = livecoder.task(FIX, SLOW_TOOL, "$ slow-stamp stamped", "Done.", flags=("--timeout", "20"))

    assert (done.code, done.result["outcome"]) == (0, "claimed")
    assert done.result["scaffold"]["before"] == done.result["scaffold"]["after"]


def test_a_round_that_was_killed_can_be_undone(livecoder: Livecoder) -> None:
    process = livecoder.start("-p", "x", "-m", livecoder.script(FIX, "$ touch mark; sleep 600"))
    until((livecoder.cwd / "mark").exists)
    process.kill()
    process.wait()
    undone = livecoder("undo", "--yes")

    assert undone.code == 0
    assert git(livecoder.cwd, "status", "--porcelain") == ""


def test_mashing_ctrl_c_still_gives_one_result(livecoder: Livecoder) -> None:
    process = livecoder.start("-p", "x", "-m", livecoder.script("$ touch mark; sleep 600"), "--json")
    until((livecoder.cwd / "mark").exists)
    for _ in range(20):
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)

    interrupted(livecoder.finish(process), 130)


@pytest.mark.parametrize("after", [0.2, 0.4, 0.6, 0.8, 1.0, 1.2])
def test_at_the_start_there_is_one_result_or_none_and_one_line(livecoder: Livecoder, after: float) -> None:
    process = livecoder.start("-p", "x", "-m", livecoder.script("$ sleep 600"), "--json")
    time.sleep(after)
    process.send_signal(signal.SIGTERM)
    done = livecoder.finish(process)

    if done.out:
        interrupted(done, 143)
    else:
        assert done.code in (143, -signal.SIGTERM)
        assert done.err in ("", "livecoder: ended by a signal\n")
        assert livecoder.sessions() == []


def test_what_a_killed_session_left_is_swept_by_the_next(livecoder: Livecoder) -> None:
    process = livecoder.start("-p", "x", "-m", livecoder.script("$ touch mark; sleep 600"))
    until((livecoder.cwd / "mark").exists)
    process.kill()
    process.wait()
    assert list(livecoder.home.glob("state/projects/*/sessions/*/room"))

    assert livecoder.task("Done.").code == 0
    assert list(livecoder.home.glob("state/projects/*/sessions/*/room")) == []


def test_a_second_session_in_the_same_worktree_names_the_first(livecoder: Livecoder) -> None:
    process = livecoder.start("-p", "x", "-m", livecoder.script("$ touch mark; sleep 600"), "--json")
    until((livecoder.cwd / "mark").exists)
    second = livecoder("-p", "y", "-m", livecoder.script("Done."))
    undo = livecoder("undo", "--yes")
    interrupted(stopped(livecoder, process, signal.SIGINT), 130)

    assert (second.code, undo.code) == (3, 3)
    assert f"process {process.pid}" in second.err
    assert "a - b" in (livecoder.cwd / "calc.py").read_text()


def test_what_the_caller_ignores_stays_ignored(livecoder: Livecoder) -> None:
    words = f"-p x -m {livecoder.script('$ kill -s HUP 1 2>/dev/null; sleep 1', 'Done.')}"
    command = f"trap '' HUP; {' '.join(PROGRAM)} {words} </dev/null & sleep 1.5; kill -s HUP $!; wait $!"
    done = subprocess.run(["bash", "-c", command], cwd=livecoder.cwd, env=livecoder.environment(), capture_output=True)

    assert (done.returncode, done.stdout) == (0, b"Done.\n")


def test_a_terminal_that_goes_away_loses_no_patch(livecoder: Livecoder, tmp_path: Path) -> None:
    import pty

    leader, follower = pty.openpty()
    patch = tmp_path / "fix.patch"
    script = livecoder.script(FIX, "$ touch mark; sleep 600", "Done.")
    process = subprocess.Popen(
        [*PROGRAM, "-p", "x", "-m", script, "--patch-out", str(patch)],
        cwd=livecoder.cwd,
        env=livecoder.environment(),
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    until((livecoder.cwd / "mark").exists)
    os.close(leader)
    process.send_signal(signal.SIGHUP)

    assert process.wait(LIMIT_SECONDS) == 129
    assert "+    return a + b" in patch.read_text()
