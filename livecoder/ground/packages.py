"""Which packages a repository is made of, and which of them the user started in."""

from __future__ import annotations

from livecoder.ground import go, javascript
from livecoder.ground.facts import Packages
from livecoder.ground.files import Tree, get, is_table, strings
from livecoder.ground.place import Place
from livecoder.ground.walk import MANIFESTS

MAX_FOLDERS = 12


def nearest(tree: Tree, folder: str) -> str:
    """The nearest folder from here up to the root with a manifest in it; the root, "", when there is none."""
    while folder and not any(tree.is_file(f"{folder}/{name}") for name in MANIFESTS):
        folder = folder.rpartition("/")[0]
    return folder if folder.isprintable() else ""


def packages(root: Place, here: str) -> Packages:
    """By what the root declares; else the folders with manifests, where there are several."""
    for kind, source, language, patterns in _declared(root):
        starts = tuple(pattern.partition("*")[0].removeprefix("./") for pattern in patterns if pattern[:1] != "!")
        folders = [name for name in root.walk.packages.get(language, ()) if f"{name}/".startswith(starts)]
        if starts:
            return _listed(kind, source, folders, here)
    found = sorted({name for names in root.walk.packages.values() for name in names})
    if found and not _is_project(root):
        return _listed("projects", "their manifests", found, here)
    return Packages(here=here)


def _is_project(root: Place) -> bool:
    """False for a root without a manifest, or with one that only configures tools: what lies below is the projects."""
    python = root.toml("pyproject.toml")
    if {"project", "build-system"} & python.keys() or get(python, "tool", "poetry"):
        return True
    return any(root.is_file(name) for name in MANIFESTS if name != "pyproject.toml")


def _declared(root: Place) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """(kind, file, language, patterns of folders)."""
    package = root.json("package.json")
    value = package.get("workspaces")
    value = value.get("packages") if is_table(value) else value
    named = javascript.manager(root, package)[0]
    python, rust = root.toml("pyproject.toml"), root.toml("Cargo.toml")
    return [
        ("pnpm workspace", "pnpm-workspace.yaml", "javascript", _listed_in_yaml(root.text("pnpm-workspace.yaml"))),
        (f"{named} workspaces", "package.json", "javascript", strings(value)),
        ("cargo workspace", "Cargo.toml", "rust", strings(get(rust, "workspace", "members"))),
        ("go workspace", "go.work", "go", tuple(name for name in go.modules(root.text("go.work")) if name != ".")),
        ("uv workspace", "pyproject.toml", "python", strings(get(python, "tool", "uv", "workspace", "members"))),
    ]


def _listed_in_yaml(text: str) -> tuple[str, ...]:
    """The list under `packages:`, one pattern a line, as pnpm's own documentation writes it."""
    found: list[str] = []
    for line in f"\n{text}".partition("\npackages:")[2].split("\n")[1:]:
        if line.strip() and not line.strip().startswith(("-", "#")):
            break
        found.append(line.strip().removeprefix("-").strip(" '\""))
    return tuple(word for word in found if word and not word.startswith("#"))


def _listed(kind: str, source: str, folders: list[str], here: str) -> Packages:
    return Packages(kind, source, tuple(folders[:MAX_FOLDERS]), max(0, len(folders) - MAX_FOLDERS), here)
