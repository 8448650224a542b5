"""What a change took away from the tests is named; new and changed tests, and moved ones, are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from livecoder.workspace.shadow import Shadow
from livecoder.workspace.weakened import weakened_tests

Files = dict[str, str]


def weakened(directory: Path, before: Files, after: Files) -> tuple[str, ...]:
    root = directory / "root"
    root.mkdir()
    shadow = Shadow(root, directory / "state")
    trees: list[str] = []
    for files in (before, after):
        for path in [path for path in root.rglob("*") if path.is_file()]:
            path.unlink()
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        trees.append(shadow.checkpoint().tree)
    return weakened_tests(shadow.trees, trees[0], trees[1])


ONE = "def test_one():\n    assert f() == 1\n"
TWO = "def test_two():\n    assert f() == 2\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"tests/test_a.py": ONE}, {"tests/test_a.py": ONE + TWO}),
        ({"tests/test_a.py": ONE}, {"tests/test_a.py": ONE.replace("== 1", "== 3")}),
        ({"tests/test_a.py": ONE + TWO}, {"tests/test_a.py": ONE, "tests/test_b.py": TWO}),
        ({"tests/test_a.py": ONE}, {"tests/unit/test_a.py": ONE}),
        ({"a.py": "def test_me(): pass\n"}, {"a.py": ""}),
        ({"pyproject.toml": "[project]\nname='a'\n"}, {"pyproject.toml": "[project]\nname='b'\n"}),
        (
            {"package.json": '{"version": "1", "scripts": {"test": "x"}}'},
            {"package.json": '{"scripts": {"test": "x"}}'},
        ),
        ({"src/a.rs": "fn a() {}\n"}, {"src/a.rs": "fn b() {}\n#[test]\nfn t() {}\n"}),
    ],
)
def test_no_weakening(tmp_path: Path, before: Files, after: Files) -> None:
    assert weakened(tmp_path, before, after) == ()


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ({"tests/test_a.py": ONE + TWO}, {"x": ""}, "test file deleted: tests/test_a.py (2 tests)"),
        ({"tests/data.json": "{}"}, {"x": ""}, "test file deleted: tests/data.json"),
        ({"tests/test_a.py": ONE + TWO}, {"tests/test_a.py": ONE}, "tests removed: tests/test_a.py (1: test_two)"),
        (
            {"tests/test_a.py": ONE},
            {"tests/test_a.py": "@pytest.mark.skipif(True)\n" + ONE},
            "tests newly skipped or restricted: tests/test_a.py (1)",
        ),
        (
            {"a_test.py": "class T:\n    def test_x(self): pass\n"},
            {"a_test.py": "class T:\n    @unittest.expectedFailure\n    def test_x(self): pass\n"},
            "tests newly skipped or restricted: a_test.py (1)",
        ),
        (
            {"a.test.ts": "it('adds', () => {})\n"},
            {"a.test.ts": "it.skip('adds', () => {})\n"},
            "tests newly skipped or restricted: a.test.ts (1)",
        ),
        (
            {"__tests__/a.js": "test('a', f)\ntest('b', f)\n"},
            {"__tests__/a.js": "test('a', f)\n"},
            "tests removed: __tests__/a.js (1: 'b')",
        ),
        ({"src/a.rs": "#[test]\nfn one() {}\n"}, {"src/a.rs": ""}, "tests removed: src/a.rs (1: one)"),
        (
            {"src/a.rs": "#[tokio::test]\nasync fn one() {}\n"},
            {"src/a.rs": "#[tokio::test]\n#[ignore]\nasync fn one() {}\n"},
            "tests newly skipped or restricted: src/a.rs (1)",
        ),
        (
            {"a_test.go": "func TestA(t *testing.T) {\n}\n"},
            {"a_test.go": "func TestA(t *testing.T) {\n\tt.Skip()\n}\n"},
            "tests newly skipped or restricted: a_test.go (1)",
        ),
        (
            {"src/ATest.java": "@Test\nvoid adds() {}\n@Test\nvoid subtracts() {}\n"},
            {"src/ATest.java": "@Test\nvoid adds() {}\n"},
            "tests removed: src/ATest.java (1: subtracts)",
        ),
        ({"x": ""}, {"conftest.py": "collect = 1\n"}, "test configuration changed: conftest.py"),
        ({"tox.ini": "a"}, {"tox.ini": "b"}, "test configuration changed: tox.ini"),
        (
            {"pyproject.toml": "[tool.pytest.ini_options]\naddopts=''\n"},
            {"pyproject.toml": "[tool.pytest.ini_options]\naddopts='-k nothing'\n"},
            "test configuration changed: pyproject.toml",
        ),
        (
            {"package.json": '{"scripts": {"test": "jest"}}'},
            {"package.json": '{"scripts": {"test": "true"}}'},
            "test configuration changed: package.json",
        ),
        ({"Makefile": "test:\n\tpytest\n"}, {"Makefile": "test:\n\ttrue\n"}, "test configuration changed: Makefile"),
    ],
)
def test_a_weakening_is_named(tmp_path: Path, before: Files, after: Files, line: str) -> None:
    assert weakened(tmp_path, before, after) == (line,)


def test_text_that_is_broken_or_binary_is_no_obstacle(tmp_path: Path) -> None:
    before = {
        "pyproject.toml": "[[[",
        "package.json": "[",
        "tests/test_a.py": "\udcff".encode("utf-8", "replace").decode(),
    }
    assert weakened(tmp_path, before, {"pyproject.toml": "]]]", "package.json": "3", "tests/test_a.py": "\0"}) == (
        "test configuration changed: package.json",
        "test configuration changed: pyproject.toml",
    )
