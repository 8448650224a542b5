"""`livecoder sessions …`: what was done before can be listed, seen again and exported, whatever became of it since."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from livecoder.events import ToolCreated, from_json
from livecoder.journal.journal import read
from tests.conftest import git
from tests.e2e.conftest import PROGRAM, Done, Livecoder, until
from tests.e2e.terminal import Terminal

MAKE = """$ cat > $SCAFFOLD/tools/shout <<'EOF'
#!/usr/bin/env bash
case "$1" in --help) echo "Print a text in capitals."; echo "usage: shout TEXT"; exit;; esac
echo "$1" | tr a-z A-Z
EOF
chmod +x $SCAFFOLD/tools/shout"""
FIX = "$ sed -i 's/a - b/a + b/' calc.py; seq 1 30000"
WORK = (MAKE, "$ shout hello", FIX, "$ cat nowhere.txt; printf '<b>\\033[31mred</b>\\n'; exit 3", "Fixed & <done>.")
FORMATS = ("jsonl", "md", "html")


def ran(livecoder: Livecoder, *replies: str, task: str = "Make add() add.\n\nIt is <wrong>.") -> Done:
    done = livecoder("-p", task, "-m", livecoder.script(*replies), "--verify", "grep -q 'a + b' calc.py")
    assert done.code == 0, done.err
    return done


def newest(livecoder: Livecoder) -> Path:
    return livecoder.sessions()[-1]


class Worked(Livecoder):
    """One session of some work, for tests that only read it."""

    seen: str


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Worked:
    root = tmp_path_factory.mktemp("worked")
    for name in ("repo", "scripts"):
        (root / name).mkdir()
    (root / "repo" / "calc.py").write_text("def add(a, b):\n    return a - b\n")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "start"]):
        git(root / "repo", *words)
    made = Worked(root / "repo", root / "scripts", {"LIVECODER_HOME": str(root / "home")})
    made.seen = ran(made, *WORK).err
    return made


# ---- list


def test_sessions_are_listed_newest_first(livecoder: Livecoder) -> None:
    ran(livecoder, *WORK)
    livecoder("-p", "Break it.", "-m", livecoder.script("Done."), "--verify", "false")
    rows = livecoder("sessions", "list").out.splitlines()
    ids = [directory.name for directory in livecoder.sessions()]

    assert len(rows) == 4
    assert rows[0].startswith(ids[1]) and " · failed (error_verify) · 1 turn · scripted model" in rows[0]
    assert rows[1] == "  Break it."
    assert rows[2].startswith(ids[0]) and " · verified · 5 turns · scripted model · + shout" in rows[2]
    assert rows[3] == "  Make add() add."
    assert livecoder("sessions").out.splitlines() == rows


def test_for_programs_a_session_is_a_line(worked: Worked) -> None:
    done = worked("sessions", "list", "--json")
    (line,) = done.lines

    assert (done.code, done.err) == (0, "")
    assert (line["id"], line["outcome"], line["turns"]) == (newest(worked).name, "verified", 5)
    assert (line["recorded"], line["cost_usd"], line["tools_created"]) == (True, None, ["shout"])
    assert line["workspace"] == str(worked.cwd)


def test_where_there_are_none_stdout_is_empty(livecoder: Livecoder) -> None:
    done = livecoder("sessions", "list")
    assert (done.code, done.out, done.err) == (0, "", "no sessions yet\n")
    assert livecoder("sessions", "show").code == 2


def test_a_journal_that_cannot_be_read_hides_no_other_one(livecoder: Livecoder) -> None:
    for _ in range(3):
        livecoder("-p", "x", "-m", livecoder.script("Done."))
    lost, changed, good = livecoder.sessions()
    for leftover in lost.glob("journal.sqlite*"):
        leftover.write_bytes(b"no database" * 1000)
    with sqlite3.connect(changed / "journal.sqlite") as db:
        db.execute("UPDATE event SET body = replace(body, 'Done', 'Gone')")
    db.close()
    done = livecoder("sessions", "list", "--json")

    assert done.code == 0
    assert [line["outcome"] for line in done.lines] == ["claimed", "unreadable", "unreadable"]
    assert "was changed after it was written" in done.lines[1]["problem"]
    assert done.lines[0]["id"] == good.name
    for word in ("show", "export"):
        refused = livecoder("sessions", word, changed.name)
        assert refused.code == 70 and len(refused.err.splitlines()) == 1


def test_a_killed_session_is_unfinished_and_can_be_exported(livecoder: Livecoder) -> None:
    script = livecoder.script("$ echo half > half.txt", "$ touch started; sleep 600")
    process = livecoder.start("-p", "do it", "-m", script)
    until((livecoder.cwd / "started").exists)
    running = livecoder("sessions", "list").out
    process.send_signal(signal.SIGKILL)
    process.wait()

    assert " · unfinished · 2 turns" in running
    assert " · unfinished · 2 turns" in livecoder("sessions", "list").out
    page = livecoder("sessions", "export", "--format", "html").out
    assert "it still runs, or it was killed" in page and "nothing is known of it" in page
    assert "+half" in page


def test_all_projects_at_once_from_anywhere(livecoder: Livecoder, tmp_path: Path) -> None:
    ran(livecoder, FIX, "Done.")
    outside = tmp_path / "outside"
    outside.mkdir()

    assert livecoder("sessions", "list", cwd=outside).code == 3
    (line,) = livecoder("sessions", "list", "--all", "--json", cwd=outside).lines
    assert line["workspace"] == str(livecoder.cwd)
    assert f" · {line['project']} · " in livecoder("sessions", "list", "--all", cwd=outside).out
    assert "Done." in livecoder("sessions", "show", line["id"], "--all", cwd=outside).out
    assert livecoder("sessions", "list", "-C", str(livecoder.cwd), cwd=outside).out.count("\n") == 2


# ---- show


def test_it_is_shown_as_it_was_seen(worked: Worked) -> None:
    assert worked("sessions", "show").out == worked.seen


def test_a_session_is_named_by_how_its_id_begins(livecoder: Livecoder) -> None:
    ran(livecoder, FIX, "First.")
    ran(livecoder, FIX, "Second.")
    first, second = (directory.name for directory in livecoder.sessions())

    assert "Second." in livecoder("sessions", "show").out
    assert "First." in livecoder("sessions", "export", first).out
    for given in (first[:8], "19990101"):
        refused = livecoder("sessions", "show", given)
        assert (refused.code, refused.out, len(refused.err.splitlines())) == (2, "", 1)
        assert first in refused.err and second in refused.err


def test_a_reader_that_leaves_early_ends_it_quietly(worked: Worked) -> None:
    for words in ("show", "list", "export --format html"):
        command = f"set -o pipefail; {' '.join(PROGRAM)} sessions {words} | head -n 0"
        done = subprocess.run(
            ["bash", "-c", command], cwd=worked.cwd, env=worked.environment(), capture_output=True, text=True
        )
        assert done.stderr == ""


# ---- export


def test_jsonl_is_the_events_with_their_times(worked: Worked) -> None:
    lines = worked("sessions", "export", "--format", "jsonl").lines

    assert [from_json(line) for line in lines] == list(read(newest(worked)))
    times = [line["at"] for line in lines]
    assert times == sorted(times) and times[0] > 1_700_000_000
    assert any(isinstance(from_json(line), ToolCreated) for line in lines)


def test_the_report_has_the_work_and_the_change(worked: Worked) -> None:
    text = worked("sessions", "export").out

    assert text.startswith("# Make add() add.\n")
    for said in (
        "- outcome: verified\n",
        "> It is &lt;wrong>.\n",
        "$ sed -i 's/a - b/a + b/' calc.py; seq 1 30000\n",
        "30,000 lines in all",
        ": exit 3, ",
        "- tool born: shout: Print a text in capitals.",
        "-    return a - b\n+    return a + b\n",
        "> Fixed &amp; &lt;done>.\n",
    ):
        assert said in text, said


def test_the_page_has_the_work_the_change_and_the_whole_of_a_cut_output(worked: Worked) -> None:
    page = worked("sessions", "export", "--format", "html").out

    for said in (
        "<h1>Make add() add.</h1>",
        "It is &lt;wrong&gt;.",
        "Fixed &amp; &lt;done&gt;.",
        "&lt;b&gt;red&lt;/b&gt;",
        "<b>tool born</b> shout: Print a text in capitals.",
        '<span class="removed">-    return a - b\n</span><span class="added">+    return a + b\n</span>',
        "\n8000\n",  # of the output, of which the model saw the ends alone
        "\n30000\n",
    ):
        assert said in page, said
    assert "\x1b" not in page and "<b>red" not in page
    shown = page.partition("\n8000\n")[2].partition("</pre>")[0]
    assert " lines …\n" in shown and " lines of 30,000 left out" in page


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_is_written_whole_and_its_name_says_what_it_is(worked: Worked, form: str, tmp_path: Path) -> None:
    file = tmp_path / f"session.{form}"
    file.write_text("old")
    done = worked("sessions", "export", "-o", str(file))

    assert (done.code, done.out) == (0, "")
    assert file.read_text() == worked("sessions", "export", "--format", form).out
    assert f"{file}: " in done.err
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("words", "said"), [(("--format", "pdf"), "jsonl, md, html"), (("-o", "/nowhere/a.html"), "cannot be written")]
)
def test_what_cannot_be_written_is_exit_2(worked: Worked, words: tuple[str, ...], said: str) -> None:
    done = worked("sessions", "export", *words)

    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert said in done.err


def test_a_secret_of_today_is_in_no_export(livecoder: Livecoder) -> None:
    """The journal could not know it: the variable was set later. An escape sequence in its midst does not hide it."""
    secret = "hunter2hunter2"
    print_it = f"$ echo {secret}; seq 1 30000; echo {secret}"
    keep_it = f"$ echo '{secret}' > kept.txt; sed -i 's/a - b/a + b/' calc.py"
    ran(livecoder, print_it, keep_it, f"It is {secret}.", task=f"Use {secret}, or hunter2\x1b[0mhunter2.")
    livecoder.env["DEPLOY_TOKEN"] = secret

    for form in FORMATS:
        text = livecoder("sessions", "export", "--format", form).out
        assert secret not in text and text.count("[secret]") >= 4
    assert secret not in livecoder("sessions", "show").out + livecoder("sessions", "list", "--json").out


def test_what_is_gone_is_said(livecoder: Livecoder) -> None:
    ran(livecoder, *WORK)
    shadow = newest(livecoder).parents[1] / "workspace" / "shadow.git"
    shutil.rmtree(shadow)
    shutil.rmtree(newest(livecoder) / "blobs")
    page = livecoder("sessions", "export", "--format", "html").out

    assert "the checkpoints of this project are gone" in page
    assert "the whole output is gone: this is what the model saw" in page and "\n8000\n" not in page
    assert "the checkpoints of this project are gone" in livecoder("sessions", "export").out
    assert not shadow.exists()


def test_a_repository_that_is_gone_still_has_its_sessions(livecoder: Livecoder, tmp_path: Path) -> None:
    ran(livecoder, *WORK)
    shutil.rmtree(livecoder.cwd)
    outside = tmp_path / "outside"
    outside.mkdir()
    page = livecoder("sessions", "export", "--format", "html", "--all", cwd=outside).out
    assert '<span class="added">+    return a + b\n</span>' in page


def test_each_round_of_a_conversation_has_its_own_change(livecoder: Livecoder) -> None:
    script = livecoder.script("$ echo one > 1.txt", "One.", "$ echo two > 2.txt", "Two.")
    with Terminal([*PROGRAM, "-m", script], livecoder.cwd, livecoder.environment()) as terminal:
        for task in ("first", "second"):
            terminal.sees("> ")
            terminal.keys(f"{task}\n")
            terminal.sees("claimed")
        terminal.sees("> ")
        terminal.keys("/quit\n")
        assert terminal.ends() == 0
    rounds = livecoder("sessions", "export").out.split("\n## Round ")[1:]

    assert [round_.splitlines()[2] for round_ in rounds] == ["> first", "> second"]
    assert [("+one\n" in round_, "+two\n" in round_) for round_ in rounds] == [(True, False), (False, True)]
