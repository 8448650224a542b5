"""JavaScript and TypeScript projects: package manager, tests and checkers."""

from __future__ import annotations

import json

import pytest

from tests.ground.conftest import See


def package(**keys: object) -> str:
    return json.dumps(keys)


SCRIPT = package(scripts={"test": "vitest run"})


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"package-lock.json": "{}"}, "npm test --silent"),
        ({}, "npm test --silent"),
        ({"pnpm-lock.yaml": ""}, "pnpm -s test"),
        ({"yarn.lock": ""}, "yarn -s test"),
        ({"bun.lock": ""}, "bun run --silent test"),
        (
            {"package.json": package(scripts={"test": "x"}, packageManager="pnpm@9.1.0"), "yarn.lock": ""},
            "pnpm -s test",
        ),
    ],
)
def test_the_lockfile_says_which_manager_runs_the_script(see: See, files: dict[str, str], command: str) -> None:
    assert see({"package.json": SCRIPT, **files}).test_command == command


def test_npm_stands_in_for_a_manager_that_is_not_installed(see: See) -> None:
    files = {"package.json": SCRIPT, "pnpm-lock.yaml": ""}
    assert see(files, programs=("npm",)).test_command == "npm test --silent"
    assert see(files, programs=("npm", "pnpm")).test_command == "pnpm -s test"


@pytest.mark.parametrize(
    ("scripts", "command"),
    [
        ({"test": 'echo "Error: no test specified" && exit 1'}, ""),
        ({"test": "vitest --watch", "test:run": "vitest run"}, "npm run -s test:run"),
        ({"test": "jest --watch"}, ""),
        ({"test": "jest --watchAll=false"}, "npm test --silent"),
        ({"test": "react-scripts test"}, "CI=true npm test --silent"),
        ({"test": ["x"]}, ""),
        ({"test": " "}, ""),
    ],
)
def test_a_script_that_runs_no_test_or_never_ends_is_passed_over(
    see: See, scripts: dict[str, str], command: str
) -> None:
    assert see({"package.json": package(scripts=scripts)}).test_command == command


def test_what_the_script_runs_is_told(see: See) -> None:
    assert see({"package.json": SCRIPT}).kits[0].tests.runs == "vitest run"


BIN = "node_modules/.bin"


@pytest.mark.parametrize(
    ("files", "command", "guessed"),
    [
        ({"vitest.config.ts": "", "package.json": "{}"}, f"{BIN}/vitest run", False),
        ({"jest.config.js": "", "package.json": "{}"}, f"{BIN}/jest", False),
        ({".mocharc.json": "", "package.json": "{}"}, f"{BIN}/mocha", False),
        ({"package.json": package(devDependencies={"jest": "^29"})}, f"{BIN}/jest", True),
        ({"package.json": package(ava={})}, f"{BIN}/ava", True),
        ({"package.json": "{}", "test/a.test.js": "import test from 'node:test'\n"}, "node --test", True),
        ({"package.json": "{}", "bun.lock": "", "a.test.ts": "import {test} from 'bun:test'\n"}, "bun test", True),
        ({"package.json": "{}", "test/a.test.js": "assert(1)\n"}, "", False),
    ],
)
def test_without_a_script_the_runner_is_found_by_its_own_path(
    see: See, files: dict[str, str], command: str, guessed: bool
) -> None:
    (kit,) = see(files).kits
    assert (kit.tests.command, kit.tests.guessed) == (command, guessed)


@pytest.mark.parametrize(
    ("files", "versions"),
    [
        ({"package.json": package(engines={"node": ">=18"})}, ["for >=18", "npm"]),
        ({"package.json": package(engines={"node": ">=18"}), ".nvmrc": "v20.1.0\n"}, ["for v20.1.0", "npm"]),
        ({"package.json": package(dependencies={"x": "1"}), "yarn.lock": ""}, ["yarn", "node_modules is missing"]),
        ({"package.json": package(dependencies={"x": "1"}), "node_modules/": ""}, ["npm"]),
    ],
)
def test_versions_manager_and_missing_dependencies_are_told(
    see: See, files: dict[str, str], versions: list[str]
) -> None:
    assert [fact.text for fact in see(files).kits[0].versions] == versions


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("eslint", {"eslint.config.mjs": ""}),
        ("eslint", {".eslintrc": ""}),
        ("eslint", {".eslintrc.cjs": ""}),
        ("eslint", {"package.json": package(eslintConfig={})}),
        ("prettier", {".prettierrc.json": "{}"}),
        ("prettier", {"package.json": package(prettier="@x/y")}),
        ("tsc", {"tsconfig.json": "{}"}),
        ("biome", {"biome.jsonc": "{}"}),
    ],
)
def test_a_checker_has_its_command_where_it_is_installed(see: See, name: str, files: dict[str, str]) -> None:
    ground = see({"package.json": "{}", **files})
    assert [(check.name, check.command) for check in ground.kits[0].checks] == [(name, "")]
    (check,) = see({f"{BIN}/{name}": ""}).kits[0].checks
    assert check.command.startswith(f"{BIN}/{name} ")


def test_where_tests_lie_and_what_they_are_called(see: See) -> None:
    files = {"package.json": "{}", "src/a.ts": "", "src/a.test.ts": "", "src/b/b.test.ts": ""}
    assert see(files).kits[0].tests.where == "src/ as *.test.ts"
