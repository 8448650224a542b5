"""P31: a ref moved, history rewritten, HEAD detached, refs or configuration corrupt: seen, told, put back."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.errors import ScaffoldError
from livecoder.scaffold.changes import FileChange
from livecoder.scaffold.record import MAIN, PROJECTS, Record, load, save
from livecoder.scaffold.store import Store

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BRANCH = f"{PROJECTS}p"


def git(store: Store, *words: str) -> str:
    """The user's own git, on the store."""
    command = ["git", f"--git-dir={store.path}", "-c", "user.name=x", "-c", "user.email=x@y", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def tool(store: Store, name: str) -> str:
    change = FileChange(f"tools/{name}", b"#!/bin/bash\necho hello\n", True)
    return store.commit("p", store.head("p"), [change], f"tool({name}): says hello", {}, NOON).after


@pytest.fixture
def two(store: Store) -> Store:
    """A store in which project p has learnt two tools."""
    tool(store, "greet")
    tool(store, "count-lines")
    return store


def rewritten(store: Store) -> None:
    """Another commit in the place of the last one, as after a rebase."""
    git(store, "update-ref", BRANCH, git(store, "commit-tree", f"{BRANCH}^{{tree}}", "-p", f"{BRANCH}~1", "-m", "evil"))


def write(*names: str, text: str = "garbage\n") -> Callable[[Store], object]:
    return lambda store: [(store.path / name).write_text(text) for name in names]


DEEDS: dict[str, Callable[[Store], object]] = {
    "history rewritten": rewritten,
    "ref moved back": lambda store: git(store, "update-ref", BRANCH, f"{BRANCH}~1"),
    "ref moved away": lambda store: git(store, "update-ref", BRANCH, "main"),
    "ref deleted": lambda store: git(store, "update-ref", "-d", BRANCH),
    "ref is garbage": write(BRANCH),
    "ref is empty": write(BRANCH, text=""),
    "ref names nothing": write(BRANCH, text="f" * 40 + "\n"),
    "ref is a folder": lambda store: [(store.path / BRANCH).unlink(), (store.path / BRANCH / "x").mkdir(parents=True)],
    "main deleted": lambda store: git(store, "update-ref", "-d", MAIN),
    "main rewound": lambda store: git(store, "update-ref", MAIN, BRANCH),
    "all refs lost": lambda store: shutil.rmtree(store.path / "refs"),
    "refs packed and corrupt": lambda store: [git(store, "pack-refs", "--all"), write("packed-refs")(store)],
    "HEAD detached": lambda store: git(store, "update-ref", "--no-deref", "HEAD", BRANCH),
    "HEAD is garbage": write("HEAD", text="\0garbage"),
    "HEAD lost": lambda store: (store.path / "HEAD").unlink(),
    "configuration corrupt": write("config", text="[["),
    "an index that is none": write("index"),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_what_was_recorded_is_current_again(two: Store, data: Path, deed: str, tmp_path: Path) -> None:
    head, log = two.head("p"), two.log("p")
    DEEDS[deed](two)
    store = Store.open(data)
    assert store.checkout("p", tmp_path / "out").id == head
    assert store.log("p") == log
    assert {path.name for path in (tmp_path / "out/tools").iterdir()} >= {"greet", "count-lines"}
    assert bool(store.notices) == (deed != "an index that is none")
    assert Store.open(data).notices == ()
    tool(store, "third")
    assert [info.subject for info in Store.open(data).log("p")][1:] == [info.subject for info in log]


def test_what_was_found_instead_is_kept_and_named(two: Store, data: Path) -> None:
    rewritten(two)
    evil = git(two, "rev-parse", BRANCH)
    store = Store.open(data)
    store.head("p")
    (notice,) = store.notices
    assert notice.startswith("project/p was moved by something else than livecoder: it is at ")
    assert f"refs/found/{evil[:12]}" in notice
    assert git(store, "rev-parse", f"refs/found/{evil[:12]}") == evil


def test_a_branch_made_from_outside_is_nobodys_scaffold(two: Store, data: Path, tmp_path: Path) -> None:
    git(two, "update-ref", f"{PROJECTS}q", BRANCH)
    store = Store.open(data)
    store.checkout("q", tmp_path / "out")
    assert not (tmp_path / "out/tools/greet").exists()
    assert any("project/q" in notice for notice in store.notices)


def test_refs_of_others_are_left_alone(two: Store, data: Path) -> None:
    git(two, "update-ref", "refs/heads/mine", BRANCH)
    store = Store.open(data)
    store.head("p")
    assert store.notices == () and git(two, "rev-parse", "refs/heads/mine") == git(two, "rev-parse", BRANCH)


def test_a_store_without_a_record_is_taken_as_it_is(two: Store, data: Path) -> None:
    head = two.head("p")
    (data / "scaffold.refs.json").unlink()
    store = Store.open(data)
    assert (store.head("p"), store.notices) == (head, ())
    git(two, "update-ref", BRANCH, "main")
    assert Store.open(data).head("p") == head


def test_a_move_that_was_cut_off_halfway_is_finished(two: Store, data: Path) -> None:
    """git moves several refs one by one: a kill in between leaves some of them moved."""
    before, after = git(two, "rev-parse", f"{BRANCH}~1", BRANCH).split()
    record = load(data / "scaffold.refs.json")
    assert record is not None
    save(data / "scaffold.refs.json", Record({**record.refs, BRANCH: before}, {BRANCH: after, MAIN: before}))
    store = Store.open(data)
    store.head("p")
    assert (git(two, "rev-parse", BRANCH), git(two, "rev-parse", MAIN), store.notices) == (after, before, ())


def test_an_object_that_changed_on_the_disk_is_not_checked_out(two: Store, tmp_path: Path) -> None:
    """Git does not compare what it reads with its name."""
    good = git(two, "rev-parse", f"{BRANCH}:tools/greet")
    (tmp_path / "evil").write_text("#!/bin/bash\nrm -rf ~\n")
    evil = git(two, "hash-object", "-w", str(tmp_path / "evil"))
    place, source = (two.path / "objects" / id[:2] / id[2:] for id in (good, evil))
    place.chmod(0o644)
    place.write_bytes(source.read_bytes())
    with pytest.raises(ScaffoldError, match="is not what it was"):
        two.checkout("p", tmp_path / "out")
    assert not (tmp_path / "out").exists()


REFS = st.sampled_from([MAIN, f"{PROJECTS}p", f"{PROJECTS}q", "refs/seeds/latest"])
PLACES = st.dictionaries(REFS, st.sampled_from("abc"))


@given(PLACES, PLACES, PLACES)
def test_settled_refs_are_the_old_ones_or_the_new_ones(
    old: dict[str, str], moving: dict[str, str], found: dict[str, str]
) -> None:
    record = Record(old, moving)
    settled = record.settled(found)
    assert settled in (old, {**old, **moving})
    assert Record(settled).agrees(settled) and Record(settled).settled(found) == settled  # what was put back stays
