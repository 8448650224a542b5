"""Python projects: which command runs their tests in a sandbox, with which interpreter, and what checks them."""

from __future__ import annotations

import pytest

from livecoder.ground import survey
from livecoder.workspace.glance import Glance
from tests.ground.conftest import Make, See

PYTEST = "python3 -m pytest -q"
UNITTEST = "import unittest\nclass TestA(unittest.TestCase):\n    def test_a(self): pass\n"
FUNCTION = "def test_a():\n    assert True\n"
VENV = {".venv/pyvenv.cfg": "home = /usr/bin\nversion = 3.12.4\n", ".venv/bin/python": ""}
PROJECT = "[project]\nname = 'my-project'\nrequires-python = '>=3.9'\n"


@pytest.mark.parametrize(
    ("files", "command"),
    [
        # pytest says so itself
        ({"pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-ra'\n"}, PYTEST),
        ({"pyproject.toml": "[tool.pytest]\nstrict = true\n"}, PYTEST),
        ({"pytest.ini": "[pytest]\n"}, PYTEST),
        ({"setup.cfg": "[tool:pytest]\naddopts = -ra\n"}, PYTEST),
        ({"tox.ini": "[pytest]\naddopts = -ra\n", "setup.py": ""}, PYTEST),
        ({"tests/conftest.py": "", "setup.py": ""}, PYTEST),
        # tox's, nox's and others' own words, cut to the runner
        ({"tox.ini": "[testenv]\ncommands = pytest {posargs}\n", "setup.py": ""}, PYTEST),
        ({"tox.ini": "[testenv]\ncommands =\n py3: coverage run -m pytest tests/\n", "tests/": ""}, f"{PYTEST} tests/"),
        ({"tox.ini": "[testenv]\ncommands = py.test {posargs:tests}\n", "tests/a.py": ""}, f"{PYTEST} tests"),
        ({"tox.ini": "[testenv]\ncommands = pytest {other}/x tests\n", "tests/a.py": ""}, f"{PYTEST} tests"),
        ({"tox.ini": "[testenv]\nchangedir = test\ncommands = {envpython} run_tests.py", "test/run_tests.py": ""},
         "cd test && python3 run_tests.py"),
        ({"tox.ini": "[testenv]\ncommands = coverage run -m unittest discover -v {toxinidir}/tests\n", "setup.py": ""},
         "python3 -m unittest discover -q tests"),
        ({"tox.ini": "[testenv]\ncommands =\n pip install pytest\n trial mypkg\n", "setup.py": ""},
         "python3 -m twisted.trial mypkg"),
        ({"tox.toml": "[env_run_base]\ncommands = [['pytest', '-x', 'tests']]\n", "tests/a.py": ""}, f"{PYTEST} tests"),
        ({"pyproject.toml": "[tool.tox]\nlegacy_tox_ini = '''\n[testenv]\ncommands = pytest\n'''\n"}, PYTEST),
        ({"pyproject.toml": "[tool.tox.env_run_base]\ncommands = [['pytest', {replace = 'posargs'}]]\n"}, PYTEST),
        ({"noxfile.py": "@nox.session\ndef tests(session):\n    session.run('pytest', 'tests')\n", "tests/a.py": ""},
         f"{PYTEST} tests"),
        ({"noxfile.py": "def test(session):\n    session.run('python', '-m', 'unittest', '-v')\n", "setup.py": ""},
         "python3 -m unittest -q"),
        ({"pyproject.toml": "[tool.hatch.envs.default.scripts]\ntest = 'pytest {args}'\n"}, PYTEST),
        ({"pyproject.toml": "[tool.pdm.scripts]\ntest = {cmd = 'pytest -x'}\n"}, PYTEST),
        ({"pyproject.toml": "[tool.poe.tasks]\ntest = 'python -m unittest'\n"}, "python3 -m unittest -q"),
        ({"Makefile": "RUN = $(PYTHON) -m pytest\ntest: build\n\t@$(RUN) $(ARGS)\n", "setup.py": ""}, PYTEST),
        # Django
        ({"manage.py": "import django\n", "app/tests.py": UNITTEST}, "python3 manage.py test"),
        ({"manage.py": "import django\n", "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = x\n"}, PYTEST),
        # what the project needs
        ({"requirements-dev.txt": "ruff\npytest>=8\n", "tests/test_a.py": UNITTEST}, PYTEST),
        ({"pyproject.toml": "[tool.poetry.group.dev.dependencies]\npytest = '^8'\n", "tests/test_a.py": ""}, PYTEST),
        ({"pyproject.toml": "[dependency-groups]\ndev = ['pytest']\n", "uv.lock": "", "tests/test_a.py": ""}, PYTEST),
        # nothing to run
        ({"main.py": "print()\n"}, ""),
        ({"setup.py": "", "tests/data.py": "x = 1\n"}, ""),
        ({"tox.ini": "[testenv]\ncommands = sphinx-build docs out\n", "setup.py": ""}, ""),
    ],
)  # fmt: skip
def test_a_file_says_how_tests_are_run(see: See, files: dict[str, str], command: str) -> None:
    ground = see(files)
    assert ground.test_command == command
    assert not any(kit.tests.guessed for kit in ground.kits)


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"test_a.py": "import pytest\n"}, PYTEST),
        ({"tests/test_a.py": FUNCTION}, PYTEST),
        ({"tests/test_a.py": "class TestA:\n    def test_a(self): pass\n"}, PYTEST),
        ({"pkg/deep/a_test.py": FUNCTION}, PYTEST),
        ({"test_a.py": UNITTEST}, "python3 -m unittest -q"),
        ({"tests/__init__.py": "", "tests/test_a.py": UNITTEST}, "python3 -m unittest -q"),
        ({"tests/test_a.py": UNITTEST}, "python3 -m unittest discover -q -s tests"),
        ({"src/pkg/tests/__init__.py": "", "src/pkg/__init__.py": "", "src/pkg/tests/test_a.py": UNITTEST},
         "python3 -m unittest discover -q -s src"),
        ({"tests/test_a.py": UNITTEST, "tests/test_b.py": "import pytest\n"}, PYTEST),
        ({"tests/test_a.py": "from unittest import mock\n" + FUNCTION}, PYTEST),
        ({"odd name; touch x/test_a.py": UNITTEST}, "python3 -m unittest discover -q -s 'odd name; touch x'"),
    ],
)  # fmt: skip
def test_else_the_runner_is_concluded_from_test_files_and_said_to_be_a_guess(
    see: See, files: dict[str, str], command: str
) -> None:
    (kit,) = see(files).kits
    assert (kit.tests.command, kit.tests.guessed) == (command, True)


def test_the_projects_own_words_are_kept_beside_the_command(see: See) -> None:
    (kit,) = see({"tox.ini": "[testenv]\ncommands = pytest -n auto {posargs}\n", "pytest.ini": ""}).kits
    assert (kit.tests.command, kit.tests.source) == (PYTEST, "pytest.ini")
    assert [(own.text, own.source) for own in kit.tests.own] == [("pytest -n auto {posargs}", "tox.ini")]


# ---- the interpreter


@pytest.mark.parametrize("folder", [".venv", "venv", "env"])
def test_an_environment_in_the_tree_runs_the_tests(see: See, folder: str) -> None:
    files = {f"{folder}/pyvenv.cfg": "version_info = 3.12.4.final.0\n", f"{folder}/bin/python": "", "pytest.ini": ""}
    ground = see(files)
    assert ground.test_command == f"{folder}/bin/python -m pytest -q"
    assert ground.kits[0].versions[0].text == f"3.12.4 in {folder}"


def test_a_command_in_a_folder_finds_the_environment_from_there(see: See) -> None:
    tox = "[testenv]\nchangedir = test\ncommands = python runtests.py\n"
    ground = see({**VENV, "tox.ini": tox, "test/runtests.py": "", "setup.py": ""})
    assert ground.test_command == "cd test && ../.venv/bin/python runtests.py"


@pytest.mark.parametrize(
    ("target", "runs"),
    [
        ("python3", True),
        ("/usr/bin/env", True),
        ("/usr/bin/python0.1", False),
        ("python", False),
        ("../../../x", False),
    ],
)
def test_its_python_is_a_link_that_must_lead_somewhere(make: Make, target: str, runs: bool) -> None:
    root = make({".venv/pyvenv.cfg": "version = 3.12.4\n", ".venv/bin/python3": "", "pytest.ini": ""})
    (root / ".venv/bin/python").symlink_to(target)
    assert survey(root, root, Glance()).test_command == (".venv/bin/python -m pytest -q" if runs else PYTEST)


def test_a_folder_called_venv_without_an_interpreter_is_none(see: See) -> None:
    assert see({"venv/pyvenv.cfg": "version = 3.12.4\n", "pytest.ini": ""}).test_command == PYTEST


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"pyproject.toml": PROJECT}, "for >=3.9"),
        ({"pyproject.toml": "[tool.poetry.dependencies]\npython = '^3.10'\n"}, "for ^3.10"),
        ({"setup.cfg": "[options]\npython_requires = >=3.7\n"}, "for >=3.7"),
        ({"setup.py": "setup(python_requires='>=3.6')\n"}, "for >=3.6"),
        ({"setup.py": "options = {'python_requires': '>=3.8'}\n"}, "for >=3.8"),
    ],
)
def test_the_versions_that_it_is_for_are_told(see: See, files: dict[str, str], wanted: str) -> None:
    assert [fact.text for fact in see(files).kits[0].versions] == [wanted]


def test_what_the_command_needs_and_is_not_installed_is_told(see: See) -> None:
    site = ".venv/lib/python3.12/site-packages"
    bare = see({**VENV, "pytest.ini": "", f"{site}/pip/": ""}).kits[0].tests
    assert bare.missing == "pytest is not installed"
    assert see({f"{site}/pytest/": ""}).kits[0].tests.missing == ""


def test_an_environment_that_sees_the_systems_packages_lacks_nothing_that_we_know_of(see: See) -> None:
    config = "version = 3.12.4\ninclude-system-site-packages = true\n"
    files = {**VENV, ".venv/pyvenv.cfg": config, ".venv/lib/python3.12/site-packages/pip/": "", "pytest.ini": ""}
    assert see(files).kits[0].tests.missing == ""


# ---- the src layout

SITE = ".venv/lib/python3.12/site-packages"
LAYOUT = {**VENV, "pyproject.toml": PROJECT, "src/my_project/__init__.py": "", "pytest.ini": "", f"{SITE}/pytest/": ""}
COMMAND = ".venv/bin/python -m pytest -q"


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({}, f"PYTHONPATH=src {COMMAND}"),
        ({f"{SITE}/my_project-1.0.dist-info/": ""}, COMMAND),
        ({f"{SITE}/__editable__.my_project-1.0.pth": ""}, COMMAND),
        ({f"{SITE}/my-project.egg-link": ""}, COMMAND),
        ({"pytest.ini": "[pytest]\npythonpath = src\n"}, COMMAND),
        ({"pyproject.toml": PROJECT + "[tool.pytest.ini_options]\npythonpath = ['src']\n"}, COMMAND),
    ],
)
def test_a_src_layout_is_put_on_the_path_where_nothing_else_does(see: See, files: dict[str, str], command: str) -> None:
    assert see({**LAYOUT, **files}).test_command == command


def test_a_runner_in_a_folder_is_shown_the_way_to_the_package(see: See) -> None:
    files = {**VENV, f"{SITE}/pip/": "", "pkg/__init__.py": "", "tests/runtests.py": ""}
    tox = "[testenv]\nchangedir = tests\ncommands = python runtests.py\n"
    assert see({**files, "tox.ini": tox}).test_command == ("cd tests && PYTHONPATH=.. ../.venv/bin/python runtests.py")
    tox = "[testenv]\ncommands = python tests/runtests.py\n"
    assert see({**files, "tox.ini": tox}).test_command == "PYTHONPATH=. .venv/bin/python tests/runtests.py"


def test_where_nothing_is_known_of_what_is_installed_nothing_is_put_on_the_path(see: See) -> None:
    assert see({"src/pkg/__init__.py": "", "pytest.ini": ""}).test_command == PYTEST


def test_src_is_no_python_where_it_holds_rust(see: See) -> None:
    files = {**LAYOUT, "src/lib.rs": ""}
    del files["src/my_project/__init__.py"]
    assert see(files).test_command == COMMAND


# ---- checkers


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("ruff", {"pyproject.toml": "[tool.ruff]\nline-length = 99\n"}),
        ("ruff", {"ruff.toml": "", "setup.py": ""}),
        ("ruff", {".pre-commit-config.yaml": "repos:\n- repo: x\n  hooks:\n  - id: ruff-check\n", "setup.py": ""}),
        ("flake8", {".flake8": "", "setup.py": ""}),
        ("flake8", {"setup.cfg": "[flake8]\nmax-line-length = 99\n"}),
        ("flake8", {"tox.ini": "[flake8]\n", "setup.py": ""}),
        ("flake8", {"tox.ini": "[testenv:style]\ncommands =\n flake8 {toxinidir}\n", "setup.py": ""}),
        ("pyright", {"tox.ini": "[testenv:typing]\ncommands =\n strict: pyright src\n", "setup.py": ""}),
        ("black", {"pyproject.toml": "[tool.black]\nline-length = 99\n"}),
        ("isort", {".isort.cfg": "", "setup.py": ""}),
        ("mypy", {"mypy.ini": "", "setup.py": ""}),
        ("mypy", {"pyproject.toml": "[tool.mypy]\nstrict = true\n"}),
        ("pyright", {"pyrightconfig.json": "{}", "setup.py": ""}),
        ("pylint", {"pylintrc": "", "setup.py": ""}),
    ],
)
def test_a_checker_is_told_where_it_is_configured(see: See, name: str, files: dict[str, str]) -> None:
    (check,) = see(files).kits[0].checks
    assert (check.name, check.command) == (name, "")
    assert check.source in files


@pytest.mark.parametrize(
    ("tools", "program", "command"),
    [
        ("[tool.ruff]\nx = 1\n", ".venv/bin/ruff", ".venv/bin/ruff check ."),
        ("[tool.black]\nx = 1\n", ".venv/bin/black", ".venv/bin/black --check ."),
        ("[tool.mypy]\nstrict = true\n", ".venv/bin/mypy", ".venv/bin/mypy pkg"),
        ("[tool.mypy]\nfiles = ['pkg']\n", ".venv/bin/mypy", ".venv/bin/mypy"),
    ],
)
def test_one_that_is_installed_has_its_command(see: See, tools: str, program: str, command: str) -> None:
    (check,) = see({**VENV, "pyproject.toml": tools, program: "", "pkg/__init__.py": ""}).kits[0].checks
    assert check.command == command


def test_one_that_path_has_is_called_by_its_name(see: See) -> None:
    (check,) = see({"ruff.toml": "", "setup.py": ""}, programs=("ruff",)).kits[0].checks
    assert check.command == "ruff check ."
