"""Rooms: a clean copy at the workspace's own path, a look that cannot write, an empty place; nothing left behind."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from looping import bubble

from livecoder.loop import drained
from livecoder.rooms import Cancelled, Rooms, gitdirs, runner
from livecoder.workspace.copies import Dependencies, clean_copy
from livecoder.workspace.workspace import Workspace
from tests.workspace.conftest import picture


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    root: Path
    rooms: Rooms
    scaffold: Path
    tree: Callable[[], str]


@pytest.fixture
def place(tmp_path: Path, make_repository: Callable[..., Path]) -> Iterator[Place]:
    root = make_repository({"a.txt": "one\n"})
    workspace = Workspace.open(root, tmp_path / "state")
    dependencies = Dependencies.snapshot(workspace.shadow, tmp_path / "dependencies")
    scaffold = tmp_path / "scaffold"
    (scaffold / "tools").mkdir(parents=True)

    def copier(tree: str, dest: Path, cancelled: Cancelled) -> str:
        return clean_copy(workspace.shadow.trees, tree, dependencies, dest, cancelled).why_in_place

    with bubble(tmp_path, root) as sandbox:
        rooms = Rooms(sandbox, copier, gitdirs(root), tmp_path / "copies")
        yield Place(root, rooms, scaffold, lambda: workspace.shadow.checkpoint().tree)


def test_a_copy_shows_its_tree_at_the_workspaces_own_path(place: Place) -> None:
    then = place.tree()
    (place.root / "a.txt").write_text("two\n")
    with place.rooms.copy(then) as copy:
        assert copy.run("pwd; cat a.txt", 20).output == f"{place.root}\none\n"
        assert copy.impure == ""


def test_what_is_written_in_a_copy_stays_there_and_goes_with_it(place: Place) -> None:
    with place.rooms.copy(place.tree()) as copy:
        copy.run("echo new > b.txt; rm a.txt", 20)
        assert (copy.path / "b.txt").exists() and not (copy.path / "a.txt").exists()
    assert not (place.root / "b.txt").exists() and (place.root / "a.txt").exists()
    assert list(place.rooms.directory.iterdir()) == []


def test_a_copy_knows_no_scaffold_unless_it_is_given_one(place: Place) -> None:
    with place.rooms.copy(place.tree()) as copy:
        assert copy.run('echo "[$SCAFFOLD]"', 20).output == "[]\n"
    with place.rooms.copy(place.tree(), place.scaffold) as copy:
        assert copy.run('echo "[$SCAFFOLD]"', 20).output == f"[{place.scaffold}]\n"


ASKED = 'echo "[$PYTEST_ADDOPTS]"'


def test_a_copy_asks_pytest_for_a_report_where_it_is_told_to(place: Place) -> None:
    with place.rooms.copy(place.tree(), report=True) as copy:
        assert "--junitxml=" in copy.run(ASKED, 20).output
    with place.rooms.copy(place.tree()) as copy:
        assert copy.run(ASKED, 20).output == "[]\n"


@pytest.mark.parametrize("wish", ["--junitxml=own.xml", "--junit-xml own.xml", "-p no:junitxml"])
def test_but_not_where_the_project_has_its_own_wish(place: Place, wish: str) -> None:
    (place.root / "tox.ini").write_text("[pytest]\njunit_family = xunit2\n")
    with place.rooms.copy(place.tree(), report=True) as copy:
        assert "--junitxml=" in copy.run(ASKED, 20).output
    (place.root / "tox.ini").write_text(f"[pytest]\naddopts = {wish}\n")
    with place.rooms.copy(place.tree(), report=True) as copy:
        assert copy.run(ASKED, 20).output == "[]\n"


def test_what_stands_beside_a_copy_can_be_read(place: Place) -> None:
    then = place.tree()
    (place.root / "a.txt").write_text("two\n")
    with place.rooms.copy(then, beside=place.root) as copy:
        assert copy.run("cat a.txt /run/lc/base/a.txt", 20).output == "one\ntwo\n"
        assert copy.run("echo x > /run/lc/base/a.txt", 20).exit_code != 0


def test_a_copy_has_the_users_history_and_index_in_a_gitdir_of_its_own(place: Place) -> None:
    before = picture(place.root / ".git")
    (place.root / "a.txt").write_text("two\n")
    with place.rooms.clean(place.tree()) as clean:
        with place.rooms.on(clean) as copy:
            run = runner(copy.sandbox)
            assert run("git ls-files --error-unmatch a.txt && git log --format=%s", 20) == (0, "a.txt\nstart\n")
            assert run("git status --short", 20) == (0, " M a.txt\n")
            assert run("git commit -qam mine && git status --short", 20) == (0, "")
        with place.rooms.on(clean) as copy:
            assert copy.run("git log --format=%s", 20).output == "start\n"
    assert picture(place.root / ".git") == before


def test_a_copy_can_be_written_and_reaches_no_other_directory(place: Place, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    room = dataclasses.replace(place.rooms.sandbox.room, scratch=tmp_path / "plan", read_only=True, extra=(other,))
    planning = dataclasses.replace(place.rooms, sandbox=place.rooms.sandbox.sibling(room))
    with planning.copy(place.tree()) as copy:
        assert copy.run(f"touch new && touch {other}/x", 20).exit_code != 0
        assert (copy.path / "new").exists() and list(other.iterdir()) == []


def test_a_copy_that_cannot_be_clean_says_why(place: Place) -> None:
    def dirty(tree: str, dest: Path, cancelled: Cancelled) -> str:
        dest.mkdir()
        return "the dependencies take 9.9 GB"

    with dataclasses.replace(place.rooms, copier=dirty).copy("any") as copy:
        assert copy.impure == "the dependencies take 9.9 GB"


def test_a_look_sees_the_workspace_and_cannot_write_it(place: Place) -> None:
    with place.rooms.look_only(place.scaffold) as sandbox:
        run = runner(sandbox)
        assert run("cat a.txt", 20) == (0, "one\n")
        code, output = run("echo x > a.txt", 20)
    assert code != 0 and "Read-only file system" in output
    assert (place.root / "a.txt").read_text() == "one\n"


def test_an_empty_room_is_empty_and_can_be_written(place: Place) -> None:
    with place.rooms.empty(place.scaffold) as sandbox:
        assert runner(sandbox)("ls -A; touch x && ls", 20) == (0, "x\n")
    assert not (place.root / "x").exists()


def test_rooms_stand_beside_each_other_and_beside_the_session(place: Place) -> None:
    with place.rooms.copy(place.tree()) as one, place.rooms.copy(place.tree()) as other:
        one.run("echo 1 > mine", 20)
        other.run("echo 2 > mine; touch /tmp/mine", 20)
        assert (one.run("cat mine", 20).output, other.run("cat mine", 20).output) == ("1\n", "2\n")
        live = drained(place.rooms.sandbox.run("ls /tmp/mine mine", 20, lambda: False))
        assert live.exit_code != 0


def test_a_room_is_cleared_away_also_after_a_failure(place: Place) -> None:
    with pytest.raises(ZeroDivisionError), place.rooms.copy(place.tree()):
        raise ZeroDivisionError
    assert list(place.rooms.directory.iterdir()) == []
