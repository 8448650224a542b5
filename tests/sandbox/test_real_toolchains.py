"""Repositories as their users have them run their tests inside, offline, with the toolchain of the machine.

Each is prepared outside, with a home of its own, by the toolchain itself. One that is not installed, or does not work
here without a network, is skipped with what it says.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from attacks import Open, Run

from livecoder.sandbox import Room
from livecoder.sandbox.toolchains import find

PASSES = "import marker, unittest\nclass T(unittest.TestCase):\n    def test_it(self): self.assertEqual(marker.x, 1)\n"
PYPROJECT = '[project]\nname = "sample"\nversion = "0.1.0"\nrequires-python = ">=3.11"\ndependencies = []\n'
NODE_TEST = "require('node:test')('it', () => { if (require('dep') !== 1) throw new Error('no dep') })\n"
PACKAGE = (
    '{"name": "sample", "version": "1.0.0", "scripts": {"test": "node --test"}, "dependencies": {"dep": "file:./dep"}}'
)
JAVASCRIPT = {
    "package.json": PACKAGE,
    "dep/package.json": '{"name": "dep", "version": "1.0.0", "main": "index.js"}',
    "dep/index.js": "module.exports = 1\n",
    "it.test.js": NODE_TEST,
}
RUST_DEP = '[package]\nname = "dep"\nversion = "0.1.0"\nedition = "2021"\n'
RUST = {
    "Cargo.toml": RUST_DEP.replace("dep", "sample") + '[dependencies]\ndep = { path = "dep" }\n',
    "src/lib.rs": "#[test]\nfn it() { assert_eq!(dep::x(), 1) }\n",
    "dep/Cargo.toml": RUST_DEP,
    "dep/src/lib.rs": "pub fn x() -> i32 { 1 }\n",
}
GO = {
    "go.mod": "module example.org/sample\n\ngo 1.20\n",
    "it_test.go": 'package sample\n\nimport "testing"\n\nfunc TestIt(t *testing.T) {}\n',
}


@dataclass(frozen=True)
class Sample:
    program: str
    files: dict[str, str]
    prepare: tuple[tuple[str, ...], ...]
    test: str
    passed: str
    """What its tests print when they pass."""
    place: str = ""
    """Asked for where the environment lies, in which the module that the test needs is put."""

    def __str__(self) -> str:
        return self.program


PYTHON = {"pyproject.toml": PYPROJECT, "test_it.py": PASSES}
SITE = "python -c \"import sysconfig; print(sysconfig.get_path('purelib'))\""
SAMPLES = [
    Sample(
        "uv",
        PYTHON,
        (("uv", "sync", "--offline"),),
        "uv run --offline python -m unittest",
        "OK",
        f"uv run --offline {SITE}",
    ),
    Sample(
        "poetry",
        {"pyproject.toml": PYPROJECT + "[tool.poetry]\npackage-mode = false\n", "test_it.py": PASSES},
        (("poetry", "install", "--no-interaction"),),
        "poetry run python -m unittest",
        "OK",
        f"poetry run {SITE}",
    ),
    Sample("npm", JAVASCRIPT, (("npm", "install", "--offline", "--no-audit"),), "npm test", "# pass 1"),
    Sample("pnpm", JAVASCRIPT, (("pnpm", "install", "--offline"),), "pnpm test", "# pass 1"),
    Sample("cargo", RUST, (("cargo", "build", "--offline"),), "cargo test --offline", "1 passed"),
    Sample("go", GO, (("go", "vet", "./..."),), "go test ./...", "ok"),
]


@pytest.fixture
def backend(bubblewrap: str) -> str:
    """The one that shows the toolchains of the machine."""
    return bubblewrap


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_a_repository_runs_its_tests_inside(
    sample: Sample, room: Room, open_room: Open, run: Run, tmp_path: Path
) -> None:
    root, environ = room.workspace, _environment(tmp_path / "someone")
    for name, text in sample.files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    outside = _outside(sample.program, root, environ)
    for command in sample.prepare:
        outside(*command)
    if sample.place:
        site = Path(outside("bash", "-c", sample.place).splitlines()[-1])
        (site / "marker.py").write_text("x = 1\n")
    engine = (Path(sys.executable), Path(sys.prefix), Path(sys.base_prefix))
    done = run(open_room(room, None, find(environ, root, engine)), sample.test, timeout=120)
    assert done.exit_code == 0, done.output
    assert sample.passed in done.output


def _environment(home: Path) -> dict[str, str]:
    """The developer's, with another HOME; what rustup has stays where it is."""
    home.mkdir()
    own = str(Path(sys.prefix) / "bin")
    path = ":".join(entry for entry in os.environ["PATH"].split(":") if entry != own)
    kept = {name: str(Path.home() / place) for name, place in (("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo"))}
    return {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", **kept}


def _outside(program: str, root: Path, environ: dict[str, str]) -> Callable[..., str]:
    """Runs commands as the user would; skips with their words where they fail."""
    if not shutil.which(program, path=environ["PATH"]):
        pytest.skip(f"{program} is not installed")

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            pytest.skip(f"{' '.join(command)} fails outside as well: {(done.stderr or done.stdout)[-300:]}")
        return done.stdout

    return run


def test_an_environment_that_poetry_keeps_elsewhere_is_found_by_its_variable(tmp_path: Path) -> None:
    home, program = tmp_path / "someone", tmp_path / "bin/poetry"
    place = home / ".cache/pypoetry/virtualenvs"
    place.mkdir(parents=True)
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    found = find({"PATH": f"{program.parent}:/usr/bin", "HOME": str(home)}, tmp_path / "repo")
    assert place in found.mounts
    assert found.variables["POETRY_VIRTUALENVS_PATH"] == str(place)
    without = find({"PATH": "/usr/bin", "HOME": str(home)}, tmp_path / "repo")
    assert place not in without.mounts and "POETRY_VIRTUALENVS_PATH" not in without.variables


def test_a_folder_of_links_to_packages_brings_the_packages(tmp_path: Path) -> None:
    links = tmp_path / "tools/node_modules/.bin"
    links.mkdir(parents=True)
    found = find({"PATH": f"{links}:/usr/bin", "HOME": str(tmp_path / "nobody")}, tmp_path / "repo")
    assert found.mounts == (links.parent,)
    assert found.path[0] == str(links)
