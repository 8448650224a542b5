"""`livecoder doctor` as a script runs it: it tries the sandboxes, and its exit code says whether one holds."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from tests.e2e.conftest import PROGRAM, Livecoder


def test_it_says_what_holds_and_what_is_seen(livecoder: Livecoder) -> None:
    done = livecoder("doctor")
    assert (done.code, done.err) == (0, "")
    assert "bubblewrap  works: " in done.out
    assert "\nmounted     /usr\n" in done.out
    document = json.loads(livecoder("doctor", "--json").out)
    assert document["works"] is True
    assert document["backends"]["bubblewrap"]["broken"] == []


def test_a_second_look_attacks_nothing_again(livecoder: Livecoder) -> None:
    kept = livecoder.home / "cache/canary-bubblewrap.json"
    before = kept.stat().st_mtime_ns
    assert livecoder("doctor").code == 0
    assert kept.stat().st_mtime_ns == before


def test_where_no_sandbox_can_work_it_is_exit_3_and_so_is_a_task(livecoder: Livecoder) -> None:
    """In a name space that allows no further one, as in most containers."""
    bubblewrap = shutil.which("bwrap")
    if not bubblewrap:
        pytest.skip("bubblewrap is not installed")
    shut = [bubblewrap, "--unshare-user", "--disable-userns", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    shutil.rmtree(livecoder.home / "cache")
    environment = livecoder.environment()
    for arguments in (["doctor"], ["-p", "hello", "-m", livecoder.script("done")]):
        done = subprocess.run(
            [*shut, *PROGRAM, *arguments],
            cwd=livecoder.cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 3, done
        assert "namespaces may be made here, as in a sandbox or container" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
