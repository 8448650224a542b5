"""What git would authenticate with is found in a clone's configuration wherever it stands, and never repeated."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from livecoder.workspace import credentials
from livecoder.workspace.credentials import Credential, persisted, told
from livecoder.workspace.gitdir import private_gitdir
from tests.conftest import git

TOKEN = "Y2FuYXJ5LTQ3MTE="
HEADER = f'[http "https://github.com/"]\n\textraheader = AUTHORIZATION: basic {TOKEN}\n'
KEY = "http.https://github.com/.extraheader"


@pytest.fixture
def clone(make_repository: Callable[..., Path]) -> Path:
    return make_repository({"a.py": "one\n"})


def add(clone: Path, text: str, file: str = ".git/config") -> Path:
    path = clone / file
    with path.open("a") as config:
        config.write(text)
    return path


def test_what_checkout_leaves_is_found_with_its_place(clone: Path) -> None:
    file = add(clone, HEADER)
    assert persisted(clone / ".git") == (Credential(KEY, file),)
    (line,) = told(clone / ".git")
    assert KEY in line and str(file) in line and "persist-credentials: false" in line
    assert TOKEN not in line


@pytest.mark.parametrize("how", ["[include]\n", '[includeIf "gitdir:**"]\n'])
def test_what_is_included_is_found_where_it_stands(clone: Path, tmp_path: Path, how: str) -> None:
    places = [clone / ".git/creds", clone / "ci.config", tmp_path / "outside.config"]
    for path, named in zip(places, ("creds", "../ci.config", tmp_path / "outside.config"), strict=True):
        path.write_text(HEADER)
        add(clone, f"{how}\tpath = {named}\n")
    assert {credential.file.resolve() for credential in persisted(clone / ".git")} == set(places)


def test_a_linked_worktree_has_those_of_the_clone_and_its_own(clone: Path, tmp_path: Path) -> None:
    git(clone, "worktree", "add", "-q", str(tmp_path / "linked"))
    add(clone, HEADER + "[extensions]\n\tworktreeConfig = true\n")
    own = clone / ".git/worktrees/linked/config.worktree"
    own.write_text('[remote "o"]\n\turl = https://me:canary@example.org/x\n')
    found = persisted(clone / ".git/worktrees/linked")
    assert {(credential.key, credential.file.resolve()) for credential in found} == {
        (KEY, clone / ".git/config"),
        ("remote.o.url", own),
    }


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[http]\n\textraheader = PRIVATE-TOKEN: canary\n", "http.extraheader"),
        ('[remote "o"]\n\turl = https://me:canary@example.org/x\n', "remote.o.url"),
        ('[remote "o"]\n\turl = https://ghp_canary4711canary4711canary@github.com/x\n', "remote.o.url"),
        ('[url "https://x:canary@example.org/"]\n\tinsteadOf = git@example.org:\n', "url.…@example.org/.insteadof"),
        ("[http]\n\tproxy = http://me:canary@proxy:3128\n", "http.proxy"),
    ],
)
def test_what_is_one(clone: Path, text: str, key: str) -> None:
    add(clone, text)
    assert [credential.key for credential in persisted(clone / ".git")] == [key]
    assert "canary" not in told(clone / ".git")[0]


@pytest.mark.parametrize(
    "text",
    [
        '[http "https://github.com/"]\n\textraheader =\n',
        '[remote "o"]\n\turl = git@github.com:me/x.git\n\tpushurl = ssh://git@example.org:22/x\n',
        '[remote "o"]\n\turl = https://me@example.org/x\n',
        "[include]\n\tpath = missing\n[credential]\n\thelper = store\n",
        "[this is no configuration\n",
    ],
)
def test_what_is_none(clone: Path, text: str) -> None:
    add(clone, text)
    assert persisted(clone / ".git") == () == told(clone / ".git")


def test_a_pipe_that_is_included_is_not_waited_for(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_SECONDS", 0.2)
    os.mkfifo(clone / "pipe")
    add(clone, HEADER + "[include]\n\tpath = ../pipe\n")
    assert isinstance(persisted(clone / ".git"), tuple)


def test_files_of_the_worktree_with_one_are_named_to_be_hidden(clone: Path, tmp_path: Path) -> None:
    for name in (".git/creds", "ci.config", "harmless.config"):
        (clone / name).write_text("[alias]\n\tx = log\n" if "harmless" in name else HEADER)
    add(clone, HEADER + "[include]\n\tpath = creds\n\tpath = ../ci.config\n\tpath = ../harmless.config\n")
    assert private_gitdir(clone, tmp_path / "private").hidden == (Path("ci.config"),)
