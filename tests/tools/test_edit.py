"""`edit` replaces exactly what it is told to, or nothing, and says why in words that the next try can use."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., subprocess.CompletedProcess[str]]

SOURCE = "def one():\n    return 1\n\n\ndef two():\n    value = 2\n    return value\n"


def block(old: str, new: str) -> str:
    """One edit as it is written on stdin; a text without a last line end gets one."""
    old, new = (text if not text or text.endswith("\n") else f"{text}\n" for text in (old, new))
    return f"<<<<<<<\n{old}=======\n{new}>>>>>>>\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "a.py"
    path.write_text(SOURCE)
    return path


def test_several_edits_in_several_files_are_one_call(call: Call, tmp_path: Path, source: Path) -> None:
    (tmp_path / "b.txt").write_text("first\nsecond\nthird")
    edits = block("    value = 2\n    return value\n", "    return 2\n") + block("def one():\n", "def uno():\n")

    done = call("edit", stdin=f"=== a.py\n{edits}\n=== b.txt\n{block('second', 'zweite')}")

    assert (done.returncode, done.stderr) == (0, "")
    assert source.read_text() == "def uno():\n    return 1\n\n\ndef two():\n    return 2\n"
    assert (tmp_path / "b.txt").read_text() == "first\nzweite\nthird"
    assert done.stdout == (
        "a.py:1\n-def one():\n+def uno():\n"
        "a.py:6\n-    value = 2\n-    return value\n+    return 2\n"
        "b.txt:2\n-second\n+zweite\n"
    )


def test_one_edit_fits_on_a_command_line_whatever_its_texts_begin_with(call: Call, tmp_path: Path) -> None:
    (tmp_path / "list.md").write_text("- one\n--all\n")
    assert call("edit", "list.md", "--old", "--all", "--new", "-x").returncode == 0
    assert (tmp_path / "list.md").read_text() == "- one\n-x\n"


def test_a_file_on_the_command_line_is_for_edits_without_a_path(call: Call, source: Path) -> None:
    assert call("edit", "a.py", stdin=block("return 1\n", "return 3\n")).returncode == 0
    assert "return 3" in source.read_text()


def test_text_that_occurs_more_than_once_is_refused_with_its_lines(call: Call, source: Path) -> None:
    done = call("edit", "a.py", "--old", "return", "--new", "yield")
    assert done.returncode == 1
    assert "occurs 2 times (lines 2, 7)" in done.stderr
    assert source.read_text() == SOURCE


def test_overlapping_occurrences_are_ambiguous_too(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("aaa")
    assert "occurs 2 times" in call("edit", "a", "--old", "aa", "--new", "b").stderr


def test_all_replaces_every_occurrence(call: Call, source: Path) -> None:
    done = call("edit", "a.py", "--all", "--old", "return", "--new", "yield")
    assert done.returncode == 0
    assert source.read_text() == SOURCE.replace("return", "yield")


def test_absent_text_is_answered_with_the_nearest_lines(call: Call, source: Path) -> None:
    done = call("edit", stdin="=== a.py\n" + block("def two():\n    values = 2\n", "x\n"))
    assert done.returncode == 1
    assert done.stderr.endswith("nearest:\n     5  def two():\n     6      value = 2\n yours      values = 2\n")
    assert source.read_text() == SOURCE


def test_white_space_that_differs_is_made_visible(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.go").write_text("func f() {\n\treturn 1 \n}\n")
    done = call("edit", stdin="=== a.go\n" + block("    return 1\n", "x\n"))
    assert "different in white space only" in done.stderr
    assert "     2  '\\treturn 1 '\n yours  '    return 1'\n" in done.stderr


def test_one_refusal_stops_all_files_and_every_reason_is_said_at_once(call: Call, tmp_path: Path, source: Path) -> None:
    (tmp_path / "b.txt").write_text("same\nsame\n")
    good = block("return 1\n", "return 3\n")
    done = call("edit", stdin=f"=== a.py\n{good}=== b.txt\n{block('same', 'x')}{block('zzz', 'x')}=== c\n{good}")
    assert done.returncode == 1
    assert "b.txt: stdin line 8: the old text occurs 2 times" in done.stderr
    assert "b.txt: stdin line 13: the old text is not in the file" in done.stderr
    assert "c: no such file" in done.stderr
    assert source.read_text() == SOURCE
    assert (tmp_path / "b.txt").read_text() == "same\nsame\n"


def test_old_texts_are_looked_for_in_the_file_as_it_was(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one\ntwo\n")
    done = call("edit", stdin="=== a\n" + block("one\n", "two\n") + block("two\n", "one\n"))
    assert done.returncode == 0
    assert (tmp_path / "a").read_text() == "two\none\n"


def test_edits_that_overlap_are_refused_also_through_two_names_of_one_file(call: Call, source: Path) -> None:
    (source.parent / "link.py").symlink_to("a.py")
    edits = block("def one():\n    return 1\n", "x = 1\n") + "=== link.py\n" + block("return 1\n", "return 2\n")
    done = call("edit", stdin=f"=== a.py\n{edits}")
    assert (done.returncode, source.read_text()) == (1, SOURCE)
    assert "overlap in line 2" in done.stderr


def test_an_empty_new_text_deletes_whole_lines_with_their_ends(call: Call, source: Path) -> None:
    assert call("edit", stdin="=== a.py\n" + block("    value = 2\n", "")).returncode == 0
    assert source.read_text() == SOURCE.replace("    value = 2\n", "")


def test_an_edit_without_an_old_text_creates_a_file(call: Call, tmp_path: Path) -> None:
    done = call("edit", stdin="=== new/deep/a.py\n" + block("", "x = 1\n"))
    assert (done.returncode, done.stdout) == (0, "new/deep/a.py:1\n+x = 1\n")
    assert (tmp_path / "new/deep/a.py").read_text() == "x = 1\n"
    again = call("edit", stdin="=== new/deep/a.py\n" + block("", "x = 2\n"))
    assert (again.returncode, (tmp_path / "new/deep/a.py").read_text()) == (1, "x = 1\n")


def test_a_file_is_not_created_twice_in_one_call(call: Call, tmp_path: Path) -> None:
    done = call("edit", stdin="=== a\n" + block("", "x\n") * 2)
    assert (done.returncode, list(tmp_path.iterdir())) == (1, [])


@pytest.mark.parametrize(
    ("name", "before", "old", "new", "reason"),
    [
        ("a.py", SOURCE, "value = 2", "value = (2", "     6      value = (2"),
        ("a.pyi", "x: int\n", "int", "int int", "     1  x: int int"),
        ("a.json", '{"a": 1}\n', ": 1", " 1", '     1  {"a" 1}'),
        ("a.toml", 'a = "1"\n', '"1"', '"1', "a.toml: would no longer parse"),
        ("tool", "#!/usr/bin/env python3\nx = 1\n", "= 1", "= ", "     2  x ="),
    ],
)
def test_what_parsed_before_must_parse_after(
    call: Call, tmp_path: Path, name: str, before: str, old: str, new: str, reason: str
) -> None:
    (tmp_path / name).write_text(before)
    done = call("edit", name, "--old", old, "--new", new)
    assert (done.returncode, (tmp_path / name).read_text()) == (1, before)
    assert reason in done.stderr

    assert call("edit", "--no-check", name, "--old", old, "--new", new).returncode == 0
    assert (tmp_path / name).read_text() == before.replace(old, new)


def test_what_did_not_parse_before_may_be_repaired_in_steps(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = (\ny = [\n")
    assert call("edit", "a.py", "--old", "(", "--new", "1").returncode == 0
    assert (tmp_path / "a.py").read_text() == "x = 1\ny = [\n"


def test_a_new_file_must_parse(call: Call, tmp_path: Path) -> None:
    assert call("edit", stdin="=== a.py\n" + block("", "def f(:\n")).returncode == 1
    assert list(tmp_path.iterdir()) == []


def test_mode_and_links_stay(call: Call, tmp_path: Path) -> None:
    script = tmp_path / "real.sh"
    script.write_text("echo one\n")
    script.chmod(0o751)
    (tmp_path / "link.sh").symlink_to("real.sh")
    assert call("edit", "link.sh", "--old", "one", "--new", "two").returncode == 0
    assert (script.read_text(), script.stat().st_mode & 0o777) == ("echo two\n", 0o751)
    assert os.readlink(tmp_path / "link.sh") == "real.sh"  # noqa: PTH115 - the text of the link, not where it leads


@pytest.mark.skipif(os.getuid() != 0, reason="only root can have files of several owners")
def test_the_owner_stays(call: Call, source: Path) -> None:
    os.chown(source, 1234, 5678)
    assert call("edit", "a.py", "--old", "value = 2", "--new", "value = 3").returncode == 0
    assert (source.stat().st_uid, source.stat().st_gid) == (1234, 5678)


def test_a_heredoc_with_plain_line_ends_edits_a_file_with_carriage_returns(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\nthree")
    done = call("edit", stdin="=== a.txt\n" + block("one\ntwo\n", "1\n2\n2b\n") + block("three\n", "3\nend\n"))
    assert done.returncode == 0
    assert (tmp_path / "a.txt").read_bytes() == b"\xef\xbb\xbf1\r\n2\r\n2b\r\n3\r\nend"


def test_line_ends_of_a_mixed_file_stay_where_they_are(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\r\ntwo\nthree\r\nfour\n")
    call("edit", stdin="=== a.txt\n" + block("two\n", "2\n2\n") + block("three\n", "3\n3\n"))
    assert (tmp_path / "a.txt").read_bytes() == b"one\r\n2\n2\n3\r\n3\r\nfour\n"


def test_a_binary_file_is_refused_and_other_encodings_take_ascii_only(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"one\0two")
    assert "a binary file" in call("edit", "a.bin", "--old", "one", "--new", "1").stderr
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9 one\n")
    assert "not UTF-8" in call("edit", "latin.txt", "--old", "one", "--new", "é").stderr
    assert call("edit", "latin.txt", "--old", "one", "--new", "two").returncode == 0
    assert (tmp_path / "latin.txt").read_bytes() == b"caf\xe9 two\n"


def test_longer_markers_carry_text_that_looks_like_markers(call: Call, tmp_path: Path) -> None:
    conflict = "<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n"
    (tmp_path / "a.rst").write_text(f"Heading\n=======\n\n{conflict}")
    long = f"=== a.rst\n<<<<<<<<<\n{conflict}=========\nb\n=======\n>>>>>>>>>\n"
    assert call("edit", stdin=long).returncode == 0
    assert (tmp_path / "a.rst").read_text() == "Heading\n=======\n\nb\n=======\n"


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        ([], "", "no edit on stdin"),
        ([], block("a\n", "b\n"), "stdin line 1: === PATH or <<<<<<< expected"),
        ([], "=== a\nhello\n", "stdin line 2"),
        ([], "=== a\n<<<<<<<\na\n=======\nb\n", "stdin line 2: no >>>>>>> ends it"),
        ([], "=== a\n" + block("a\n=======\n", "b\n"), "stdin line 5: ======= instead of >>>>>>>"),
        ([], "=== a\n<<<<<<<\na\n>>>>>>>\n", "stdin line 4: >>>>>>> instead of ======="),
        (["a", "--old", "x"], "", "--new"),
        (["--old", "x", "--new", "y"], "", "FILE"),
        (["a", "--old", "", "--new", "y"], "", "--old TEXT"),
        (["a", "--old", "x", "--new", "y", "--old", "z"], "", "given twice"),
        (["a", "b"], "", "one FILE"),
        (["--unknown"], "", "--unknown"),
    ],
)
def test_a_call_that_cannot_be_understood_ends_with_2(
    call: Call, tmp_path: Path, arguments: list[str], stdin: str, said: str
) -> None:
    (tmp_path / "a").write_text("a\n")
    done = call("edit", *arguments, stdin=stdin)
    assert (done.returncode, done.stdout, (tmp_path / "a").read_text()) == (2, "", "a\n")
    assert said in done.stderr


@pytest.mark.parametrize(("path", "said"), [(".", "not a file"), ("loop", "loop"), ("missing", "no such file")])
def test_what_is_no_file_is_refused(call: Call, tmp_path: Path, path: str, said: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    done = call("edit", path, "--old", "a", "--new", "b")
    assert done.returncode == 1
    assert said in done.stderr


def test_a_failure_while_staging_leaves_nothing_behind(call: Call, source: Path, tmp_path: Path) -> None:
    edits = f"=== a.py\n{block('return 1', 'return 3')}=== new/b.txt\n{block('', 'x' * 9000)}"
    done = call("bash", "-c", "ulimit -f 1; exec edit", stdin=edits)
    assert (done.returncode, done.stderr.splitlines()[0]) == (1, "edit: refused, nothing is written")
    assert source.read_text() == SOURCE
    assert list(tmp_path.iterdir()) == [source]


def test_a_rename_that_fails_undoes_the_ones_before_it(call: Call, source: Path, tmp_path: Path) -> None:
    """A file that is itself a mount can be written, but nothing can be renamed over it."""
    mounted = tmp_path / "z.txt"
    mounted.write_text("one\n")
    edits = f"=== a.py\n{block('return 1', 'return 3')}=== new\n{block('', 'x')}=== z.txt\n{block('one', '1')}"
    sandbox = ["bwrap", "--dev-bind", "/", "/", "--bind", str(mounted), str(mounted), "--chdir", str(tmp_path)]
    done = call(*sandbox, "edit", stdin=edits)
    assert done.returncode == 1, done.stderr
    assert "nothing is written" in done.stderr
    assert (source.read_text(), mounted.read_text()) == (SOURCE, "one\n")
    assert sorted(tmp_path.iterdir()) == [source, mounted]


def test_a_reader_that_leaves_early_does_not_make_it_say_that_nothing_was_written(call: Call, source: Path) -> None:
    done = call("bash", "-c", "edit a.py --old 'return 1' --new 'return 3' | true")
    assert "nothing is written" not in done.stderr
    assert "return 3" in source.read_text()


def test_the_same_call_prints_the_same(call: Call, source: Path) -> None:
    edits = "=== a.py\n" + block("def thre():\n", "x\n") + block("    valu = 1\n", "y\n")
    assert call("edit", stdin=edits).stderr == call("edit", stdin=edits).stderr
