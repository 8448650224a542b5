"""The catalogue's tools run as what they are: executable files, found on PATH, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def catalogue() -> Path:
    return Path(__file__).parents[2] / "tools"


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory, catalogue: Path) -> dict[str, str]:
    """The catalogue on PATH, and a stand-in for `lc python`: the interpreter that runs these tests."""
    commands = tmp_path_factory.mktemp("bin")
    for name, text in {
        "lc": f'#!/bin/sh\n[ "$1" = python ] && shift && exec "{sys.executable}" "$@"\n',
        "python3": f'#!/bin/sh\nexec "{sys.executable}" "$@"\n',
    }.items():
        (commands / name).write_text(text)
        (commands / name).chmod(0o755)
    path = os.pathsep.join([str(commands), "/usr/bin", "/bin", str(catalogue)])
    return {"PATH": path, "HOME": str(commands), "LANG": "C.UTF-8"}


@pytest.fixture
def call(environment: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`call("edit", "a.py", stdin="...")` runs a command line in `tmp_path`."""

    def run(*command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, input=stdin, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
        )

    return run
