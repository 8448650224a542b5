"""Fixtures that several rooms share. Real git, real bash, real sandbox; only the model is ever faked."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from livecoder.sandbox import backends
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.toolchains import Toolchains

# Who starts the tests in the background, or under nohup, has these ignored, and children would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# The same examples in every run, however slow the machine: what lands is not decided by chance. To look for more,
# `pytest --hypothesis-profile=explore`, which takes others each time.
settings.register_profile("gate", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gate")


@pytest.fixture(scope="session")
def judged_sandboxes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache after the sandboxes were attacked, which is done once for all tests."""
    cache = tmp_path_factory.mktemp("judged")
    for name in backends.NAMES:
        backends.attacked(name, Toolchains(), Policy(), cache)
    return cache


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, judged_sandboxes: Path) -> Path:
    """Every test has its own LIVECODER_HOME, and nothing of the developer's git configuration."""
    home = tmp_path_factory.mktemp("livecoder-home")
    shutil.copytree(judged_sandboxes, home / "cache")
    monkeypatch.setenv("LIVECODER_HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return home


def git(directory: Path, *arguments: str) -> str:
    """Run the user's git, as the user would, with a fixed identity."""
    identity = ["-c", "user.name=User", "-c", "user.email=user@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def make_repository(tmp_path: Path) -> Callable[..., Path]:
    """`make_repository({"a.py": "x = 1\\n"})` -> a real git repository with these files committed."""

    def make(files: dict[str, str] | None = None, name: str = "repo") -> Path:
        root = tmp_path / name
        root.mkdir(parents=True)
        git(root, "init", "-q", "-b", "main")
        for path, text in (files or {"README.md": "# sample\n"}).items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        git(root, "add", "-A")
        git(root, "commit", "-qm", "start")
        return root

    return make
