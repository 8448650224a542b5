"""`lc` and the launchers of tools, the same in every backend: files in, files out, and nothing of it is trusted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from attacks import Open, Run

from livecoder.sandbox import BaseRequest, Room, Sandbox, ToolCall
from livecoder.sandbox.host import Host
from livecoder.sandbox.policy import Policy
from livecoder.sandbox.toolchains import Toolchains


@pytest.fixture
def room(room: Room, tmp_path: Path) -> Room:
    """With a base tree and a checkout that has one tool."""
    base, tools = tmp_path / "base", tmp_path / "scaffold/tools"
    base.mkdir()
    tools.mkdir(parents=True)
    add_tool(tools, "greet", 'echo "hello $*"; exit 3')
    return replace(room, base=base, scaffold=tools.parent)


def add_tool(tools: Path, name: str, body: str) -> None:
    (tools / name).write_text(f"#!/bin/bash\n{body}\n")
    (tools / name).chmod(0o755)


def test_the_marker_in_a_cut_output_names_a_command_that_shows_the_lines(either: Sandbox, run: Run) -> None:
    done = run(either, "seq 1 50000")
    marker = next(line for line in done.output.splitlines() if line.startswith("[…"))
    verb = marker.partition(": ")[2].rstrip("]")
    first, last = map(int, verb.split()[-1].split(":"))
    assert verb == f"lc out 1 {first}:{last}"
    assert run(either, f"{verb} | head -2").output == f"{first}\n{first + 1}\n"
    assert run(either, f"{verb} | tail -1").output == f"{last}\n"
    assert run(either, "lc out 1 | cksum").output == run(either, "seq 1 50000 | cksum").output
    assert run(either, "lc out 1 49999:").output == "49999\n50000\n"


def test_a_new_sandbox_on_the_same_room_keeps_the_old_outputs(room: Room, toolchains: Toolchains, run: Run) -> None:
    for expected in ("1", "1\n2"):
        with Host(room, toolchains, Policy()) as host:
            assert run(host, "echo $(ls $LC_ROOT/out)").output.split() == expected.split()


@pytest.mark.parametrize("misuse", ["", "fly", "out", "out X", "out 1 5", "out 1 0:3", "out 1 9:3", "out ../x", "base"])
def test_misuse_shows_the_usage_and_is_exit_2(either: Sandbox, run: Run, misuse: str) -> None:
    done = run(either, f"lc {misuse}")
    assert done.exit_code == 2
    assert "usage: lc VERB" in done.output


def test_help_and_a_missing_output(either: Sandbox, run: Run) -> None:
    assert run(either, "lc help").exit_code == 0
    done = run(either, "lc out 99")
    assert (done.exit_code, done.output) == (1, "lc: there is no output 99\n")


def test_requests_for_the_base_come_back_as_shell_commands(either: Sandbox, run: Run) -> None:
    done = run(either, "lc base 'pytest -q | tail -1'; lc base grep 'a b' '$x'; lc base --with t/a --with 'b c' make")
    assert done.base_requests == (
        BaseRequest("pytest -q | tail -1"),
        BaseRequest("grep a\\ b \\$x"),
        BaseRequest("make", ("t/a", "b c")),
    )
    assert done.output == ""
    assert run(either, "true").base_requests == ()


def test_the_engines_own_python_runs_isolated(either: Sandbox, run: Run) -> None:
    (either.room.workspace / "tree_sitter.py").write_text("raise SystemExit('the repository was imported')")
    done = run(either, "PYTHONPATH=. lc python -c 'import sys, tree_sitter; print(sys.flags.isolated)'")
    assert done.output == "1\n"


def test_a_call_of_a_tool_is_recorded_and_its_exit_code_stays(either: Sandbox, run: Run) -> None:
    done = run(either, "cd /; greet 'a b' '' $'two\\nlines'")
    assert (done.output, done.exit_code) == ("hello a b  two\nlines\n", 3)
    assert done.tool_calls == (ToolCall("greet", ("a b", "", "two\nlines"), "/", 3, stdin_piped=False),)
    assert run(either, "true").tool_calls == ()


def test_a_tool_in_a_loop_leaves_the_loop_its_input(either: Sandbox, run: Run) -> None:
    done = run(either, "printf '%s\\n' a b c | while read -r name; do greet $name; done")
    assert done.output == "hello a\nhello b\nhello c\n"
    assert [call.arguments for call in done.tool_calls] == [("a",), ("b",), ("c",)]
    assert all(call.stdin_piped for call in done.tool_calls)


def test_a_tool_gets_its_input_and_shadows_nothing(either: Sandbox, run: Run) -> None:
    assert either.room.scaffold
    add_tool(either.room.scaffold / "tools", "upper", "tr a-z A-Z")
    add_tool(either.room.scaffold / "tools", "ls", "echo shadowed")
    add_tool(either.room.scaffold / "tools", "Bad_name", "true")
    done = run(either, "echo quiet | upper; ls /nowhere")
    assert done.output.startswith("QUIET\nls: cannot access")
    assert [call.name for call in done.tool_calls] == ["upper"]


def test_a_new_tool_works_at_once_and_a_removed_one_is_gone(either: Sandbox, run: Run) -> None:
    make = "printf '#!/bin/sh\\necho new\\n' >$SCAFFOLD/tools/fresh; chmod +x $SCAFFOLD/tools/fresh"
    assert run(either, f"{make}; fresh").output == "new\n"
    assert run(either, "fresh; rm $SCAFFOLD/tools/fresh").tool_calls[0].name == "fresh"
    assert run(either, "fresh").exit_code == 127


def test_forged_records_are_ignored(either: Sandbox, run: Run) -> None:
    calls = "${LC_ROOT:-/run/lc}/in/calls"
    forged = (
        f"printf 'junk\\0lc-call/1\\0x\\0999999\\0001\\0/\\0000\\0' >{calls}",
        f"printf 'lc-call/1\\0x\\0000\\0001\\0/\\0999\\0a\\0' >{calls}",
        f"ln -s /etc/passwd {calls}",
        f"mkfifo {calls}",
        f"head -c 3000000 /dev/urandom >{calls}",
    )
    for text in forged:
        assert run(either, text).tool_calls == ()
    done = run(either, f"printf 'lc-call/1\\0torn\\0' >{calls}; greet x")
    assert [call.arguments for call in done.tool_calls] == [("x",)]


def test_no_scaffold_no_tools(room: Room, open_room: Open, run: Run) -> None:
    assert room.scaffold
    bare = open_room(replace(room, scaffold=None))
    assert run(bare, f"greet; ls {room.scaffold}; echo ${{SCAFFOLD-none}}").output.endswith("none\n")
    assert run(bare, "greet").exit_code == 127
