"""The ground as lines: few and short for the model, each with its source for people."""

from __future__ import annotations

from livecoder.ground.facts import Check, Conventions, Fact, Ground, Kit, Packages, Suite
from livecoder.ground.lines import facts, lines

KIT = Kit(
    "python",
    versions=(Fact("3.12.4 in .venv", ".venv/pyvenv.cfg"), Fact("for >=3.9", "pyproject.toml")),
    tests=Suite(".venv/bin/python -m pytest -q", "pyproject.toml", where="tests/ as test_*.py"),
    checks=(
        Check("ruff", "pyproject.toml", ".venv/bin/ruff check ."),
        Check("mypy", "setup.cfg"),
        Check("black", "x"),
    ),
)
GROUND = Ground(
    git="on main",
    entries=("src/", "tests/", "pyproject.toml"),
    untracked=("notes.txt",),
    kits=(KIT,),
    conventions=Conventions(
        Fact("CHANGES.md (in 4 of the last 10 commits)", "CHANGES.md"),
        Fact('conventional, as "fix: x"', "git log"),
        (Fact("Please add tests.", "CONTRIBUTING.md"), Fact("Please add news.", "CONTRIBUTING.md")),
    ),
)


def test_the_model_reads_a_few_lines() -> None:
    assert lines(GROUND) == [
        "git: on main; untracked: notes.txt",
        "top: src/ tests/ pyproject.toml",
        "python: 3.12.4 in .venv; for >=3.9",
        "tests: .venv/bin/python -m pytest -q; in tests/ as test_*.py",
        "checks: .venv/bin/ruff check .; mypy, black are configured, not installed",
        "changelog: CHANGES.md (in 4 of the last 10 commits)",
        'commits: conventional, as "fix: x"',
        'CONTRIBUTING.md says: "Please add tests." "Please add news."',
    ]


def test_an_empty_repository_takes_one_line() -> None:
    assert lines(Ground()) == ["top:"]


def test_where_a_verify_command_says_how_tests_run_none_is_proposed() -> None:
    assert "tests: in tests/ as test_*.py" in lines(GROUND, "make test")


def test_a_guess_is_called_probable() -> None:
    (line,) = lines(Ground(kits=(Kit("python", tests=Suite("python3 -m pytest -q", "t.py", guessed=True)),)))[1:]
    assert line == "tests, probably: python3 -m pytest -q"


def test_what_is_missing_and_what_a_command_runs_stand_beside_it() -> None:
    tests = Suite("npm test --silent", "package.json", missing="node_modules is missing", runs="vitest run")
    assert lines(Ground(kits=(Kit("javascript", tests=tests),)))[1:] == [
        "tests: npm test --silent (node_modules is missing; runs: vitest run)"
    ]


def test_the_package_is_named_and_so_are_the_folders_of_kits() -> None:
    packages = Packages("npm workspaces", "package.json", ("a", "b"), 10, "b")
    kit = Kit("javascript", "b", (Fact("npm", "package.json"),))
    assert lines(Ground(packages=packages, kits=(kit,)))[1:] == [
        "package: the user is in b/ (npm workspaces, 12)",
        "javascript in b/: npm",
    ]
    at_root = Packages("npm workspaces", "package.json", ("a", "b"), 10)
    assert lines(Ground(packages=Packages(here="b")))[1:] == ["package: the user is in b/"]
    assert lines(Ground(packages=at_root))[1:] == ["packages (npm workspaces): a/ b/ … and 10 more"]


def test_long_lists_are_cut_and_say_so() -> None:
    ground = Ground(entries=tuple(f"a-folder{n:02}/" for n in range(24)), left_out=3, untracked=tuple("abcdefghijk"))
    git, top = lines(ground)
    assert git == "untracked: a b c d e f g h … and 3 more"
    assert top.endswith(" … and 7 more") and len(top) < 270


def test_what_was_measured_takes_two_lines_at_most() -> None:
    assert lines(Ground(baseline="12 passed in 3 s\nknown failures: a\nmore"))[1:] == [
        "12 passed in 3 s",
        "known failures: a",
    ]


def test_people_read_each_fact_with_its_source() -> None:
    own = Suite("x", "pyproject.toml", own=(Fact("pytest -n auto", "tox.ini"),), missing="pytest is not installed")
    told = list(facts(Ground(git="on main", kits=(KIT, Kit("rust", "core", tests=own)), baseline="12 passed")))
    assert told[0] == ("git", Fact("on main", ".git/HEAD"))
    assert ("python", Fact("3.12.4 in .venv", ".venv/pyvenv.cfg")) in told
    assert ("checks", Fact("mypy is configured, not installed", "setup.cfg")) in told
    assert ("tests", Fact("in its own words: pytest -n auto", "tox.ini")) in told
    assert told[-1] == ("baseline", Fact("12 passed", "measured"))
