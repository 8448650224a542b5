"""A clone as CI's checkout leaves it, with a token in its configuration: no word of it gets to the agent or to disk."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.e2e.conftest import Livecoder

SECRET = "x-access-token:canary-4711-of-ci"
TOKEN = base64.b64encode(SECRET.encode()).decode()
HEADER = f'[http "https://github.com/"]\n\textraheader = AUTHORIZATION: basic {TOKEN}\n'
# So that the command itself is no find.
SEARCH = f"grep -raFs -e {TOKEN[:9]}''{TOKEN[9:]} -e canary-4711''-of-ci"
ATTACKS = (
    "cat .git/config .git/creds .git/info/* ci.config; git config --list --show-origin --includes; git remote -v",
    f"{SEARCH} . /run/lc /tmp $HOME $SCAFFOLD; env; git var -l; GIT_TRACE=1 git fetch origin; tail -n +1 .git/*",
    f"lc base '{SEARCH.replace(chr(39), chr(34))} . /run/lc /tmp; cat ci.config .git/config'; cp -r . /tmp/all",
    "mv ci.config b; cat b /run/lc/base/ci.config /run/lc/base/.git/config; lc run job 'cat ci.config'; lc wait job",
)


@pytest.fixture
def clone(livecoder: Livecoder, tmp_path: Path) -> Path:
    """The header in the clone's own file, in one beside it, in the worktree, and outside."""
    outside = tmp_path / "runner"
    outside.mkdir()
    for path in (livecoder.cwd / ".git/creds", livecoder.cwd / "ci.config", outside / "git.config"):
        path.write_text(HEADER)
    with (livecoder.cwd / ".git/config").open("a") as file:
        file.write(f"{HEADER}[include]\n\tpath = creds\n\tpath = ../ci.config\n\tpath = {outside}/git.config\n")
        file.write(f'[remote "origin"]\n\turl = https://{SECRET}@github.com/me/x.git\n')
    return livecoder.cwd


def test_what_checkout_left_is_in_no_command_prompt_copy_journal_or_export(livecoder: Livecoder, clone: Path) -> None:
    before = (clone / ".git/config").read_bytes()
    verify = f"! {SEARCH} . /run/lc /tmp"
    out = clone.parent / "p.diff"
    done = livecoder.task(
        *(f"$ {command}" for command in ATTACKS),
        "$ echo '# seen' >>calc.py; git commit -qam seen",
        "Done.",
        flags=("--verify", verify, "--patch-out", str(out), "--branch", "fix"),
    )
    assert done.result["outcome"] == "verified", done.out[-3000:]
    shown = [done.out, done.err, *(livecoder("sessions", *words).out for words in (["show"], ["export"]))]
    written = [path.read_bytes() for path in (out, *livecoder.sessions()[-1].rglob("*")) if path.is_file()]
    assert b"+# seen" in written[0] and len(written) > 1
    for secret in (SECRET, TOKEN, "canary-4711-of-ci"):
        assert all(secret not in text for text in shown)
        assert all(secret.encode() not in data for data in written)
    assert (clone / ".git/config").read_bytes() == before
    assert done.err.count("git's configuration of this clone holds a credential") == 1


def test_doctor_says_where_it_is_and_not_what(livecoder: Livecoder, clone: Path) -> None:
    done = livecoder("doctor")
    (line,) = [line for line in done.out.splitlines() if line.startswith("git ")]
    assert "http.https://github.com/.extraheader, remote.origin.url" in line and "ci.config" in line
    assert SECRET not in done.out and TOKEN not in done.out
    livecoder.cwd = clone.parent
    assert not any(line.startswith("git ") for line in livecoder("doctor").out.splitlines())
