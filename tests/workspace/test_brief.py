"""What a step changed, as the model is told: names and counts, and hunks that it has not written itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from livecoder.workspace.brief import MAX_FILES, MAX_HUNKS, MAX_READ, brief
from livecoder.workspace.shadow import Shadow
from livecoder.workspace.workspace import Workspace

BODY = "".join(f"value_{number} = {number}\n" for number in range(40))
Change = Callable[[], object]


@pytest.fixture
def root(make_repository: Callable[..., Path]) -> Path:
    return make_repository({"a.py": BODY, "b.py": BODY, "old.txt": "x\n", ".gitignore": "*.log\nbuild/\n"})


@pytest.fixture
def shadow(root: Path, tmp_path: Path) -> Shadow:
    return Workspace.open(root, tmp_path / "state").shadow


def told(shadow: Shadow, change: Change, read: str = "") -> str:
    before = shadow.checkpoint().tree
    change()
    return brief(shadow, before, shadow.checkpoint().tree, read)


def edit(path: Path, old: str, new: str) -> Change:
    return lambda: path.write_text(path.read_text().replace(old, new))


def test_one_small_change_is_shown(shadow: Shadow, root: Path) -> None:
    text = told(shadow, edit(root / "a.py", "value_7 = 7\n", "value_7 = 'seven'\n"), "sed -i 's/7$/seven/' a.py")
    assert text.splitlines() == [
        "changed: a.py +1 -1",
        "@@ -8 +8 @@ value_6 = 6",
        "-value_7 = 7",
        "+value_7 = 'seven'",
    ]


def test_what_the_command_says_itself_is_not_repeated(shadow: Shadow, root: Path) -> None:
    command = "python3 - <<'E'\np.write_text(s.replace('''value_7 = 7''', '''value_7 = 'seven'\n'''))\nE"
    text = told(shadow, edit(root / "a.py", "value_7 = 7\n", "value_7 = 'seven'\n"), command)
    assert text == "changed: a.py +1 -1"


def test_hunks_of_several_files_are_named(shadow: Shadow, root: Path) -> None:
    def both() -> None:
        for name in ("a.py", "b.py"):
            edit(root / name, "value_7 = 7\n", "value_7 = 8\n")()

    lines = told(shadow, both).splitlines()
    assert lines[0] == "changed: a.py +1 -1, b.py +1 -1"
    assert lines.index("a.py:") < lines.index("b.py:")


def test_many_hunks_are_counted_only(shadow: Shadow, root: Path) -> None:
    text = told(shadow, edit(root / "a.py", "value", "a_rather_long_name_for_a_value"))
    assert text == "changed: a.py +40 -40"
    assert len(BODY) * 2 > MAX_HUNKS


def test_new_deleted_and_binary_files(shadow: Shadow, root: Path) -> None:
    def change() -> None:
        (root / "new.py").write_text("x = 1\n" * 3)
        (root / "old.txt").unlink()
        (root / "data.bin").write_bytes(b"\0\1\2")

    assert told(shadow, change) == "changed: data.bin new (binary), new.py new +3 -0, old.txt deleted"


def test_odd_contents_and_names_stay_on_their_line(shadow: Shadow, root: Path) -> None:
    def change() -> None:
        (root / "a.py").write_text(BODY.replace("value_7 = 7", "--- a/evil\n+++ b/evil\n@@ -1 +1 @@\ndiff --git"))
        (root / "two\nlines [x] *.py").write_text("y\n")

    first, *hunks = told(shadow, change).splitlines()
    assert first.startswith("changed: a.py +4 -1, ") and first.endswith("new +1 -0")
    assert {"+--- a/evil", "++++ b/evil", "+@@ -1 +1 @@", "+diff --git"} <= set(hunks)


def test_caches_and_ignored_files_are_no_news(shadow: Shadow, root: Path) -> None:
    def change() -> None:
        for name in ("__pycache__/a.pyc", "build/out", ".pytest_cache/x", "note.log"):
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text("x")

    assert told(shadow, change) == ""
    assert told(shadow, lambda: None) == ""


@pytest.mark.parametrize("count", [MAX_FILES + 2, MAX_READ + 1])
def test_many_files_are_few_words(shadow: Shadow, root: Path, count: int) -> None:
    text = told(shadow, lambda: [(root / f"new{n:02}.py").write_text("x\n") for n in range(count)])
    assert text.endswith("and 2 more") if count <= MAX_READ else text == f"changed: {count} files"


def test_a_diff_that_was_printed_is_not_told_again(shadow: Shadow, root: Path) -> None:
    printed = "sed -i 's/7$/seven/' a.py; git diff" + "@@ -8 +8 @@\n-value_7 = 7\n+value_7 = 'seven'\n"
    text = told(shadow, edit(root / "a.py", "value_7 = 7\n", "value_7 = 'seven'\n"), printed)
    assert text == "changed: a.py +1 -1"
