"""Hooks as files: which there can be, what they may print, and which contents the user has taken."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.errors import ScaffoldError
from livecoder.scaffold.hooks import (
    MAX_BYTES,
    SAY_CHARS,
    Said,
    accept,
    accepted,
    call,
    matcher,
    read_hook,
    read_hooks,
    said,
)

HOOK = "#!/bin/bash\n# match: git commit\necho '{}'\n"


def write(root: Path, event: str, text: str = HOOK, mode: int = 0o755) -> Path:
    path = root / "hooks" / event
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_hook_is_read_with_its_matcher_and_its_hash(root: Path) -> None:
    write(root, "after_command")
    write(root, "round_start", "#!/bin/sh\necho '{}'\n")
    (after, start), problems = read_hooks(root)
    assert problems == [] and (after.event, after.match) == ("after_command", "git commit")
    assert (start.event, start.match) == ("round_start", "") and start.digest != after.digest


@pytest.mark.parametrize(
    ("event", "text", "mode", "why"),
    [
        ("before_turn", HOOK, 0o755, "is no hook"),
        ("after_command.sh", HOOK, 0o755, "is no hook"),
        ("round_start", "echo '{}'\n", 0o755, "does not name its interpreter"),
        ("round_start", HOOK, 0o644, "is not executable"),
        ("round_start", "#!/bin/sh\n" + "#" * MAX_BYTES, 0o755, "more than 16 KiB"),
        ("round_start", "#!/bin/sh\n# \u202e\n", 0o755, "hidden character"),
        ("after_command", "#!/bin/sh\necho '{}'\n", 0o755, "would run after every command"),
        ("after_command", "#!/bin/sh\n" * 5 + "# match: x\n", 0o755, "would run after every command"),
    ],
)
def test_what_can_be_no_hook_is_left_out_and_told(root: Path, event: str, text: str, mode: int, why: str) -> None:
    write(root, event, text, mode)
    hooks, (problem,) = read_hooks(root)
    assert hooks == [] and why in problem


def test_a_link_is_not_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text(HOOK)
    (root / "hooks" / "round_start").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ScaffoldError, match="cannot be read"):
        read_hook(root, "round_start")


@pytest.mark.parametrize(
    ("line", "words"),
    [("# match: pytest", "pytest"), ("//match:  npm  test ", "npm  test"), ("-- match: x", "x"), ("match: x", "")],
)
def test_the_matcher_is_a_comment_in_any_language(line: str, words: str) -> None:
    assert matcher(f"#!/usr/bin/env x\n{line}\n") == words


# ---- what it prints


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("{}", Said()),
        (' {"say": " run the tests first\\n"}\n', Said("run the tests first")),
        ('{"deny": "no test was run"}', Said("", "no test was run")),
        ('{"say": "a", "deny": "b"}', Said("a", "b")),
        ('{"decision": "allow", "approve": true, "permission": "network"}', Said()),
        (json.dumps({"say": "x" * 1000}), Said("x" * (SAY_CHARS - 1) + "…")),
    ],
)
def test_two_effects_and_no_other(output: str, expected: Said) -> None:
    assert said(output) == expected


@pytest.mark.parametrize(
    "output",
    ["", "ok", "[]", '"say"', "{'say': 1}", '{"say": 1}', '{"deny": ["x"]}', '{"say": "\\u202e"}', "[" * 100_000],
)
def test_what_is_no_such_object_is_a_failure(output: str) -> None:
    with pytest.raises(ScaffoldError):
        said(output)


@given(st.text())
def test_no_output_whatever_has_another_effect(output: str) -> None:
    try:
        found = said(output)
    except ScaffoldError:
        return
    assert len(found.say) <= SAY_CHARS and len(found.deny) <= SAY_CHARS


def test_it_is_given_its_json_on_stdin_whatever_that_holds() -> None:
    content = b'#!/bin/bash\ncat; echo noise >&2; rm -r "${0%/*}"\n'
    given = {"task": "LIVECODER_HOOK\n$(touch /tmp/x) `id` \0 é ' \""}
    done = subprocess.run(["bash", "-c", call(content, given)], capture_output=True, text=True)
    assert (json.loads(done.stdout), done.stderr) == (given, "")


# ---- what the user took


def test_a_content_is_taken_once_and_for_every_project(data: Path) -> None:
    assert accepted(data) == frozenset()
    for digest in ("b" * 64, "a" * 64, "b" * 64):
        accept(data, digest)
    assert accepted(data) == {"a" * 64, "b" * 64}


def test_a_broken_list_takes_nothing(data: Path) -> None:
    accept(data, "a" * 64)
    (data / "hooks.accepted").write_bytes(b"\xff\xfe")
    assert accepted(data) == frozenset()
