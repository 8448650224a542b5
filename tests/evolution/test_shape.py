"""Shapes: what two scripts, or two commands, have in common once names of things are taken out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.command import programs
from livecoder.evolution.shape import SIMILAR, SKETCH, command_shape, shaped, similarity, sketch

EDIT = """from pathlib import Path
path = Path("src/{name}.py")
text = path.read_text()
old, new = "{old}", "{new}"
assert text.count(old) == 1, text.count(old)
path.write_text(text.replace(old, new))
print("replaced in", path)
"""
TABLE = """import subprocess
for case in [1, 2, 3]:
    done = subprocess.run(["./run", str(case)], capture_output=True)
    print(case, done.returncode, len(done.stdout))
"""


def test_the_same_script_with_other_constants_and_comments_has_the_same_shape() -> None:
    one = EDIT.format(name="a", old="x = 1", new="x = 2")
    other = "# second try\n" + EDIT.format(name="parser", old="return None", new="return []")
    assert similarity(sketch(one), sketch(other)) == 1.0


def test_the_same_work_with_one_more_line_is_still_similar() -> None:
    one = EDIT.format(name="a", old="x", new="y")
    assert SIMILAR <= similarity(sketch(one), sketch(one + "import os; os.sync()\n")) < 1.0


def test_different_work_is_not_similar() -> None:
    assert similarity(sketch(EDIT.format(name="a", old="x", new="y")), sketch(TABLE)) < 0.2


@given(st.text(max_size=400), st.text(max_size=400))
def test_similarity_is_symmetric_bounded_and_one_with_itself(a: str, b: str) -> None:
    one, other = sketch(a), sketch(b)
    assert similarity(one, other) == similarity(other, one)
    assert 0.0 <= similarity(one, other) <= 1.0
    assert similarity(one, one) == 1.0
    assert len(one) <= SKETCH


def test_nothing_is_similar_to_nothing() -> None:
    assert similarity((), ()) == 0.0


def test_a_commands_paths_numbers_and_patterns_are_holes() -> None:
    one = command_shape(programs("grep -rn 'def main' src/a.py | sort | head -20"))
    other = command_shape(programs("grep -rn 'class X:' lib/b.py | sort | head -5"))
    assert one == other == "grep -rn <text> <path> ; sort ; head -<number>"


@pytest.mark.parametrize(
    ("command", "shape", "arguments"),
    [
        ("sed -n 10,20p a.txt", "sed -n <number> <path>", ("10,20p", "a.txt")),
        ("sed -n '10,20p' \"$f\"", "sed -n <text> <text>", ("10,20p", "$f")),
        ("git stash pop", "git stash pop", ()),
        ("docker compose up web db", "docker compose up <word> <word>", ("web", "db")),
        ("git checkout HEAD~3 -- foo", "git checkout <path> -- <word>", ("HEAD~3", "foo")),
        ("make -j4 CFLAGS=-O2 --max=3", "make -j<number> <word> --max=<number>", ("4", "CFLAGS=-O2", "3")),
        ("cc -I/usr/include -o prog --std=c99", "cc -I<path> -o <word> --std=<word>", ("/usr/include", "prog", "c99")),
        (".venv/bin/python3 -m pytest tests/ -k name", "python3 -m pytest <path> -k <word>", ("tests/", "name")),
        ("cat <<'E' > /tmp/x\na b\nE\n", "cat <<text> > <path>", ("a b\n", "/tmp/x")),
        ("echo ''", "echo <text>", ("",)),
        ("", "", ()),
    ],
)
def test_what_varies_is_a_typed_hole(command: str, shape: str, arguments: tuple[str, ...]) -> None:
    found = shaped(programs(command))
    assert (found.text, found.arguments) == (shape, arguments)


@given(st.text(max_size=200))
def test_every_command_line_has_a_shape_with_a_hole_for_each_argument(command: str) -> None:
    found = shaped(programs(command))
    assert len(found.names) == len(programs(command))
    assert len(re.findall(r"<(?:text|path|number|word)>|<<text>", found.text)) >= len(found.arguments)


def test_another_flag_is_another_shape() -> None:
    assert command_shape(programs("grep -rn x.y .")) != command_shape(programs("grep -c x.y ."))
