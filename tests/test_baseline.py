"""The tests as the session found them: run on a copy meanwhile, told once, kept for the project."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from looping import Rounds, Until, bubble, observed, of, say

from livecoder import tested
from livecoder.baseline import KEPT, Baseline, Measured, Memory, measured
from livecoder.events import GroundMeasured
from livecoder.rooms import Cancelled, Rooms, gitdirs
from livecoder.sandbox import Finished
from livecoder.testruns import Counts, TestRun
from livecoder.workspace.copies import materialise
from livecoder.workspace.trees import Trees
from livecoder.workspace.workspace import Workspace

SUITE = "sh ./suite"
REPORT = "; ".join(
    [
        "echo 'F.'; echo '=== short test summary info ==='",
        "echo 'FAILED tests/test_a.py::test_x - assert 0'",
        "echo '1 failed, 1 passed in 0.01s'; exit 1",
    ]
)


@dataclass(frozen=True, slots=True)
class Place:
    root: Path
    rooms: Rooms
    memory: Memory
    tree: str
    trees: Trees

    def play(self, *turns: str, command: str = SUITE) -> tuple[list[GroundMeasured], list[str]]:
        """A round that the measurement goes along with; what was measured, and what the model observed."""
        with Baseline(command, self.tree, self.rooms, self.memory) as baseline:
            rounds = Rounds(self.rooms.sandbox, watchers=[baseline])
            events, _ = rounds.play(Until(TOLD, 0, *turns, "done") if turns == MEASURED else [*turns, "done"])
        return of(GroundMeasured, events), observed(rounds.state.messages)


@pytest.fixture
def place(tmp_path: Path, make_repository: Callable[..., Path]) -> Iterator[Place]:
    root = make_repository({"suite": f"touch {tmp_path}/never-there; touch ran; {REPORT}\n"})
    workspace = Workspace.open(root, tmp_path / "state")

    def copier(tree: str, dest: Path, cancelled: Cancelled) -> str:
        materialise(workspace.shadow.trees, tree, dest, cancelled)
        return ""

    tree = workspace.shadow.checkpoint().tree
    with bubble(tmp_path, root) as sandbox:
        rooms = Rooms(sandbox, copier, gitdirs(root), tmp_path / "copies")
        yield Place(root, rooms, Memory(tmp_path / "measured.json"), tree, workspace.shadow.trees)


LOOK = say("sleep 0.2; echo looking")
MEASURED = (LOOK, say("true"))
"""Turns: the first again and again until the measurement is told."""
TOLD = "the tests as you found them"
AFTER = re.compile(r" after \d+ s")


def test_what_it_came_to_is_told_once_with_an_observation(place: Place) -> None:
    (event,), texts = place.play(*MEASURED)
    assert (event.command, event.exit_code, event.failing) == (SUITE, 1, ("tests/test_a.py::test_x",))
    told = [text for text in texts if TOLD in text]
    assert told == [texts[-2]]
    assert AFTER.sub(" after N s", told[0]).endswith(
        "[the tests as you found them: `sh ./suite`: exit 1 after N s: 1 failed, 1 passed; failing: "
        "tests/test_a.py::test_x]"
    )


def test_it_runs_on_a_copy(place: Place) -> None:
    place.play(*MEASURED)
    assert not (place.root / "ran").exists()


def test_a_tree_that_is_known_is_not_measured_again(place: Place) -> None:
    place.play(*MEASURED)
    assert place.play(LOOK)[0] == []
    known = place.memory.find(SUITE, place.tree)
    assert known is not None and known.tree == place.tree and known.failing == ("tests/test_a.py::test_x",)


def test_another_tree_knows_how_long_it_took(place: Place) -> None:
    place.play(*MEASURED)
    known = place.memory.find(SUITE, "another tree")
    assert known is not None and known.tree != "another tree"
    assert place.memory.find("another command", place.tree) is None
    assert AFTER.sub(" after N s", place.memory.line(SUITE, place.tree)).startswith(
        "tests as they are now: `sh ./suite`: exit 1 after N s: 1 fa"
    )
    assert place.memory.line(SUITE, "another tree").startswith("tests, last time: `sh ./suite`: exit 1")
    assert place.memory.line("", place.tree) == place.memory.line("true", place.tree) == ""


def test_without_a_command_there_is_nothing(place: Place) -> None:
    assert place.play(LOOK, command="") == ([], ["looking\n[exit 0]"])


def test_a_run_that_was_hardly_begun_says_nothing(place: Place) -> None:
    assert place.play(command="sleep 60")[0] == []
    assert place.memory.find("sleep 60", place.tree) is None


def test_what_cannot_run_is_told_with_its_last_words(place: Place) -> None:
    (event,), _ = place.play(*MEASURED, command="echo first; no-such-runner")
    assert event.exit_code == 127
    assert "no-such-runner: command not found" in event.said


def test_a_runner_that_prints_more_after_its_error_is_told_by_the_error(place: Place) -> None:
    usage = "printf 'usage: x\\nx: error: unrecognized arguments: -n\\n  rootdir: /repo\\n'"
    (event,), _ = place.play(*MEASURED, command=f"{usage}; exit 4")
    assert (event.exit_code, event.said) == (4, "x: error: unrecognized arguments: -n")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        ({"tests/test_a.py": 50.4, "tests/test_b.py": 3.0}, "2 passed; tests/test_a.py takes 50 s"),
        ({"tests/test_a.py": 5.0, "tests/test_b.py": 0.1}, "2 passed"),
        ({"tests/test_a.py": 20.0, "tests/test_b.py": 15.0, "tests/test_c.py": 15.0}, "2 passed"),
        ({"tests/test_a.py": 50.0}, "2 passed"),
    ],
    ids=["one file", "quick", "spread", "no other"],
)
def test_the_file_that_takes_most_of_a_long_run_is_named(seconds: dict[str, float], said: str) -> None:
    tests = TestRun("pytest", {"a": "passed", "b": "passed"}, Counts(2), "all", seconds=seconds)
    finished = Finished(0, 60.0, "", 0, 0, False, "/repo")
    assert measured("tree", "pytest", tested.Tested(finished, tests)).said == said


def test_lines_for_the_model() -> None:
    stopped = Measured("t", "make test", None, 95.4, "")
    assert stopped.line() == "`make test` takes more than 95 s"
    many = Measured("t", "pytest", 1, 3.2, "20 failed", tuple(f"t{n}" for n in range(20)))
    assert many.line().endswith("failing: t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11 and 8 more")


@pytest.mark.parametrize("damage", ["", "[]", "{}", "[1]", '[{"tree": 1}]', "\0", "[" * 100_000])
def test_a_damaged_memory_knows_nothing_and_learns_anew(tmp_path: Path, damage: str) -> None:
    (tmp_path / "measured.json").write_text(damage)
    memory = Memory(tmp_path / "measured.json")
    assert memory.find("x", "t") is None
    memory.keep(Measured("t", "x", 0, 1.0, "ok"))
    assert memory.find("x", "t") == Measured("t", "x", 0, 1.0, "ok")


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "measured.json")
    for number in range(KEPT + 3):
        memory.keep(Measured(f"tree {number}", "x", 0, 1.0, "ok"))
    newest = memory.find("x", "gone")
    assert newest is not None and newest.tree == f"tree {KEPT + 2}"
    oldest = memory.find("x", "tree 0")
    assert oldest is not None and oldest.tree != "tree 0"
