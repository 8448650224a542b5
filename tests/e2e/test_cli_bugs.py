"""A bug of ours, met for real: the engine's own files are pulled away under it. One line, a report, one result."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.conftest import Livecoder

BARE = ("--sandbox", "none", "--yes-no-sandbox")
FIX = "$ sed -i 's/a - b/a + b/' calc.py"


def report_in(text: str) -> Path:
    found = re.search(r"the report is (\S+\.txt)", text)
    assert found, text
    return Path(found[1])


def test_in_a_round_it_is_exit_70_with_a_report_and_the_patch(livecoder: Livecoder, tmp_path: Path) -> None:
    patch = tmp_path / "fix.patch"
    pull = '$ rm -rf "$TMPDIR/../out"'
    done = livecoder.task(FIX, pull, "$ echo x", flags=(*BARE, "--patch-out", str(patch)))

    assert (done.code, done.result["subtype"]) == (70, "error_internal")
    report = report_in(done.result["reason"])
    assert "FileNotFoundError" in report.read_text()
    assert report.parent == livecoder.sessions()[-1]
    assert "+    return a + b" in patch.read_text()
    assert done.result["patch"]["files"] == 1


def test_a_report_has_no_secret(livecoder: Livecoder) -> None:
    livecoder.env["DEPLOY_TOKEN"] = secret = str(livecoder.home.name) + "-secret"
    livecoder.env["LIVECODER_HOME"] = str(livecoder.home.parent / secret)
    done = livecoder.task('$ rm -rf "$TMPDIR/../out"', "$ echo x", flags=BARE)
    (report,) = livecoder.sessions()[-1].glob("report-*.txt")

    assert done.code == 70
    assert secret not in report.read_text() + done.out


def test_a_journal_that_cannot_be_written_still_ends_in_a_result(livecoder: Livecoder) -> None:
    held = (
        '$ J=$(echo "$LIVECODER_STATE"/projects/*/sessions/*/journal.sqlite)\n'
        "setsid python3 -c 'import sqlite3, sys, time; db = sqlite3.connect(sys.argv[1], isolation_level=None); "
        'db.execute("BEGIN EXCLUSIVE"); time.sleep(9)\' "$J" >/dev/null 2>&1 & sleep 0.5'
    ).replace("$LIVECODER_STATE", str(livecoder.home / "state"))
    done = livecoder.task(FIX, held, "Done.", flags=BARE)

    assert (done.code, done.result["subtype"]) == (70, "error_internal")
    assert "journal" in done.result["reason"]
    assert done.result["patch"]["files"] == 1


def test_outside_of_a_round_it_is_exit_70_with_one_line_and_a_report(livecoder: Livecoder) -> None:
    livecoder.task(FIX, "Done.")
    (rounds,) = livecoder.home.glob("state/projects/*/workspace/**/rounds.json")
    rounds.write_text('{"done": 5}')
    done = livecoder("undo", "--yes")

    assert (done.code, done.out) == (70, "")
    assert len(done.err.splitlines()) == 1
    assert "Error" in report_in(done.err).read_text()


@pytest.mark.parametrize("home", ["~nobody-of-this-name/x", "/dev/null"])
def test_a_home_that_is_none_is_a_setting_not_a_bug(livecoder: Livecoder, home: str) -> None:
    livecoder.env["LIVECODER_HOME"] = home
    done = livecoder("undo", "--yes")

    assert done.code == 3
    assert len(done.err.splitlines()) == 1
