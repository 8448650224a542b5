"""Which of the user's directories are shown: toolchains at their own paths, never credentials, never home."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from attacks import Open, Run

import livecoder
from livecoder.sandbox import Room
from livecoder.sandbox.backends import backend
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.toolchains import Toolchains, find, own_places


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "someone"
    path.mkdir()
    return path


def program(path: Path, text: str = "echo here") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def search(home: Path, *path: Path, **environ: str) -> Toolchains:
    entries = ":".join([*map(str, path), "/usr/bin", "/bin"])
    return find({"PATH": entries, "HOME": str(home), **environ}, home.parent / "repo")


def test_the_system_alone_needs_nothing(home: Path) -> None:
    found = search(home)
    assert found.mounts == ()
    assert found.path == ("/usr/bin", "/bin", "/usr/local/bin")
    assert found.refused == ()


def test_pyenv_is_mounted_whole_and_told_where_it_lies(home: Path) -> None:
    program(home / ".pyenv/shims/python3")
    found = search(home, home / ".pyenv/shims")
    assert found.mounts == (home / ".pyenv",)
    assert found.variables["PYENV_ROOT"] == str(home / ".pyenv")
    assert found.path[0] == str(home / ".pyenv/shims")


def test_pyenv_is_found_by_its_shims_where_no_variable_names_it_and_chooses_as_outside(
    home: Path, bubblewrap: str, room: Room, run: Run
) -> None:
    """As poetry in one of its versions: the shim calls what lies beside it, and the version is named far above."""
    root = home / "tools/pyenv"
    choose = 'while [ ! -e "$PWD/.python-version" ] && [ "$PWD" != / ]; do cd ..; done; cat .python-version'
    program(root / "libexec/pyenv", choose)
    program(root / "shims/poetry", f'exec {root}/libexec/pyenv exec poetry "$@"')
    (home.parent / ".python-version").write_text("3.12.1\n")
    found = find({"PATH": f"{root}/shims:/usr/bin:/bin", "HOME": str(home)}, room.workspace)
    assert set(found.mounts) == {root, home.parent / ".python-version"}
    with backend(bubblewrap, room, found, Policy()) as sandbox:
        assert run(sandbox, "mkdir a; cd a; poetry --version").output == "3.12.1\n"


def test_the_nearest_version_file_above_is_shown_and_one_inside_needs_nothing(home: Path) -> None:
    for folder in (home.parent, home, home / "code"):
        folder.mkdir(exist_ok=True)
        (folder / ".python-version").write_text("3.12.1\n")
    found = find({"PATH": "/usr/bin", "HOME": str(home)}, home / "code/repo")
    assert found.mounts == (home / "code/.python-version",)


@contextmanager
def with_few_rights() -> Generator[None]:
    """Root may look everywhere: for a while this process has another's rights on files."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.mark.parametrize("closed", ["other", "other/bin"])
@pytest.mark.parametrize("variable", ["", "VIRTUAL_ENV", "PYENV_ROOT", "JAVA_HOME", "GOROOT"])
def test_what_lies_in_a_folder_that_cannot_be_looked_into_is_passed_over(closed: str, variable: str) -> None:
    """Found. A PATH entry in somebody else's home ended every session with PermissionError."""
    with tempfile.TemporaryDirectory(dir="/tmp") as place:  # pytest's own folders are closed to others themselves
        home = Path(place, "someone")
        program(home / "other/bin/python3")
        Path(place).chmod(0o755)
        (home / closed).chmod(0)
        named = {variable: str(home / "other/bin")} if variable else {}
        with with_few_rights():
            found = search(home, home / "other/bin", **named)
        (home / closed).chmod(0o755)
    assert found.path == ("/usr/bin", "/bin", "/usr/local/bin")
    assert found.mounts == () or variable


def test_cargo_is_mounted_without_its_credentials(home: Path) -> None:
    program(home / ".cargo/bin/cargo")
    (home / ".cargo/registry").mkdir()
    (home / ".rustup/toolchains").mkdir(parents=True)
    (home / ".cargo/credentials.toml").write_text("token")
    found = search(home, home / ".cargo/bin")
    assert set(found.mounts) == {home / ".cargo/bin", home / ".cargo/registry", home / ".rustup"}
    assert found.variables["RUSTUP_HOME"] == str(home / ".rustup")
    assert found.variables["CARGO_HOME"] == str(home / ".cargo")


def test_nvm_shows_the_version_in_use(home: Path) -> None:
    version = home / ".nvm/versions/node/v22.1.0"
    program(version / "bin/node")
    (version / "lib").mkdir()
    assert search(home, version / "bin").mounts == (version,)


def test_conda_and_an_active_environment_are_mounted_whole(home: Path) -> None:
    program(home / "miniconda3/bin/python")
    (home / "miniconda3/conda-meta").mkdir()
    program(home / "envs/work/bin/python")
    (home / "envs/work/pyvenv.cfg").write_text("home = /usr/bin\n")
    found = search(home, home / "envs/work/bin", home / "miniconda3/bin", VIRTUAL_ENV=str(home / "envs/work"))
    assert set(found.mounts) == {home / "miniconda3", home / "envs/work"}
    assert found.variables["VIRTUAL_ENV"] == str(home / "envs/work")


def test_local_bin_brings_what_its_programs_point_to(home: Path) -> None:
    python = program(home / ".local/share/uv/python/cpython-3.13/bin/python3.13")
    (home / ".local/bin").mkdir(parents=True)
    (home / ".local/bin/python3").symlink_to(python)
    (home / ".local/share/keyrings").mkdir()
    found = search(home, home / ".local/bin")
    assert set(found.mounts) == {home / ".local/bin", home / ".local/share/uv/python"}


def test_an_in_tree_environment_shows_the_python_behind_it_and_nothing_else(home: Path) -> None:
    workspace = home.parent / "repo"
    (workspace / ".venv").mkdir(parents=True)
    config = workspace / ".venv/pyvenv.cfg"
    config.write_text(f"home = {home}/pythons/3.12/bin\nversion = 3.12\n")
    program(home / "pythons/3.12/bin/python3")
    assert search(home).mounts == ()  # not an installation yet: the repository must not name any directory
    (home / "pythons/3.12/lib/python3.12").mkdir(parents=True)
    assert search(home).mounts == (home / "pythons/3.12",)
    program(home / ".ssh/bin/python3")
    (home / ".ssh/lib/python3.12").mkdir(parents=True)
    config.write_text(f"home = {home}/.ssh/bin\n")
    assert search(home).mounts == ()


@pytest.mark.parametrize("place", ["", ".docker/bin", ".config/x/bin", "../..", "keys"])
def test_home_and_credentials_are_refused_with_a_reason(home: Path, place: str) -> None:
    entry = home / place
    program(home / "keys/id_rsa")
    entry.mkdir(parents=True, exist_ok=True)
    found = search(home, entry)
    assert found.mounts == ()
    assert str(entry) not in found.path
    assert [refused.path for refused in found.refused] == [entry]
    assert found.refused[0].reason


def test_a_directory_that_only_links_to_credentials_is_refused(home: Path) -> None:
    (home / ".ssh").mkdir()
    (home / "bin").symlink_to(home / ".ssh")
    assert search(home, home / "bin").mounts == ()


def test_livecoders_own_environment_is_not_the_users(home: Path) -> None:
    own = home / "tool-env"
    program(own / "bin/python")
    (own / "pyvenv.cfg").write_text("home = /usr/bin\n")
    environ = {"PATH": f"{own}/bin:/usr/bin", "HOME": str(home), "VIRTUAL_ENV": str(own)}
    found = find(environ, home.parent / "repo", (own / "bin/python", own, Path("/usr")))
    assert own in found.mounts
    assert found.path == ("/usr/bin", "/usr/local/bin", "/bin")
    assert "VIRTUAL_ENV" not in found.variables


def test_the_users_configuration_adds_directories(home: Path) -> None:
    (home / "sdk").mkdir()
    (home / ".aws").mkdir()
    found = find({"PATH": "/usr/bin", "HOME": str(home)}, home / "repo", (), (home / "sdk", home / ".aws"))
    assert found.mounts == (home / "sdk",)
    assert [refused.path for refused in found.refused] == [home / ".aws"]


def test_a_program_that_is_not_shown_is_explained(
    home: Path, room: Room, backend: str, open_room: Open, run: Run
) -> None:
    if backend == "docker":
        pytest.skip("the toolchains are the image's: see test_docker.py")
    program(home / "sdk/bin/thing")
    program(home / ".config/bin/hidden")
    found = search(home, home / "sdk/bin", home / ".config/bin")
    sandbox = open_room(room, None, found)
    assert run(sandbox, "thing").output == "here\n"
    assert "Read-only" in run(sandbox, f"echo x >{home}/sdk/bin/thing").output
    done = run(sandbox, "hidden")
    assert done.exit_code == 127
    assert f'sandbox.mounts = ["{home}/.config/bin"]' in done.note
    assert "credentials" in done.note
    assert run(sandbox, "nobody-has-this").note == ""


@pytest.mark.parametrize(
    "output",
    [
        "bash: line 1: hidden: command not found",
        "sh: 1: hidden: not found",
        "/usr/bin/env: \u2018hidden\u2019: No such file or directory",
        "make: hidden: No such file or directory",
        "make[2]: hidden: No such file or directory",
        'fork/exec: exec: "hidden": executable file not found in $PATH',
        "bash: ./tool: {place}/hidden: bad interpreter: No such file or directory",
    ],
)
def test_a_missing_program_is_explained_however_it_is_told(home: Path, output: str) -> None:
    place = program(home / ".config/bin/hidden").parent
    told = search(home, place).explain_missing(f"first\n{output.format(place=place)}\nlast")
    assert f'sandbox.mounts = ["{place}"]' in told


def test_a_program_that_nobody_has_is_not_explained(home: Path) -> None:
    assert search(home).explain_missing("bash: no-such-program: command not found\nls: x: not found") == ""


def test_a_go_distribution_is_mounted_whole(home: Path) -> None:
    program(home / "sdk/go1.24/bin/go")
    (home / "sdk/go1.24/pkg/tool").mkdir(parents=True)
    found = search(home, home / "sdk/go1.24/bin", GOROOT=str(home / "sdk/go1.24"))
    assert found.mounts == (home / "sdk/go1.24",)
    assert found.variables["GOROOT"] == str(home / "sdk/go1.24")


def test_livecoders_own_places_are_its_package_and_what_ships_beside_it() -> None:
    package = Path(livecoder.__file__).resolve().parent
    assert own_places()[0] == package
    assert all(path.is_dir() and path.parent == package.parent for path in own_places())
    assert {path.name for path in own_places()} >= {"livecoder", "scaffold", "tools"}
