"""No object of a new branch holds a secret of the user's, in any part of it and in any usual writing of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from livecoder.errors import BranchRefused
from livecoder.workspace.git import Git
from livecoder.workspace.leaks import forms, refuse_secret_name
from tests.conftest import git
from tests.workspace import test_branch
from tests.workspace.test_branch import Session, users

begin = test_branch.begin
SECRET = 'sk+"very/secret"-0123456789'
COMMIT = "git add -A && git commit -qm x"


@pytest.fixture
def session(make_repository: Callable[..., Path], begin: Callable[[Path], Session]) -> Session:
    session = begin(make_repository({"a.py": "one\n", "compose.yml": "POSTGRES_PASSWORD: postgres\n"}))
    session.secrets = (SECRET, "postgres", "-----BEGIN KEY-----\nAAAA\n-----END KEY-----\n")
    return session


@pytest.mark.parametrize(
    ("script", "where"),
    [
        ("cp {given} note.txt", "the file note.txt"),
        ("cp {given} note.txt; " + COMMIT, "the file note.txt"),
        ("cp {given} note.txt; " + COMMIT + "; git rm -q note.txt; git commit -qm gone", "the file note.txt"),
        ("head -c 9000000 /dev/zero >big; cat {given} >>big; " + COMMIT, "the file big"),
        ('ln -s "$(cat {given})" link; ' + COMMIT, "the file link"),
        ("echo >>a.py; git commit -qaF {given}", "the message or the author of commit"),
        ('echo >>a.py; git -c user.name="$(cat {given})" commit -qam x', "the message or the author of commit"),
        ('echo >>a.py; git -c user.email="$(cat {given})" commit -qam x', "the message or the author of commit"),
    ],
)
def test_a_secret_in_what_would_be_pushed_is_refused_and_nothing_is_lost(
    session: Session, tmp_path: Path, script: str, where: str
) -> None:
    given = tmp_path / "given"
    given.write_text(SECRET)
    before = users(session.root)
    session.run(script.format(given=given))
    with pytest.raises(BranchRefused, match=f"{where}.* holds a secret of your environment") as caught:
        session.propose()
    assert caught.value.exit_code == 1
    assert "the files are in the tree" in caught.value.remedy
    assert SECRET not in caught.value.line()
    assert users(session.root) == before


def test_a_secret_in_the_name_of_a_file_is_refused_and_not_repeated(session: Session) -> None:
    session.secrets = ("sk-very-secret-0123456789",)
    session.run(f"mkdir d; echo x >d/sk-very-secret-0123456789.txt; {COMMIT}")
    with pytest.raises(BranchRefused, match="the name of a file holds a secret") as caught:
        session.propose()
    assert "0123456789" not in caught.value.line()


@pytest.mark.parametrize(
    "written",
    [
        json.dumps({"key": SECRET}),
        f"https://example.org/?key={quote(SECRET, safe='')}",
        *(base64.b64encode(b"user:pass"[:shift] + SECRET.encode() + b"tail").decode() for shift in range(4)),
        base64.urlsafe_b64encode(f"me:{SECRET}".encode()).decode().rstrip("="),
    ],
)
def test_the_usual_writings_of_it_are_known(session: Session, written: str) -> None:
    (session.root / "note.txt").write_text(f"see {written} there\n")
    with pytest.raises(BranchRefused, match="holds a secret"):
        session.propose()


def test_several_lines_are_found_as_well(session: Session) -> None:
    (session.root / "key.pem").write_text(f"mine:\n{session.secrets[2]}")
    with pytest.raises(BranchRefused, match=r"the file key\.pem holds a secret"):
        session.propose()


def test_what_the_found_commit_says_already_is_no_secret(session: Session) -> None:
    session.run("cp compose.yml other.yml; git add -A; git commit -qm 'fix: the pool of postgres'")
    assert session.propose() is not None
    refuse_secret_name(Git(session.workspace.gitdir), session.base, "fix-postgres", session.secrets)


def test_what_only_looks_alike_is_no_secret(session: Session) -> None:
    (session.root / "note.txt").write_text(f"{SECRET[:-1]}\n{base64.b64encode(SECRET[:-3].encode()).decode()}\n")
    assert session.propose() is not None


def test_a_branch_is_not_called_by_a_secret(session: Session) -> None:
    with pytest.raises(BranchRefused, match="the name of the branch holds a secret") as caught:
        refuse_secret_name(Git(session.workspace.gitdir), session.base, f"fix/{quote(SECRET, safe='')}", (SECRET,))
    assert "0123456789" not in caught.value.line()
    assert git(session.root, "branch", "--list", "fix/*") == ""


def test_each_form_of_base64_depends_on_the_secret_alone() -> None:
    for before in range(9):
        for behind in range(4):
            text = base64.b64encode(b"b" * before + SECRET.encode() + b"e" * behind)
            assert sum(form in text for form in forms(SECRET)) >= 1, (before, behind)
