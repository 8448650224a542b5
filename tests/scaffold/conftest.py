"""A scaffold on disk, a store of its own, and real bash in the place of the sandbox."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from livecoder.scaffold.store import Store
from livecoder.scaffold.tools import Run

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with its four folders and nothing in them."""
    for folder in ("prompts", "tools", "hooks", "lessons"):
        (tmp_path / "checkout" / folder).mkdir(parents=True)
    return tmp_path / "checkout"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def store(data: Path) -> Store:
    return Store.open(data)


@pytest.fixture
def write_tool(root: Path) -> Callable[..., Path]:
    """`write_tool("greet", source)` -> the executable file `tools/greet`."""

    def write(name: str, source: str, mode: int = 0o755) -> Path:
        path = root / "tools" / name
        path.write_text(source)
        path.chmod(mode)
        return path

    return write


@pytest.fixture
def bash() -> Run:
    """Runs commands with real bash, as a sandbox would."""

    def run(command: str, seconds: float) -> tuple[int, str]:
        try:
            done = subprocess.run(
                ["timeout", "-s", "KILL", str(seconds), "bash", "-c", command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=30,
            )
        except subprocess.TimeoutExpired:
            return 137, ""
        return (128 - done.returncode if done.returncode < 0 else done.returncode), done.stdout

    return run
