"""The ground as lines: few and short for the model, one fact a line with its source for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from livecoder.ground.facts import Fact, Ground, Kit, Packages, Suite
from livecoder.ground.files import one_line

MAX_NAMES = 8
MAX_TOP = 240
"""Characters of the names at the top of the tree."""
MAX_KITS = 3
MAX_LINE = 500


def lines(ground: Ground, verify: str = "") -> list[str]:
    """For the model: every line must earn its bytes. Where a verify command says how tests run, none is proposed."""
    told = [*_git(ground), _top(ground)]
    told += [f"{topic}: {text}" for topic, text in _packages(ground.packages)]
    for kit in ground.kits[:MAX_KITS]:
        told += _kit(kit, verify)
    told += ground.baseline.splitlines()[:2]
    conventions = ground.conventions
    if conventions.changelog:
        told.append(f"changelog: {conventions.changelog.text}")
    if conventions.commits:
        told.append(f"commits: {conventions.commits.text}")
    if conventions.contributing:
        quotes = " ".join(f'"{fact.text}"' for fact in conventions.contributing)
        told.append(f"{conventions.contributing[0].source} says: {quotes}")
    return [one_line(line, MAX_LINE) for line in told]


def facts(ground: Ground) -> Iterator[tuple[str, Fact]]:
    """For people: each with its topic and its source."""
    if ground.git:
        yield "git", Fact(ground.git, ".git/HEAD")
    if ground.untracked:
        yield "untracked", Fact(_some(ground.untracked), "git ls-files")
    for topic, text in _packages(ground.packages):
        yield topic, Fact(text, ground.packages.source or "its manifest")
    for kit in ground.kits:
        yield from _kit_facts(kit)
    for topic, fact in (("changelog", ground.conventions.changelog), ("commits", ground.conventions.commits)):
        if fact:
            yield topic, fact
    for fact in ground.conventions.contributing:
        yield "asked for", fact
    for instruction in ground.instructions:
        yield "instructions", Fact(f"{len(instruction.text.encode())} bytes", instruction.name)
    for line in ground.baseline.splitlines():
        yield "baseline", Fact(line, "measured")


def _git(ground: Ground) -> Iterator[str]:
    known = [f"git: {ground.git}"] if ground.git else []
    if ground.untracked:
        known.append(f"untracked: {_some(ground.untracked)}")
    if known:
        yield "; ".join(known)


def _top(ground: Ground) -> str:
    shown: list[str] = []
    left = MAX_TOP
    for name in ground.entries:
        left -= len(name) + 1
        if left < 0:
            break
        shown.append(name)
    missing = len(ground.entries) - len(shown) + ground.left_out
    return " ".join(["top:", *shown, *([f"… and {missing} more"] if missing else [])])


def _packages(packages: Packages) -> Iterator[tuple[str, str]]:
    count = len(packages.folders) + packages.left_out
    if packages.here:
        yield "package", f"the user is in {packages.here}/" + (f" ({packages.kind}, {count})" if packages.kind else "")
    elif packages.kind:
        yield f"packages ({packages.kind})", _some([f"{folder}/" for folder in packages.folders], packages.left_out)


def _kit(kit: Kit, verify: str) -> Iterator[str]:
    head = f"{kit.language} in {kit.folder}/" if kit.folder else kit.language
    if kit.versions:
        yield f"{head}: {'; '.join(fact.text for fact in kit.versions)}"
    tests = "; ".join(filter(None, _tests(kit.tests, verify)))
    if tests:
        yield f"tests{', probably' if kit.tests.guessed and not verify else ''}: {tests}"
    runs = [check.command for check in kit.checks if check.command]
    absent = [check.name for check in kit.checks if not check.command]
    if absent:
        runs.append(f"{', '.join(absent)} {'is' if len(absent) == 1 else 'are'} configured, not installed")
    if runs:
        yield f"checks: {'; '.join(runs)}"


def _tests(tests: Suite, verify: str) -> Iterator[str]:
    if tests.command and not verify:
        notes = "; ".join(filter(None, (tests.missing, f"runs: {tests.runs}" if tests.runs else "")))
        yield f"{tests.command} ({notes})" if notes else tests.command
    if tests.where:
        yield f"in {tests.where}"


def _kit_facts(kit: Kit) -> Iterator[tuple[str, Fact]]:
    topic = f"{kit.language} in {kit.folder}/" if kit.folder else kit.language
    for version in kit.versions:
        yield topic, version
    tests = kit.tests
    if tests.command:
        yield "tests", Fact(tests.command + (" (a guess)" if tests.guessed else ""), tests.source)
    if tests.missing:
        yield "tests", Fact(tests.missing, "PATH and dependencies")
    if tests.runs:
        yield "tests", Fact(f"which runs: {tests.runs}", tests.source)
    for own in tests.own:
        yield "tests", Fact(f"in its own words: {own.text}", own.source)
    if tests.where:
        yield "tests", Fact(f"in {tests.where}", "file names")
    for check in kit.checks:
        yield "checks", Fact(check.command or f"{check.name} is configured, not installed", check.source)


def _some(names: Sequence[str], more: int = 0) -> str:
    more += max(0, len(names) - MAX_NAMES)
    return " ".join([*names[:MAX_NAMES], *([f"… and {more} more"] if more else [])])
