"""The toolchains that the user has, found before start and seen read-only at their own paths. No process is run.

Never the home directory itself, never a directory of credentials. A repository names no directory of its own choice.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from livecoder.sandbox.regular import read_regular

SYSTEM = tuple(map(Path, ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt")))
"""Seen in every sandbox."""
STANDARD_PATH = ("/usr/local/bin", "/usr/bin", "/bin")

CREDENTIALS = frozenset(
    (
        *(".ssh", ".aws", ".gnupg", ".config", ".docker", ".kube", ".netrc", ".azure", ".gcloud", ".password-store"),
        *(".mozilla", ".thunderbird", ".pki", ".terraform.d", ".git-credentials", ".npmrc", ".pypirc", ".vault-token"),
        *("keyrings", "Library"),
    )
)
"""Names below home that are never seen, nor anything in them."""
_TELLTALES = (
    *("credentials", "credentials.toml", ".netrc", ".git-credentials", ".npmrc", ".pypirc", "id_rsa", "id_ed25519"),
)
_TOO_WIDE = frozenset(map(Path, ("/home", "/root", "/tmp", "/var", "/var/lib", "/mnt", "/srv", "/media", "/Users")))
_NEVER_BELOW = tuple(map(Path, ("/etc", "/proc", "/sys", "/dev", "/run", "/var/run", "/boot")))
_TOO_WIDE_AT_HOME = (".local", ".local/share", ".cache", ".cargo")

INTERPRETERS = ("python3", "python", "node", "ruby", "go", "cargo", "rustc", "java", "uv", "deno", "bun", "php", "perl")


class _Manager(NamedTuple):
    """A version manager: its variable, its place below home, and the parts of it that may be seen."""

    variable: str
    place: str
    parts: tuple[str, ...]


_MANAGERS = (
    _Manager("PYENV_ROOT", ".pyenv", ("",)),
    _Manager("RBENV_ROOT", ".rbenv", ("",)),
    _Manager("ASDF_DATA_DIR", ".asdf", ("",)),
    _Manager("CARGO_HOME", ".cargo", ("bin", "registry", "git")),
    _Manager("SDKMAN_DIR", ".sdkman", ("candidates",)),
    _Manager("VOLTA_HOME", ".volta", ("bin", "tools")),
    _Manager("MISE_DATA_DIR", ".local/share/mise", ("shims", "installs")),
    _Manager(
        "",
        ".local/bin",
        ("", "../share/uv/tools", "../share/uv/python", "../share/pipx/venvs", "../share/pypoetry", "../pipx/venvs"),
    ),
)
_STORES = (
    ("poetry", "POETRY_VIRTUALENVS_PATH", ".cache/pypoetry/virtualenvs"),
    ("pipenv", "WORKON_HOME", ".local/share/virtualenvs"),
)
"""Tools that keep environments of projects out of their trees: the program, its variable, the place below home."""
_WHOLE = ("pyvenv.cfg", "conda-meta", "Cellar", "pkg/tool", "libexec/pyenv")
"""What marks the parent of a `bin` as one self-contained installation: of Python, conda, Homebrew, Go, pyenv."""
_POINTERS = ("VIRTUAL_ENV", "CONDA_PREFIX", "JAVA_HOME", "GOROOT", "GOMODCACHE", "RUSTUP_HOME", "CARGO_HOME")
_PLAIN = ("PYENV_VERSION", "RUSTUP_TOOLCHAIN", "CONDA_DEFAULT_ENV")
_NOT_FOUND = re.compile(
    r"(?:^|[\s:])([\w.+-]+): (?:command )?not found"
    r"|(?:env|make(?:\[\d+\])?): \W?([\w.+-]+)\W?: No such file"
    r"|(/[^\s:]+): bad interpreter"
    r'|exec: "([\w.+-]+)": executable file not found',
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Refused:
    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Toolchains:
    """What a sandbox mounts beyond the system, in which order it searches, and what it was not given."""

    mounts: tuple[Path, ...] = ()
    path: tuple[str, ...] = STANDARD_PATH
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    refused: tuple[Refused, ...] = ()
    engine: tuple[Path, ...] = ()
    """The engine's interpreter first, then its prefixes: read-only even inside the workspace."""
    host_path: str = ""
    configured: tuple[Path, ...] = ()
    """Those of `mounts` that the user's configuration adds."""

    def explain_missing(self, output: str) -> str:
        """Why a program that the user has was not found; "" when the user does not have it either."""
        for match in _NOT_FOUND.finditer(output):
            name = next(filter(None, match.groups()))
            found = shutil.which(name, path=self.host_path)
            if found and not any(Path(found).is_relative_to(path) for path in (*self.mounts, *SYSTEM)):
                where = Path(found).parent
                reason = next((f" ({refused.reason})" for refused in self.refused if refused.path == where), "")
                return (
                    f"`{name}` exists on this machine in {where}, which the sandbox does not show{reason}. "
                    f'The user can add it to their configuration: sandbox.mounts = ["{where}"]'
                )
        return ""


def find(
    environ: Mapping[str, str], workspace: Path, engine: tuple[Path, ...] = (), mounts: Iterable[Path] = ()
) -> Toolchains:
    """Search the user's environment once, at the start of a session.

    `engine` is the engine's interpreter and its prefixes; `mounts` are the directories that the user's configuration
    adds, which are refused for the same reasons as any other.
    """
    search = _Search(environ, workspace)
    for path in engine[1:]:
        search.add(path)
    configured = tuple(path for path in mounts if search.add(path))
    directories = search.path_entries(engine)
    search.interpreters()
    search.virtual_environments()
    variables = search.variables(engine)
    missing = [entry for entry in STANDARD_PATH if entry not in directories]
    return Toolchains(
        search.widest(),
        (*directories, *missing),
        variables,
        tuple(search.refused.values()),
        engine,
        environ.get("PATH", ""),
        configured,
    )


def own_places() -> tuple[Path, ...]:
    """livecoder itself: its package, imported piece by piece while commands run, and what ships beside it."""
    package = Path(__file__).resolve().parents[1]
    return (package, *(place for name in ("scaffold", "tools", "demo") if (place := package.parent / name).is_dir()))


def own_interpreter() -> tuple[Path, ...]:
    """The engine's Python, then its prefixes."""
    return tuple(dict.fromkeys(map(Path, (sys.executable, sys.prefix, sys.base_prefix))))


class _Search:
    def __init__(self, environ: Mapping[str, str], workspace: Path) -> None:
        self.mounts: dict[Path, None] = {}
        self.refused: dict[Path, Refused] = {}
        self._environ = environ
        self._workspace = workspace
        self._home = Path(environ["HOME"]) if environ.get("HOME", "").startswith("/") else None
        self._which_path = environ.get("PATH", "")

    def widest(self) -> tuple[Path, ...]:
        return tuple(m for m in self.mounts if not any(m != o and m.is_relative_to(o) for o in self.mounts))

    def visible(self, path: Path) -> bool:
        return any(path.is_relative_to(root) for root in (*SYSTEM, self._workspace, *self.mounts))

    def add(self, *choices: Path) -> bool:
        """Mount the first of `choices` that may be seen, under its own name and under its real one."""
        for path in choices:
            if not _there(path) or not path.is_absolute():
                continue
            names = (path, path.resolve())
            reason = next((reason for name in names if (reason := self._forbidden(name))), "")
            if not reason:
                self.mounts.update(dict.fromkeys(name for name in names if not self.visible(name)))
                return True
            self.refused[choices[-1]] = Refused(choices[-1], reason)
        return False

    def _forbidden(self, path: Path) -> str:
        if path == Path("/") or path in _TOO_WIDE or any(path.is_relative_to(root) for root in _NEVER_BELOW):
            return "too much of the system lies there"
        if home := self._home:
            if home.is_relative_to(path) or path in (home / place for place in _TOO_WIDE_AT_HOME):
                return "it holds more than a toolchain: the home directory or a large part of it"
            below = path.relative_to(home).parts if path.is_relative_to(home) else ()
            if not CREDENTIALS.isdisjoint(below):
                return "credentials lie there"
        if any(_there(path / name) for name in _TELLTALES):
            return "credentials lie there"
        return ""

    def path_entries(self, engine: tuple[Path, ...]) -> list[str]:
        """The user's PATH in its order, without what cannot be seen and without livecoder's own environment."""
        entries: dict[str, None] = {}
        for entry in self._which_path.split(":"):
            path = Path(entry)
            searched = entry.startswith("/") and _there(path / "..")  # a folder, and one that may be looked into
            if searched and not self._of_engine(path, engine) and self._open(path):
                entries[entry] = None
        return list(entries)

    def _of_engine(self, path: Path, engine: tuple[Path, ...]) -> bool:
        own = any(path.is_relative_to(prefix) and (prefix / "pyvenv.cfg").exists() for prefix in engine[1:])
        return own and not path.is_relative_to(self._workspace)

    def _open(self, path: Path) -> bool:
        if self.visible(path):
            return True
        for manager in _MANAGERS:
            root = self._root(manager)
            if root and path.is_relative_to(root):
                for part in manager.parts:
                    self.add((root / part).resolve() if ".." in part else root / part)
                return self.visible(path)
        parent = path.parent
        if path.name == ".bin" and parent.name == "node_modules":  # it holds links to what lies beside it
            return self.add(parent)
        if any(_there(parent / mark) for mark in _WHOLE) or (path.name == "bin" and (parent / "lib").is_dir()):
            return self.add(parent, path)
        return self.add(path)

    def _root(self, manager: _Manager) -> Path | None:
        named = self._environ.get(manager.variable, "") if manager.variable else ""
        if named.startswith("/"):
            return Path(named)
        return self._home / manager.place if self._home else None

    def interpreters(self) -> None:
        """Where the usual interpreters really lie, when that is not where PATH names them."""
        for name in INTERPRETERS:
            found = shutil.which(name, path=self._which_path)
            if found:
                self._installation(Path(found).resolve())
        if self._home and shutil.which("cargo", path=self._which_path):
            self.add(Path(self._environ.get("RUSTUP_HOME") or self._home / ".rustup"))
        if self._home and shutil.which("go", path=self._which_path):
            self.add(self._module_cache(self._home))
        # A file: pyenv and uv take the version that it names for all projects below.
        self.add(*(folder / ".python-version" for folder in self._workspace.parents))
        for program, variable, place in _STORES:
            if self._home and shutil.which(program, path=self._which_path):
                self.add(Path(self._environ.get(variable) or self._home / place))

    def _installation(self, program: Path) -> None:
        if self.visible(program):
            return
        directory = program.parent
        prefix = (directory.parent,) if directory.name == "bin" else ()
        self.add(*prefix, directory)

    def _module_cache(self, home: Path) -> Path:
        gopath = (self._environ.get("GOPATH") or str(home / "go")).partition(":")[0]
        return Path(self._environ.get("GOMODCACHE") or f"{gopath}/pkg/mod")

    def virtual_environments(self) -> None:
        """The interpreters behind in-tree environments. The repository names them, so they must be Pythons."""
        active = self._environ.get("VIRTUAL_ENV", "")
        if active.startswith("/"):
            self.add(Path(active))
        for place in (*(self._workspace / name for name in (".venv", "venv", "env")), Path(active or "/nowhere")):
            home = _home_key(place / "pyvenv.cfg")
            if home and home.name == "bin" and _there(home / "python3") and any(home.parent.glob("lib/python3*")):
                self._installation(home / "python3")

    def variables(self, engine: tuple[Path, ...]) -> dict[str, str]:
        """Variables that tools need to find themselves, as far as what they name can be seen."""
        values = {name: value for name in (*_POINTERS, *_PLAIN) if (value := self._environ.get(name, ""))}
        if home := self._home:
            for name, place in (("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo")):
                values.setdefault(name, str(home / place))
            values.setdefault("GOMODCACHE", str(self._module_cache(home)))
            values |= {name: self._environ.get(name) or str(home / place) for _, name, place in _STORES}
        for manager in _MANAGERS:
            if manager.variable and (root := self._root(manager)):
                values[manager.variable] = str(root)
        return {name: value for name, value in values.items() if name in _PLAIN or self._useful(Path(value), engine)}

    def _useful(self, path: Path, engine: tuple[Path, ...]) -> bool:
        shown = _there(path) and (self.visible(path) or any(mount.is_relative_to(path) for mount in self.mounts))
        return shown and not self._of_engine(path, engine)


def _home_key(config: Path) -> Path | None:
    """`home = …` of a pyvenv.cfg, a file that the repository may have written."""
    text = (read_regular(config, 65536) or b"").decode("utf-8", "replace")
    match = re.search(r"^home\s*=\s*(/.*?)\s*$", text, re.MULTILINE)
    return Path(match[1]) if match else None


def _there(path: Path) -> bool:
    """Not what lies in a folder that cannot be looked into."""
    return os.path.exists(path)  # noqa: PTH110 (Path's raises there)
