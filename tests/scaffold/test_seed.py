"""The seed and the catalogue are found in a checkout and in an installed wheel, with their executable bits."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import livecoder
from livecoder.errors import ScaffoldError
from livecoder.scaffold.seed import catalogue_dir, seed_dir

ROOT = Path(__file__).parents[2]


def shipped(folder: Path) -> dict[str, tuple[bytes, bool]]:
    found = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {str(path.relative_to(folder)): (path.read_bytes(), os.access(path, os.X_OK)) for path in found}


def test_in_a_checkout_they_are_its_top_level_folders() -> None:
    assert (seed_dir(), catalogue_dir()) == (ROOT / "scaffold", ROOT / "tools")


def test_the_seed_has_no_tools_no_hooks_and_no_lessons() -> None:
    for folder in ("tools", "hooks", "lessons"):
        assert [path.name for path in (seed_dir() / folder).iterdir()] == [".gitkeep"]


def test_other_peoples_folders_beside_the_package_are_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scaffold").mkdir()
    (tmp_path / "tools").mkdir()
    monkeypatch.setattr(livecoder, "__file__", str(tmp_path / "livecoder" / "__init__.py"))
    with pytest.raises(ScaffoldError, match="lacks its tools/ folder"):
        catalogue_dir()


def test_in_a_wheel_they_travel_inside_the_package(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            path = Path(archive.extract(member, site))
            path.chmod(member.external_attr >> 16 & 0o777)
    code = "from livecoder.scaffold.seed import *; print(seed_dir()); print(catalogue_dir())"
    asked = [sys.executable, "-c", code]
    done = subprocess.run(asked, cwd=site, env={"PYTHONPATH": str(site)}, check=True, capture_output=True, text=True)
    seed, catalogue = map(Path, done.stdout.split())
    assert (seed, catalogue) == (site / "livecoder/_data/scaffold", site / "livecoder/_data/tools")
    assert shipped(seed) == shipped(ROOT / "scaffold")
    assert shipped(catalogue) == shipped(ROOT / "tools")
