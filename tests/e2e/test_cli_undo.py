"""`livecoder undo` and `redo` as users meet them: dirty trees come back byte for byte, nothing is lost unasked."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.conftest import git
from tests.e2e.conftest import Livecoder, until

BREAK = "$ sed -i 's/a - b/a + b/' calc.py; rm README.md; echo new > new.txt; chmod +x calc.py; mkdir d; touch d/e"


def picture(root: Path) -> dict[str, tuple[bytes, int]]:
    """Every file outside .git, with its bytes and mode."""
    files = [path for path in root.rglob("*") if path.is_file() and ".git" not in path.relative_to(root).parts]
    return {str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mode) for path in files}


def make_dirty(root: Path) -> None:
    (root / "calc.py").write_bytes(b"def add(a, b):\r\n    return a - b  # mine\r\n")
    (root / "staged.py").write_text("staged = True\n")
    git(root, "add", "staged.py")
    (root / "staged.py").write_text("staged = 'and changed'\n")
    (root / "untracked.bin").write_bytes(bytes(range(256)))
    (root / ".gitignore").write_text("*.log\n")
    (root / "debug.log").write_text("ignored\n")


def test_a_dirty_tree_comes_back_and_goes_again(livecoder: Livecoder) -> None:
    make_dirty(livecoder.cwd)
    before, index = picture(livecoder.cwd), git(livecoder.cwd, "status", "--porcelain")
    livecoder.task(BREAK, "Done.")
    after = picture(livecoder.cwd)

    undone = livecoder("undo", "--yes")
    assert (undone.code, picture(livecoder.cwd)) == (0, before)
    assert git(livecoder.cwd, "status", "--porcelain") == index

    redone = livecoder("redo", "--yes")
    assert (redone.code, picture(livecoder.cwd)) == (0, after)
    assert livecoder("undo", "-y").code == 0
    assert picture(livecoder.cwd) == before


def test_two_rounds_are_undone_at_once(livecoder: Livecoder) -> None:
    before = picture(livecoder.cwd)
    livecoder.task("$ echo 1 > one", "Done.")
    livecoder.task("$ echo 2 > two; rm one", "Done.")

    assert livecoder("undo", "2", "--yes").code == 0
    assert picture(livecoder.cwd) == before


def test_without_a_terminal_nothing_is_done_unasked(livecoder: Livecoder) -> None:
    livecoder.task(BREAK, "Done.")
    after = picture(livecoder.cwd)
    done = livecoder("undo")

    assert done.code == 5
    assert "--yes" in done.err
    assert "  restore calc.py" in done.out
    assert picture(livecoder.cwd) == after


def test_what_changed_since_is_named_and_not_overwritten_unasked(livecoder: Livecoder) -> None:
    livecoder.task(BREAK, "Done.")
    (livecoder.cwd / "calc.py").write_text("the user's later work\n")
    done = livecoder("undo")

    assert done.code == 5
    assert "changed since: calc.py" in done.out
    assert (livecoder.cwd / "calc.py").read_text() == "the user's later work\n"

    assert livecoder("undo", "--yes").code == 0
    assert "a - b" in (livecoder.cwd / "calc.py").read_text()
    assert livecoder("redo", "--yes").code == 0
    assert (livecoder.cwd / "calc.py").read_text() == "the user's later work\n"


def test_an_interrupted_round_can_be_undone(livecoder: Livecoder) -> None:
    before = picture(livecoder.cwd)
    process = livecoder.start("-p", "x", "-m", livecoder.script(BREAK, "$ touch mark; sleep 600"))
    until((livecoder.cwd / "mark").exists)
    process.send_signal(signal.SIGINT)

    assert livecoder.finish(process).code == 130
    assert livecoder("undo", "--yes").code == 0
    assert picture(livecoder.cwd) == before


def test_nothing_to_undo_or_redo_is_exit_3(livecoder: Livecoder) -> None:
    for word in ("undo", "redo"):
        done = livecoder(word, "--yes")

        assert done.code == 3
        assert len(done.err.splitlines()) == 1


def test_a_wrong_number_is_exit_2_or_3(livecoder: Livecoder) -> None:
    assert livecoder("undo", "two").code == 2
    assert livecoder("undo", "99", "--yes").code == 3


def test_a_name_in_disguise_is_marked_before_anything_is_done(livecoder: Livecoder) -> None:
    """I09: a letter of another script, a line end or a direction mark in a name is in sight where it is asked about."""
    livecoder.task("$ touch 'c\u0430lc.py' $'a\\nb' 'x\u202eyp.exe'", "Done.")
    lines = livecoder("undo", "--yes").out.splitlines()
    assert {"  remove c<\u0430 U+0430>lc.py", "  remove a^Jb", "  remove x<U+202E>yp.exe"} <= set(lines)


def test_what_undo_cannot_take_back_is_said_at_the_start(livecoder: Livecoder) -> None:
    for number in range(7):
        git(livecoder.cwd, "init", "-q", f"nested{number}")
    done = livecoder.task("$ echo more >> nested0/file", "Done.")
    assert "in no checkpoint, out of reach of undo: nested0 (a repository of its own), nested1" in done.out
    assert "nested4 (a repository of its own) and 2 more" in done.out


def test_what_could_not_be_restored_is_no_done(livecoder: Livecoder) -> None:
    before = picture(livecoder.cwd)
    livecoder.task("$ rm calc.py README.md; mkdir -p calc.py/node_modules; touch calc.py/node_modules/x", "Done.")
    undone = livecoder("undo", "--yes")
    assert (undone.code, undone.err) == (1, "  ! calc.py: Directory not empty\n")
    assert "not done: 1 of 2 files" in undone.out
    assert (livecoder.cwd / "README.md").exists()

    (livecoder.cwd / "calc.py/node_modules/x").unlink()
    (livecoder.cwd / "calc.py/node_modules").rmdir()
    assert livecoder("redo", "--yes").code == 0
    assert livecoder("undo", "--yes").code == 0
    assert picture(livecoder.cwd) == before
