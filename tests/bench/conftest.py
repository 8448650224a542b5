"""A small package in two releases, as sdists that lie in a cache already: nothing here needs a network."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

import pytest
from tasks import Places, Task, load, prepare

from tests.conftest import git

BACKEND = '''
"""Builds the editable wheel of this package with the standard library."""
import pathlib, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "tally-1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.writestr("tally.pth", str(pathlib.Path.cwd() / "src"))
        wheel.writestr("tally-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tally\\nVersion: 1.0\\n")
        tags = "Wheel-Version: 1.0\\nGenerator: here\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        wheel.writestr("tally-1.0.dist-info/WHEEL", tags)
        wheel.writestr("tally-1.0.dist-info/RECORD", "")
    return name
'''
TESTS = """
import tally

def test_nothing():
    assert tally.total([]) == 0

def test_one():
    assert tally.total([2]) == 2

def test_known_defect():
    assert tally.total([1, 2]) == 2
"""
OLD = {
    "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
    "backend.py": BACKEND,
    "src/tally.py": "def total(numbers):\n    return max(numbers, default=0)\n",
    "tests/test_tally.py": TESTS,
}
FIXED = OLD | {
    "src/tally.py": "def total(numbers):\n    return sum(numbers)\n",
    "tests/test_tally.py": TESTS.replace("total([1, 2]) == 2", "total([1, 2]) == 3")
    + """
import pytest

@pytest.mark.parametrize("numbers", [[1, 1], [1, 2, 3]])
def test_several(numbers):
    assert tally.total(numbers) in (2, 6)

def test_negative():
    assert tally.total([-1]) == -1
""",
}
DESCRIPTION = """
package = "tally"
old = "1.0"
fixed = "1.1"
difficulty = "easy"
requires = []
tests = ["tests/**/*"]
suite = ["tests"]
files = ["tests/test_tally.py"]
turn = ["tests/test_tally.py::test_several", "tests/test_tally.py::test_known_defect"]
keep = ["tests/test_tally.py::test_negative"]
issue = "The total of several numbers is the largest of them."
"""


def write_sdist(folder: Path, name: str, files: Mapping[str, str]) -> None:
    folder.mkdir(parents=True)
    with tarfile.open(folder / f"{name}.tar.gz", "w:gz") as archive:
        for path, text in files.items():
            member = tarfile.TarInfo(f"{name}/{path}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))


def make_places(root: Path) -> Places:
    places = Places(root / "cache", root / "work")
    write_sdist(places.cache / "sdists/tally-1.0", "tally-1.0", OLD)
    write_sdist(places.cache / "sdists/tally-1.1", "tally-1.1", FIXED)
    return places


def lend_pytest(project: Path) -> None:
    """The package's environment gets the pytest that runs this. Its own copy: grading shows nothing else below /tmp."""
    (packages,) = project.glob(".venv/lib/python3*/site-packages")
    for name in ("pytest", "pluggy", "iniconfig", "packaging", "pygments"):
        for file in metadata.files(name) or ():
            if ".." not in file.parts and file.suffix != ".pyc":
                (packages / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.locate(), packages / file)


@pytest.fixture(scope="session")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    folder = tmp_path_factory.mktemp("descriptions")
    (folder / "tally-total.toml").write_text(DESCRIPTION)
    return load("tally-total", folder)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return make_places(tmp_path)


@pytest.fixture(scope="session")
def shared_places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    return make_places(tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="session")
def environment(task: Task, shared_places: Places) -> Path:
    """The repository of `shared_places` with its environment, made once: that takes seconds."""
    project = prepare(task, shared_places)
    lend_pytest(project)
    return project


@pytest.fixture
def project(environment: Path) -> Iterator[Path]:
    """That repository, for a test that may do there what it likes: afterwards it is as it was."""
    yield environment
    git(environment, "reset", "-q", "--hard")
    git(environment, "clean", "-fdq")
