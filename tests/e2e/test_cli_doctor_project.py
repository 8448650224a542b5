"""`livecoder doctor`: what is known of the project, each fact with its source, without a session or a model."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.conftest import git
from tests.e2e.conftest import Livecoder


def test_each_fact_has_its_source_and_the_models_words_follow(livecoder: Livecoder) -> None:
    (livecoder.cwd / "pytest.ini").write_text("[pytest]\n")
    done = livecoder("doctor", "--project")

    assert (done.code, done.err) == (0, "")
    rows = done.out.splitlines()
    assert rows[0] == str(livecoder.cwd)
    assert "git        on main  [.git/HEAD]" in rows
    assert "untracked  pytest.ini  [git ls-files]" in rows
    assert any(row.startswith("tests ") and row.endswith("-m pytest -q  [pytest.ini]") for row in rows)
    assert done.out.endswith("</repository>\n")


def test_as_json_it_is_one_object(livecoder: Livecoder) -> None:
    (livecoder.cwd / "Makefile").write_text("test:\n\t./run\n")
    found = json.loads(livecoder("doctor", "--project", "--json").out)

    assert found["root"] == str(livecoder.cwd)
    assert found["test_command"] == "make test"
    assert {"topic": "git", "text": "on main", "source": ".git/HEAD"} in found["facts"]
    assert found["first_message"].startswith("<repository>\n")


def test_it_looks_from_where_it_is_started(livecoder: Livecoder) -> None:
    package = livecoder.cwd / "libs" / "x"
    package.mkdir(parents=True)
    (package / "go.mod").write_text("module x\n")
    found = json.loads(livecoder("doctor", "--project", "--json", "-C", str(package)).out)

    assert (found["package"], found["test_command"]) == ("libs/x", "cd libs/x && go test ./...")


def test_it_writes_nothing_and_starts_no_session(livecoder: Livecoder) -> None:
    before = git(livecoder.cwd, "status", "--porcelain", "--ignored")
    livecoder("doctor", "--project")

    assert git(livecoder.cwd, "status", "--porcelain", "--ignored") == before
    assert livecoder.sessions() == [] and not any(livecoder.home.glob("state/*"))


def test_what_a_terminal_would_obey_is_not_printed(livecoder: Livecoder) -> None:
    (livecoder.cwd / os.fsdecode(b"\x1b[2J\n\xff")).touch()
    (livecoder.cwd / "CONTRIBUTING.md").write_text("You must add tests \x1b[2Jto each change that you make.\n")
    out = livecoder("doctor", "--project").out

    assert "add tests" in out and all(line.isprintable() for line in out.splitlines())


def test_outside_of_a_repository_is_exit_3(livecoder: Livecoder, tmp_path: Path) -> None:
    done = livecoder("doctor", "--project", cwd=tmp_path)

    assert (done.code, done.out) == (3, "") and "git init" in done.err
