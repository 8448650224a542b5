"""A tool's call is replayed on the tree it was made on, in a room of its own, and compared by what it did."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from lab import COUNT, STAMP, Lab

from livecoder.events import ToolUsed
from livecoder.evolution.replay import MAX_TRIES, SILENT, Proof, Replayed, departs, make_cases, replayer
from livecoder.scaffold.cases import Case

CASE = Case("t", ("a.txt",), "", ".", 0, "2 a.txt\n", "", True)


def case(lab: Lab, *arguments: str, stdin: str = "", cwd: str = ".") -> Case:
    return Case(lab.tree(), arguments, stdin, cwd, 0, "", "", True)


def test_it_runs_on_the_tree_of_the_case_not_on_that_of_today(lab: Lab) -> None:
    lab.write("count-lines", COUNT)
    then = case(lab, "a.txt")
    (lab.root / "a.txt").write_text("changed since\n")
    assert replayer(lab.rooms, lab.root)(lab.checkout, "count-lines", then) == Replayed(0, "2 a.txt\n", "")


def test_what_it_does_to_its_copy_never_reaches_the_workspace(lab: Lab) -> None:
    lab.write("stamp", STAMP.format(body='echo new > "$1"; rm b.txt; touch outside; rm -f "$0"'))
    before = lab.tree()
    replayer(lab.rooms, lab.root)(lab.checkout, "stamp", case(lab, "a.txt"))
    assert lab.tree() == before


def test_its_directory_is_that_of_the_call(lab: Lab) -> None:
    lab.write("stamp", STAMP.format(body="pwd"))
    (lab.root / "sub dir").mkdir()
    (lab.root / "sub dir" / "x").write_text("x")
    now = replayer(lab.rooms, lab.root)(lab.checkout, "stamp", case(lab, cwd="sub dir"))
    assert now.output == f"{lab.root}/sub dir\n"


def test_arguments_and_stdin_arrive_as_they_were(lab: Lab) -> None:
    lab.write("stamp", STAMP.format(body='printf "<%s>" "$@"; cat'))
    odd = case(lab, "a b", "$HOME", "it's", "", "-", stdin="x $(id) 'y\n\n")
    now = replayer(lab.rooms, lab.root)(lab.checkout, "stamp", odd)
    assert now.output == "<a b><$HOME><it's><><->x $(id) 'y\n\n"


@pytest.mark.parametrize(
    "body", ["echo x > new.txt", "echo x >> a.txt", "rm b.txt", "mkdir d && echo x > d/y", "mv a.txt c.txt"]
)
def test_every_change_of_a_file_is_an_effect_and_repeats(lab: Lab, body: str) -> None:
    lab.write("stamp", STAMP.format(body=body))
    replay, then = replayer(lab.rooms, lab.root), case(lab)
    first, second = (replay(lab.checkout, "stamp", then) for _ in range(2))
    assert first.effect and first.effect == second.effect


def test_another_change_is_another_effect(lab: Lab) -> None:
    replay, then, effects = replayer(lab.rooms, lab.root), case(lab), set[str]()
    for body in ("echo x > one", "echo x > two", "echo y > one", "rm a.txt", "true", ": > a.txt"):
        lab.write("stamp", STAMP.format(body=body))
        effects.add(replay(lab.checkout, "stamp", then).effect)
    assert len(effects) == 6 and "" in effects


def test_a_link_out_of_the_tree_is_not_read(lab: Lab) -> None:
    lab.write("stamp", STAMP.format(body="ln -s /etc/passwd link; echo done"))
    assert replayer(lab.rooms, lab.root)(lab.checkout, "stamp", case(lab)) == Replayed(0, "done\n", "")


def test_a_tool_that_compares_with_the_base_finds_one_there_again(lab: Lab, tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    (base / "a.txt").write_text("as it was\n")
    lab.sandbox.room = dataclasses.replace(lab.sandbox.room, base=base)
    lab.write("stamp", STAMP.format(body="cat /run/lc/base/a.txt"))
    assert replayer(lab.rooms, lab.root)(lab.checkout, "stamp", case(lab)) == Replayed(0, "as it was\n", "")


def test_cases_come_from_calls_that_can_be_made_again(lab: Lab) -> None:
    lab.write("count-lines", COUNT)
    (lab.root / "sub").mkdir()
    (lab.root / "sub" / "c.txt").write_text("c\n")
    good = ToolUsed("count-lines", 3, ("c.txt",), "", str(lab.root / "sub"), 0, lab.tree())
    elsewhere = dataclasses.replace(good, cwd=str(lab.root.parent))
    found = make_cases([elsewhere, good, good], "count-lines", lab.root, lab.checkout, replayer(lab.rooms, lab.root))
    assert list(found.cases) == [Case(good.tree, ("c.txt",), "", "sub", 0, "1 c.txt\n", "", True)]


def test_only_so_many_calls_are_tried(lab: Lab) -> None:
    tried: list[Case] = []

    def fails(scaffold: Path, name: str, case: Case) -> Replayed:
        tried.append(case)
        return Replayed(1, "no", "")

    uses = [ToolUsed("count-lines", n, (f"{n}",), "", str(lab.root), 0, "t") for n in range(20)]
    assert make_cases(uses, "count-lines", lab.root, lab.checkout, fails) == Proof(())
    assert len(tried) == MAX_TRIES


@pytest.mark.parametrize(
    ("now", "same_output", "reason"),
    [
        (Replayed(0, "2 a.txt\n", ""), True, ""),
        (Replayed(1, "wc: a.txt\n", ""), True, "`count-lines a.txt` exits 1 instead of 0: wc: a.txt"),
        (Replayed(0, "2 a.txt\n", "f00"), True, "`count-lines a.txt` changes other files, or other text in them"),
        (Replayed(0, "two\n", ""), True, "`count-lines a.txt` prints something else than before"),
        (Replayed(0, "two\n", ""), False, ""),
    ],
)
def test_how_a_replay_differs_is_said(now: Replayed, same_output: bool, reason: str) -> None:
    found = departs("count-lines", CASE, now, same_output=same_output)
    assert found.startswith(reason) and bool(found) == bool(reason)


@pytest.mark.parametrize(
    ("body", "stdin", "arguments"),
    [
        ("true", "", ("a.txt",)),
        ('echo "$1"', "", ("a.txt",)),
        ('echo "$@"', "", ("one", "two")),
        ("cat", "what it was given\n", ()),
        ("exit 0; wc -l a.txt", "", ()),
    ],
    ids=["nothing", "its argument", "its arguments", "its input", "an empty body"],
)
def test_a_call_that_shows_nothing_proves_nothing(lab: Lab, body: str, stdin: str, arguments: tuple[str, ...]) -> None:
    lab.write("stamp", STAMP.format(body=body))
    called = ToolUsed("stamp", 1, arguments, stdin, str(lab.root), 0, lab.tree())
    found = make_cases([called], "stamp", lab.root, lab.checkout, replayer(lab.rooms, lab.root))
    assert found == Proof((), SILENT)


def test_a_call_that_says_nothing_and_does_something_is_a_case(lab: Lab) -> None:
    lab.write("stamp", STAMP.format(body='echo x > "$1"'))
    called = ToolUsed("stamp", 1, ("made.txt",), "", str(lab.root), 0, lab.tree())
    (case,) = make_cases([called], "stamp", lab.root, lab.checkout, replayer(lab.rooms, lab.root)).cases
    assert case.output == "" and case.effect
