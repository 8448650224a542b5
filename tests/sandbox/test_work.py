"""Ordinary work in the sandbox with the toolchains of whoever runs the tests, found as a session finds them. Offline.

A toolchain that is not here is skipped; with each the project's own tests run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from attacks import Open, Run

from livecoder.sandbox import Finished, Room
from livecoder.sandbox.toolchains import find

ENGINE = (Path(sys.executable), Path(sys.prefix), Path(sys.base_prefix))
Work = Callable[..., Finished]


@pytest.fixture
def work(room: Room, backend: str, open_room: Open, run: Run) -> Work:
    """`work({"file": "text"}, "command")`: the command in a workspace with these files and the real toolchains."""

    if backend == "docker":
        pytest.skip("the toolchains are the image's: see test_docker.py")

    def do(files: Mapping[str, str], command: str, **environ: str) -> Finished:
        for name, text in files.items():
            path = room.workspace / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        toolchains = find({**os.environ, **environ}, room.workspace, ENGINE)
        return run(open_room(room, None, toolchains), command, timeout=120)

    return do


def needs(program: str, *check: str) -> pytest.MarkDecorator:
    """`check` is run first: a shim may be there without what it stands for."""
    found = shutil.which(program)
    works = found and subprocess.run([found, *check], capture_output=True, cwd="/", check=False).returncode == 0
    return pytest.mark.skipif(not works, reason=f"no working {program} here")


PYTHON = {
    "src/durations.py": "def minutes(text):\n    return int(text.removesuffix('m'))\n",
    "tests/test_durations.py": "import unittest, durations\nclass Minutes(unittest.TestCase):\n"
    "    def test_minutes(self):\n        self.assertEqual(durations.minutes('5m'), 5)\n",
}


def test_an_in_tree_environment_with_an_editable_install(work: Work, room: Room) -> None:
    environment = room.workspace / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    site = next(environment.glob("lib/python3*/site-packages"))
    (site / "durations.pth").write_text(f"{room.workspace}/src\n")
    done = work(PYTHON, "source .venv/bin/activate && python -m unittest discover -s tests && which python")
    assert (done.exit_code, done.note) == (0, ""), done
    assert "OK" in done.output
    assert done.output.endswith(f"{environment}/bin/python\n")


@needs("pyenv", "--version")
def test_every_version_of_pyenv(work: Work) -> None:
    versions = subprocess.run(["pyenv", "versions", "--bare"], stdout=subprocess.PIPE, text=True, check=True)
    newest = [line for line in versions.stdout.split() if line.startswith("3.") and "/" not in line][-2:]
    for version in newest:
        files = {**PYTHON, ".python-version": f"{version}\n"}
        done = work(files, "PYTHONPATH=src python -m unittest discover -s tests && python --version", PYENV_VERSION="")
        assert done.output.endswith(f"OK\nPython {version}\n"), done


@needs("npm", "--version")
def test_the_tests_of_an_npm_package_with_a_binary_of_a_dependency(work: Work, room: Room) -> None:
    files = {
        "package.json": '{"name": "x", "version": "1.0.0", "scripts": {"test": "check && node --test"}}',
        "node_modules/check/package.json": '{"name": "check", "version": "1.0.0", "bin": "check.js"}',
        "node_modules/check/check.js": "#!/usr/bin/env node\nconsole.log('checked')\n",
        "a.test.js": "const test = require('node:test'), net = require('node:net');\n"
        "test('listens', (t, done) => { const s = net.createServer().listen('/tmp/s', () => s.close(done)) })",
    }
    binaries = room.workspace / "node_modules/.bin"
    binaries.mkdir(parents=True)
    (binaries / "check").symlink_to("../check/check.js")
    done = work({**files, "b.js": ""}, "chmod +x node_modules/check/check.js; npm test")
    assert done.exit_code == 0, done
    assert "checked" in done.output
    assert "pass 1" in done.output


@needs("cargo", "--version")
@needs("rustc", "--version")
def test_the_tests_of_a_crate_with_a_dependency_in_the_tree(work: Work) -> None:
    manifest = '[package]\nname = "{0}"\nversion = "0.1.0"\nedition = "2021"\n'
    files = {
        "Cargo.toml": manifest.format("outer") + '[dependencies]\ninner = { path = "inner" }\n',
        "inner/Cargo.toml": manifest.format("inner"),
        "inner/src/lib.rs": "pub fn two() -> u8 { 2 }\n",
        "src/lib.rs": "#[test]\nfn adds() { assert_eq!(inner::two() + 1, 3) }\n",
    }
    done = work(files, "cargo test --offline")
    assert done.exit_code == 0, done
    assert "1 passed" in done.output


@needs("go", "version")
def test_the_tests_of_a_go_module(work: Work) -> None:
    test = 'package x\n\nimport "testing"\n\nfunc TestAdds(t *testing.T) {\n\tif 1+2 != 3 {\n\t\tt.Fatal()\n\t}\n}\n'
    done = work({"go.mod": "module example.org/x\n\ngo 1.19\n", "x_test.go": test}, "go test ./...")
    assert done.exit_code == 0, done
    assert "ok" in done.output


@needs("gcc", "--version")
@needs("make", "--version")
def test_a_makefile_with_c(work: Work) -> None:
    files = {"a.c": "int main(void) { return 0; }\n", "Makefile": "test: a\n\t./a && echo passed\n"}
    assert work(files, "make test").output.endswith("passed\n")


@needs("gdb", "--version")
@needs("gcc", "--version")
def test_a_debugger(work: Work) -> None:
    program = {"a.c": "int twice(int n) { return 2 * n; }\nint main(void) { return twice(21); }\n"}
    done = work(program, "gcc -g -o a a.c && gdb -batch -ex 'break twice' -ex run -ex bt ./a")
    assert "twice (n=21)" in done.output, done


def test_a_conda_environment(work: Work, tmp_path: Path) -> None:
    prefix = tmp_path / "miniconda3/envs/work"
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "bin").mkdir()
    for name in ("python", "python3"):
        (prefix / "bin" / name).symlink_to(Path(sys.base_prefix) / "bin/python3")
    path = f"{prefix}/bin:/usr/bin:/bin"
    done = work(PYTHON, "python -m unittest discover -s tests; which python", PATH=path, CONDA_PREFIX=str(prefix))
    assert done.output.endswith(f"{prefix}/bin/python\n"), done


def test_git_in_a_repository_of_its_own(work: Work) -> None:
    identity = "-c user.name=a -c user.email=a@b"
    done = work(
        {"a": "1\n"}, f"cd /tmp && git init -q x && cd x && echo 1 >a && git add a && git {identity} commit -qm s"
    )
    assert done.exit_code == 0, done
