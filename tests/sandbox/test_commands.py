"""What every backend promises about one command and about what it carries to the next."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
import time
from pathlib import Path

import pytest
from attacks import SOON, Open, Run, finish

from livecoder.sandbox import Room, Sandbox
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.toolchains import Toolchains


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("true", 0),
        ("exit 3", 3),
        ("set -e; false; echo unreached", 1),
        ("exec sh -c 'exit 7'", 7),
        ("kill -9 $$", 137),
        ("kill -TERM $$", 143),
        ("printf() { command printf '%s' 0; }; exit() { builtin exit 0; }; false", 1),
        ("if", 2),
        ("set -u; echo $undefined_name", 127),
    ],
)
def test_the_exit_code_is_the_true_one(either: Sandbox, run: Run, command: str, code: int) -> None:
    assert run(either, command).exit_code == code


def test_output_and_errors_arrive_in_order_and_lines_count_from_one(either: Sandbox, run: Run) -> None:
    done = run(either, "echo one\necho two >&2\nnosuchprogram")
    assert done.output == "one\ntwo\nbash: line 3: nosuchprogram: command not found\n"
    assert (done.exit_code, done.output_lines, done.truncated, done.spool) == (127, 3, False, None)


def test_text_is_seen_while_it_comes(either: Sandbox) -> None:
    chunks = either.run("echo first; until [ -e seen ]; do sleep 0.05; done; echo second", 60)
    assert next(chunks) == "first\n"
    (either.room.workspace / "seen").touch()
    assert next(chunks) == "second\n"


def test_directory_and_exported_variables_are_carried(either: Sandbox, run: Run) -> None:
    run(either, "mkdir sub; cd sub; export NAME='a\nb=ü' EMPTY=; hidden=1; exit 4")
    done = run(either, 'echo "$PWD|$NAME|${EMPTY-unset}|${hidden-unset}"')
    assert done.output == f"{either.room.workspace}/sub|a\nb=ü||unset\n"
    assert done.cwd == f"{either.room.workspace}/sub"


def test_what_would_reach_into_the_next_command_is_not_carried(either: Sandbox, run: Run) -> None:
    run(either, "export LD_PRELOAD=/x.so BASH_ENV=/tmp/evil ENV=/tmp/evil GIT_DIR=/tmp HOME=/tmp/no PAGER=less A=kept")
    run(either, "ls() { echo forged; }; export -f ls; export SHELLOPTS; PATH=/tmp/mine:$PATH")
    text = run(either, "ls; env").output
    assert "forged" not in text
    assert "A=kept" in text
    assert "PAGER=cat" in text
    for name in ("LD_PRELOAD", "BASH_ENV", "\nENV=", "GIT_DIR", "HOME=/tmp/no", "SHELLOPTS", "BASH_FUNC"):
        assert name not in text
    path = run(either, "echo $PATH").output.strip().split(":")
    assert path[1] == "/tmp/mine"
    assert path[0].endswith("/lc/bin")


def test_an_activated_environment_stays_active_until_it_is_left(either: Sandbox, run: Run) -> None:
    (either.room.workspace / ".venv/bin").mkdir(parents=True)
    (either.room.workspace / ".venv/bin/activate").write_text(
        'export VIRTUAL_ENV="$PWD/.venv"; _OLD=$PATH; PATH="$VIRTUAL_ENV/bin:$PATH"; export PATH\n'
    )
    tool = either.room.workspace / ".venv/bin/hello"
    tool.write_text("#!/bin/sh\necho from $VIRTUAL_ENV\n")
    tool.chmod(0o755)
    run(either, "source .venv/bin/activate")
    assert run(either, "cd /; hello").output == f"from {either.room.workspace}/.venv\n"
    run(either, "PATH=${PATH//$VIRTUAL_ENV\\/bin:/}; unset VIRTUAL_ENV")
    assert run(either, "hello").exit_code == 127
    assert run(either, "echo ${VIRTUAL_ENV-left}").output == "left\n"


def test_a_working_directory_that_went_away_is_the_workspace_again(either: Sandbox, run: Run) -> None:
    done = run(either, "mkdir gone; cd gone; rmdir ../gone")
    assert done.cwd == str(either.room.workspace)
    assert "no longer exists" in done.note
    run(either, "mkdir later; cd later")
    shutil.rmtree(either.room.workspace / "later")
    done = run(either, "pwd")
    assert (done.output, done.cwd) == (f"{either.room.workspace}\n", str(either.room.workspace))
    assert "no longer exists" in done.note


def test_too_much_state_is_left_behind_and_said(either: Sandbox, run: Run) -> None:
    done = run(either, "cd /; export BIG=$(head -c 70000 /dev/zero | tr '\\0' x)")
    assert "64 KB" in done.note
    assert run(either, "echo ${#BIG}").output == "0\n"


@pytest.mark.parametrize(
    "exports",
    [
        "export X=--",
        "export POSIXLY_CORRECT=1",
        "for i in {1..12000}; do export v$i=; done",
        "export BASH_COMPAT=3 PS4='$(x)'",
    ],
)
def test_no_variable_breaks_the_next_command(either: Sandbox, run: Run, exports: str) -> None:
    run(either, exports)
    done = run(either, "echo fine; exit 3")
    assert (done.output, done.exit_code) == ("fine\n", 3)


def test_forged_state_is_harmless(either: Sandbox, run: Run) -> None:
    incoming = "${LC_ROOT:-/run/lc}/in"
    for forged in (f"ln -sf /etc/passwd {incoming}/state", f"mkdir {incoming}/state", f"mkfifo {incoming}/state"):
        run(either, f"trap - EXIT; {forged}")
        assert run(either, "echo fine").output == "fine\n"
    run(either, f"trap - EXIT; printf 'relative\\0PATH=:.:/a\\nb\\0no-name=1\\0noequals' > {incoming}/state")
    done = run(either, "echo $PATH")
    assert ":.:" not in done.output
    assert done.cwd == str(either.room.workspace)


def test_a_command_of_200_kib_runs(either: Sandbox, run: Run) -> None:
    text = "x" * 200 * 1024
    assert run(either, f"cat <<'E' | wc -c\n{text}\nE").output.strip() == str(len(text) + 1)


def test_a_time_limit_kills_what_ignores_signals(either: Sandbox, run: Run) -> None:
    done = run(either, "trap '' TERM INT HUP; echo begun; sleep 600 & wait; sleep 600", timeout=SOON)
    assert (done.exit_code, done.timed_out, done.output) == (137, True, "begun\n")
    assert "time limit" in done.note


@pytest.mark.parametrize("command", ["sleep 600", "yes", "exec >&- 2>&-; sleep 600"])
def test_a_cancelled_command_ends(either: Sandbox, command: str) -> None:
    cancelled_at = time.monotonic() + 0.3
    done = finish(either.run(command, 500, lambda: time.monotonic() >= cancelled_at))
    assert done.interrupted
    assert done.seconds < 60  # what it takes on an idle machine is not a matter for a test


def test_a_command_that_is_abandoned_is_dead(either: Sandbox, run: Run) -> None:
    chunks = either.run("echo begun; while :; do echo again >>log; sleep 0.05; done", 60)
    assert next(chunks) == "begun\n"
    chunks.close()
    log = either.room.workspace / "log"
    size = log.stat().st_size if log.exists() else 0
    time.sleep(0.2)
    assert (log.stat().st_size if log.exists() else 0) == size


def test_a_background_process_that_holds_the_output_does_not_hang(either: Sandbox, run: Run) -> None:
    done = run(either, "sleep 600 & echo done")
    assert (done.output, done.exit_code, done.timed_out) == ("done\n", 0, False)


def test_nothing_can_be_asked_on_standard_input(either: Sandbox, run: Run) -> None:
    assert run(either, "read -r line; echo $?; cat; echo </dev/tty").output.startswith("1\n")


def test_endless_output_is_stopped_at_the_cap(room: Room, open_room: Open, run: Run) -> None:
    done = run(open_room(room, Policy(output_bytes=1_000_000)), "yes")
    assert "printed" in done.note
    assert 1_000_000 <= done.output_bytes < 1_200_000
    assert done.spool is not None
    assert done.spool.stat().st_size == done.output_bytes
    assert len(done.output) < 11_000


def test_output_that_is_no_text_is_decoded_and_kept_raw(either: Sandbox, run: Run) -> None:
    done = run(either, r"printf 'caf\xe9 \xff\x00\x1b[31mred\x1b[0m 50%%\r100%%\n'; seq 20000")
    assert done.output.startswith("100%\n")
    assert done.spool is not None
    assert done.spool.read_bytes().startswith(b"caf\xe9 \xff\x00\x1b[31mred")


def test_a_workspace_and_a_toolchain_below_var_tmp_are_where_they_are(
    open_room: Open, toolchains: Toolchains, run: Run
) -> None:
    """/tmp and /var/tmp are one directory in a room, and neither may hide what is mounted in it."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        for name in ("repo", "scratch", "tools/bin"):
            Path(place, name).mkdir(parents=True)
        Path(place, "tools/bin/hello").write_text("#!/bin/sh\necho hello from $PWD\n")
        Path(place, "tools/bin/hello").chmod(0o755)
        mounts = (*toolchains.mounts, Path(place, "tools"))
        shown = dataclasses.replace(toolchains, mounts=mounts, configured=(Path(place, "tools"),))
        sandbox = open_room(Room(Path(place, "repo"), Path(place, "repo"), Path(place, "scratch")), None, shown)
        assert run(sandbox, f"{place}/tools/bin/hello; touch made").output == f"hello from {place}/repo\n"
        assert Path(place, "repo/made").exists()
