"""The files that a run leaves where the user said: whole, with their permissions, and nothing in a device's place."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from livecoder.cli.running import check_file, write_atomically
from livecoder.errors import ConfigError, UsageError


def test_a_file_is_replaced_whole_and_keeps_its_permissions(tmp_path: Path) -> None:
    place = tmp_path / "fix.patch"
    place.write_text("old")
    place.chmod(0o600)
    write_atomically(place, b"new")
    assert (place.read_bytes(), stat.S_IMODE(place.stat().st_mode)) == (b"new", 0o600)
    assert list(tmp_path.iterdir()) == [place]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("a longer text")
    (tmp_path / "link").symlink_to("there")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there").read_bytes() == b"new"


def test_what_a_pipes_reader_gets_is_the_patch(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomically(pipe, b"the patch")
        assert os.read(reader, 100) == b"the patch"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.lstat().st_mode)


def test_a_pipe_that_nobody_reads_is_said_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="pipe cannot be written"):
        write_atomically(tmp_path / "pipe", b"the patch")


@pytest.mark.skipif(os.geteuid() != 0, reason="making a device takes root")
def test_a_device_is_still_one_after_it(tmp_path: Path) -> None:
    nothing = tmp_path / "null"
    os.mknod(nothing, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    check_file("--patch-out", nothing)
    try:
        write_atomically(nothing, b"the patch")
    except ConfigError as error:  # a file system without devices
        assert "Permission denied" in str(error)
    assert stat.S_ISCHR(nothing.lstat().st_mode)


def test_a_write_that_fails_leaves_nothing_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "late").mkdir()  # a folder that came after the check
    with pytest.raises(ConfigError, match="late cannot be written"):
        write_atomically(tmp_path / "late", b"the patch")
    assert list(tmp_path.iterdir()) == [tmp_path / "late"]


def test_a_folder_and_a_file_in_no_folder_are_refused_before_the_work(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere/fix.patch"):
        with pytest.raises(UsageError, match="--patch-out"):
            check_file("--patch-out", path)
