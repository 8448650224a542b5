"""What the engine runs itself: verify on clean copies of the last and the first tree, `lc base` on the first."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from looping import Rounds, observed, of, say, toolchains
from placing import Place, never, placed

from livecoder.endings import TAMPERED
from livecoder.events import BaseRan
from livecoder.rooms import NO_SANDBOX, Cancelled
from livecoder.sandbox.host import Host
from livecoder.sandbox.policy import Policy
from livecoder.verify import MAX_BASE_REQUESTS, BaseRuns, verify
from livecoder.workspace.copies import Dependencies, clean_copy
from livecoder.workspace.workspace import Workspace


@pytest.fixture
def place(tmp_path: Path, make_repository: Callable[..., Path]) -> Iterator[Place]:
    with placed(tmp_path, make_repository({"answer": "41\n"})) as there:
        yield there


CHECK = 'test "$(cat answer)" = 42'


def test_a_change_that_repairs_passes_where_the_base_failed(place: Place) -> None:
    (place.root / "answer").write_text("42\n")
    found = verify(CHECK, place.rooms, place.trees(), (), never)
    assert (found.command, found.exit_code, found.base_exit_code) == (CHECK, 0, 1)
    assert (found.where, found.why_in_place) == ("copy", "")


def test_a_change_that_repairs_nothing_fails(place: Place) -> None:
    (place.root / "answer").write_text("43\n")
    assert verify(CHECK, place.rooms, place.trees(), (), never).exit_code == 1


@pytest.mark.parametrize("how", ["raise SystemExit(0)", "import os; os._exit(0)"])
def test_a_program_that_ends_before_its_tests_is_no_run_of_them(place: Place, how: str) -> None:
    (place.root / "thing.py").write_text("x = 1\n")
    (place.root / "test_thing.py").write_text(
        "import unittest, thing\nclass T(unittest.TestCase):\n    def test_x(self): self.assertEqual(thing.x, 1)\n"
    )
    base = place.tree()
    (place.root / "thing.py").write_text(f"{how}\n")
    trees = dataclasses.replace(place.trees(), base=base)
    found = verify("python3 -m unittest test_thing", place.rooms, trees, (), never)
    assert (found.exit_code, found.base_exit_code) == (0, 0)
    assert found.unseen == "no test is seen to have run; on the base there was 1"


def test_without_a_change_the_base_is_not_run_again(place: Place) -> None:
    assert verify(CHECK, place.rooms, place.trees(), (), never).base_exit_code is None


def test_the_tree_that_counts_is_the_checkpoint_not_what_lies_there_now(place: Place) -> None:
    (place.root / "answer").write_text("42\n")
    trees = place.trees()
    (place.root / "answer").write_text("forged\n")
    assert verify(CHECK, place.rooms, trees, (), never).exit_code == 0


def test_what_verify_does_leaves_the_workspace_alone(place: Place) -> None:
    (place.root / "answer").write_text("42\n")
    before = place.tree()
    verify("rm -rf ./*; touch junk", place.rooms, place.trees(), (), never)
    assert place.tree() == before


def test_what_the_agent_left_running_or_in_tmp_does_not_help(place: Place) -> None:
    rounds = Rounds(place.rooms.sandbox)
    rounds.play([say("echo 42 > /tmp/answer; export ANSWER=42; echo 42 > ~/answer"), "done"])
    command = 'test -e /tmp/answer || test -n "$ANSWER" || test -e ~/answer'
    assert verify(command, place.rooms, place.trees(), (), never).exit_code != 0


def test_its_output_and_what_was_weakened_are_kept(place: Place) -> None:
    found = verify("echo seen; kill -9 $$", place.rooms, place.trees(), ("tests/a: deleted",), never)
    assert found.exit_code == 137 and found.output.startswith("seen\n") and found.weakened == ("tests/a: deleted",)


def test_where_no_clean_copy_can_be_made_it_says_so(place: Place) -> None:
    def impure(tree: str, dest: Path, cancelled: Cancelled) -> str:
        place.rooms.copier(tree, dest, cancelled)
        return "a dependency was changed in place"

    rooms = dataclasses.replace(place.rooms, copier=impure)
    found = verify("true", rooms, place.trees(), (), never)
    assert (found.where, found.why_in_place) == ("in place", "a dependency was changed in place")


def test_a_cancelled_verify_ends_at_once_and_leaves_the_base_alone(place: Place) -> None:
    (place.root / "answer").write_text("42\n")
    found = verify("sleep 60", place.rooms, place.trees(), (), lambda: True)
    assert found.exit_code != 0 and found.seconds < 20 and found.base_exit_code is None


def test_a_dependency_that_a_command_wrote_into_is_what_endings_take_for_tampering(
    tmp_path: Path, make_repository: Callable[..., Path]
) -> None:
    root = make_repository({".gitignore": "node_modules/\n"}, "linked")
    (root / "node_modules").mkdir()
    (root / "node_modules/check.js").write_text("check()\n")
    shadow = Workspace.open(root, tmp_path / "linked-state").shadow
    dependencies = Dependencies.snapshot(shadow, tmp_path / "linked-dependencies", copied_bytes=0)
    (root / "node_modules/check.js").write_text("pass()\n")
    why = clean_copy(shadow.trees, shadow.checkpoint().tree, dependencies, tmp_path / "copy").why_in_place
    assert why.endswith(TAMPERED)


def test_a_command_that_asks_git_is_answered_on_the_copy(place: Place) -> None:
    (place.root / "answer").write_text("42\n")
    found = verify("git ls-files --error-unmatch answer", place.rooms, place.trees(), (), never)
    assert (found.exit_code, found.base_exit_code, found.where) == (0, 0, "copy")


@pytest.fixture
def unprotected(place: Place, tmp_path: Path) -> Iterator[Place]:
    """The same place without a sandbox."""
    room = dataclasses.replace(place.rooms.sandbox.room, scratch=tmp_path / "host")
    with Host(room, toolchains(tmp_path), Policy()) as host:
        yield dataclasses.replace(place, rooms=dataclasses.replace(place.rooms, sandbox=host))


def test_without_a_sandbox_it_runs_in_place_and_says_so(unprotected: Place) -> None:
    (unprotected.root / "answer").write_text("42\n")
    found = verify("pwd", unprotected.rooms, unprotected.trees(), (), never)
    assert (found.exit_code, found.base_exit_code, found.output) == (0, None, f"{unprotected.root}\n")
    assert (found.where, found.why_in_place) == ("in place", NO_SANDBOX)


def test_without_a_sandbox_nothing_is_run_on_the_base(unprotected: Place) -> None:
    runs, (text,) = played(unprotected, "lc base 'touch junk'")
    assert runs == [] and f"`touch junk` was not run on the base: {NO_SANDBOX}" in text
    assert not list(unprotected.root.parent.rglob("junk"))


# ---- lc base


def played(place: Place, *commands: str) -> tuple[list[BaseRan], list[str]]:
    rounds = Rounds(place.rooms.sandbox, watchers=[BaseRuns(place.rooms, place.base, 20.0, never)])
    events, _ = rounds.play([say(*commands), "done"])
    return of(BaseRan, events), observed(rounds.state.messages)


def test_a_command_on_the_base_runs_after_its_step_and_is_read_with_it(place: Place) -> None:
    (ran,), (text,) = played(place, "echo 42 > answer; lc base 'cat answer; exit 3'; cat answer")
    assert (ran.step, ran.command, ran.exit_code, ran.output) == (1, "cat answer; exit 3", 3, "41\n")
    assert "`cat answer; exit 3` on the base:\n41\n[exit 3]" in text
    assert (place.root / "answer").read_text() == "42\n"


def test_paths_can_be_taken_along_as_they_are_now(place: Place) -> None:
    command = "mkdir 'new tests'; echo ok > 'new tests/t'; lc base --with 'new tests' 'cat answer \"new tests/t\"'"
    runs, _ = played(place, command)
    assert (runs[0].exit_code, runs[0].output) == (0, "41\nok\n")


def test_what_runs_on_the_base_does_not_stay(place: Place) -> None:
    played(place, "lc base 'echo x > answer'", "lc base 'cat answer'")
    runs, _ = played(place, "lc base 'cat answer'")
    assert runs[0].output == "41\n"


def test_only_so_many_are_run_for_one_command(place: Place) -> None:
    runs, _ = played(place, 'for n in 1 2 3 4 5; do lc base "echo $n"; done')
    assert [run.output for run in runs] == ["1\n", "2\n", "3\n"] and len(runs) == MAX_BASE_REQUESTS
