"""The agent's tools as files: what is there, what changed after a step, and whether a tool keeps the contract.

A tool is one executable file `tools/<name>` whose `--help` says its purpose in the first line. Nothing is executed
here: the caller hands in a way to run commands in a sandbox.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from livecoder.errors import ScaffoldError
from livecoder.scaffold.files import File, each, entries, opened, read_file
from livecoder.scaffold.hidden import hidden
from livecoder.scaffold.reserved import name_problem

FOLDER = "tools"
CHECK_SECONDS = 5.0
SUMMARY_CHARS = 120

Run: TypeAlias = Callable[[str, float], tuple[int, str]]
"""Runs a command in a sandbox that sees the scaffold at its own path: (command, seconds) -> (exit code, output)."""

_DOCSTRING = re.compile(
    r"""(?:\s*(?:\#.*)?\n)*[rR]?(?:\"{3}|'{3}|"|')\s*(?P<line>[^\n]*?)\s*(?:\"{3}|'{3}|"|')?(?:\n|$)"""
)
_COMMENT = re.compile(r"^#(?!!)[ \t]*(?P<line>.*?)[ \t]*$", re.MULTILINE)
_DIRECTIVE = re.compile(
    r"-\*-|(?:vim|shellcheck|coding|pyright|ruff|type|SPDX-[\w-]+)\s*[:=]|shellcheck\b|copyright\b", re.I
)
_DESCRIBED = re.compile(r"""\bdescription\s{0,8}=\s{0,8}(["'])(?P<line>[^"'\n]+)\1""")
_PRINTED = re.compile(r"""\b(?:echo|printf|print)\b[ \t(]{0,8}(["'])(?P<line>[^"'\n]+)\1""")
_LINE_CHARS = 500
"""Of each line of a script that is searched for what its `--help` prints."""
_ERROR = re.compile(r"Traceback \(|\w*(?:Error|Exception)\b\s*:|(?:error|fatal|bash|sh|env|/\S+)\s*:|usage\b", re.I)


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as it lies in a scaffold. `path` is the host's; `digest` is the SHA-256 of its bytes, in hex."""

    name: str
    path: Path
    summary: str
    """Its purpose as its source states it (docstring or first comment); "" when it does not."""
    lines: int
    digest: str


@dataclass(frozen=True, slots=True)
class Seen:
    """How a file looked at the last survey. `digest` is "" for what was refused."""

    signature: tuple[int, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one name in `tools/` since the last survey; `reason` says why it was refused."""

    name: str
    kind: Literal["created", "revised", "removed", "refused"]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a tool keeps the contract: its purpose when it does, what to correct when it does not."""

    ok: bool
    summary: str = ""
    reason: str = ""
    help: str = ""
    """What its --help prints, where it does."""


def read_tools(root: Path) -> tuple[list[Tool], list[str]]:
    """The tools of the scaffold at `root`, by name, and what was left out and why."""
    return each(root, FOLDER, lambda name: read_tool(root, name))


def read_tool(root: Path, name: str) -> Tool:
    """Raises ScaffoldError for a name that no tool may have and for what is not a small regular text file."""
    file = _read(root, name)
    text = file.data.decode("utf-8")
    return Tool(name, root / file.path, summary(text), len(text.splitlines()), _digest(file))


def changed(before: Mapping[str, Seen], root: Path) -> tuple[dict[str, Seen], list[Change]]:
    """What happened in `tools/` since the survey `before` ({}: everything is new), and the survey to keep.

    A file is read only when its inode looks different, so a step that touched nothing costs one stat a tool.
    """
    now: dict[str, Seen] = {}
    changes: list[Change] = []
    try:
        found = entries(root, FOLDER)
    except ScaffoldError as error:
        reported = before.get("")
        refused = [] if reported else [Change(FOLDER, "refused", error.line())]
        return {**before, "": Seen((), "")}, refused
    for name, status in found:
        signature = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns, stat.S_IFMT(status.st_mode))
        old = before.get(name)
        if old and old.signature == signature:
            now[name] = old
            continue
        try:
            now[name] = Seen(signature, _digest(_read(root, name)))
        except ScaffoldError as error:
            now[name] = Seen(signature, "")
            changes.append(Change(name, "refused", error.line()))
            continue
        if old is None or not old.digest:
            changes.append(Change(name, "created"))
        elif old.digest != now[name].digest:
            changes.append(Change(name, "revised"))
    gone = [name for name, old in before.items() if name not in now and old.digest]
    return now, changes + [Change(name, "removed") for name in gone]


def make_executable(root: Path, name: str) -> bool:
    """Set the executable bits that a written file lacks; true when it did. Raises ScaffoldError like `read_tool`."""
    with opened(root, f"{FOLDER}/{name}") as descriptor:
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
        wanted = mode | 0o100 | (mode & 0o444) >> 2  # whoever may read it may run it
        if wanted == mode:
            return False
        os.fchmod(descriptor, wanted)
        return True


def check_tool(run: Run, name: str, root: Path) -> Verdict:
    """Whether `tools/<name>` keeps the contract, by running its `--help`; `run` should show the workspace read-only.

    Its syntax is checked as a whole: by `bash -n` where bash reads line by line, and by the interpreter itself, which
    compiles the file before it runs any of it, for Python.
    """
    try:
        file = _read(root, name)
    except ScaffoldError as error:
        return Verdict(False, reason=error.line())
    first = file.data.split(b"\n", 1)[0].decode("utf-8")
    if not first.startswith("#!"):
        return Verdict(False, reason="its first line must name the interpreter, as in `#!/usr/bin/env python3`")
    if not file.executable:
        return Verdict(False, reason="it is not executable")
    path = shlex.quote(str(root / file.path))
    if re.search(r"\b(?:ba)?sh\b", first):
        code, output = run(f"bash -n {path}", CHECK_SECONDS)
        if code:
            return Verdict(False, reason=f"its syntax is wrong: {_last_line(output)}")
    code, output = run(f"{path} --help", CHECK_SECONDS)
    if code:
        told = f"`{name} --help` ended with exit code {code} (it has {CHECK_SECONDS:g} s): {_last_line(output)}"
        return Verdict(False, reason=told.rstrip(": "))
    return replace(_judge_help(output, summary(file.data.decode("utf-8"))), help=output)


def _judge_help(output: str, described: str) -> Verdict:
    """`described` is what the script's docstring or first comment says of it, for a --help that only shows usage."""
    lines = [line.strip() for line in output.strip().splitlines()]
    lines = [line for line in lines if line]
    wanted = "; print its purpose in the first line of --help, then its usage"
    if not lines:
        return Verdict(False, reason=f"--help prints nothing{wanted}")
    purpose = _purpose(output) or described
    if not purpose or _ERROR.match(purpose):
        return Verdict(False, reason=f"--help does not begin with its purpose but with {lines[0][:80]!r}{wanted}")
    if len(purpose) > SUMMARY_CHARS:
        purpose = purpose[: SUMMARY_CHARS - 1] + "…"
    if found := hidden(purpose):
        return Verdict(False, reason=f"the first line of --help holds a hidden character ({found})")
    if len(lines) < 2:
        return Verdict(False, reason=f"--help shows no usage{wanted}")
    return Verdict(True, summary=purpose)


def _purpose(output: str) -> str:
    """The first line, or what argparse prints after its usage; "" where there is only usage."""
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", output.strip())]
    if not paragraphs[0].lower().startswith("usage:"):
        return output.strip().splitlines()[0].strip()
    after = next(iter(paragraphs[1:]), "")
    return "" if re.match(r"(?:positional arguments|options|optional arguments|commands):", after) else after


def _read(root: Path, name: str) -> File:
    if problem := name_problem(name):
        raise ScaffoldError(f"tools/{_shown(name)} is no tool", problem)
    file = read_file(root, f"{FOLDER}/{name}")
    try:
        file.data.decode("utf-8")
    except UnicodeDecodeError:
        raise ScaffoldError(f"tools/{name} is not text", "a tool is a script in UTF-8") from None
    return file


def summary(text: str) -> str:
    """What a script's docstring or first comment says of it, or else the words that its `--help` begins with.

    "" when it says nothing that may be shown.
    """
    body = text.partition("\n")[2] if text.startswith("#!") else text
    docstring = _DOCSTRING.match(body) if "python" in text.partition("\n")[0] else None
    lines = [docstring["line"]] if docstring else []
    head = re.match(r"(?:\s*#.*\n|\s*\n)*", body)
    lines += [found["line"] for found in _COMMENT.finditer(head[0] if head else "")]
    lines += _told(body)
    said = (line for line in lines if line and not _DIRECTIVE.match(line))
    found = next(said, "")
    return "" if hidden(found) else found[:SUMMARY_CHARS]


def _told(body: str) -> list[str]:
    """What `--help` prints, as far as the script has it as a literal where it speaks of `--help`, or right below."""
    lines = [line[:_LINE_CHARS] for line in body.splitlines()]
    near = [line for number, line in enumerate(lines) if "--help" in line or (number and "--help" in lines[number - 1])]
    found = [*map(_DESCRIBED.search, lines), *map(_PRINTED.search, near)]
    words = [match["line"].removesuffix("\\n") for match in found if match]
    # What is put together when it runs is no literal.
    return [line for line in words if not line.lower().startswith("usage") and not set(line) & set("$%{}`\\")]


def _digest(file: File) -> str:
    return hashlib.sha256(file.data).hexdigest()


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


def _shown(name: str) -> str:
    return name[:60].encode("unicode_escape", "backslashreplace").decode()
