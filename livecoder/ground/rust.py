"""Rust: edition and versions, cargo's workspace, tests and checkers. cargo is told that there is no network."""

from __future__ import annotations

import re

from livecoder.ground.facts import Check, Fact, Kit, Suite
from livecoder.ground.files import Table, get, is_table, one_line, table
from livecoder.ground.place import SIMPLE, Place
from livecoder.ground.walk import where


def kit(place: Place) -> Kit | None:
    manifest = place.toml("Cargo.toml")
    if not place.is_file("Cargo.toml"):
        return None
    root = _workspace(place)
    chosen = _chosen(place, manifest, root)
    command = f"cargo test -q --offline{chosen}"
    nextest = place.above(".config/nextest.toml")
    if nextest and place.programs.find("cargo-nextest"):
        command = f"cargo nextest run --offline{chosen}"
    missing = "cargo is not installed" if place.programs.path and not place.programs.find("cargo") else ""
    source = nextest if "nextest" in command else place.at("Cargo.toml")
    lies = where(place.walk.tests.get("rust", ()))
    tests = Suite(_at_root(place, root, command), source, missing=missing, where=lies)
    return Kit("rust", place.folder, tuple(_versions(place, manifest, root)), tests, _checks(place, manifest, root))


def _workspace(place: Place) -> str | None:
    """The folder of the workspace around the package, or None."""
    for folder in place.up():
        path = f"{folder}/Cargo.toml" if folder else "Cargo.toml"
        if is_table(place.tree.toml(path).get("workspace")):
            return folder
    return None


def _of_workspace(place: Place, root: str | None) -> Table:
    return {} if root is None else place.tree.toml(f"{root}/Cargo.toml".lstrip("/"))


def _chosen(place: Place, manifest: Table, root: str | None) -> str:
    """Which packages: all of a workspace at its root, one of them inside."""
    name = get(manifest, "package", "name")
    if root == place.folder:
        return " --workspace"
    return f" -p {name}" if root is not None and isinstance(name, str) and SIMPLE.fullmatch(name) else ""


def _at_root(place: Place, root: str | None, command: str) -> str:
    return command if root == "" else place.command(command)


def _versions(place: Place, manifest: Table, root: str | None) -> list[Fact]:
    shared = table(_of_workspace(place, root), "workspace", "package")
    found: list[Fact] = []
    installed = place.programs.version("cargo")
    if installed:
        found.append(Fact(f"{installed} as cargo", "PATH"))
    for key, told in (("edition", "edition {}"), ("rust-version", "for >={}")):
        value = get(manifest, "package", key)
        value = shared.get(key) if is_table(value) or value is None else value
        if isinstance(value, str):
            found.append(Fact(told.format(one_line(value, 20)), place.at("Cargo.toml")))
    toolchain = place.above("rust-toolchain.toml") or place.above("rust-toolchain")
    channel = get(place.tree.toml(toolchain), "toolchain", "channel") or place.tree.text(toolchain).strip()
    if isinstance(channel, str) and re.fullmatch(r"[\w.+-]{1,40}", channel):
        found.append(Fact(f"toolchain {channel}", toolchain))
    return found


def _checks(place: Place, manifest: Table, root: str | None) -> tuple[Check, ...]:
    """clippy and rustfmt need no configuration: they are told where a file speaks of them."""
    found: list[Check] = []
    shared = _of_workspace(place, root)
    clippy = place.above("clippy.toml") or place.above(".clippy.toml")
    if not clippy and (get(manifest, "lints", "clippy") or get(shared, "workspace", "lints", "clippy")):
        clippy = place.at("Cargo.toml")
    rustfmt = place.above("rustfmt.toml") or place.above(".rustfmt.toml")
    for name, source, program, command in (
        ("clippy", clippy, "cargo-clippy", "cargo clippy -q --offline --all-targets"),
        ("rustfmt", rustfmt, "cargo-fmt", "cargo fmt --check"),
    ):
        if source:
            runs = _at_root(place, root, command) if place.programs.find(program) else ""
            found.append(Check(name, source, runs))
    return tuple(found)
