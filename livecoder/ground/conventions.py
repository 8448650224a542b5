"""What a change is expected to bring along here: changelog, tests, style of subjects; and what contributors are told.

Files name it, recent commits show whether it is done. Quoted lines are the repository's words, bounded, and are shown
as such.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Sequence

from livecoder.ground.facts import Conventions, Fact
from livecoder.ground.files import Tree, one_line, table
from livecoder.workspace.glance import Commit

RELEASES = tuple(f"{docs}/{name}" for docs in ("docs", "doc") for name in ("releases", "release", "whatsnew"))
MIN_RELEASES = 3
"""Names with digits that make a folder one of release notes."""
MAX_FOLDERS = 40
"""Folders of documentation that are searched for a changelog."""
MAX_HEAD = 8_000
"""Characters of a changelog in which its newest section is looked for."""
MAX_LINES = 2
MAX_QUOTE = 140
MIN_COMMITS = 5
"""Fewer recent commits show no habit."""
CONTRIBUTING = ("CONTRIBUTING.md", "CONTRIBUTING.rst", "CONTRIBUTING.txt", "CONTRIBUTING", ".github/CONTRIBUTING.md")
FRAGMENTS = (
    "newsfragments",
    "changelog.d",
    "changes",
    "news",
    "changelog",
    ".changes",
    ".changeset",
    "releasenotes/notes",
)
_CHANGELOG = re.compile(r"(changelog|changes|history|news|release[_-]?notes)(\.(md|rst|txt|adoc))?", re.I)
_HEADING = re.compile(r"#{1,4} ")
_UNDERLINE = re.compile(r"([=\-~^*])\1{2,}")
_SECTION = re.compile(r"\d+\.\d|\d{4}-\d|\b(unreleased|next|upcoming|main|dev)\b", re.I)
_NUMBERED = re.compile(r"\+?\d+\.(?!py$|js$)\w+(\.\d+)?(\.(md|rst|txt))?|[\w-]+-[0-9a-f]{16}\.ya?ml")
_CONVENTIONAL = re.compile(r"[a-z]{2,12}(\([^()]{1,40}\))?!?: \S")
_AREA = re.compile(r"[\w./-]{2,30}: \S")
_TOPIC = re.compile(r"\b(tests?|changelog|change ?log|release notes?|news ?fragments?|unreleased)\b", re.I)
_ASKED = re.compile(r"\b(must|should|please|need|needs|add|include|write|update|ensure|make sure|required?)\b", re.I)


def conventions(tree: Tree, commits: Sequence[Commit]) -> Conventions:
    return Conventions(_changelog(tree, commits), _subjects(commits), _contributing(tree))


def _changelog(tree: Tree, commits: Sequence[Commit]) -> Fact | None:
    """A folder of fragments where one is in use, else the file; with how many recent commits touched it."""
    folder = _fragments(tree)
    if folder:
        names = [name for name in sorted(tree.names(folder)) if _NUMBERED.fullmatch(name)]
        like = f", as {one_line(names[-1], 60)}" if names else ""
        return Fact(f"a fragment in {folder}/{like}{_touched(commits, folder + '/')}", folder)
    for place in ("", *_documentation(tree)):
        for name, kind in sorted(tree.names(place).items()):
            if kind == "file" and _CHANGELOG.fullmatch(name):
                path = f"{place}/{name}" if place else name
                return Fact(f"{path}{_newest(tree.text(path))}{_touched(commits, path)}", path)
    for folder in RELEASES:
        if sum(bool(re.search(r"\d", name)) for name in tree.names(folder)) >= MIN_RELEASES:
            return Fact(f"release notes in {folder}/{_touched(commits, folder)}", folder)
    return None


def _documentation(tree: Tree) -> list[str]:
    """Folders of documentation, breadth first."""
    pending = [folder for folder in ("docs", "doc") if tree.is_folder(folder)]
    for folder in pending:
        below = [name for name, kind in sorted(tree.names(folder).items()) if kind == "folder" and name[0] not in "._"]
        pending += [f"{folder}/{name}" for name in below][: MAX_FOLDERS - len(pending)]
    return pending


def _newest(text: str) -> str:
    """The heading of the newest section: whether there is one for what is not released yet."""
    lines = text[:MAX_HEAD].split("\n")
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        heading = _HEADING.match(line) or (line.strip() and _UNDERLINE.fullmatch(below.strip()))
        if heading and _SECTION.search(line):
            return f', newest section "{one_line(line.strip("# "), 60)}"'
    return ""


def _fragments(tree: Tree) -> str:
    """The folder that towncrier is told of, one of changesets or reno, or one named so that has numbered files."""
    told = table(tree.toml("pyproject.toml"), "tool", "towncrier")
    if told:
        package = f"{told.get('package_dir', '.')}/{str(told.get('package', '')).replace('.', '/')}/newsfragments"
        return one_line(posixpath.normpath(str(told.get("directory") or package)), 60)
    for name in FRAGMENTS:
        inside = tree.names(name)
        if any(entry == "config.json" if name == ".changeset" else _NUMBERED.fullmatch(entry) for entry in inside):
            return name
    return ""


def _touched(commits: Sequence[Commit], path: str) -> str:
    """How often recent commits changed it; "" where there are too few to tell."""
    if len(commits) < MIN_COMMITS:
        return ""
    often = sum(any(f"{changed}/".startswith(f"{path.rstrip('/')}/") for changed in commit.paths) for commit in commits)
    return f" (in {often} of the last {len(commits)} commits)"


def _subjects(commits: Sequence[Commit]) -> Fact | None:
    """The style of most recent subjects, with the newest that has it."""
    if len(commits) < MIN_COMMITS:
        return None
    for style, pattern in (("conventional", _CONVENTIONAL), ("area first", _AREA)):
        fitting = [commit.subject for commit in commits if pattern.match(commit.subject)]
        if len(fitting) * 3 >= len(commits) * 2:
            return Fact(f'{style}, as "{one_line(fitting[0], 72)}"', "git log")
    return None


def _contributing(tree: Tree) -> tuple[Fact, ...]:
    """The lines that ask for tests or a changelog entry; the best first, in at most a few words."""
    path = tree.first(*CONTRIBUTING)
    found: Counter[str] = Counter()
    for paragraph in re.split(r"\n[ \t]*\n|\n(?=[ \t]*(?:[-*]|\d+\.)[ \t])", tree.text(path))[:1000]:
        words = one_line(re.sub(r"^[\s*\-\d.#>]+", "", paragraph[:1000]), 1000)
        for sentence in re.split(r"(?<=[.!?:]) ", words):
            topics = {match[0].lower().rstrip("s") for match in _TOPIC.finditer(sentence)}
            if topics and _ASKED.search(sentence) and 35 < len(sentence) <= MAX_QUOTE:
                found[sentence] = 2 * len(topics) + ("changelog" in str(topics))
    return tuple(Fact(sentence, path) for sentence, _ in found.most_common(MAX_LINES))
