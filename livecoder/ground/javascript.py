"""JavaScript and TypeScript: node, the package manager by its lockfile, tests by script or runner, checkers."""

from __future__ import annotations

import re
import shlex

from livecoder.ground.facts import Check, Fact, Kit, Suite
from livecoder.ground.files import Table, get, one_line, table
from livecoder.ground.place import Place
from livecoder.ground.walk import where

LOCKFILES = {
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "bun.lock": "bun",
    "bun.lockb": "bun",
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
}
SCRIPTS = {"npm": "npm run -s", "pnpm": "pnpm -s run", "yarn": "yarn -s run", "bun": "bun run --silent"}
TESTS = {"npm": "npm test --silent", "pnpm": "pnpm -s test", "yarn": "yarn -s test", "bun": "bun run --silent test"}
RUNNERS = {
    "vitest": ("vitest run", ("vitest.config.ts", "vitest.config.js", "vitest.config.mts", "vitest.config.mjs")),
    "jest": ("jest", ("jest.config.js", "jest.config.ts", "jest.config.mjs", "jest.config.cjs", "jest.config.json")),
    "mocha": ("mocha", (".mocharc.json", ".mocharc.js", ".mocharc.cjs", ".mocharc.yml", ".mocharc.yaml")),
    "ava": ("ava", ("ava.config.js", "ava.config.mjs")),
}
CHECKERS = {
    "eslint": ("eslint .", r"eslint\.config\.[cm]?[jt]s|\.eslintrc(\.\w+)?", "eslintConfig"),
    "prettier": ("prettier --check .", r"\.prettierrc(\.\w+)?|prettier\.config\.[cm]?[jt]s", "prettier"),
    "tsc": ("tsc --noEmit", r"tsconfig\.json", ""),
    "biome": ("biome check .", r"biome\.jsonc?", ""),
}
"""What runs it, the names of its files, and its key in package.json."""
_NO_TESTS = re.compile(r"no test specified|--watch(?!All=false|=false)")
"""npm's placeholder, and what would never end."""


def kit(place: Place) -> Kit | None:
    if not place.is_file("package.json"):
        return None
    package = place.json("package.json")
    named, source = manager(place, package)
    checks = tuple(_checks(place, package))
    return Kit("javascript", place.folder, _versions(place, package, named, source), _tests(place, named), checks)


def manager(place: Place, package: Table) -> tuple[str, str]:
    """npm, pnpm, yarn or bun, and the file that says so."""
    for folder in place.up():
        path = f"{folder}/package.json" if folder else "package.json"
        named = str(get(place.tree.json(path), "packageManager") or "").partition("@")[0]
        if named in SCRIPTS:
            return named, path
        for lockfile, program in LOCKFILES.items():
            if place.tree.is_file(f"{folder}/{lockfile}" if folder else lockfile):
                return program, f"{folder}/{lockfile}" if folder else lockfile
    return "npm", place.at("package.json")


def _versions(place: Place, package: Table, named: str, source: str) -> tuple[Fact, ...]:
    found = [Fact(f"node {installed}", "PATH")] if (installed := place.programs.version("node")) else []
    for name in (".nvmrc", ".node-version"):
        if (path := place.above(name)) and (told := one_line(place.tree.text(path), 20)):
            found.append(Fact(f"for {told}", path))
            break
    else:
        if isinstance(engines := get(package, "engines", "node"), str):
            found.append(Fact(f"for {one_line(engines, 40)}", place.at("package.json")))
    there = not place.programs.path or place.programs.find(named)
    found.append(Fact(named if there else f"{named} (not installed)", source))
    if not place.above("node_modules") and _needs(package):
        found.append(Fact("node_modules is missing", place.at("package.json")))
    return tuple(found)


def _needs(package: Table) -> set[str]:
    """The names of all dependencies."""
    return {name for key in ("dependencies", "devDependencies") for name in table(package, key)}


def _tests(place: Place, named: str) -> Suite:
    package = place.json("package.json")
    lies = where(place.walk.tests.get("javascript", ()))
    name, script = _test_script(table(package, "scripts"))
    source = place.at("package.json")
    if script:
        prefix = "CI=true " if "react-scripts test" in script else ""
        command = place.command(prefix + _called(place, named, name))
        return Suite(command, source, missing=_missing(place, package), runs=one_line(script, 80), where=lies)
    for runner, (command, files) in RUNNERS.items():
        configured = place.first(*files)
        if configured or runner in _needs(package) or get(package, runner) is not None:
            program = place.command(_program(place, command))
            where_said = place.at(configured or "package.json")
            return Suite(program, where_said, not configured, _missing(place, package), where=lies)
    example = next((path for path in place.walk.tests.get("javascript", ())[:20] if _by_node(place, path)), "")
    if example or (named == "bun" and lies):
        return Suite(place.command("node --test" if example else "bun test"), example or source, True, where=lies)
    return Suite(where=lies)


def _by_node(place: Place, path: str) -> bool:
    return re.search(r"[\"']node:test[\"']", place.tree.text(path)) is not None


def _test_script(scripts: Table) -> tuple[str, str]:
    """Name and text of the script that runs the tests once: not one that watches, and not npm's placeholder."""
    for name in ("test", "test:ci", "test:run", "test:unit", "tests"):
        script = scripts.get(name)
        if isinstance(script, str) and script.strip() and not _NO_TESTS.search(script):
            return name, script
    return "", ""


def _called(place: Place, named: str, name: str) -> str:
    """npm runs any manager's script: it stands in for one that is not installed."""
    if place.programs.path and not place.programs.find(named) and place.programs.find("npm"):
        named = "npm"
    return TESTS[named] if name == "test" else f"{SCRIPTS[named]} {shlex.quote(name)}"


def _missing(place: Place, package: Table) -> str:
    return "node_modules is missing" if _needs(package) and not place.above("node_modules") else ""


def _program(place: Place, command: str) -> str:
    """A program of the dependencies, by its own path: `npx` would fetch one that is missing."""
    name = command.partition(" ")[0]
    path = place.above(f"node_modules/.bin/{name}") or f"{place.folder}/node_modules/.bin/{name}".lstrip("/")
    return place.relative(path) + command.removeprefix(name)


def _checks(place: Place, package: Table) -> list[Check]:
    found: list[Check] = []
    for name, (command, pattern, key) in CHECKERS.items():
        source = _configured(place, pattern)
        if not source and key and get(package, key) is not None:
            source = place.at("package.json")
        if source:
            there = place.above(f"node_modules/.bin/{name}")
            found.append(Check(name, source, place.command(_program(place, command)) if there else ""))
    return found


def _configured(place: Place, pattern: str) -> str:
    for folder in place.up():
        for name, kind in sorted(place.tree.names(folder).items()):
            if kind == "file" and re.fullmatch(pattern, name):
                return f"{folder}/{name}" if folder else name
    return ""
