"""The installer names what is missing, repairs what is half made, touches nothing else; what it installs is pinned."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import site
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PINS = (ROOT / ".ci/requirements.txt", ROOT / ".ci/requirements-dev.txt")
PLAIN_TOOLS = (
    *("basename", "bash", "cat", "cksum", "dirname", "env", "flock", "grep"),
    *("id", "ln", "mkdir", "rm", "tail", "tr", "uname"),
)


@dataclass
class Machine:
    """A machine that has only the commands in `bin`, with a copy of the checkout at a path with a space in it."""

    root: Path

    @property
    def checkout(self) -> Path:
        return self.root / "a checkout"

    @property
    def home(self) -> Path:
        return self.root / "home"

    def has(self, name: str, path: str | Path | None) -> None:
        assert path, f"{name} is needed to test its absence"
        (self.root / "bin" / name).symlink_to(path)

    def has_script(self, name: str, body: str) -> None:
        script = self.root / "bin" / name
        script.unlink(missing_ok=True)
        script.write_text(f"#!{shutil.which('bash')}\n{body}\n")
        script.chmod(0o755)

    def install(self, *words: str, home: str | None = "", **variables: str) -> subprocess.CompletedProcess[str]:
        """Run install.sh from another directory; `home=None` leaves HOME unset."""
        environment = {"PATH": str(self.root / "bin"), "HOME": home or str(self.home), "PIP_CONFIG_FILE": "/dev/null"}
        if home is None:
            del environment["HOME"]
        command = [str(self.checkout / "install.sh"), *words]
        return subprocess.run(
            command, cwd="/", env=environment | variables, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )

    def prepare(self) -> Machine:
        """Give it all that an installation asks of a system, and an environment that sees this one's packages."""
        for name in ("git", "bwrap"):
            self.has(name, shutil.which(name))
        self.has("python3", Path(sys.executable).resolve())
        venv.create(self.checkout / ".venv", with_pip=True)
        (packages,) = (self.checkout / ".venv/lib").glob("python*/site-packages")
        (packages / "packages_of_the_tests.pth").write_text("\n".join(site.getsitepackages()))
        (self.checkout / ".ci/requirements.txt").write_text("# all there\n")
        return self


def new_machine(root: Path) -> Machine:
    machine = Machine(root)
    (root / "bin").mkdir()
    machine.home.mkdir()
    machine.checkout.mkdir()
    for name in ("install.sh", "pyproject.toml", "README.md"):
        shutil.copy2(ROOT / name, machine.checkout)
    for name in (".ci", "livecoder", "scaffold", "tools", "demo"):
        shutil.copytree(ROOT / name, machine.checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in PLAIN_TOOLS:
        machine.has(name, shutil.which(name))
    return machine


@pytest.fixture
def bare(tmp_path: Path) -> Machine:
    """No git, no bubblewrap, no Python, no package manager, and not root."""
    machine = new_machine(tmp_path)
    machine.has_script("id", "echo 1000")
    return machine


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine on which install.sh has run once."""
    if not (importlib.util.find_spec("hatchling") and importlib.util.find_spec("editables")):
        pytest.skip("the build back end is not here: this environment was not made by install.sh")
    machine = new_machine(tmp_path_factory.mktemp("installed")).prepare()
    first = machine.install()
    assert first.returncode == 0, first.stdout + first.stderr
    assert "installing packages" in first.stdout
    return machine


# ---- what it says


def test_help_names_each_way() -> None:
    done = subprocess.run([ROOT / "install.sh", "--help"], cwd="/", capture_output=True, text=True, check=True)

    assert re.findall(r"^\./install\.sh +(\S+)", done.stdout, re.M) == ["install", "demo", "test", "--help"]


def test_an_unknown_word_is_a_usage_error(bare: Machine) -> None:
    done = bare.install("tset")

    assert done.returncode == 2
    assert "./install.sh test" in done.stderr


@pytest.mark.parametrize("script", ["install.sh", ".ci/run", ".ci/pin", "tests/bare_machine.sh"])
def test_script_is_executable_bash(script: str) -> None:
    subprocess.run(["bash", "-n", ROOT / script], check=True)
    assert os.access(ROOT / script, os.X_OK)


# ---- what is missing


def test_missing_pieces_are_named_with_their_remedy(bare: Machine) -> None:
    done = bare.install()

    assert done.returncode == 3
    assert "missing here: git bubblewrap python3 python3-venv" in done.stderr
    assert "remedy: install git, bubblewrap and Python 3.11" in done.stderr
    assert not (bare.checkout / ".venv").exists()


def test_without_root_the_command_for_root_is_named(bare: Machine) -> None:
    bare.has_script("apt-get", "echo called >&2; exit 1")

    done = bare.install("test")

    assert done.returncode == 3
    assert "as root: apt-get install git bubblewrap python3 python3-venv" in done.stderr
    assert "called" not in done.stderr


def test_as_root_what_is_missing_is_asked_of_apt(bare: Machine) -> None:
    bare.has_script("id", "echo 0")
    bare.has_script(
        "apt-get", 'echo "$*" >>"$(dirname "$0")/asked"; case $* in *install*) echo E: no; exit 100 ;; esac'
    )

    done = bare.install()

    assert done.returncode == 3
    update, install = (bare.root / "bin/asked").read_text().splitlines()
    assert update.endswith("update")
    assert "install --no-install-recommends git bubblewrap python3 python3-venv" in install
    assert "E: no" in done.stderr


def test_a_python_that_only_complains_is_passed_over(bare: Machine) -> None:
    bare.has_script("python3", "echo 'pyenv: python3: command not found' >&2; exit 127")
    bare.has("python3.13", Path(sys.executable).resolve())

    done = bare.install()

    assert "missing here: git bubblewrap\n" in done.stderr.replace(" ca-certificates", "")


# ---- what it does


def test_the_command_is_linked_and_runs(installed: Machine) -> None:
    link = installed.home / ".local/bin/livecoder"

    assert link.readlink() == installed.checkout / ".venv/bin/livecoder"
    done = subprocess.run([link, "--version"], cwd="/", env={}, capture_output=True, text=True, check=True)
    assert re.search(r"\d+\.\d+", done.stdout)


def test_outside_the_checkout_only_the_link_is_written(installed: Machine) -> None:
    written = [path for path in installed.home.rglob("*") if not path.is_dir()]

    assert written == [installed.home / ".local/bin/livecoder"]


def test_a_second_run_changes_nothing(installed: Machine) -> None:
    again = installed.install()

    assert again.returncode == 0
    assert "installed already" in again.stdout
    assert "installing packages" not in again.stdout


def test_a_directory_that_is_not_on_path_is_said(installed: Machine) -> None:
    directory = installed.home / ".local/bin"

    assert f'export PATH="{directory}:$PATH"' in installed.install().stdout
    assert "ready: livecoder" in installed.install(PATH=f"{installed.root}/bin:{directory}").stdout


def test_a_file_of_the_users_is_not_replaced(installed: Machine, tmp_path: Path) -> None:
    mine = tmp_path / ".local/bin/livecoder"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")

    done = installed.install(home=str(tmp_path))

    assert done.returncode == 0
    assert mine.read_text() == "mine"
    assert "stays" in done.stderr


@pytest.mark.parametrize("home", [None, "/proc/no-such-home"], ids=["unset", "read-only"])
def test_without_a_usable_home_the_command_is_named(installed: Machine, home: str | None) -> None:
    done = installed.install(home=home)

    assert done.returncode == 0
    assert f"run {installed.checkout}/.venv/bin/livecoder" in done.stderr


def test_no_network_is_one_line_and_the_next_run_starts_anew(tmp_path: Path) -> None:
    machine = new_machine(tmp_path).prepare()
    pins = machine.checkout / ".ci/requirements.txt"
    pins.write_text(f"livecoder-not-there==1 --hash=sha256:{'0' * 64}\n")
    closed = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1", "NO_PROXY": "127.0.0.1"}

    done = machine.install(**closed)

    assert done.returncode == 3
    assert [line for line in done.stderr.splitlines() if "cannot reach its packages" in line]
    assert len(done.stderr.splitlines()) == 3  # this line, what could not be done, the remedy
    assert "making .venv" not in done.stdout
    assert "making .venv" in machine.install(**closed).stdout


# ---- what is installed


def pinned() -> dict[str, str]:
    """Version by canonical name; every pin has a hash."""
    versions: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", "\n".join(path.read_text() for path in PINS)):
        found = re.match(r"([\w.-]+)==([\w.]+)", entry)
        assert found, entry
        assert "--hash=sha256:" in entry, entry
        versions[canonicalize_name(found[1])] = found[2]
    return versions


def test_every_dependency_is_pinned_within_its_range() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    wanted = [*project["project"]["dependencies"], *extras["dev"], *project["build-system"]["requires"]]
    versions = pinned()

    for text in wanted:
        requirement = Requirement(text)
        if requirement.name == project["project"]["name"]:  # extras of our own
            wanted += [each for extra in requirement.extras for each in extras[extra]]
            continue
        assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)]), f"run .ci/pin: {text}"


def test_pins_name_no_host() -> None:
    assert not [path for path in PINS if "://" in path.read_text()]


def test_no_release_that_was_reported_malicious_is_pinned() -> None:
    assert pinned()["litellm"] not in {"1.82.7", "1.82.8", "1.107.0"}


# Python runs the `import` lines of these files at every start, so a stealer needs nothing else.
EXPECTED_PTH = {
    "_editable_impl_livecoder.pth": "this checkout, as hatchling installs it for work on it",
    "_virtualenv.pth": "uv and virtualenv: they patch distutils so that it installs into the environment",
    "distutils-precedence.pth": "setuptools: its own distutils goes before the standard library's",
}


def unexpected_pth(directories: Iterable[str | Path]) -> list[str]:
    found = [path for directory in directories for path in Path(directory).glob("*.pth")]
    return [
        str(path)
        for path in found
        if path.name not in EXPECTED_PTH
        or (path.name == "_editable_impl_livecoder.pth" and not Path(path.read_text().strip()).is_dir())
    ]


def test_no_package_runs_code_at_every_start() -> None:
    assert sys.prefix != sys.base_prefix, "the tests run in an environment of their own"
    assert unexpected_pth(site.getsitepackages()) == []


def test_a_planted_pth_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "litellm_init.pth").write_text("import os; os.system('true')")
    (tmp_path / "_virtualenv.pth").write_text("import _virtualenv")
    (tmp_path / "_editable_impl_livecoder.pth").write_text("import os; os.system('true')")

    names = {Path(path).name for path in unexpected_pth([tmp_path])}
    assert names == {"litellm_init.pth", "_editable_impl_livecoder.pth"}
