"""Rust, Go, and what a Makefile or justfile says where no language knows better."""

from __future__ import annotations

import pytest

from tests.ground.conftest import See

CRATE = "[package]\nname = 'one'\nedition = '2021'\nrust-version = '1.70'\n"


# ---- Rust


def test_cargo_is_told_that_there_is_no_network(see: See) -> None:
    (kit,) = see({"Cargo.toml": CRATE, "src/lib.rs": ""}).kits
    assert kit.tests.command == "cargo test -q --offline"
    assert [fact.text for fact in kit.versions] == ["edition 2021", "for >=1.70"]


def test_the_root_of_a_workspace_tests_all_of_it(see: See) -> None:
    files = {"Cargo.toml": "[workspace]\nmembers = ['crates/*']\n", "crates/one/Cargo.toml": CRATE}
    assert see(files).test_command == "cargo test -q --offline --workspace"


def test_a_member_is_tested_by_its_name_with_what_the_workspace_says(see: See) -> None:
    root = "[workspace]\nmembers = ['crates/*']\n[workspace.package]\nedition = '2024'\n"
    member = "[package]\nname = 'one'\nedition.workspace = true\n"
    ground = see({"Cargo.toml": root, "crates/one/Cargo.toml": member, "crates/one/src/lib.rs": ""}, "crates/one/src")
    assert ground.test_command == "cargo test -q --offline -p one"
    assert [fact.text for fact in ground.kits[0].versions] == ["edition 2024"]


def test_nextest_runs_them_where_it_is_configured_and_installed(see: See) -> None:
    files = {"Cargo.toml": CRATE, ".config/nextest.toml": ""}
    assert see(files).test_command == "cargo test -q --offline"
    assert see(files, programs=("cargo", "cargo-nextest")).test_command == "cargo nextest run --offline"


@pytest.mark.parametrize(
    "files", [{"rust-toolchain.toml": "[toolchain]\nchannel = '1.80.0'\n"}, {"rust-toolchain": "1.80.0\n"}]
)
def test_a_pinned_toolchain_is_told(see: See, files: dict[str, str]) -> None:
    (kit,) = see({"Cargo.toml": "[package]\nname = 'x'\n", **files}).kits
    assert [fact.text for fact in kit.versions] == ["toolchain 1.80.0"]


def test_what_is_not_installed_is_told(see: See) -> None:
    assert see({"Cargo.toml": CRATE}, programs=("python3",)).kits[0].tests.missing == "cargo is not installed"
    assert see({}, programs=("cargo",)).kits[0].tests.missing == ""


@pytest.mark.parametrize(
    ("name", "files", "command"),
    [
        ("clippy", {"clippy.toml": ""}, "cargo clippy -q --offline --all-targets"),
        ("clippy", {"Cargo.toml": CRATE + "[lints.clippy]\nall = 'warn'\n"}, "cargo clippy -q --offline --all-targets"),
        ("rustfmt", {"rustfmt.toml": ""}, "cargo fmt --check"),
    ],
)
def test_checkers_of_rust(see: See, name: str, files: dict[str, str], command: str) -> None:
    (check,) = see({"Cargo.toml": CRATE, **files}).kits[0].checks
    assert (check.name, check.command) == (name, "")
    (check,) = see({}, programs=("cargo", "cargo-clippy", "cargo-fmt")).kits[0].checks
    assert check.command == command


# ---- Go


def test_a_go_module(see: See) -> None:
    (kit,) = see({"go.mod": "module example.org/x\n\ngo 1.22\n\ntoolchain go1.22.3\n"}).kits
    assert kit.tests.command == "go test ./..."
    assert [fact.text for fact in kit.versions] == ["for >=1.22", "toolchain go1.22.3"]


@pytest.mark.parametrize("use", ["use (\n\t./a\n\t./b // ours\n)\n", "use ./a\nuse ./b\n"])
def test_the_root_of_a_go_workspace_names_its_modules(see: See, use: str) -> None:
    files = {"go.work": f"go 1.22\n{use}", "a/go.mod": "module a\n", "b/go.mod": "module b\n"}
    assert see(files).test_command == "go test ./a/... ./b/..."
    assert see(files, "a").test_command == "cd a && go test ./..."


def test_checkers_of_go(see: See) -> None:
    files = {"go.mod": "module x\n", ".golangci.yml": ""}
    assert [(c.name, c.command) for c in see(files).kits[0].checks] == [("golangci-lint", "")]
    found = see(files, programs=("go", "gofmt", "golangci-lint")).kits[0].checks
    assert [check.command for check in found] == ["golangci-lint run", "gofmt -l ."]


# ---- make and just


@pytest.mark.parametrize(
    ("files", "command", "runs"),
    [
        ({"Makefile": "all: x\n\ncc x\ntest: all\n\t./run-tests\n"}, "make test", "./run-tests"),
        ({"Makefile": "T = ./run\ncheck test:\n\t@$(T) -v\n"}, "make test", "./run -v"),
        ({"Makefile": "check:\n\tbats .\n"}, "make check", "bats ."),
        ({"justfile": "test *args:\n    bats {{ args }}\n"}, "just test", "bats {{ args }}"),
        ({"Makefile": "test := x\nlatest:\n\tcc\n"}, "", ""),
    ],
)
def test_a_target_stands_in_where_no_language_knows(see: See, files: dict[str, str], command: str, runs: str) -> None:
    ground = see(files)
    assert ground.test_command == command
    assert [kit.tests.runs for kit in ground.kits if command] == ([runs] if command else [])


def test_a_target_goes_before_a_guess_and_after_a_languages_own_word(see: See) -> None:
    makefile = {"Makefile": "test: build\n", "test_a.py": "import unittest\n"}
    assert see(makefile).test_command == "make test"
    assert see({**makefile, "pytest.ini": ""}).test_command == "python3 -m pytest -q"
