"""Writing into a checkout that the agent owns: whole, and never through a link."""

from __future__ import annotations

from pathlib import Path

import pytest

from livecoder.errors import ScaffoldError
from livecoder.scaffold.files import put


def test_a_file_is_written_whole_replaced_and_taken_away(root: Path) -> None:
    put(root, "tools/greet", b"one", executable=True)
    put(root, "tools/greet", b"two")
    path = root / "tools/greet"
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"two", 0o644)
    put(root, "scaffold.toml", b"x = 1\n")
    assert (root / "scaffold.toml").read_bytes() == b"x = 1\n"
    put(root, "tools/greet", None)
    put(root, "tools/greet", None)
    assert list((root / "tools").iterdir()) == []


def test_a_link_in_its_place_is_replaced_not_followed(root: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    for name in ("greet", ".greet.new"):
        (root / "tools" / name).symlink_to(victim)
    put(root, "tools/greet", b"new")
    assert victim.read_text() == "precious" and (root / "tools/greet").read_bytes() == b"new"


@pytest.mark.parametrize("data", [b"new", None])
def test_a_folder_that_is_a_link_is_refused(root: Path, tmp_path: Path, data: bytes | None) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "greet").write_text("precious")
    (root / "tools").rmdir()
    (root / "tools").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ScaffoldError, match="not a folder"):
        put(root, "tools/greet", data)
    assert (tmp_path / "elsewhere" / "greet").read_text() == "precious"
