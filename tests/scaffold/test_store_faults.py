"""The store when something goes wrong: kill -9 between any two steps, stale locks, damage, a seed that changes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

import livecoder
from livecoder.errors import ScaffoldError
from livecoder.scaffold.changes import FileChange
from livecoder.scaffold.parts import Part
from livecoder.scaffold.store import Store

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GREET = FileChange("tools/greet", b"#!/bin/bash\necho hello\n", executable=True)

KILLED = """
    import os, signal, sys
    from datetime import UTC, datetime
    from pathlib import Path
    from livecoder.scaffold import plumbing, refs
    from livecoder.scaffold.changes import FileChange
    from livecoder.scaffold.store import Store
    plumbing.WHERE = sys.argv[2]  # no PATH leads the store to another git

    def saved(path, record, save=refs.save):
        save(path, record)
        calls = Path(sys.argv[2], "calls")
        calls.write_text(calls.read_text() + "x")
        if len(calls.read_text()) == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)

    refs.save = saved
    store = Store.open(Path(sys.argv[1]))
"""
COMMIT = """
    change = FileChange("tools/greet", b"#!/bin/bash\\necho hello\\n", True)
    store.commit("p", store.head("p"), [change], "tool(greet): says hello", {}, datetime.now(UTC))
"""
PROMOTE = """
    from livecoder.scaffold.parts import Part
    store.promote("p", [Part("lessons/tidy.toml")], datetime.now(UTC))
"""


def killing_git(folder: Path, at: int) -> Path:
    """A `git` that counts its calls and kills the process that made the call `at`, once the real git has done it.

    What the store writes beside the repository counts as a call too.
    """
    real = shutil.which("git")
    deed = f'{real} "$@"; kill -9 $PPID; exit 1'
    folder.mkdir()
    script = folder / "git"
    script.write_text(
        f'#!/bin/bash\n[ "$1" = version ] && exec {real} "$@"\necho -n x >> {folder}/calls\n'
        f'calls=$(<{folder}/calls)\nif [ ${{#calls}} = {at} ]; then {deed}; fi\nexec {real} "$@"\n'
    )
    script.chmod(0o755)
    return folder


def done_with(deed: str, data: Path, git: Path, at: int) -> int:
    program = textwrap.dedent(KILLED) + textwrap.dedent(deed)
    command = [sys.executable, "-c", program, str(data), str(git), str(at)]
    return subprocess.run(command, check=False).returncode


def test_a_kill_between_any_two_steps_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    outcomes: list[bool] = []
    status = -signal.SIGKILL
    while status == -signal.SIGKILL:
        at = len(outcomes) + 1
        data = tmp_path / f"data-{at}"
        status = done_with(COMMIT, data, killing_git(tmp_path / f"git-{at}", at), at)
        store = Store.open(data)
        subjects = [info.subject for info in store.log("p")]
        assert subjects in (["seed: as shipped"], ["tool(greet): says hello", "seed: as shipped"])
        assert store.notices == ()  # a crash is no tampering
        landed = len(subjects) == 2
        again = store.commit("p", store.head("p"), [GREET], "again", {}, NOON)
        assert landed == (again.before == again.after)
        outcomes.append(landed)
    assert status == 0
    assert outcomes == sorted(outcomes) and len(outcomes) > 10
    assert outcomes[0] is False and outcomes[-1] is True


def test_a_kill_in_the_middle_of_promoting_leaves_all_projects_whole(tmp_path: Path) -> None:
    lesson = FileChange("lessons/tidy.toml", b'text = "Tidy up."\n')
    first = Store.open(tmp_path / "data-0")
    first.commit("p", first.head("p"), [lesson], "lesson(tidy): x", {}, NOON)
    first.head("q")
    outcomes: list[bool] = []
    status = -signal.SIGKILL
    while status == -signal.SIGKILL:
        at = len(outcomes) + 1
        data = tmp_path / f"data-{at}"
        shutil.copytree(tmp_path / "data-0", data)
        status = done_with(PROMOTE, data, killing_git(tmp_path / f"git-{at}", at), at)
        store = Store.open(data)
        given = store.history_of("main").content("lessons/tidy.toml")
        assert given is None or b'scope = "global"' in given
        assert store.history("q").content("lessons/tidy.toml") == given
        assert b"Tidy up." in (store.history("p").content("lessons/tidy.toml") or b"")
        assert store.notices == ()
        store.promote("p", [Part("lessons/tidy.toml")], NOON)
        assert b"global" in (store.history_of("main").content("lessons/tidy.toml") or b"")
        outcomes.append(given is not None)
    assert status == 0
    assert outcomes == sorted(outcomes) and outcomes[0] is False and outcomes[-1] is True


def test_the_lock_of_a_git_that_was_killed_is_taken_away(store: Store) -> None:
    store.head("p")
    for ref in ("HEAD", "refs/heads/project/p"):
        lock = store.path / f"{ref}.lock"
        lock.touch()
        os.utime(lock, (time.time() - 60, time.time() - 60))
    done = store.commit("p", store.head("p"), [GREET], "tool(greet): says hello", {}, NOON)
    assert store.head("p") == done.after != done.before


def test_a_half_made_store_is_made_again(data: Path) -> None:
    (data / "scaffold.new" / "objects").mkdir(parents=True)
    assert Store.open(data).log("p")[0].subject == "seed: as shipped"


@pytest.mark.parametrize("lost", ["objects", "the commit"])
def test_lost_objects_are_told_with_a_way_out(store: Store, data: Path, lost: str, tmp_path: Path) -> None:
    after = store.commit("p", store.head("p"), [GREET], "tool(greet): says hello", {}, NOON).after
    (folder,) = store.path.glob(f"objects/{after[:2]}") if lost == "the commit" else [store.path / "objects"]
    shutil.rmtree(folder)
    (store.path / "objects").mkdir(exist_ok=True)
    with pytest.raises(ScaffoldError, match="damaged") as error:
        Store.open(data).checkout("p", tmp_path / "out")
    assert "starts again from the seed" in error.value.remedy


def test_a_foreign_commit_with_a_symlink_is_not_checked_out(store: Store, tmp_path: Path) -> None:
    def git(*words: str, given: str = "") -> str:
        command = ["git", f"--git-dir={store.path}", "-c", "user.name=x", "-c", "user.email=x@y", *words]
        return subprocess.run(command, input=given, check=True, capture_output=True, text=True).stdout.strip()

    store.head("p")
    blob = git("hash-object", "-w", "--stdin", given="/etc/passwd")
    tools = git("mktree", given=f"120000 blob {blob}\tgreet\n")
    tree = git("mktree", given=f"040000 tree {tools}\ttools\n")
    foreign = git("commit-tree", tree, "-p", "main", "-m", "x")
    with pytest.raises(ScaffoldError, match="tools/greet"):
        store.checkout_ref(foreign, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_data_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ScaffoldError, match=r"file"):
        Store.open(tmp_path / "file" / "data")


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of livecoder whose seed the test may change."""
    package = tmp_path / "site" / "livecoder"
    (package / "_data" / "scaffold" / "prompts").mkdir(parents=True)
    (package / "_data" / "scaffold" / "scaffold.toml").write_text("repeat_threshold = 3\n")
    (package / "_data" / "scaffold" / "prompts" / "system.md").write_text("one\n")
    monkeypatch.setattr(livecoder, "__file__", str(package / "__init__.py"))
    return package / "_data" / "scaffold"


def test_a_new_seed_reaches_every_project_that_did_not_change_the_file(shipped: Path, data: Path) -> None:
    store = Store.open(data)
    mine = FileChange("prompts/system.md", b"mine\n")
    store.commit("changed", store.head("changed"), [mine, GREET], "prompt: mine", {}, NOON)
    store.head("unchanged")
    (shipped / "prompts" / "system.md").write_text("two\n")
    (shipped / "scaffold.toml").write_text("repeat_threshold = 4\n")
    store = Store.open(data)
    store.checkout("unchanged", data / "u")
    store.checkout("changed", data / "c")
    assert (data / "u/prompts/system.md").read_text() == "two\n"
    assert (data / "c/prompts/system.md").read_text() == "mine\n"
    assert (data / "c/scaffold.toml").read_text() == "repeat_threshold = 4\n"
    assert (data / "c/tools/greet").exists()


def test_a_seed_seen_before_does_not_come_back(shipped: Path, data: Path) -> None:
    Store.open(data)
    (shipped / "prompts" / "system.md").write_text("two\n")
    newest = Store.open(data).head("p")
    (shipped / "prompts" / "system.md").write_text("one\n")
    assert Store.open(data).head("p") == newest


def test_no_program_of_the_users_path_is_run(tmp_path: Path) -> None:
    """An environment inside the repository may stand first in it, and commands write there."""
    marker, bin = tmp_path / "ran", tmp_path / "venv/bin"
    bin.mkdir(parents=True)
    for name in ("git", "env", "sh", "git-init", "git-update-index"):
        (bin / name).write_text(f"#!/bin/bash\necho {name} >>{marker}\n")
        (bin / name).chmod(0o755)
    program = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path\n"
        "from livecoder.scaffold.changes import FileChange; from livecoder.scaffold.store import Store\n"
        "store = Store.open(Path(sys.argv[1]))\n"
        "change = FileChange('tools/greet', b'#!/bin/sh', executable=True)\n"
        "print(store.commit('p', store.head('p'), [change], 'tool(greet): x', {}, datetime.now(UTC)).after)\n"
    )
    environment = {"PATH": f"{bin}:/usr/bin:/bin", "HOME": str(tmp_path), "GIT_PYTHON_GIT_EXECUTABLE": "git"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "data")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == Store.open(tmp_path / "data").head("p")
    assert not marker.exists(), marker.read_text()
