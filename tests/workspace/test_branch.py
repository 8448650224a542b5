"""A branch of what a session left is made of checked commits alone, and nothing else of the user's changes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from livecoder.errors import BranchRefused, UsageError
from livecoder.workspace import branch, commits, quarantine
from livecoder.workspace.branch import Left, Proposal, check_name, make, propose
from livecoder.workspace.gitdir import PrivateGit, private_gitdir
from livecoder.workspace.quarantine import head_of
from livecoder.workspace.workspace import Workspace
from tests.conftest import git
from tests.workspace.conftest import OpenWorkspace, inside, picture

MakeRepository = Callable[..., Path]
IDENTITY = "[user]\n\tname = Ada <L>\n\temail = ada@example.org\n"


@dataclass
class Session:
    """A session on a repository: commands run inside, then what they left is proposed."""

    workspace: Workspace
    private: PrivateGit
    base_tree: str
    base: str
    home: Path
    scratch: Path
    proposals: int = 0
    secrets: tuple[str, ...] = ()

    @property
    def root(self) -> Path:
        return self.workspace.root

    def run(self, script: str) -> str:
        return inside(self.root, self.private, script)

    def propose(self, message: str = "the task") -> Proposal | None:
        self.proposals += 1
        final = self.workspace.shadow.checkpoint().tree
        left = Left(self.private.gitdir, self.private.objects, self.base_tree, final, self.secrets)
        place = self.scratch / f"proposal-{self.proposals}"
        place.mkdir()
        return propose(self.workspace, left, self.base, message, place, self.home)

    def proposed(self) -> Proposal:
        found = self.propose()
        assert found
        return found


@pytest.fixture
def begin(open_workspace: OpenWorkspace, tmp_path: Path) -> Callable[[Path], Session]:
    def begin_(root: Path) -> Session:
        home = tmp_path / "home"
        home.mkdir()
        (home / ".gitconfig").write_text(IDENTITY)
        workspace = open_workspace(root)
        private = private_gitdir(root, tmp_path / "private", home)
        tree = workspace.shadow.checkpoint().tree
        return Session(workspace, private, tree, head_of(private.gitdir), home, tmp_path)

    return begin_


@pytest.fixture
def session(make_repository: MakeRepository, begin: Callable[[Path], Session]) -> Session:
    return begin(make_repository({"a.py": "one\n", "b.py": "b\n", ".gitignore": "*.log\n"}))


def users(root: Path) -> dict[str, tuple[str, bytes]]:
    """All of the user's gitdir but objects and the branch that is made."""
    kept = picture(root / ".git", without=("objects",))
    return {path: what for path, what in kept.items() if path not in ("refs/heads/new", "logs/refs/heads/new")}


def subjects(root: Path, name: str = "new") -> list[str]:
    return git(root, "log", "--format=%s", f"main..{name}").split("\n")[:-1]


def test_commits_become_the_branch_and_everything_else_keeps_every_byte(session: Session) -> None:
    (session.root / "b.py").write_text("the user's own, not committed\n")
    git(session.root, "add", "b.py")
    session.base_tree = session.workspace.shadow.checkpoint().tree
    before = users(session.root)
    session.run("echo two > a.py; git commit -qm two a.py; echo three > a.py; git commit -qm three a.py")
    files = picture(session.root)
    proposal = session.proposed()
    assert users(session.root) == before
    assert not (session.root / ".git/refs/heads/new").exists()

    make(session.workspace, "new", proposal)

    assert [(c.message, c.files, c.added, c.removed) for c in proposal.commits] == [
        ("two\n", 1, 1, 1),
        ("three\n", 1, 1, 1),
    ]
    assert subjects(session.root) == ["three", "two"]
    assert git(session.root, "show", "new:a.py", "new:b.py") == "three\nb\n"
    assert users(session.root) == before
    assert picture(session.root) == files
    git(session.root, "fsck", "--strict", "--no-dangling")


def test_what_was_not_committed_becomes_one_commit_in_the_users_name(session: Session) -> None:
    (session.root / "private.txt").write_text("the user's, in no commit\n")
    session.base_tree = session.workspace.shadow.checkpoint().tree
    session.run("echo two > a.py; rm b.py; echo x > 'new file'; echo noise > run.log; ln -s a.py link; chmod +x a.py")

    proposal = session.propose("fix it\x1b[2J now")
    assert proposal
    make(session.workspace, "new", proposal)

    assert (
        git(session.root, "log", "-1", "--format=%an|%ae|%cn|%s", "new")
        == "Ada L|ada@example.org|Ada L|fix it [2J now\n"
    )
    assert git(session.root, "ls-tree", "-r", "--name-only", "new").split("\n")[:-1] == [
        ".gitignore",
        "a.py",
        "link",
        "new file",
    ]
    assert git(session.root, "ls-tree", "new", "a.py", "link").split()[0::4] == ["100755", "120000"]


def test_what_is_left_besides_the_commits_comes_on_top(session: Session) -> None:
    session.run("echo two > a.py; git commit -qam two; echo more > b.py")

    make(session.workspace, "new", session.proposed())

    assert subjects(session.root) == ["the task", "two"]


def test_where_nothing_was_left_there_is_nothing_to_propose(session: Session) -> None:
    assert session.propose() is None


def test_without_an_identity_the_remedy_is_said_and_commits_of_the_agent_need_none(session: Session) -> None:
    (session.home / ".gitconfig").unlink()
    session.run("echo two > a.py; git commit -qam two")
    assert session.propose()

    session.run("echo three > a.py")
    with pytest.raises(BranchRefused) as refused:
        session.propose()
    assert "git config --global user.name" in refused.value.remedy


def test_a_merge_of_the_agents_own_branches_is_taken(session: Session) -> None:
    session.run(
        "git checkout -qb side; echo s > s; git add s; git commit -qm side;"
        "git checkout -q main; echo m > m; git add m; git commit -qm mine; git merge -q side -m merged"
    )

    assert {c.message for c in session.proposed().commits} == {"side\n", "mine\n", "merged\n"}


@pytest.mark.parametrize("layout", ["packed", "sha256", "worktree", "detached", "shallow", "shared"])
def test_every_layout_of_a_repository(
    make_repository: MakeRepository, tmp_path: Path, begin: Callable[[Path], Session], layout: str
) -> None:
    root = make_repository({"a.py": "one\n"})
    if layout == "sha256":
        git(tmp_path, "init", "-q", "-b", "main", "--object-format=sha256", "x")
        root = tmp_path / "x"
        (root / "a.py").write_text("one\n")
        git(root, "add", "a.py")
        git(root, "commit", "-qm", "start")
    elif layout == "worktree":
        git(root, "worktree", "add", "-q", str(tmp_path / "x"))
        root = tmp_path / "x"
        assert (root / ".git").is_file()
    elif layout == "detached":
        git(root, "checkout", "-q", "--detach")
    elif layout == "packed":
        git(root, "gc", "-q")
    else:
        git(root, "commit", "-qm", "second", "--allow-empty")
        how = ["--depth=1", f"file://{root}"] if layout == "shallow" else ["--shared", str(root)]
        git(tmp_path, "clone", "-q", *how, "x")
        root = tmp_path / "x"
    session = begin(root)
    session.run("echo two > a.py; git commit -qam two; git repack -qadl; echo three > a.py")

    make(session.workspace, "new", session.proposed())

    assert git(root, "log", "--format=%s", "HEAD..new").split("\n") == ["the task", "two", ""]
    git(root, "fsck", "--no-dangling")


def tree(session: Session, *entries: tuple[str, bytes, str]) -> str:
    """A tree of these modes, names and ids, written as git itself would not write it."""
    raw = b"".join(f"{mode} ".encode() + name + b"\0" + bytes.fromhex(id_) for mode, name, id_ in entries)
    (session.private.gitdir / "planted").write_bytes(raw)
    return session.run("git hash-object -t tree -w --literally .git/planted").strip()


def blob(session: Session, text: str) -> str:
    return session.run(f"echo '{text}' | git hash-object -w --stdin").strip()


@pytest.mark.parametrize(
    ("mode", "name", "said"),
    [
        ("160000", "module", "submodule"),
        ("100644", ".GIT", "git's checks"),
        ("100644", ".g\u200cit", "git's checks"),
        ("100644", "git~1", "git's checks"),
        ("100644", "..", "git's checks"),
        ("120000", ".gitmodules", "git's checks"),
        ("100666", "odd", "git's checks"),
    ],
)
def test_a_tree_with_what_git_would_obey_is_refused(session: Session, mode: str, name: str, said: str) -> None:
    content = session.base if mode == "160000" else blob(session, "planted")
    planted = tree(session, (mode, name.encode(), content))
    session.run(f"git update-ref HEAD $(git commit-tree -p HEAD -m planted {planted})")

    with pytest.raises(BranchRefused, match=said):
        session.propose()


def test_a_folder_named_like_git_is_refused_in_the_middle_of_a_history_too(session: Session) -> None:
    inner = tree(session, ("100644", b"config", blob(session, "[core] fsmonitor = touch ran")))
    planted = tree(session, ("40000", b".GIT", inner))
    session.run(
        f"c=$(git commit-tree -p HEAD -m planted {planted});"
        "git update-ref HEAD $(git commit-tree -p $c -m clean HEAD^{tree})"
    )

    with pytest.raises(BranchRefused):
        session.propose()


@pytest.mark.parametrize("name", [".git", ".GiT", ".g\u200cit", ".git ", ".git...", "GIT~1", ".git::$INDEX", "x\\.git"])
def test_names_that_a_file_system_takes_for_gits_own_are_known_without_git(name: str) -> None:
    assert commits.is_dot_git(name)


@pytest.mark.parametrize("name", [".gitignore", "git", ".github", "a.git", "git~2"])
def test_names_beside_them_are_names(name: str) -> None:
    assert not commits.is_dot_git(name)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("git checkout -q --orphan o; git commit -qm rootless", "does not build on"),
        ("git commit -q --amend --allow-empty -m rewritten", "does not build on"),
        ("git checkout -qb x; git commit -q --allow-empty -m s; git merge -q other -m m", "does not build on"),
        ("git reset -q --hard HEAD~1", "is behind"),
    ],
)
def test_only_what_builds_on_the_found_commit(
    make_repository: MakeRepository, begin: Callable[[Path], Session], script: str, said: str
) -> None:
    root = make_repository({"a.py": "one\n"})
    git(root, "branch", "other")
    git(root, "commit", "-qm", "second", "--allow-empty")
    git(root, "checkout", "-q", "other")
    git(root, "commit", "-qm", "elsewhere", "--allow-empty")
    git(root, "checkout", "-q", "main")
    session = begin(root)
    session.run(script)

    with pytest.raises(BranchRefused, match=said):
        session.propose()


def test_limits_of_commits_and_bytes(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    session.run("for i in 1 2 3; do head -c 30000 /dev/zero > z$i; git add -A; git commit -qm $i; done")
    monkeypatch.setattr(commits, "MAX_COMMITS", 2)
    with pytest.raises(BranchRefused, match="more than 2 commits"):
        session.propose()
    monkeypatch.setattr(commits, "MAX_COMMITS", 3)
    assert session.propose()
    monkeypatch.setattr(quarantine, "MAX_BYTES", 20_000)  # compressed they fit, their contents do not
    with pytest.raises(BranchRefused, match="hold more than"):
        session.propose()
    monkeypatch.setattr(quarantine, "MAX_BYTES", 200)
    with pytest.raises(BranchRefused, match="of git objects"):
        session.propose()


def test_forged_alternates_lead_nowhere(session: Session, make_repository: MakeRepository) -> None:
    secret = make_repository({"secret.txt": "another repository's\n"}, "secret")
    blob = git(secret, "rev-parse", "HEAD:secret.txt").strip()
    session.run(f"echo {secret}/.git/objects >> .git/objects/info/alternates")
    session.run(
        f"t=$(printf '100644 blob {blob}\\tstolen\\n' | git mktree --missing);"
        "git update-ref HEAD $(git commit-tree -p HEAD -m stolen $t)"
    )

    with pytest.raises(BranchRefused):
        session.propose()


def test_links_and_forged_objects_in_the_private_gitdir_are_not_believed(session: Session, tmp_path: Path) -> None:
    session.run("echo two > a.py; git commit -qam two")
    head = session.private.gitdir / "refs/heads/main"
    commit = head.read_text().strip()
    loose = session.private.gitdir / "objects" / commit[:2] / commit[2:]
    session.run("git checkout -q -b other HEAD~1; git commit -q --allow-empty -m forged; git checkout -q main")
    other = (session.private.gitdir / "refs/heads/other").read_text().strip()
    forged = session.private.gitdir / "objects" / other[:2] / other[2:]
    content = loose.read_bytes()
    loose.unlink()
    loose.write_bytes(forged.read_bytes())
    with pytest.raises(BranchRefused):
        session.propose()

    loose.unlink()
    outside = tmp_path / "outside"
    outside.write_bytes(content)
    loose.symlink_to(outside)
    with pytest.raises(BranchRefused):
        session.propose()

    head.unlink()
    head.symlink_to(session.root / ".git/refs/heads/main")
    with pytest.raises(BranchRefused):
        session.propose()


def test_no_configuration_of_the_private_gitdir_runs_anything(session: Session, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    session.run("echo two > a.py; git commit -qam two")
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {ran}\n")
    hook.chmod(0o755)
    with (session.private.gitdir / "config").open("a") as config:
        config.write(f"[core]\n\tfsmonitor = {hook}\n\tsshCommand = {hook}\n\thooksPath = {tmp_path}\n")

    make(session.workspace, "new", session.proposed())

    assert not ran.exists()


@pytest.mark.parametrize("person", ["author", "committer"])
@pytest.mark.parametrize("name", ["\\x1b[2Jx", "\\xff", "x\\x00y"])
def test_names_are_text(session: Session, person: str, name: str) -> None:
    other = "committer" if person == "author" else "author"
    session.run(
        f"t=$(git rev-parse HEAD^{{tree}}); p=$(git rev-parse HEAD);"
        f'printf "tree $t\\nparent $p\\n" > /tmp/c;'
        f"for who in author committer; do [ $who = {other} ] && n=Ann || n='{name}';"
        "printf \"$who $n <a@example.org> 1700000000 +0000\\n\" >> /tmp/c; done; printf '\\nm\\n' >> /tmp/c;"
        "git update-ref HEAD $(git hash-object -t commit -w --literally /tmp/c)"
    )

    with pytest.raises(BranchRefused):
        session.propose()


def test_a_file_that_a_filter_would_have_written_is_refused(
    make_repository: MakeRepository, begin: Callable[[Path], Session], tmp_path: Path
) -> None:
    root = make_repository({".gitattributes": "*.bin filter=lfs\n", "a.bin": "pointer\n", "a.py": "one\n"})
    git(root, "config", "filter.lfs.clean", f"touch {tmp_path}/ran")
    session = begin(root)
    session.run("echo two > a.py")
    assert session.propose()

    session.run("echo big > a.bin")
    with pytest.raises(BranchRefused, match="filter=lfs"):
        session.propose()
    assert not (tmp_path / "ran").exists()


def test_no_hook_of_the_users_runs_and_an_existing_branch_stays(session: Session, tmp_path: Path) -> None:
    for name in ("post-commit", "pre-commit", "reference-transaction", "post-index-change"):
        hook = session.root / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        hook.chmod(0o755)
    session.run("echo two > a.py; git commit -qam two")
    proposal = session.proposed()
    make(session.workspace, "new", proposal)
    assert not (tmp_path / "ran").exists()

    session.run("git commit -q --allow-empty -m three")
    later = session.proposed()
    with pytest.raises(BranchRefused, match="could not be made"):
        make(session.workspace, "new", later)
    assert (session.root / ".git/refs/heads/new").read_text().strip() == proposal.tip


def test_killed_before_the_ref_there_is_no_branch_and_it_can_be_made_again(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.run("echo two > a.py; git commit -qam two")
    proposal = session.proposed()
    run = branch.Git.run

    def dies(self: branch.Git, *arguments: str, **more: object) -> bytes:
        if arguments[0] == "update-ref":
            os._exit(9)
        return run(self, *arguments, **more)  # type: ignore[arg-type] (handed on as it came)

    child = os.fork()
    if not child:
        with suppress(BaseException):
            monkeypatch.setattr(branch.Git, "run", dies)
            make(session.workspace, "new", proposal)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9

    assert not (session.root / ".git/refs/heads/new").exists()
    git(session.root, "fsck", "--strict", "--no-dangling")
    make(session.workspace, "new", proposal)
    assert subjects(session.root) == ["two"]


@pytest.fixture
def named(make_repository: MakeRepository, tmp_path: Path) -> Iterator[Path]:
    root = make_repository()
    git(root, "branch", "a/b")
    git(root, "worktree", "add", "-q", "--detach", str(tmp_path / "other"))
    git(tmp_path / "other", "checkout", "-q", "--orphan", "unborn")
    yield root


@pytest.mark.parametrize(
    "name",
    [
        "main",
        "a/b",
        "a",
        "a/b/c",
        "unborn",
        "",
        "-x",
        "a..b",
        "a b",
        "x.lock",
        "HEAD",
        "@{-1}",
        "a\nb",
        "refs/../x",
        "a/",
    ],
)
def test_a_name_that_is_taken_or_none_is_a_usage_error(named: Path, name: str) -> None:
    with pytest.raises(UsageError):
        check_name(named, name)


@pytest.mark.parametrize("name", ["new", "a/c", "fix/日本", "mainly", "refs/heads/x"])
def test_a_free_name_is_taken_as_it_is(named: Path, name: str) -> None:
    check_name(named, name)


def test_a_repository_without_a_commit_is_a_usage_error(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "empty")], check=True)
    with pytest.raises(UsageError, match="needs a commit"):
        check_name(tmp_path / "empty", "new")
