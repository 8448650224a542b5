"""What commands left is removed, however it was made; what lies elsewhere stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from livecoder.sandbox.removal import remove


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "place"
    path.mkdir()
    return path


def test_a_tree_goes_whole_and_a_link_only_itself(place: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/kept").touch()
    for path in (place / "a/b/c", place / "a/d"):
        path.mkdir(parents=True)
        (path / "file").write_text("x")
    (place / "a/away").symlink_to(tmp_path / "other")
    os.mkfifo(place / "a/pipe")
    remove(place)
    assert not place.exists()
    assert (tmp_path / "other/kept").exists()


def test_a_tree_deeper_than_any_path_and_any_stack(place: Path) -> None:
    here = os.open(place, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("a-name-of-some-length", dir_fd=here)
        below = os.open("a-name-of-some-length", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    remove(place)
    assert not place.exists()


def test_folders_that_nobody_may_read(place: Path) -> None:
    (place / "closed/further").mkdir(parents=True)
    (place / "closed/further/file").touch()
    (place / "closed/further").chmod(0)
    (place / "closed").chmod(0)
    remove(place)
    assert not place.exists()


def test_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    remove(tmp_path / "nothing")
