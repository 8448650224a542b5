"""Two real bugs of a published package, as they were solved by hand, replayed end to end, one after the other.

Recorded model; the package, the sandbox, the commands, the tests, the tools and the scaffold's commits are real. The
second task finds the tools that the first one made, and uses them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import git

RECORDINGS = Path(__file__).parent.parent / "recordings"
SDIST = "sqlparse==0.5.0"
VERIFY = ".venv/bin/python -m pytest -q"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release with the bugs, as a git repository with a virtual environment of its own."""
    place = tmp_path_factory.mktemp("package")
    pip = [sys.executable, "-m", "pip", "--version"]
    if subprocess.run(pip, capture_output=True).returncode:
        subprocess.run([sys.executable, "-m", "ensurepip"], check=True, capture_output=True)
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "--no-binary",
        ":all:",
        "-d",
        str(place),
        SDIST,
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"the package's source cannot be had: {done.stderr.strip()[-200:]}")
    subprocess.run(["tar", "-xzf", str(next(place.glob("*.tar.gz"))), "-C", str(place)], check=True)
    repository = next(path for path in place.iterdir() if path.is_dir())
    git(repository, "init", "-q", "-b", "main")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "sqlparse 0.5.0")
    subprocess.run([sys.executable, "-m", "venv", ".venv"], cwd=repository, check=True)
    install = [".venv/bin/python", "-m", "pip", "install", "-q", "pytest==9.2.0", "-e", "."]
    subprocess.run(install, cwd=repository, check=True, capture_output=True)
    (repository / ".git/info/exclude").write_text(".venv/\n.pytest_cache/\n")
    return repository


def solve(package: Path, home: Path, name: str) -> dict[str, Any]:
    """Run `livecoder fix` with a recorded model; the result line."""
    command = [sys.executable, "-m", "livecoder", "fix", str(RECORDINGS / f"{name}.md"), "--output-format", "json"]
    command += ["-m", f"replay:{RECORDINGS / f'{name}.jsonl'}", "--verify", VERIFY, "-C", str(package)]
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "LIVECODER_HOME": str(home)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_the_second_bug_is_solved_with_the_tools_that_the_first_one_made(package: Path, own_home: Path) -> None:
    first = solve(package, own_home, "sqlparse-nulls-ordering")
    assert (first["outcome"], first["reason"]) == ("verified", f"verify passes: {VERIFY}")
    assert first["scaffold"]["created"] == ["once", "sqlshow"]
    assert first["scaffold"]["after"] != first["scaffold"]["before"]
    assert first["patch"]["files"] == 4

    git(package, "add", "-A")
    git(package, "commit", "-qm", "Group NULLS FIRST/LAST")
    second = solve(package, own_home, "sqlparse-case-in-begin")
    assert (second["outcome"], second["verify"]["where"]) == ("verified", "copy")
    assert second["scaffold"]["before"] == first["scaffold"]["after"]
    assert second["scaffold"]["created"] == []
    assert set(second["scaffold"]["used"]) == {"once", "sqlshow"}
    assert second["num_turns"] < first["num_turns"]


def test_a_replay_that_departs_from_its_recording_fails_loudly(package: Path, own_home: Path) -> None:
    (package / "CHANGELOG").write_text("something else\n")
    result = solve(package, own_home, "sqlparse-nulls-ordering")
    git(package, "checkout", "-q", ".")
    assert (result["subtype"], result["exit_code"], result["is_error"]) == ("error_internal", 70, True)
    assert "differs from its recording" in result["reason"]
