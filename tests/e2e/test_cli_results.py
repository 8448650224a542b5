"""How a task ends: exit code, the one result, what stdout carries, the files that were asked for."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import git
from tests.e2e.conftest import PROGRAM, Livecoder

FIX = "$ sed -i 's/a - b/a + b/' calc.py"


def test_a_claim_is_exit_0(livecoder: Livecoder) -> None:
    result = livecoder.task(FIX, "Done.").result

    assert (result["subtype"], result["outcome"], result["result"]) == ("success", "claimed", "Done.")
    assert result["patch"] == {"files": 1, "added": 1, "removed": 1}


def test_stdout_carries_the_answer_alone(livecoder: Livecoder) -> None:
    done = livecoder("-p", "x", "-m", livecoder.script("I look.\n\n```bash\nls\n```", "It is calc.py.\nDone."))

    assert done.out == "It is calc.py.\nDone.\n"
    assert "$ ls" in done.err


def test_json_is_the_last_object_alone(livecoder: Livecoder) -> None:
    done = livecoder("-p", "x", "-m", livecoder.script("Done."), "--output-format", "json")

    assert [line["type"] for line in done.lines] == ["result"]
    assert done.result["result"] == "Done."


def test_stream_json_is_one_object_a_line_from_init_to_result(livecoder: Livecoder) -> None:
    done = livecoder.task("$ echo hello", "Done.")
    kinds = [line["type"] for line in done.lines if line["type"] != "system"]

    assert (done.lines[0]["type"], done.lines[0]["subtype"]) == ("system", "init")
    assert kinds == ["assistant", "user", "assistant", "result"]
    assert {line["session_id"] for line in done.lines} == {done.result["session_id"]}


@pytest.mark.parametrize(
    ("flags", "replies", "subtype", "code"),
    [
        (("--verify", "grep -q 'a + b' calc.py"), (FIX, "Done."), "success", 0),
        (("--verify", "false"), (FIX, "Done."), "error_verify", 6),
        (("--max-turns", "1"), (FIX, "Done."), "error_max_turns", 53),
        (("--max-tokens", "10"), (FIX, "Done."), "error_max_tokens", 53),
        (
            ("--max-budget-usd", "0.5"),
            ('{"text": "```bash\\nls\\n```", "cost_usd": 1.0}', "x"),
            "error_max_budget_usd",
            53,
        ),
        (("--timeout", "1"), ("$ sleep 600", "Done."), "error_timeout", 124),
        (("--timeout", "2", "--verify", "sleep 600"), (FIX, "Done."), "error_timeout", 124),
        ((), (FIX,), "error_internal", 70),
        ((), ('{"raise": "ProviderRefused", "what": "no such model"}',), "error_provider", 4),
        ((), ('{"raise": "ContextOverflow", "what": "too long"}',), "error_provider", 4),
        ((), ('{"raise": "ProviderUnavailable", "what": "busy"}',), "error_provider", 75),
        ((), ('{"text": "I may not.", "finish": "refused"}',), "error_unsolved", 1),
        ((), ("$ ls", "$ ls", "$ ls", "$ ls", "$ ls"), "error_no_progress", 53),
    ],
)
def test_every_ending_has_its_code(
    livecoder: Livecoder, flags: tuple[str, ...], replies: tuple[str, ...], subtype: str, code: int
) -> None:
    done = livecoder.task(*replies, flags=flags)

    assert (done.result["subtype"], done.code) == (subtype, code)


SCRIPT = (
    "$ python3 - <<'EOF'\nimport os\nfound = os.listdir('.')\nfor name in sorted(found):\n    print({word}, name)\nEOF"
)
SCRIPTS = (SCRIPT.format(word=1), SCRIPT.format(word=2))
"""Throw-away scripts, after which the model is asked whether to keep one."""


def test_a_task_done_in_its_last_turn_is_done(livecoder: Livecoder) -> None:
    flags = ("--max-turns", "4", "--verify", "grep -q 'a + b' calc.py")
    done = livecoder.task(FIX, *SCRIPTS, "Done.", flags=flags)

    assert (done.code, done.result["outcome"], done.result["num_turns"]) == (0, "verified", 4)


def test_a_question_after_the_answer_takes_nothing_from_it(livecoder: Livecoder) -> None:
    flags = ("--max-turns", "5", "--verify", "grep -q 'a + b' calc.py")
    done = livecoder.task(FIX, *SCRIPTS, "Done.", "$ echo I keep it", flags=flags)

    assert (done.code, done.result["outcome"], done.result["num_turns"]) == (0, "verified", 5)
    assert done.result["result"] == "Done."


def test_without_a_sandbox_verify_claims_and_no_tool_is_replayed(livecoder: Livecoder) -> None:
    make = """$ cat >$SCAFFOLD/tools/stamp-it <<'EOF'
#!/usr/bin/env bash
# Add a line to a file.
if [ "$1" = --help ]; then echo "Add a line to a file."; echo "usage: stamp-it FILE"; exit; fi
echo stamped >> "$1"
EOF
chmod +x $SCAFFOLD/tools/stamp-it"""
    flags = ("--sandbox", "none", "--yes-no-sandbox", "--verify", "true")
    done = livecoder.task(make, "$ stamp-it log", "Done.", flags=flags)

    assert (done.code, done.result["outcome"]) == (0, "claimed")
    assert "in place: no sandbox" in done.result["reason"]
    assert (livecoder.cwd / "log").read_text() == "stamped\n"
    assert done.result["scaffold"]["before"] == done.result["scaffold"]["after"]


def test_a_fix_without_a_change_is_exit_1(livecoder: Livecoder) -> None:
    done = livecoder("fix", "-", "-m", livecoder.script("It is right as it is."), "--json", stdin=b"add() is wrong")

    assert (done.code, done.result["subtype"]) == (1, "error_unsolved")
    assert done.result["result"] == "It is right as it is."


def test_plan_mode_leaves_the_tree_as_it_is(livecoder: Livecoder) -> None:
    replies = (FIX, "$ touch new; rm README.md; git commit --allow-empty -m x", "A plan.")
    done = livecoder.task(*replies, flags=("--permission-mode", "plan"))

    assert done.result["patch"]["files"] == 0
    assert git(livecoder.cwd, "status", "--porcelain") == ""
    assert any("Read-only file system" in str(line) for line in done.lines)


def test_the_patch_applies_to_a_fresh_clone(livecoder: Livecoder, tmp_path: Path) -> None:
    (livecoder.cwd / "README.md").write_text("# the user's own words\n")
    replies = (FIX, "$ printf '\\0\\1' > data.bin; echo 'print()' > 'a b.py'; chmod +x 'a b.py'", "Done.")
    done = livecoder.task(*replies, flags=("--patch-out", str(tmp_path / "fix.patch")))
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(livecoder.cwd), str(clone))
    git(clone, "apply", "--index", str(tmp_path / "fix.patch"))

    assert done.code == 0
    assert git(clone, "diff", "--cached", "--name-status").split("\n") == ["A\ta b.py", "M\tcalc.py", "A\tdata.bin", ""]
    assert (clone / "data.bin").read_bytes() == b"\0\1"
    assert os.access(clone / "a b.py", os.X_OK)


def test_the_last_message_goes_to_a_file(livecoder: Livecoder, tmp_path: Path) -> None:
    target = tmp_path / "answer.txt"
    livecoder.task("Done: é.", flags=("--output-last-message", str(target)))

    assert target.read_text() == "Done: é."
    assert [path.name for path in tmp_path.iterdir() if "answer" in path.name] == ["answer.txt"]


def through(livecoder: Livecoder, tail: str) -> subprocess.CompletedProcess[str]:
    words = f"-p x -m {livecoder.script(FIX, 'Done.')} --json"
    command = f"{' '.join(PROGRAM)} {words} </dev/null {tail}"
    return subprocess.run(
        ["bash", "-c", command], cwd=livecoder.cwd, env=livecoder.environment(), capture_output=True, text=True
    )


@pytest.mark.parametrize("tail", ["| head -n 1", ">&-", "2>&-", "2>&1 | head -n 0"])
def test_who_does_not_read_does_not_stop_the_work(livecoder: Livecoder, tail: str) -> None:
    done = through(livecoder, f"{tail}; exit ${{PIPESTATUS[0]}}")

    assert done.returncode == 0
    assert "Error" not in done.stderr
    assert "a + b" in (livecoder.cwd / "calc.py").read_text()


def test_a_stdout_that_cannot_be_written_is_told(livecoder: Livecoder) -> None:
    done = through(livecoder, ">/dev/full")

    assert done.returncode == 3
    assert "stdout cannot be written: No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_encoding_without_umlauts_loses_nothing(livecoder: Livecoder) -> None:
    livecoder.env |= {"PYTHONIOENCODING": "ascii"}
    done = livecoder("-p", "x", "-m", livecoder.script("Größe: ✓"))

    assert (done.code, done.out) == (0, "Gr\\xf6\\xdfe: \\u2713\n")


def test_quiet_leaves_warnings_and_the_ending(livecoder: Livecoder) -> None:
    done = livecoder("-p", "x", "-m", livecoder.script(FIX, "Done."), "-q", "--verify", "false")

    assert (done.code, done.out) == (6, "Done.\n")
    assert "sed" not in done.err and "verify" in done.err
