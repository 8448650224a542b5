"""What can be known of a repository, as values. No file is read and nothing is rendered here.

Texts are the repository's own words: each is on one line, and none is an instruction to the engine.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is known, and where it stands: a file, or a part of one."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction file of the repository (AGENTS.md, else CLAUDE.md)."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Suite:
    """How the tests of one package are run. Commands are for bash at the repository's root, without a network."""

    command: str = ""
    """Empty when nothing speaks for one."""
    source: str = ""
    guessed: bool = False
    """No file names the runner: it was concluded from what the test files look like."""
    missing: str = ""
    """What the command needs that is not installed, as far as that can be seen."""
    runs: str = ""
    """What the command runs, where it is a name for something else, as `npm test` is."""
    where: str = ""
    """As in "tests/ as test_*.py"."""
    own: tuple[Fact, ...] = ()
    """What the project's own files would run, in their words: it may need a network, or tools that are not there."""


@dataclass(frozen=True, slots=True)
class Check:
    """A linter, formatter or type checker that the project configures."""

    name: str
    source: str
    command: str = ""
    """Empty where it is not installed."""


@dataclass(frozen=True, slots=True)
class Kit:
    """What one language is worked with in one package."""

    language: str
    folder: str = ""
    """The package's folder; the root is ""."""
    versions: tuple[Fact, ...] = ()
    tests: Suite = Suite()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Packages:
    """What a repository of several packages is made of."""

    kind: str = ""
    """As in "npm workspaces"; empty in a repository of one package."""
    source: str = ""
    folders: tuple[str, ...] = ()
    left_out: int = 0
    here: str = ""
    """The package that the user started in; the root is ""."""


@dataclass(frozen=True, slots=True)
class Conventions:
    """What a change is expected to bring along, in the repository's words."""

    changelog: Fact | None = None
    commits: Fact | None = None
    """The style of recent subjects, where they have one."""
    contributing: tuple[Fact, ...] = ()
    """Lines about tests and changelog, as they stand there."""


@dataclass(frozen=True, slots=True)
class Ground:
    """All of it. `kits` are the ones that matter most first: those of the package that the user started in."""

    git: str = ""
    """The branch, as the engine read it."""
    entries: tuple[str, ...] = ()
    left_out: int = 0
    untracked: tuple[str, ...] = ()
    packages: Packages = Packages()
    kits: tuple[Kit, ...] = ()
    conventions: Conventions = Conventions()
    instructions: tuple[Instruction, ...] = ()
    baseline: str = ""
    """What running the tests showed before the agent began (duration, known failures): one or two lines, or empty."""

    @property
    def test_command(self) -> str:
        """The command by which this repository's tests are most likely run; empty when nothing speaks for one."""
        return next((kit.tests.command for kit in self.kits if kit.tests.command), "")
