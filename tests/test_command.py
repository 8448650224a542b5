"""Reading a bash command line as syntax: which programs it calls, with which words, and what its heredocs hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.command import Heredoc, Program, programs


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ls -l src", [("ls", "-l", "src")]),
        ("a | b x; c && d || e &", [("a",), ("b", "x"), ("c",), ("d",), ("e",)]),
        ("for f in *.py; do wc $f; done", [("wc", "$f")]),
        ("echo $(git log -1) `ls`", [("echo", "$(git log -1)", "`ls`"), ("git", "log", "-1"), ("ls",)]),
        ("X=1 Y=2 make all", [("make", "all")]),
        ("grep 'a b' \"c d\" e", [("grep", "a b", "c d", "e")]),
        ("(cd src && ls) # and a comment", [("cd", "src"), ("ls",)]),
        ("f() { rm x; }; f", [("rm", "x"), ("f",)]),
        ("echo größe", [("echo", "größe")]),
        ("", []),
    ],
)
def test_every_simple_command_is_found_in_order(text: str, words: list[tuple[str, ...]]) -> None:
    assert [program.words for program in programs(text)] == words


def test_words_in_quotes_are_known() -> None:
    (found,) = programs("grep -n 'main' \"$x\" main $'a' e'f'g")
    assert [word for place, word in enumerate(found.words) if place in found.quoted] == ["main", "$x", "a"]


def test_a_programs_name_is_the_last_part_of_its_path() -> None:
    assert [program.name for program in programs("/usr/bin/python3 x; ./run; make")] == ["python3", "run", "make"]
    assert Program(()).name == ""


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("cat <<'E'\na $b\nE\n", Program(("cat",), Heredoc("a $b\n", True))),
        ('cat <<"E"\na\nE\n', Program(("cat",), Heredoc("a\n", True))),
        ("cat <<\\E\na\nE\n", Program(("cat",), Heredoc("a\n", True))),
        ("cat <<E\na\nE\n", Program(("cat",), Heredoc("a\n", False))),
        ("cat <<-'E'\n\ta\n\t\tb\n\tE\n", Program(("cat",), Heredoc("a\nb\n", True))),
        ("cat > f.py <<'E'\na\nE\n", Program(("cat",), Heredoc("a\n", True), "f.py")),
        ("cat <<'E' > f.py\na\nE\n", Program(("cat",), Heredoc("a\n", True), "f.py")),
        ("cat <<'E' >> '/tmp/a b'\na\nE\n", Program(("cat",), Heredoc("a\n", True), "/tmp/a b")),
        ("cat <<'E'\nE\n", Program(("cat",), Heredoc("", True))),
        ("python3 - <<'E'\na\nE\n", Program(("python3", "-"), Heredoc("a\n", True))),
        ("tool <<'E' x 'y z'\na\nE\n", Program(("tool", "x", "y z"), Heredoc("a\n", True))),
        ("tool x\n", Program(("tool", "x"))),
        ("tool x > out 2>&1", Program(("tool", "x"), None, "out")),
        ("tool x 2> err < in", Program(("tool", "x"))),
    ],
)
def test_a_heredoc_and_a_redirection_belong_to_their_program(text: str, program: Program) -> None:
    assert programs(text) == (program,)


def test_in_a_list_or_pipe_the_heredoc_is_that_of_the_program_it_stands_at() -> None:
    first, second, third = programs("make && tool x <<'E' | tail\na\nE\n")
    assert (first.heredoc, second.heredoc, third.heredoc) == (None, Heredoc("a\n", True), None)
    first, second = programs("make; tool x <<'E'\na\nE\n")
    assert (first.heredoc, second.heredoc) == (None, Heredoc("a\n", True))


def test_two_heredocs_in_one_command_are_two_programs() -> None:
    found = programs("cat > a <<'E'\n1\nE\ncat > b <<'E'\n2\nE\n")
    assert [(p.writes, p.heredoc and p.heredoc.body) for p in found] == [("a", "1\n"), ("b", "2\n")]


@pytest.mark.parametrize("character", ["\U00108712", "\U000709a3", "🙂", "漢", "\x01", "\x01e9\x02"])
def test_a_high_character_after_a_brace_crashes_nothing_and_comes_back(character: str) -> None:
    assert [program.words for program in programs(f"echo {{{character} a")] == [("echo", f"{{{character}", "a")]
    (program,) = programs(f"tool <<'E'\n{{{character}\nE\n")
    assert program.heredoc == Heredoc(f"{{{character}\n", True)


@given(st.text(max_size=200))
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    for program in programs(text):
        assert isinstance(program.name, str)


def test_a_deeply_nested_or_long_command_is_read_too() -> None:
    assert [p.words for p in programs("$(" * 500 + "ls" + ")" * 500)][-1] == ("ls",)
    assert len(programs("ls x; " * 5000)) == 5000
