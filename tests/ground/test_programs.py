"""Versions of programs by where they lie; none is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from livecoder.ground.programs import Programs


def install(path: Path) -> Path:
    """A program that would fail the test if it were run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\necho 9.9.9\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("place", "name", "version"),
    [
        ("pyenv/versions/3.11.7/bin/python3.11", "python3", "3.11.7"),
        ("uv/python/cpython-3.12.1-linux-x86_64-gnu/bin/python3.12", "python3", "3.12.1"),
        ("usr/bin/python3.10", "python3", "3.10"),
        ("nvm/versions/node/v20.11.0/bin/node", "node", "20.11.0"),
        ("fnm/node-versions/v18.1.0/installation/bin/node", "node", "18.1.0"),
        ("rustup/toolchains/1.80.1-x86_64-unknown-linux-gnu/bin/cargo", "cargo", "1.80.1"),
        ("lib/go-1.22/bin/go", "go", "1.22"),
        ("opt/node/bin/node", "node", ""),
    ],
)
def test_a_version_stands_in_the_path_behind_the_link(tmp_path: Path, place: str, name: str, version: str) -> None:
    real = install(tmp_path / place)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / name).symlink_to(real)
    assert Programs((str(tmp_path / "bin"),)).version(name) == version


def test_go_says_it_in_a_file(tmp_path: Path) -> None:
    install(tmp_path / "go/bin/go")
    (tmp_path / "go/VERSION").write_text("go1.23.4\ntime 2024\n")
    assert Programs((str(tmp_path / "go/bin"),)).version("go") == "1.23.4"


@pytest.mark.parametrize(
    ("wanted", "version"), [("", "3.11.7"), ("3.12.1", "3.12.1"), ("3.9.9", ""), ("../../etc", "")]
)
def test_a_shim_takes_what_the_repository_pins_if_it_is_there(tmp_path: Path, wanted: str, version: str) -> None:
    install(tmp_path / "shims/python3")
    for there in ("3.11.7", "3.12.1"):
        (tmp_path / "versions" / there).mkdir(parents=True)
    (tmp_path / "version").write_text("3.11.7\n")
    programs = Programs((str(tmp_path / "shims"),))
    assert programs.version("python3", wanted) == version
    assert programs.prefix("python3", wanted) == (tmp_path / "versions" / version if version else None)


def test_an_active_environment_is_its_own_installation(tmp_path: Path) -> None:
    real = install(tmp_path / "usr/bin/python3.12")
    (tmp_path / "env/bin").mkdir(parents=True)
    (tmp_path / "env/bin/python3").symlink_to(real)
    programs = Programs((str(tmp_path / "env/bin"),))
    assert programs.prefix("python3") == tmp_path / "usr"
    (tmp_path / "env/pyvenv.cfg").touch()
    assert programs.prefix("python3") == tmp_path / "env"


def test_nothing_is_found_without_a_path() -> None:
    assert Programs().find("sh") == "" and Programs().version("sh") == "" and Programs().prefix("sh") is None
