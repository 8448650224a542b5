"""A bug of ours, met for real: the engine's own files are pulled away under it. One line, a report, one result."""

from __future__ import annotations

import re
from pathlib import Path

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


def test_before_a_session_it_is_exit_70_with_one_line(livecoder: Livecoder) -> None:
    config = livecoder.home / "config" / "config.toml"
    config.mkdir(parents=True)
    store = livecoder.home / "data" / "scaffold.git"
    store.mkdir(parents=True)
    (store / "HEAD").write_text("nonsense")
    config.rmdir()
    done = livecoder("-p", "x", "-m", livecoder.script("Done."))

    assert done.code in (3, 70)
    assert len(done.err.splitlines()) == 1
    assert done.out == ""
