"""Sessions are found by their journals and named by their ids, or by how only one of them begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from livecoder.errors import UsageError
from livecoder.journal.journal import FILE
from livecoder.journal.sessions import found, named

NAMES = ("20260101-120000-000aa", "20260102-120000-000bb", "20260102-120000-000bc", "20260103-120000-000dd")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / "one" / name).mkdir(parents=True)
        (tmp_path / "one" / name / FILE).touch()
    (tmp_path / "one" / "20260104-no-journal").mkdir()
    return tmp_path / "one"


def test_the_newest_comes_first_and_what_has_no_journal_is_none(folder: Path) -> None:
    assert [directory.name for directory in found([folder])] == sorted(NAMES, reverse=True)
    assert found([folder / "nowhere"]) == []


def test_several_folders_are_one_list(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "two" / "20260102-130000-000cc"
    other.mkdir(parents=True)
    (other / FILE).touch()
    assert [directory.name for directory in found([folder, tmp_path / "two"])][:2] == [NAMES[3], other.name]


@pytest.mark.parametrize(
    ("given", "name"),
    [("", NAMES[3]), (NAMES[0], NAMES[0]), ("20260101", NAMES[0]), ("20260102-120000-000bc", NAMES[2])],
)
def test_an_id_its_unique_beginning_or_nothing_name_a_session(folder: Path, given: str, name: str) -> None:
    assert named(found([folder]), given) == folder / name


def test_an_id_wins_over_a_longer_one_that_begins_with_it() -> None:
    assert named([Path("a/12"), Path("a/1")], "1") == Path("a/1")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("20260102", f"2 sessions begin with '20260102': {NAMES[2]}, {NAMES[1]}"),
        ("x", f"there is no session 'x' in this project: the newest are {NAMES[3]}"),
        ("../one", "there is no session"),
    ],
)
def test_what_names_none_or_several_is_answered_with_the_candidates(folder: Path, given: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        named(found([folder]), given)
    assert said in error.value.line()


def test_of_many_candidates_the_newest_are_named() -> None:
    with pytest.raises(UsageError, match="9 sessions") as error:
        named([Path(f"a/1{n}") for n in range(9)], "1")
    assert error.value.line().endswith("10, 11, 12, 13, 14 and 4 more")


def test_where_there_is_none_it_is_said() -> None:
    with pytest.raises(UsageError, match="no session here yet"):
        named([], "")
