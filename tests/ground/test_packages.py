"""Repositories of several packages: which there are, which one the user is in, and whose kit is told."""

from __future__ import annotations

import pytest

from tests.ground.conftest import See

NAMED = '{"name": "x", "scripts": {"test": "jest"}}'
PYTHON = "[project]\nname = 'x'\n[tool.pytest.ini_options]\nx = 1\n"


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("npm workspaces", {"package.json": '{"workspaces": ["packages/*"]}'}),
        ("yarn workspaces", {"package.json": '{"workspaces": {"packages": ["packages/*"]}}', "yarn.lock": ""}),
        ("pnpm workspace", {"pnpm-workspace.yaml": "packages:\n  # ours\n  - 'packages/*'\n  - '!**/x'\ncatalog:\n"}),
    ],
)
def test_a_workspace_of_javascript(see: See, kind: str, files: dict[str, str]) -> None:
    members = {"packages/a/package.json": NAMED, "packages/b/package.json": NAMED, "other/package.json": NAMED}
    ground = see({"package.json": "{}", **members, **files}, "packages/b")
    assert (ground.packages.kind, ground.packages.folders) == (kind, ("packages/a", "packages/b"))
    assert ground.packages.here == "packages/b"


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("cargo workspace", {"Cargo.toml": "[workspace]\nmembers = ['*']\n", "a/Cargo.toml": "", "b/Cargo.toml": ""}),
        ("go workspace", {"go.work": "use (\n./a\n./b\n)\n", "a/go.mod": "", "b/go.mod": ""}),
        ("uv workspace", {"pyproject.toml": "[project]\nname='x'\n[tool.uv.workspace]\nmembers = ['*']\n",
                          "a/pyproject.toml": "", "b/pyproject.toml": ""}),
        ("projects", {"a/pyproject.toml": "", "b/package.json": "{}"}),
        ("projects", {"pyproject.toml": "[tool.ruff]\nx = 1\n", "a/pyproject.toml": "", "b/setup.py": ""}),
    ],
)  # fmt: skip
def test_workspaces_of_other_kinds(see: See, kind: str, files: dict[str, str]) -> None:
    packages = see(files).packages
    assert (packages.kind, packages.folders, packages.here) == (kind, ("a", "b"), "")


def test_a_project_with_templates_and_fixtures_in_it_is_one_package(see: See) -> None:
    files = {"pyproject.toml": PYTHON, "src/x/templates/pyproject.toml": "", "tests/fixtures/a/package.json": "{}"}
    ground = see({**files, "src/x/models/__init__.py": "", "src/x/models/setup.py": ""})
    assert ground.packages.kind == "" and len(ground.kits) == 1


def test_the_package_around_the_user_comes_first_and_its_commands_are_for_the_root(see: See) -> None:
    files = {"package.json": NAMED, "libs/x/pyproject.toml": PYTHON, "libs/x/src/": ""}
    ground = see(files, "libs/x/src")
    assert [(kit.language, kit.folder) for kit in ground.kits] == [("python", "libs/x"), ("javascript", "")]
    assert ground.test_command == "cd libs/x && python3 -m pytest -q"


def test_a_package_uses_what_lies_above_it(see: See) -> None:
    above = {".venv/pyvenv.cfg": "version = 3.12.4\n", ".venv/bin/python": "", ".venv/bin/ruff": "", "ruff.toml": ""}
    ground = see({**above, "libs/x/pyproject.toml": PYTHON}, "libs/x")
    assert ground.test_command == "cd libs/x && ../../.venv/bin/python -m pytest -q"
    assert ground.kits[0].checks[0].command == "cd libs/x && ../../.venv/bin/ruff check ."


def test_a_root_without_a_project_tells_of_its_few_packages(see: See) -> None:
    ground = see({"back/pyproject.toml": PYTHON, "front/package.json": NAMED})
    assert [kit.tests.command for kit in ground.kits] == [
        "cd back && python3 -m pytest -q",
        "cd front && npm test --silent",
    ]


def test_a_folder_with_an_odd_name_is_quoted_or_left_out(see: See) -> None:
    ground = see({"a b; touch x/pyproject.toml": PYTHON, "c\nd/pyproject.toml": PYTHON})
    assert [kit.tests.command for kit in ground.kits] == ["cd 'a b; touch x' && python3 -m pytest -q"]


def test_the_language_with_most_tests_comes_first(see: See) -> None:
    files = {"Cargo.toml": "[package]\nname='x'\n", "src/lib.rs": "", "src/a.rs": "", "pyproject.toml": PYTHON}
    ground = see({**files, "tests/test_a.py": ""})
    assert [kit.language for kit in ground.kits] == ["python", "rust"]
