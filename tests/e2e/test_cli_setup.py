"""`setup`: the user's command that makes the dependencies, once for each state of the lockfiles, with hosts open."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import git
from tests.e2e.conftest import Done, Livecoder
from tests.e2e.test_cli_network import fetch, texts
from tests.e2e.test_cli_settings import write_config
from tests.sandbox.loopback import Server, server


@pytest.fixture
def registry() -> Iterator[Server]:
    with server() as made:
        yield made


@pytest.fixture
def make(livecoder: Livecoder, registry: Server) -> str:
    """A setup that fetches a package into a dependency folder and leaves something in HOME."""
    place = f"localhost:{registry.port}"
    write_config(livecoder, f'[setup]\nhosts = ["{place}"]\n[network]\nprivate = ["127.0.0.0/8"]\n')
    (livecoder.cwd / ".git/info/exclude").write_text("node_modules/\n")
    (livecoder.cwd / "package-lock.json").write_text("{}\n")
    return f"echo fetching; mkdir -p node_modules && {fetch(place)} >node_modules/package && echo kept >~/note"


def session(livecoder: Livecoder, setup: str, *commands: str, flags: tuple[str, ...] = ()) -> Done:
    return livecoder.task(
        *[f"$ {command}" for command in commands or ("true",)], "Done.", flags=("--setup", setup, *flags)
    )


def test_it_runs_once_for_each_state_of_the_lockfiles(livecoder: Livecoder, make: str, registry: Server) -> None:
    first = session(livecoder, make, "cat node_modules/package ~/note", f"{fetch(f'localhost:{registry.port}')}")
    assert first.lines[0]["setup"] == make
    assert "served\nkept\n" in texts(first)
    assert len(registry.received) == 1  # commands have no network
    assert (
        "setup: echo fetching" in first.err
        and "│ fetching\n" in first.err
        and "kept until a lockfile changes" in first.err
    )

    assert "setup:" not in session(livecoder, make).err
    (livecoder.cwd / "README.md").write_text("# other\n")
    assert "setup:" not in session(livecoder, make).err
    assert len(registry.received) == 1

    (livecoder.cwd / "package-lock.json").write_text('{"lockfileVersion": 3}\n')
    assert "setup: done" in session(livecoder, make).err
    assert "setup: done" in session(livecoder, f"{make}; true").err
    assert len(registry.received) == 3


def test_it_runs_again_when_a_folder_that_it_made_is_gone(livecoder: Livecoder, make: str, registry: Server) -> None:
    session(livecoder, make)
    (livecoder.cwd / "node_modules/package").unlink()
    (livecoder.cwd / "node_modules").rmdir()
    session(livecoder, make)
    assert len(registry.received) == 2


def test_what_a_session_writes_into_home_is_not_there_in_the_next_one_and_verify_has_it_too(
    livecoder: Livecoder, make: str
) -> None:
    verify = "grep -qx kept ~/note && test ! -e ~/.bashrc"
    done = session(livecoder, make, "echo evil >~/note; echo evil >~/.bashrc", flags=("--verify", verify))
    assert done.result["outcome"] == "verified"
    assert "kept\nnone\n" in texts(session(livecoder, make, "cat ~/note; cat ~/.bashrc 2>/dev/null || echo none"))


def test_a_setup_that_fails_is_exit_3_with_its_output_and_no_session(livecoder: Livecoder, make: str) -> None:
    done = session(livecoder, "echo no such package >&2; exit 7")
    assert (done.code, done.out) == (3, "")
    assert "│ no such package\n" in done.err
    assert "setup exits 7: echo no such package" in done.err.splitlines()[-1]
    assert livecoder.sessions() == []
    assert "setup: done" in session(livecoder, make).err  # it is not taken for done


def test_what_it_is_refused_is_said_with_the_setting(livecoder: Livecoder) -> None:
    done = session(livecoder, fetch("evil.example"))
    refused = (
        'the network refused evil.example:80: the user does not allow it; allow it with setup.hosts = ["evil.example"]'
    )
    assert refused in done.err


def test_what_it_changes_besides_dependencies_is_said_and_can_be_undone(livecoder: Livecoder) -> None:
    done = session(livecoder, "echo changed >README.md")
    assert "! setup changed README.md: `livecoder undo` takes that back" in done.err
    assert livecoder("undo", "--yes").code == 0
    assert (livecoder.cwd / "README.md").read_text() == "# calc\n"


def test_the_users_file_has_it_for_a_project_and_a_repository_has_not(livecoder: Livecoder, make: str) -> None:
    path = livecoder.home / "config/config.toml"
    told = livecoder("doctor", "--project").out
    ((section, named),) = re.findall(r"^yours: (\[projects\.[^]]+\]) in (.*)$", told, re.M)
    assert named == str(path)
    path.write_text(f"{path.read_text()}{section}\nsetup = {json.dumps(make)}\n")
    assert "│ fetching\n" in livecoder.task("Done.").err

    path.unlink()
    for name in ("livecoder.toml", ".livecoder/config.toml"):
        (livecoder.cwd / name).parent.mkdir(exist_ok=True)
        (livecoder.cwd / name).write_text(f"{section}\nsetup = 'touch evil'\n")
    assert "setup" not in livecoder.task("Done.").err
    assert git(livecoder.cwd, "status", "--porcelain", "evil") == "" and not Path(livecoder.cwd, "evil").exists()
