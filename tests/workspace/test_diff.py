"""The patch is the agent's product: it applies to the base, says all, and holds nothing that the user ignores."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from livecoder.workspace.copies import materialise
from livecoder.workspace.diff import Stat, patch, product, readable, stat
from livecoder.workspace.shadow import Shadow
from tests.conftest import git
from tests.workspace.conftest import OpenWorkspace, picture

MakeRepository = Callable[..., Path]


def applied(shadow: Shadow, base: str, change: bytes, directory: Path) -> dict[str, tuple[str, bytes]]:
    """What `git apply` makes of the base tree in a plain directory."""
    materialise(shadow.trees, base, directory)
    git(directory, "init", "-q")
    (directory / ".git/change").write_bytes(change)
    git(directory, "apply", ".git/change")
    return picture(directory)


def test_a_patch_with_everything_in_it_applies_to_the_base(
    make_repository: MakeRepository, open_workspace: OpenWorkspace, tmp_path: Path
) -> None:
    root = make_repository({"a.py": "a\nb\nc\n", "gone.py": "x\n", "old.py": "moved\n" * 9, "run": "r\n"})
    (root / "bin").write_bytes(b"\0\1\2")
    shadow = open_workspace(root).shadow
    base = shadow.checkpoint().tree
    (root / "a.py").write_text("a\nB\nc")
    (root / "gone.py").unlink()
    (root / "old.py").rename(root / "new.py")
    (root / "run").chmod(0o755)
    (root / "bin").write_bytes(bytes(range(256)))
    (root / "dos.txt").write_bytes(b"one\r\n")
    (root / "link").symlink_to("a.py")
    (root / os.fsdecode(b"caf\xe9 \n")).write_text("odd\n")
    (root / "empty").write_text("")
    final = shadow.checkpoint().tree
    assert applied(shadow, base, patch(shadow, base, final), tmp_path / "applied") == picture(root)


def test_lines_that_end_in_crlf_survive_the_users_autocrlf(
    make_repository: MakeRepository, open_workspace: OpenWorkspace
) -> None:
    root = make_repository({".gitattributes": "*.txt text eol=crlf\n"})
    git(root, "config", "core.autocrlf", "true")
    (root / "a.txt").write_bytes(b"one\r\ntwo\r\n")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "crlf")
    shadow = open_workspace(root).shadow
    base = shadow.checkpoint().tree
    (root / "a.txt").write_bytes(b"one\r\nTWO\r\n")
    change = patch(shadow, base, shadow.checkpoint().tree)
    git(root, "checkout", "-q", "--", "a.txt")
    subprocess.run(["git", "apply"], cwd=root, input=change, check=True)
    assert (root / "a.txt").read_bytes() == b"one\r\nTWO\r\n"


def test_ignored_files_stay_out_by_the_rules_of_the_base(
    make_repository: MakeRepository, open_workspace: OpenWorkspace
) -> None:
    root = make_repository({".gitignore": "*.log\nout/\n", "d/.gitignore": "/local\n", "kept.log": "tracked\n"})
    git(root, "add", "-f", "kept.log")
    git(root, "commit", "-qm", "tracked although ignored")
    (root / ".git/info/exclude").write_text("private.txt\n")
    (root / "secret.log").write_text("before\n")
    shadow = open_workspace(root).shadow
    base = shadow.checkpoint().tree
    for path in ("secret.log", "new.log", "out/x", "d/local", "private.txt", "kept.log", "a.py", "sneaky/b.py"):
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text("after\n")
    (root / ".gitignore").write_text("sneaky/\n")
    final = shadow.checkpoint().tree
    assert set(shadow.trees.changes(base, product(shadow, base, final))) == {
        ".gitignore",
        "a.py",
        "kept.log",
        "sneaky/b.py",
    }
    assert stat(shadow, base, final) == Stat(4, 4, 3, (".gitignore", "a.py", "kept.log", "sneaky/b.py"))
    assert b"secret" not in patch(shadow, base, final)


@pytest.mark.parametrize("attributes", ["*.py binary\n", "*.py -diff\n", "*.py diff=evil\n"])
def test_attributes_do_not_change_what_is_counted(
    make_repository: MakeRepository, open_workspace: OpenWorkspace, attributes: str
) -> None:
    root = make_repository({"a.py": "a\n", ".gitattributes": attributes})
    shadow = open_workspace(root).shadow
    base = shadow.checkpoint().tree
    (root / "a.py").write_text("a\nb\n")
    assert stat(shadow, base, shadow.checkpoint().tree) == Stat(1, 1, 0, ("a.py",))


def test_nothing_changed_is_an_empty_patch(make_repository: MakeRepository, open_workspace: OpenWorkspace) -> None:
    shadow = open_workspace(make_repository()).shadow
    tree = shadow.checkpoint().tree
    assert patch(shadow, tree, tree) == b""
    assert stat(shadow, tree, tree) == Stat(0, 0, 0, ())


def test_for_people_a_binary_file_is_named_and_a_name_is_written_as_it_is(
    make_repository: MakeRepository, open_workspace: OpenWorkspace
) -> None:
    root = make_repository({".gitignore": "*.log\n", "a.py": "a\n"})
    shadow = open_workspace(root).shadow
    base = shadow.checkpoint().tree
    (root / "a.py").write_text("b\n")
    (root / "größe.bin").write_bytes(b"\0\1")
    (root / "debug.log").write_text("ignored\n")
    text = readable(shadow, base, shadow.checkpoint().tree).decode()

    assert "-a\n+b\n" in text
    assert "Binary files /dev/null and b/größe.bin differ" in text
    assert "debug.log" not in text and "GIT binary patch" not in text
