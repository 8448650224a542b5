"""Hostile repositories and hostile leavings: whatever they configure, no payload of theirs ever runs in the engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from livecoder.errors import WorkspaceError
from livecoder.workspace.copies import materialise
from livecoder.workspace.diff import patch, stat
from livecoder.workspace.git import Git, read_config
from livecoder.workspace.gitdir import private_gitdir
from livecoder.workspace.glance import glance
from livecoder.workspace.undo import Undo
from livecoder.workspace.weakened import weakened_tests
from livecoder.workspace.workspace import Workspace
from tests.conftest import git
from tests.workspace.conftest import OpenWorkspace

MakeRepository = Callable[..., Path]
SIGNATURE = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n eA==\n -----END PGP SIGNATURE-----"


def everything(workspace: Workspace, directory: Path) -> None:
    """All that the engine ever does with a repository."""
    shadow, undo = workspace.shadow, Undo(workspace.shadow)
    base = shadow.checkpoint().tree
    (workspace.root / "a.py").write_text("a = 2\n")
    (workspace.root / "test_a.py").write_text("def test_a(): pass\n")
    final = shadow.checkpoint().tree
    undo.mark_round(base, final, "hostile")
    patch(shadow, base, final)
    stat(shadow, base, final)
    weakened_tests(shadow.trees, base, final)
    materialise(shadow.trees, final, directory / "copy")
    private_gitdir(workspace.root, directory / "private")
    glance(workspace.root, workspace.gitdir)
    undo.apply(undo.plan_undo())


@pytest.mark.parametrize(
    "key",
    [
        "core.fsmonitor",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "diff.evil.command",
        "diff.evil.textconv",
        "diff.external",
        "core.pager",
        "pager.diff-tree",
        "core.sshCommand",
        "core.editor",
        "credential.helper",
        "gpg.program",
        "alias.ls-files",
        "uploadpack.packObjectsHook",
        "sequence.editor",
        "interactive.diffFilter",
        "diff.orderFile",
    ],
)
def test_no_command_in_the_configuration_runs(
    make_repository: MakeRepository, open_workspace: OpenWorkspace, tmp_path: Path, key: str
) -> None:
    root = make_repository({"a.py": "a = 1\n", ".gitattributes": "* filter=evil diff=evil\n"})
    git(root, "config", key, f"touch {tmp_path}/marker; false")
    everything(open_workspace(root), tmp_path / "out")
    assert not (tmp_path / "marker").exists()


def test_a_signature_is_not_checked_by_a_program_of_the_repositorys(
    make_repository: MakeRepository, open_workspace: OpenWorkspace, tmp_path: Path
) -> None:
    root = make_repository({"a.py": "a = 1\n"})
    signed = git(root, "cat-file", "commit", "HEAD").replace("\n\n", f"\n{SIGNATURE}\n\n", 1)
    (tmp_path / "commit").write_text(signed)
    git(root, "reset", "-q", git(root, "hash-object", "-wt", "commit", str(tmp_path / "commit")).strip())
    git(root, "config", "log.showSignature", "true")
    program = tmp_path / "gpg"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/marker\n")
    program.chmod(0o755)
    git(root, "config", "gpg.program", str(program))
    git(root, "log")
    (tmp_path / "marker").unlink()  # the trap works
    everything(open_workspace(root), tmp_path / "out")
    assert not (tmp_path / "marker").exists()


def test_a_missing_object_is_fetched_from_nowhere(
    make_repository: MakeRepository, open_workspace: OpenWorkspace, tmp_path: Path
) -> None:
    root = make_repository({"d/a.py": "a = 1\n"})
    (root / "d/a.py").write_text("a = 2\n")
    git(root, "commit", "-qam", "two")
    tree = git(root, "rev-parse", "HEAD^:d").strip()
    (root / ".git/objects" / tree[:2] / tree[2:]).unlink()
    for key, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.url", f"file://{tmp_path}/nowhere"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.uploadpack", f"touch {tmp_path}/marker; false"),
        ("protocol.file.allow", "always"),
    ):
        git(root, "config", key, value)
    everything(open_workspace(root), tmp_path / "out")
    assert not (tmp_path / "marker").exists()


def test_no_hook_runs(make_repository: MakeRepository, open_workspace: OpenWorkspace, tmp_path: Path) -> None:
    root = make_repository({"a.py": "a = 1\n"})
    names = ("pre-commit", "post-checkout", "post-index-change", "reference-transaction", "fsmonitor-watchman")
    for name in names:
        hook = root / ".git/hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/marker\n")
        hook.chmod(0o755)
    everything(open_workspace(root), tmp_path / "out")
    assert not (tmp_path / "marker").exists()


def hostile_gitdir(path: Path, marker: Path, bare: bool) -> None:
    path.mkdir(parents=True)
    git(path, "init", "-q", *(["--bare"] if bare else []), ".")
    git(path, "config", "core.fsmonitor", f"touch {marker}")
    if bare:
        git(path, "config", "core.bare", "false")
        git(path, "config", "core.worktree", "..")


@pytest.mark.parametrize("bare", [False, True])
def test_a_nested_repository_is_left_out_named_and_never_run(
    make_repository: MakeRepository, open_workspace: OpenWorkspace, tmp_path: Path, bare: bool
) -> None:
    root = make_repository({"a.py": "a = 1\n"})
    workspace = open_workspace(root)
    base = workspace.shadow.checkpoint().tree
    hostile_gitdir(root / "sub", tmp_path / "marker", bare)
    (root / "sub/file.txt").write_text("x\n")
    snapshot = workspace.shadow.checkpoint()
    assert snapshot.left_out == ("sub (a repository of its own)",)
    assert patch(workspace.shadow, base, snapshot.tree) == b""
    everything(workspace, tmp_path / "out")
    assert not (tmp_path / "marker").exists()


def test_a_repository_made_over_tracked_files_hides_none_of_them(
    make_repository: MakeRepository, open_workspace: OpenWorkspace, tmp_path: Path
) -> None:
    root = make_repository({"src/a.py": "a = 1\n"})
    workspace = open_workspace(root)
    base = workspace.shadow.checkpoint().tree
    git(root / "src", "init", "-q")
    git(root / "src", "config", "core.fsmonitor", f"touch {tmp_path}/marker")
    (root / "src/a.py").write_text("a = 2\n")
    snapshot = workspace.shadow.checkpoint()
    assert snapshot.left_out == ("src (a repository of its own)",)
    assert set(workspace.shadow.trees.changes(base, snapshot.tree)) == {"src/a.py"}
    assert not (tmp_path / "marker").exists()


def test_a_rewritten_git_pointer_is_not_followed_by_an_open_workspace(
    make_repository: MakeRepository, open_workspace: OpenWorkspace, tmp_path: Path
) -> None:
    root = make_repository({"a.py": "a = 1\n"})
    git(root, "worktree", "add", "-q", "../linked")
    workspace = open_workspace(root.parent / "linked")
    hostile_gitdir(workspace.root / "evil", tmp_path / "marker", bare=True)
    (workspace.root / ".git").write_text("gitdir: evil\n")
    everything(workspace, tmp_path / "out")
    assert workspace.gitdir == root / ".git/worktrees/linked"
    assert not (tmp_path / "marker").exists()
    everything(open_workspace(workspace.root), tmp_path / "again")
    assert not (tmp_path / "marker").exists()


def test_a_failure_is_told_with_gits_last_line(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(WorkspaceError, match=r"git ls-tree failed: fatal: not a git repository"):
        Git(tmp_path / "none").run("ls-tree", "HEAD")


def test_nothing_of_the_environment_reaches_git(
    make_repository: MakeRepository, open_workspace: OpenWorkspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = make_repository({"a.py": "a = 1\n"})
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere")
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", f"touch {tmp_path}/marker")
    open_workspace(root).shadow.checkpoint()
    assert not (tmp_path / "trace").exists()
    assert not (tmp_path / "marker").exists()


def test_configuration_is_read_without_includes(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("[user]\n\tname = Other\n")
    (tmp_path / "config").write_text(f"[user]\n\temail = a@b\n[include]\n\tpath = {tmp_path}/other\n")
    assert read_config(tmp_path / "config") == {"user.email": "a@b", "include.path": f"{tmp_path}/other"}
    assert read_config(tmp_path / "absent") == {}
    (tmp_path / "broken").write_text("[[[\n")
    assert read_config(tmp_path / "broken") == {}
