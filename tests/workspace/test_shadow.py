"""A checkpoint holds the whole tree, byte for byte, whatever git would have done to it; and is cheap."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from livecoder.errors import WorkspaceError
from livecoder.workspace.brief import brief
from livecoder.workspace.shadow import Shadow
from livecoder.workspace.trees import Trees
from tests.conftest import git
from tests.workspace.conftest import OpenWorkspace, cpu_seconds

MakeRepository = Callable[..., Path]


def contents(trees: Trees, tree: str) -> dict[str, tuple[str, bytes]]:
    entries = trees.entries(tree)
    blobs = dict(trees.blobs(entry.blob for entry in entries.values()))
    return {path: (entry.mode, blobs[entry.blob]) for path, entry in entries.items()}


def test_tracked_staged_untracked_and_ignored_files_are_in_it(
    make_repository: MakeRepository, open_workspace: OpenWorkspace
) -> None:
    root = make_repository({"a.py": "a\n", ".gitignore": "*.log\n.env\n"})
    (root / "staged.py").write_text("s\n")
    git(root, "add", "staged.py")
    (root / "new.py").write_text("n\n")
    (root / ".env").write_text("SECRET=1\n")
    shadow = open_workspace(root).shadow
    found = contents(shadow.trees, shadow.checkpoint().tree)
    assert {path: content for path, (_, content) in found.items()} == {
        "a.py": b"a\n",
        ".gitignore": b"*.log\n.env\n",
        "staged.py": b"s\n",
        "new.py": b"n\n",
        ".env": b"SECRET=1\n",
    }


def test_modes_links_line_ends_and_filters_are_kept_as_they_are(
    make_repository: MakeRepository, open_workspace: OpenWorkspace, tmp_path: Path
) -> None:
    root = make_repository({"run": "#!/bin/sh\n", ".gitattributes": "* text=auto eol=crlf ident filter=evil\n"})
    git(root, "config", "core.autocrlf", "true")
    git(root, "config", "filter.evil.clean", f"touch {tmp_path}/marker; cat")
    (root / "run").chmod(0o755)
    (root / "dos.txt").write_bytes(b"one\r\ntwo $Id$\r\n")
    (root / "link").symlink_to("/etc/passwd")
    (root / "folder").symlink_to("/etc")
    shadow = open_workspace(root).shadow
    found = contents(shadow.trees, shadow.checkpoint().tree)
    assert found["run"] == ("100755", b"#!/bin/sh\n")
    assert found["dos.txt"] == ("100644", b"one\r\ntwo $Id$\r\n")
    assert found["link"] == ("120000", b"/etc/passwd")
    assert found["folder"] == ("120000", b"/etc")
    assert not (tmp_path / "marker").exists()


def test_odd_names_survive(make_repository: MakeRepository, open_workspace: OpenWorkspace) -> None:
    root = make_repository()
    names = [b"new\nline", b'quo"te', b"back\\slash", b"caf\xe9", b" space ", b":(top)x", b"git~1", b"-n", b"tab\t"]
    for name in names:
        (root / os.fsdecode(name)).write_bytes(name)
    shadow = open_workspace(root).shadow
    found = contents(shadow.trees, shadow.checkpoint().tree)
    assert {os.fsencode(path): content for path, (_, content) in found.items() if path != "README.md"} == {
        name: name for name in names
    }


def test_what_is_too_large_or_of_another_kind_is_left_out_and_named(
    make_repository: MakeRepository, open_workspace: OpenWorkspace
) -> None:
    root = make_repository({".gitignore": "*.bin\n", "tracked.bin": "x" * 2_000_000})
    git(root, "add", "-f", "tracked.bin")
    (root / "huge.dat").write_bytes(b"x" * 50_000_001)
    (root / "large.dat").write_bytes(b"x" * 2_000_000)
    (root / "ignored.bin").write_bytes(b"x" * 2_000_000)
    (root / "small.bin").write_bytes(b"x" * 1_000_000)
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "s"))
    shadow = open_workspace(root).shadow
    snapshot = shadow.checkpoint()
    assert snapshot.left_out == (
        "huge.dat (50.0 MB)",
        "ignored.bin (2.0 MB, ignored)",
        "pipe (neither file nor folder)",
        "s (neither file nor folder)",
    )
    kept = shadow.trees.entries(snapshot.tree)
    assert set(kept) == {".gitignore", "tracked.bin", "large.dat", "small.bin"}


def test_dependency_folders_are_skipped_unless_they_are_source(
    make_repository: MakeRepository, open_workspace: OpenWorkspace
) -> None:
    root = make_repository({"src/target/build.rs": "tracked\n", "node_modules/own/index.js": "tracked\n"})
    for path in (".venv/pyvenv.cfg", ".venv/lib/x.py", "web/node_modules/p/i.js", "a/__pycache__/m.pyc"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("x")
    (root / "lib/venv").mkdir(parents=True)
    (root / "lib/venv/source.py").write_text("not an environment: it has no pyvenv.cfg\n")
    shadow = open_workspace(root).shadow
    kept = shadow.trees.entries(shadow.checkpoint().tree)
    assert set(kept) == {"src/target/build.rs", "node_modules/own/index.js", "lib/venv/source.py"}
    assert shadow.scan().dependencies == (".venv", "a/__pycache__", "web/node_modules")


def test_a_file_becomes_a_folder_and_back(make_repository: MakeRepository, open_workspace: OpenWorkspace) -> None:
    root = make_repository({"x": "file\n"})
    shadow = open_workspace(root).shadow
    first = shadow.checkpoint().tree
    (root / "x").unlink()
    (root / "x").mkdir()
    (root / "x/y").write_text("inside\n")
    second = shadow.checkpoint().tree
    assert set(shadow.trees.entries(second)) == {"x/y"}
    (root / "x/y").unlink()
    (root / "x").rmdir()
    (root / "x").write_text("file\n")
    assert shadow.checkpoint().tree == first


def test_trees_are_those_that_git_itself_would_make(
    make_repository: MakeRepository, open_workspace: OpenWorkspace
) -> None:
    root = make_repository({"a/b.py": "x\n", "a.txt": "y\n", "a-b": "z\n"})
    assert open_workspace(root).shadow.checkpoint().tree == git(root, "rev-parse", "HEAD^{tree}").strip()


def test_a_change_that_keeps_size_and_time_is_seen(
    make_repository: MakeRepository, open_workspace: OpenWorkspace
) -> None:
    root = make_repository({"a.py": "x = 1\n"})
    about = (root / "a.py").stat()
    shadow = open_workspace(root).shadow
    before = shadow.fingerprint(), shadow.checkpoint().tree
    (root / "a.py").write_text("x = 2\n")
    os.utime(root / "a.py", ns=(about.st_atime_ns, about.st_mtime_ns))
    assert shadow.fingerprint() != before[0]
    assert shadow.checkpoint().tree != before[1]


def test_the_fingerprint_changes_with_every_kind_of_change_and_with_nothing_else(
    make_repository: MakeRepository, open_workspace: OpenWorkspace
) -> None:
    root = make_repository({"a.py": "x\n", "b.py": "y\n"})
    shadow = open_workspace(root).shadow
    seen = [shadow.fingerprint()]
    assert shadow.fingerprint() == seen[0]
    for change in (
        lambda: (root / "c.py").write_text("z\n"),
        lambda: (root / "a.py").chmod(0o755),
        lambda: (root / "b.py").rename(root / "d.py"),
        lambda: (root / "c.py").unlink(),
        lambda: (root / "l").symlink_to("a.py"),
    ):
        change()
        seen.append(shadow.fingerprint())
    assert len(set(seen)) == len(seen)


def test_checkpoints_stay_reachable_and_nothing_else_of_git_is_touched(
    make_repository: MakeRepository, open_workspace: OpenWorkspace
) -> None:
    root = make_repository({"a.py": "x\n"})
    git(root, "config", "commit.gpgsign", "true")
    (root / ".git/hooks/pre-commit").write_text("#!/bin/sh\nexit 1\n")
    (root / ".git/hooks/pre-commit").chmod(0o755)
    index = (root / ".git/index").read_bytes()
    shadow = open_workspace(root).shadow
    trees: list[str] = []
    for number in range(3):
        (root / "a.py").write_text(f"x = {number}\n")
        trees.append(shadow.checkpoint().tree)
    log = shadow.trees.git.run("log", "--format=%T", "refs/livecoder/checkpoints").decode().split()
    assert log == trees[::-1]
    shadow.trees.git.run("fsck", "--strict", "--connectivity-only")
    assert (root / ".git/index").read_bytes() == index
    assert git(root, "for-each-ref").count("\n") == 1


def test_a_root_that_is_gone_is_not_an_empty_one(
    make_repository: MakeRepository, open_workspace: OpenWorkspace
) -> None:
    root = make_repository()
    shadow = open_workspace(root).shadow
    shadow.checkpoint()
    root.rename(root.parent / "elsewhere")
    with pytest.raises(WorkspaceError, match="no checkpoint"):
        shadow.checkpoint()


def test_a_users_gc_costs_no_checkpoint(make_repository: MakeRepository, open_workspace: OpenWorkspace) -> None:
    root = make_repository({"a.py": "one\n"})
    shadow = open_workspace(root).shadow
    first = shadow.checkpoint().tree
    (root / "a.py").write_text("two\n")
    git(root, "commit", "-qam", "two", "--amend")
    git(root, "reflog", "expire", "--expire=now", "--all")
    git(root, "gc", "-q", "--prune=now")
    shadow.checkpoint()
    assert contents(shadow.trees, first)["a.py"] == ("100644", b"one\n")


def test_a_new_process_goes_on_where_the_last_one_was(
    make_repository: MakeRepository, open_workspace: OpenWorkspace
) -> None:
    root = make_repository({f"p/{number}.py": f"x = {number}\n" for number in range(60)})
    first = open_workspace(root).shadow.checkpoint().tree
    (root / "p/1.py").unlink()
    (root / "p/new.py").write_text("new\n")
    shadow = open_workspace(root).shadow
    second = shadow.checkpoint().tree
    assert set(shadow.trees.changes(first, second)) == {"p/1.py", "p/new.py"}


@pytest.mark.parametrize("damage", ["seen.json", "shadow.git/refs/livecoder/checkpoints"])
def test_a_damaged_memory_costs_time_only(
    make_repository: MakeRepository, open_workspace: OpenWorkspace, damage: str
) -> None:
    root = make_repository({f"p/{number}.py": f"x = {number}\n" for number in range(60)})
    workspace = open_workspace(root)
    tree = workspace.shadow.checkpoint().tree
    (workspace.state / damage).write_bytes(b"")
    os.utime(root / "p/1.py")  # seen anew, so that a commit is made on top of what is damaged
    assert open_workspace(root).shadow.checkpoint().tree == tree


def test_lost_objects_lead_to_a_whole_new_checkpoint(
    make_repository: MakeRepository, open_workspace: OpenWorkspace
) -> None:
    root = make_repository({f"p/{number}.py": f"x = {number}\n" for number in range(60)})
    workspace = open_workspace(root)
    workspace.shadow.checkpoint()
    objects = workspace.shadow.trees.gitdir / "objects"
    for file in [path for path in objects.rglob("*") if path.is_file()]:
        file.unlink()
    (root / "p/1.py").write_text("changed\n")
    shadow = open_workspace(root).shadow
    found = contents(shadow.trees, shadow.checkpoint().tree)
    assert found["p/1.py"] == ("100644", b"changed\n")
    assert len(found) == 60


def test_five_hundred_files_cost_milliseconds(tmp_path: Path) -> None:
    """The aims are 5 and 25 ms; the test allows a slow machine several times that, on the best of several tries."""
    root = tmp_path / "root"
    for number in range(500):
        file = root / f"p{number % 20}" / f"{number}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x = 1\n" * 50 + str(number))
    shadow = Shadow(root, tmp_path / "state")
    shadow.checkpoint()
    scans: list[float] = []
    checkpoints: list[float] = []
    for number in range(8):
        started = cpu_seconds()
        shadow.fingerprint()
        scans.append(cpu_seconds() - started)
        (root / "p1/1.py").write_text(str(number))
        started = cpu_seconds()
        shadow.checkpoint()
        checkpoints.append(cpu_seconds() - started)
    assert min(scans) < 0.02
    assert min(checkpoints) < 0.1


@pytest.mark.parametrize("name", [".gitignore", "a/.gitignore", ".git/info/exclude"])
@pytest.mark.parametrize("kind", ["pipe", "socket", "link", "folder"])
def test_what_a_command_put_in_the_place_of_ignore_rules_holds_nothing_up(
    make_repository: MakeRepository,
    open_workspace: OpenWorkspace,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    kind: str,
) -> None:
    """Found. Git opened the pipe and was waited for, 300 s at every step."""
    monkeypatch.setattr("livecoder.workspace.git.TIMEOUT", 20.0)
    root = make_repository({"a/x.py": "a\n", "a/b/.gitignore": "*.log\n"})
    (root / name).unlink(missing_ok=True)
    if kind == "socket":
        monkeypatch.chdir((root / name).parent)
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(Path(name).name)
    elif kind == "link":
        os.mkfifo(root / "elsewhere")
        (root / name).symlink_to(root / "elsewhere")
    else:
        os.mkfifo(root / name) if kind == "pipe" else (root / name).mkdir()
    shadow = open_workspace(root).shadow
    before = shadow.checkpoint().tree
    for path in ("a/b/y.log", "a/b/y.txt"):
        (root / path).write_bytes(bytes(2_000_000))
    assert "a/b/y.log" not in contents(shadow.trees, shadow.checkpoint().tree)
    assert brief(shadow, before, shadow.checkpoint().tree, "") == "changed: a/b/y.txt new (binary)"
    assert shadow.ignored(["a/b/z.log", "a/b/z.txt", "x"]) == {"a/b/z.log"}


def test_ignore_rules_of_the_worktree_have_their_usual_reach(
    make_repository: MakeRepository, open_workspace: OpenWorkspace
) -> None:
    root = make_repository({".gitignore": "logs/\n/only\n*.tmp\n", "a/.gitignore": "!keep.tmp\n/here\n"})
    shadow = open_workspace(root).shadow
    asked = [
        "logs/x",
        "a/logs/b/x",
        "only",
        "a/only",
        "x.tmp",
        "a/keep.tmp",
        "a/b/keep.tmp",
        "a/here",
        "here",
        ":(top)x",
    ]
    assert shadow.ignored(asked) == {"logs/x", "a/logs/b/x", "only", "x.tmp", "a/here"}
