"""A clean copy behaves like the workspace it stands for: mounted at its path, with the dependencies of the start."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from livecoder.errors import WorkspaceError
from livecoder.workspace.copies import STOPPED, Dependencies, clean_copy, materialise
from livecoder.workspace.workspace import Workspace
from tests.workspace.conftest import OpenWorkspace, picture

MakeRepository = Callable[..., Path]


def at_the_workspaces_path(copy: Path, workspace: Workspace, *command: str) -> str:
    """Run a command in a sandbox where `copy` lies at the workspace's own path."""
    bwrap = ["bwrap", "--dev-bind", "/", "/", "--bind", str(copy), str(workspace.root), "--chdir", str(workspace.root)]
    done = subprocess.run([*bwrap, *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def test_a_tree_is_written_out_exactly(
    make_repository: MakeRepository, open_workspace: OpenWorkspace, tmp_path: Path
) -> None:
    root = make_repository({"a.py": "a\n", "same.py": "a\n", "d/run": "r\n", ".gitattributes": "* text eol=crlf\n"})
    (root / "d/run").chmod(0o755)
    (root / "link").symlink_to("/etc")
    (root / os.fsdecode(b"caf\xe9\n")).write_bytes(b"\r\n\0")
    shadow = open_workspace(root).shadow
    materialise(shadow.trees, shadow.checkpoint().tree, tmp_path / "copy")
    assert picture(tmp_path / "copy") == picture(root)


def test_only_an_empty_directory_is_written_to(
    make_repository: MakeRepository, open_workspace: OpenWorkspace, tmp_path: Path
) -> None:
    shadow = open_workspace(make_repository()).shadow
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").write_text("x")
    with pytest.raises(WorkspaceError, match="not empty"):
        materialise(shadow.trees, shadow.checkpoint().tree, tmp_path / "full")


def test_an_editable_install_imports_the_copys_source(
    make_repository: MakeRepository, open_workspace: OpenWorkspace, tmp_path: Path
) -> None:
    root = make_repository({"src/sample/__init__.py": "version = 'base'\n"})
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root / ".venv")], check=True)
    (packages,) = (root / ".venv/lib").glob("python*/site-packages")
    (packages / "sample.pth").write_text(f"{root}/src\n")
    workspace = open_workspace(root)
    base = workspace.shadow.checkpoint().tree
    dependencies = Dependencies.snapshot(workspace.shadow, tmp_path / "kept")
    (root / "src/sample/__init__.py").write_text("version = 'changed'\n")
    question = (str(root / ".venv/bin/python"), "-c", "import sample; print(sample.version, sample.__file__)")
    copy = clean_copy(workspace.shadow.trees, base, dependencies, tmp_path / "copy")
    assert copy.why_in_place == ""
    assert at_the_workspaces_path(copy.path, workspace, *question) == f"base {root}/src/sample/__init__.py"
    assert at_the_workspaces_path(root, workspace, *question).startswith("changed ")


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_node_modules_of_a_monorepo_are_as_they_were(
    make_repository: MakeRepository, open_workspace: OpenWorkspace, tmp_path: Path
) -> None:
    root = make_repository({"packages/web/main.js": "console.log(require('left') + require('top'))\n"})
    for path, value in (("packages/web/node_modules/left", "'left'"), ("node_modules/top", "'top'")):
        (root / path).mkdir(parents=True)
        (root / path / "index.js").write_text(f"module.exports = {value}\n")
    workspace = open_workspace(root)
    dependencies = Dependencies.snapshot(workspace.shadow, tmp_path / "kept")
    shutil.rmtree(root / "node_modules")
    forged = root / "packages/web/node_modules/left/index.js"
    forged.unlink()
    forged.write_text("module.exports = 'forged'\n")
    copy = clean_copy(workspace.shadow.trees, workspace.shadow.checkpoint().tree, dependencies, tmp_path / "copy")
    assert copy.why_in_place == ""
    assert at_the_workspaces_path(copy.path, workspace, "node", "packages/web/main.js") == "lefttop"


def no_cargo() -> str:
    """Why cargo cannot build here; "" when it can. A rustup shim without a toolchain is there and cannot."""
    if shutil.which("cargo") is None:
        return "cargo is not installed"
    done = subprocess.run(["cargo", "--version"], capture_output=True, text=True)
    return f"cargo does not run: {done.stderr.strip()}" if done.returncode else ""


@pytest.mark.skipif(bool(no_cargo()), reason=no_cargo())
def test_a_rust_target_directory_is_used_and_the_copys_source_built(
    make_repository: MakeRepository, open_workspace: OpenWorkspace, tmp_path: Path
) -> None:
    manifest = '[package]\nname = "sample"\nversion = "0.1.0"\nedition = "2021"\n'
    root = make_repository({"Cargo.toml": manifest, "src/main.rs": 'fn main() { println!("base"); }\n'})
    subprocess.run(["cargo", "build", "--offline", "--quiet"], cwd=root, check=True)
    workspace = open_workspace(root)
    base = workspace.shadow.checkpoint().tree
    assert "target" in workspace.shadow.scan().dependencies
    dependencies = Dependencies.snapshot(workspace.shadow, tmp_path / "kept")
    (root / "src/main.rs").write_text('fn main() { println!("changed"); }\n')
    subprocess.run(["cargo", "build", "--offline", "--quiet"], cwd=root, check=True)
    copy = clean_copy(workspace.shadow.trees, base, dependencies, tmp_path / "copy")
    assert copy.why_in_place == ""
    assert (copy.path / "target/debug/sample").exists()
    assert at_the_workspaces_path(copy.path, workspace, "cargo", "run", "--offline", "--quiet") == "base"


@pytest.fixture
def with_package(make_repository: MakeRepository, open_workspace: OpenWorkspace) -> Workspace:
    root = make_repository({"a.py": "a\n"})
    (root / "node_modules/p").mkdir(parents=True)
    (root / "node_modules/p/i.js").write_text("honest\n")
    (root / "large.bin").write_bytes(b"x" * 50_000_001)
    return open_workspace(root)


def test_a_dependency_changed_in_place_is_found_even_with_its_time_set_back(
    with_package: Workspace, tmp_path: Path
) -> None:
    shadow = with_package.shadow
    file = with_package.root / "node_modules/p/i.js"
    dependencies = Dependencies.snapshot(shadow, tmp_path / "kept", copied_bytes=0)
    assert dependencies.changed_in_place() == ""
    about = file.stat()
    with file.open("r+") as opened:
        opened.write("forged\n")
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))
    copy = clean_copy(shadow.trees, shadow.checkpoint().tree, dependencies, tmp_path / "copy")
    assert copy.why_in_place == "node_modules/p/i.js was changed in place by a command"
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("copied_bytes", [0, 1_000_000_000])
def test_what_is_written_in_a_copy_reaches_neither_workspace_nor_snapshot(
    with_package: Workspace, tmp_path: Path, copied_bytes: int
) -> None:
    shadow = with_package.shadow
    before = picture(with_package.root)
    dependencies = Dependencies.snapshot(shadow, tmp_path / "kept", copied_bytes=copied_bytes)
    copy = clean_copy(shadow.trees, shadow.checkpoint().tree, dependencies, tmp_path / "copy")
    assert picture(copy.path) == before
    for path in ("a.py", "node_modules/p/i.js", "large.bin"):
        with (copy.path / path).open("r+") as opened:
            opened.write("written by verify\n")
    assert picture(with_package.root) == before
    assert dependencies.changed_in_place() == ""


def test_files_replaced_or_removed_by_a_package_manager_do_not_count_as_changed_in_place(
    with_package: Workspace, tmp_path: Path
) -> None:
    shadow = with_package.shadow
    dependencies = Dependencies.snapshot(shadow, tmp_path / "kept", copied_bytes=0)
    shutil.rmtree(with_package.root / "node_modules")
    copy = clean_copy(shadow.trees, shadow.checkpoint().tree, dependencies, tmp_path / "copy")
    assert copy.why_in_place == ""
    assert (copy.path / "node_modules/p/i.js").read_text() == "honest\n"


def test_a_small_dependency_is_copied_so_that_no_command_can_change_what_is_kept(
    with_package: Workspace, tmp_path: Path
) -> None:
    dependencies = Dependencies.snapshot(with_package.shadow, tmp_path / "kept")
    (with_package.root / "node_modules/p/i.js").write_text("forged\n")
    assert dependencies.changed_in_place() == ""
    assert (tmp_path / "kept/node_modules/p/i.js").read_text() == "honest\n"


def test_a_snapshot_across_file_systems_is_a_copy(with_package: Workspace) -> None:
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == with_package.root.stat().st_dev:
        pytest.skip("there is no second file system here")
    kept = other / f"livecoder-test-{os.getpid()}"
    try:
        dependencies = Dependencies.snapshot(with_package.shadow, kept, copied_bytes=0)
        assert dependencies.problem == ""
        assert (kept / "node_modules/p/i.js").stat().st_nlink == 1
        (with_package.root / "node_modules/p/i.js").write_text("forged\n")
        assert dependencies.changed_in_place() == ""
    finally:
        shutil.rmtree(kept)


@pytest.mark.parametrize("looks", range(4))
def test_whoever_cancels_does_not_wait_for_the_copy(with_package: Workspace, tmp_path: Path, looks: int) -> None:
    shadow = with_package.shadow
    dependencies = Dependencies.snapshot(shadow, tmp_path / "kept", copied_bytes=0)
    left = iter([False] * looks)
    tree = shadow.checkpoint().tree
    copy = clean_copy(shadow.trees, tree, dependencies, tmp_path / "copy", lambda: next(left, True))
    assert copy.why_in_place == STOPPED
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
    assert "cp" not in [Path(f"/proc/{child}/comm").read_text().strip() for child in children]


def test_what_another_program_removes_meanwhile_was_not_there(
    with_package: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = os.walk

    def walk(top: str) -> Iterator[tuple[str, list[str], list[str]]]:
        for folder, folders, names in listed(top):
            yield folder, folders, [*names, "gone-by-now"]

    monkeypatch.setattr(os, "walk", walk)
    dependencies = Dependencies.snapshot(with_package.shadow, tmp_path / "kept")
    assert dependencies.problem == dependencies.changed_in_place() == ""
    assert (dependencies.kept / "node_modules/p/i.js").exists()
