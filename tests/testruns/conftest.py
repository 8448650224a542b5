"""Outputs to read: of the runners that are here, run for real, and stored samples of those that are not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

SAMPLES = Path(__file__).with_name("samples")
PYTEST = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider")

Print = Callable[..., str]


def sample(name: str) -> str:
    """What a runner printed, or the report that it wrote, once."""
    return (SAMPLES / name).read_text(encoding="utf-8")


def lines_of(text: str) -> list[str]:
    return text.split("\n")


@pytest.fixture(scope="session")
def printed() -> Print:
    """`printed(folder, ["python3", "-m", "unittest"])` -> what that command prints there."""

    def run(folder: Path, command: Sequence[str]) -> str:
        if not shutil.which(command[0]):
            pytest.skip(f"{command[0]} is not installed")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV", "NODE_"))}
        extra = {"CI": "1", "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run(
            command,
            cwd=folder,
            env={**kept, **extra},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return done.stdout.decode("utf-8", "replace")

    return run


@pytest.fixture(scope="session")
def python_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tests of every outcome, for pytest: `OUTCOMES` says what becomes of each."""
    root = tmp_path_factory.mktemp("python")
    (root / "tests/sub").mkdir(parents=True)
    (root / "pytest.ini").write_text("[pytest]\nxfail_strict = false\n")
    (root / "tests/test_a.py").write_text(_TESTS)
    (root / "tests/sub/test_broken.py").write_text("import nothing_there\n")
    return root


OUTCOMES = {
    "tests/sub/test_broken.py": "error",
    "tests/test_a.py::TestOuter::TestInner::test_in": "passed",
    "tests/test_a.py::TestOuter::test_words[a - b]": "failed",
    "tests/test_a.py::TestOuter::test_words[c]]": "passed",
    "tests/test_a.py::TestOuter::test_words[d[]": "passed",
    "tests/test_a.py::TestOuter::test_words[a::b]": "failed",
    "tests/test_a.py::TestOuter::test_words[x PASSED]": "passed",
    "tests/test_a.py::test_fails": "failed",
    "tests/test_a.py::test_no_setup": "error",
    "tests/test_a.py::test_skipped": "skipped",
    "tests/test_a.py::test_expected": "skipped",
    "tests/test_a.py::test_unexpected": "passed",
    "tests/test_a.py::test_strict": "failed",
    "tests/test_a.py::test_warns": "passed",
}
FAILING = {name for name, outcome in OUTCOMES.items() if outcome in ("failed", "error")}
_TESTS = """
import warnings
import pytest

class TestOuter:
    class TestInner:
        def test_in(self):
            pass

    @pytest.mark.parametrize("word", ["a - b", "c]", "d[", "a::b", "x PASSED"])
    def test_words(self, word):
        assert not word.startswith("a")

def test_fails():
    print("FAILED tests/test_a.py::test_made_up - captured")
    print("tests/test_a.py::test_made_up PASSED")
    assert 1 == 2

@pytest.fixture
def broken():
    raise RuntimeError("no")

def test_no_setup(broken):
    pass

@pytest.mark.skip(reason="not now")
def test_skipped():
    pass

@pytest.mark.xfail
def test_expected():
    assert False

@pytest.mark.xfail
def test_unexpected():
    pass

@pytest.mark.xfail(strict=True)
def test_strict():
    pass

def test_warns():
    warnings.warn("old", DeprecationWarning)
"""
