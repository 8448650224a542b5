"""`python -m livecoder`: nothing is imported from the directory in which it is started."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import livecoder

PACKAGE = Path(livecoder.__file__).parent
SHADOWS = ("jinja2", "git", "litellm", "typer", "pathlib", "dataclasses", "subprocess", "tomllib")


def start(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.defpath, "HOME": str(cwd), "LIVECODER_HOME": str(cwd.parent / "state")}
    command = [sys.executable, "-m", "livecoder", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_a_repositorys_modules_are_not_the_libraries(make_repository: Callable[..., Path], tmp_path: Path) -> None:
    repository, marker = make_repository(), tmp_path / "ran"
    for name in SHADOWS:
        (repository / f"{name}.py").write_text(f"open({str(marker)!r}, 'a').write({name!r})\n")
    for arguments in (("--version",), ("--help",), ("scaffold", "log")):
        done = start(repository, *arguments)
        assert not marker.exists(), marker.read_text()
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


def test_a_checkout_runs_from_its_own_directory_and_shadows_nothing(tmp_path: Path) -> None:
    checkout, marker = tmp_path / "checkout", tmp_path / "ran"
    shutil.copytree(PACKAGE, checkout / "livecoder", ignore=shutil.ignore_patterns("__pycache__"))
    with (checkout / "livecoder/__init__.py").open("a") as file:
        file.write("__version__ = 'of the checkout'\n")
    for name in SHADOWS:
        (checkout / f"{name}.py").write_text(f"open({str(marker)!r}, 'a').write({name!r})\n")
    assert start(checkout, "--version").stdout == "livecoder of the checkout\n"
    done = start(checkout, "--help")
    assert not marker.exists(), marker.read_text()
    assert done.returncode == 0, done.stderr
