"""Tools as the agent writes them: their names, what changed after a step, and the contract of `--help`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.errors import ScaffoldError
from livecoder.scaffold.reserved import RESERVED, name_problem
from livecoder.scaffold.tools import Run, changed, check_tool, make_executable, read_tool, read_tools

Write = Callable[..., Path]

BASH = """#!/usr/bin/env bash
# Say hello to somebody.
if [ "$1" = --help ]; then echo "Say hello to somebody."; echo "usage: greet NAME"; exit; fi
echo "hello $1"
"""
PYTHON = '''#!/usr/bin/env python3
"""Say hello to somebody.

More about it.
"""
import sys
if "--help" in sys.argv:
    print(__doc__.splitlines()[0])
    print("usage: greet NAME")
'''


# ---- names


@pytest.mark.parametrize("name", ["edit-lines", "a", "count2", "run-failed-tests", "a" * 40])
def test_a_plain_word_is_a_name(name: str) -> None:
    assert name_problem(name) == ""


@pytest.mark.parametrize(
    "name",
    ["", "../x", "a/b", "-rf", "a" * 300, "a\0b", "a\n", "Greet", "größe", "2fast", "a_b", "a.py", " a", ".hidden"],
)
def test_anything_else_is_none(name: str) -> None:
    assert "lower-case letters" in name_problem(name)


@pytest.mark.parametrize(
    "name", ["git", "python", "python3", "pip3", "ls", "pytest", "lc", "livecoder", "cd", "if", "sudo", "node", "rg"]
)
def test_the_name_of_a_command_is_refused(name: str) -> None:
    assert "name of a command" in name_problem(name)


def test_every_builtin_of_the_real_bash_is_reserved(bash: Run) -> None:
    _, names = bash("compgen -b; compgen -k", 5)
    assert {name for name in names.split() if name.isalpha() and name.islower()} <= RESERVED


@given(st.text(max_size=50))
def test_whatever_passes_is_safe_as_a_file_and_as_a_word(name: str) -> None:
    if not name_problem(name):
        assert name.isascii() and name[0].isalpha() and len(name) <= 40
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") and name not in RESERVED


# ---- reading


@pytest.mark.parametrize("source", [BASH, PYTHON])
def test_a_tool_says_its_purpose_in_its_source(root: Path, write_tool: Write, source: str) -> None:
    write_tool("greet", source)
    (tool,), problems = read_tools(root)
    assert (tool.name, tool.summary, tool.lines) == ("greet", "Say hello to somebody.", source.count("\n"))
    assert tool.path == root / "tools" / "greet" and not problems


@pytest.mark.parametrize(
    ("source", "summary"),
    [
        ("#!/bin/bash\necho hi\n# too late\n", ""),
        ("#!/bin/bash\n# shellcheck disable=SC2086\n#\n# Count lines.\nwc -l\n", "Count lines."),
        ("#!/usr/bin/env python3\n# -*- coding: utf-8 -*-\n'Count lines.'\n", "Count lines."),
        ("#!/usr/bin/env python3\n# Count lines.\nimport sys\n", "Count lines."),
        ("#!/bin/bash\n# Hidden \u202e word.\n", ""),
        (
            '#!/bin/bash\nif [ "$1" = --help ]; then echo "Count lines."; echo "usage: greet"; exit; fi\n',
            "Count lines.",
        ),
        ("#!/bin/bash\ncase $1 in --help)\n  printf 'Count lines.\\n' ;;\nesac\n", "Count lines."),
        (
            '#!/usr/bin/env python3\nimport argparse\np = argparse.ArgumentParser(description="Count lines.")\n',
            "Count lines.",
        ),
        ('#!/bin/bash\n[ "$1" = --help ] && echo "usage: greet FILE"\necho "late"\n', "late"),
        ('#!/bin/bash\nif [ "$1" = --help ]; then echo "$help"; fi\n', ""),
        ("#!/bin/bash\n" + "--help" * 9_000 + "\n", ""),
        ("", ""),
    ],
)
def test_the_purpose_is_the_docstring_or_the_first_comment(
    root: Path, write_tool: Write, source: str, summary: str
) -> None:
    write_tool("greet", source)
    assert read_tool(root, "greet").summary == summary


def test_what_is_no_small_regular_text_file_is_left_out_and_told(root: Path, write_tool: Write, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("key")
    write_tool("good", BASH)
    write_tool("huge", "x" * 65_537)
    write_tool("git", BASH)
    (root / "tools" / "binary").write_bytes(b"\x7fELF\xff")
    (root / "tools" / "link").symlink_to(secret)
    (root / "tools" / "folder").mkdir()
    os.mkfifo(root / "tools" / "pipe")
    (root / "tools" / ".gitkeep").touch()
    (root / "tools" / "__pycache__").mkdir()
    tools, problems = read_tools(root)
    assert [tool.name for tool in tools] == ["good"]
    assert len(problems) == 6
    for name in ("huge", "git", "binary", "link-to", "folder", "pipe"):
        assert any(name.removesuffix("-to") in problem for problem in problems)


def test_a_tools_folder_that_leads_out_of_the_scaffold_is_not_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "secret").write_text("key")
    (root / "tools").rmdir()
    (root / "tools").symlink_to(tmp_path / "private")
    tools, problems = read_tools(root)
    assert not tools and "not a folder" in problems[0]
    with pytest.raises(ScaffoldError):
        read_tool(root, "secret")
    with pytest.raises(ScaffoldError):
        make_executable(root, "secret")


def test_too_many_tools_are_refused_as_a_whole(root: Path, write_tool: Write) -> None:
    for number in range(201):
        write_tool(f"t{number}", "")
    tools, problems = read_tools(root)
    assert not tools and "more than 200" in problems[0]


# ---- after a step


def test_creation_revision_and_removal_are_seen_once_each(root: Path, write_tool: Write) -> None:
    seen, changes = changed({}, root)
    assert not changes
    write_tool("greet", BASH)
    seen, created = changed(seen, root)
    seen, quiet = changed(seen, root)
    write_tool("greet", BASH + "exit 0\n")
    seen, revised = changed(seen, root)
    (root / "tools" / "greet").unlink()
    seen, removed = changed(seen, root)
    kinds = [[(change.name, change.kind) for change in step] for step in (created, quiet, revised, removed)]
    assert kinds == [[("greet", "created")], [], [("greet", "revised")], [("greet", "removed")]]
    assert not seen


def test_a_touched_or_chmodded_file_is_no_revision(root: Path, write_tool: Write) -> None:
    path = write_tool("greet", BASH, mode=0o644)
    seen, _ = changed({}, root)
    path.touch()
    assert make_executable(root, "greet") is True
    assert make_executable(root, "greet") is False
    assert changed(seen, root)[1] == []
    assert os.access(path, os.X_OK)


def test_a_revision_that_keeps_size_and_time_is_seen(root: Path, write_tool: Write) -> None:
    path = write_tool("greet", BASH)
    before = path.stat()
    seen, _ = changed({}, root)
    path.write_text(BASH.replace("hello", "HELLO"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert [change.kind for change in changed(seen, root)[1]] == ["revised"]


def test_a_refused_file_is_told_once_and_is_created_when_it_is_put_right(root: Path, write_tool: Write) -> None:
    path = root / "tools" / "greet"
    path.symlink_to("/etc/passwd")
    write_tool("pytest", BASH)
    seen, first = changed({}, root)
    seen, second = changed(seen, root)
    path.unlink()
    write_tool("greet", BASH)
    seen, third = changed(seen, root)
    assert [(change.name, change.kind) for change in first] == [("greet", "refused"), ("pytest", "refused")]
    assert "name of a command" in first[1].reason
    assert second == [] and [(change.name, change.kind) for change in third] == [("greet", "created")]


def test_a_lost_tools_folder_is_told_once_and_forgets_nothing(root: Path, write_tool: Write) -> None:
    write_tool("greet", BASH)
    seen, _ = changed({}, root)
    (root / "tools").rename(root / "away")
    (root / "tools").symlink_to(root / "away")
    seen, first = changed(seen, root)
    seen, second = changed(seen, root)
    (root / "tools").unlink()
    (root / "away").rename(root / "tools")
    seen, third = changed(seen, root)
    assert [change.kind for change in first] == ["refused"] and second == third == []


# ---- the contract


@pytest.mark.parametrize("source", [BASH, PYTHON])
def test_a_tool_that_says_its_purpose_and_usage_passes(root: Path, write_tool: Write, bash: Run, source: str) -> None:
    write_tool("greet", source)
    verdict = check_tool(bash, "greet", root)
    assert (verdict.ok, verdict.summary, verdict.reason) == (True, "Say hello to somebody.", "")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("#!/bin/bash\nexit 0\n", "prints nothing"),
        ("#!/bin/bash\necho 'Say hello.'\n", "no usage"),
        ("#!/bin/bash\necho 'usage: greet NAME'; echo 'Say hello.'\n", "does not begin with its purpose"),
        ("#!/bin/bash\necho 'error: no such option --help'; echo more\n", "does not begin with its purpose"),
        ("#!/bin/bash\necho 'Say hello.'; echo usage; exit 2\n", "exit code 2"),
        ("#!/bin/bash\nnosuchcommand\n", "command not found"),
        ("#!/bin/bash\n[ $1 = --help ] && { echo Hello.; echo usage; exit; }\nif then\n", "syntax is wrong"),
        ("#!/usr/bin/env python3\nprint('Say hello.\\nusage')\nimport sys; sys.exit(0)\ndef\n", "SyntaxError"),
        ("#!/bin/bash\necho 'Say \u202ehello.'; echo usage\n", "hidden character (U+202E"),
        ("#!/bin/bash\nprintf 'Say \\e[31mhello.\\nusage\\n'\n", "hidden character (U+001B"),
        ("echo 'Say hello.'; echo usage\n", "interpreter"),
        ("#!/no/such/interpreter\n", "exit code 12"),
    ],
)
def test_a_tool_that_breaks_the_contract_is_told_how(
    root: Path, write_tool: Write, bash: Run, source: str, reason: str
) -> None:
    write_tool("greet", source)
    verdict = check_tool(bash, "greet", root)
    assert not verdict.ok and reason in verdict.reason


def test_a_tool_that_hangs_is_ended_after_five_seconds(root: Path, write_tool: Write, bash: Run) -> None:
    write_tool("greet", "#!/bin/bash\nsleep 60\n")
    verdict = check_tool(lambda command, seconds: bash(command, seconds / 10), "greet", root)
    assert not verdict.ok and "exit code 137 (it has 5 s)" in verdict.reason


def test_a_reserved_name_and_a_missing_bit_never_reach_the_sandbox(root: Path, write_tool: Write) -> None:
    def refuse(command: str, seconds: float) -> tuple[int, str]:
        raise AssertionError(command)

    write_tool("git", BASH)
    write_tool("greet", BASH, mode=0o644)
    assert "name of a command" in check_tool(refuse, "git", root).reason
    assert "not executable" in check_tool(refuse, "greet", root).reason
    assert "cannot be read" in check_tool(refuse, "absent", root).reason


def test_a_path_with_spaces_and_quotes_is_one_word(tmp_path: Path, bash: Run) -> None:
    root = tmp_path / "it's a $(touch x) scaffold"
    (root / "tools").mkdir(parents=True)
    (root / "tools" / "greet").write_text(BASH)
    make_executable(root, "greet")
    assert check_tool(bash, "greet", root).ok
