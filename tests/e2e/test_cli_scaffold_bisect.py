"""Thirty good changes and a bad one: the bad one is named, without a model, and one command takes it back."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from livecoder.events import Event, ModelReplied, SessionStarted, Usage
from livecoder.scaffold.layer import read_layer, take
from tests.e2e.conftest import Livecoder
from tests.e2e.learning import COUNT, Learnt

HOOK = "#!/bin/sh\n# Says nothing.\necho '{}'\n"


@pytest.fixture
def learnt(livecoder: Livecoder) -> Learnt:
    return Learnt(livecoder.home, livecoder.cwd)


def changes(learnt: Learnt, numbers: range) -> None:
    """Self-changes of every kind, all of them good."""
    for number in numbers:
        match number % 4:
            case 0:
                learnt.commit("tools/count-lines", COUNT + f"# {number}\n")
            case 1:
                learnt.commit(f"lessons/l{number}.toml", f'text = "Lesson {number}."\n')
            case 2:
                learnt.commit("scaffold.toml", f"output_chars = {5_000 + number}\n")
            case _:
                learnt.commit(f"tools/tool-{number}", COUNT)


def bisect(livecoder: Livecoder, *words: str) -> tuple[int, list[str]]:
    done = livecoder("scaffold", "bisect", *words)
    lines = done.out.splitlines()
    assert done.err == "" and [line for line in lines if len(line) > 80] == []
    return done.code, lines


BAD = {
    "a tool": (
        "tools/count-lines",
        COUNT.replace('wc -l "$@"', 'wc -w "$@"'),
        "`count-lines calc.py` prints something else than before",
        "count-lines",
    ),
    "a hook": (
        "hooks/before_finish",
        "#!/bin/sh\n# Says too much.\necho thinking; echo '{}'\n",
        "hook before_finish prints no JSON object: thinking {}",
        "before_finish",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_the_bad_one_among_thirty_is_named_and_taken_back(livecoder: Livecoder, learnt: Learnt, what: str) -> None:
    path, text, why, name = BAD[what]
    learnt.commit("tools/count-lines", COUNT)
    learnt.commit("hooks/before_finish", HOOK)
    learnt.case("count-lines", "calc.py", output="2 calc.py\n")
    changes(learnt, range(1, 20))
    bad = learnt.commit(path, text, "it seemed a good idea")
    changes(learnt, range(21, 24) if what == "a tool" else range(20, 24))
    for number in range(24, 31):
        learnt.commit(f"lessons/l{number}.toml", f'text = "Lesson {number}."\n')
    before = livecoder.cwd.stat().st_mtime_ns
    code, lines = bisect(livecoder)
    tried = [line for line in lines if re.match(r"  [0-9a-f]{7} ", line)]
    assert code == 0 and 3 <= len(tried) <= 7
    assert f"  why: {why}" in lines and f"  it changed {path}" in lines
    assert any(line.startswith(f"the first bad one is {bad} of ") for line in lines)
    assert lines[-1] == f"go back with `livecoder scaffold rollback {name}`"
    assert livecoder.cwd.stat().st_mtime_ns == before and list(learnt.state.glob("visits/*")) == []
    assert livecoder("scaffold", "rollback", name).code == 0
    assert bisect(livecoder)[0] == 1
    assert livecoder.sessions() == []


def test_a_tool_that_learnt_to_say_it_better_is_not_to_blame(livecoder: Livecoder, learnt: Learnt) -> None:
    """Its recorded calls have the output of the better text; the earlier one printed something else, rightly."""
    learnt.commit("tools/count-lines", COUNT.replace('wc -l "$@"', 'wc -l <"$1"'))
    changes(learnt, range(1, 4))
    learnt.commit("tools/count-lines", COUNT)
    learnt.case("count-lines", "calc.py", output="2 calc.py\n")
    changes(learnt, range(5, 8))
    bad = learnt.commit("tools/count-lines", COUNT.replace("wc -l", "wc -c"))
    changes(learnt, range(9, 12))
    code, lines = bisect(livecoder)
    assert code == 0 and any(line.startswith(f"the first bad one is {bad} of ") for line in lines)


def test_a_command_of_the_users_finds_what_no_record_tells(livecoder: Livecoder, learnt: Learnt) -> None:
    changes(learnt, range(6))
    learnt.commit("scaffold.toml", "output_chars = 2000\n", "knob(output_chars): 2000")
    bad = learnt.store.head(learnt.project)
    changes(learnt, range(7, 9))
    command = 'test "$(cat $SCAFFOLD/scaffold.toml)" != "output_chars = 2000"'
    code, lines = bisect(livecoder, "--run", command)
    assert code == 0 and any(line.startswith(f"the first bad one is {bad} of ") for line in lines)
    assert re.fullmatch(r"go back with `livecoder scaffold rollback [0-9a-f]{7}`", lines[-1])


def test_the_ends_can_be_given(livecoder: Livecoder, learnt: Learnt) -> None:
    learnt.commit("tools/count-lines", COUNT.replace("wc -l", "wc -w"))
    good = learnt.commit("tools/count-lines", COUNT)
    learnt.case("count-lines", "calc.py", output="2 calc.py\n")
    worse = learnt.commit("tools/count-lines", COUNT.replace("wc -l", "wc -c"))
    learnt.commit("tools/count-lines", COUNT + "# right again\n")
    code, lines = bisect(livecoder, "--good", good, "--bad", worse)
    assert code == 0 and any(line.startswith(f"the first bad one is {worse} of ") for line in lines)
    code, lines = bisect(livecoder, "--good", worse, "--bad", worse)
    assert (code, lines[-1]) == (1, f"{worse} does not work either: give a --good one")


def test_what_the_repository_lends_is_said_to_be_left_out(livecoder: Livecoder, learnt: Learnt) -> None:
    learnt.commit("tools/count-lines", COUNT)
    learnt.case("count-lines", "calc.py", output="2 calc.py\n")
    tools = livecoder.cwd / ".livecoder" / "scaffold" / "tools"
    tools.mkdir(parents=True)
    (tools / "lent").write_text(COUNT)
    (tools / "lent").chmod(0o755)
    left_out = "1 file of .livecoder/scaffold was left out: it is in no generation"
    assert left_out not in bisect(livecoder)[1], "nobody took it"
    take(livecoder.home / "data", learnt.project, read_layer(livecoder.cwd), datetime.now(UTC))
    assert left_out in bisect(livecoder)[1]


def replied(cost: float | None) -> Event:
    return ModelReplied(1, "x", (), Usage(), cost, 1.0, 10)


def started(recorded: bool) -> Event:
    return SessionStarted("s", "/", "m", "bubblewrap", (), "auto", "a", (), 0, "", recorded=recorded)


@pytest.mark.parametrize(
    ("cost", "price"),
    [
        (0.02, "a task here takes 5 turns: about $0.20 a pair, $0.40 for 2, more where luck"),
        (None, "a task here takes 5 turns, at a price that is not known; 2 pairs at least"),
    ],
)
def test_where_only_live_runs_can_tell_it_says_so_and_what_they_cost(
    livecoder: Livecoder, learnt: Learnt, cost: float | None, price: str
) -> None:
    first = learnt.commit("tools/count-lines", COUNT)
    learnt.case("count-lines", "calc.py", output="2 calc.py\n")
    knob = learnt.commit("scaffold.toml", "output_chars = 5000\n")
    learnt.commit("tools/other", COUNT)
    lesson = learnt.commit("lessons/tidy.toml", 'text = "Tidy up."\n')
    learnt.journal("20260301-120000-001aa", started(recorded=False), *[replied(cost)] * 5)
    learnt.journal("20260301-130000-001aa", started(recorded=True), *[replied(0.0)] * 50)
    code, lines = bisect(livecoder, "--good", first)
    end = learnt.store.head(learnt.project)
    assert code == 1
    assert lines[-7:-1] == [
        f"all that can be replayed works in {end} as it did in {first}",
        "2 generations in between changed prompts, lessons or knobs:",
        f"  {knob}, {lesson}",
        "these act on the model: only paired live runs can tell. One pair:",
        f"  livecoder -p TASK --evolve off --scaffold {first}",
        f"  livecoder -p TASK --evolve off --scaffold {end}",
    ]
    assert lines[-1].startswith(price)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "no call of a tool is recorded here that could be replayed: give --run COMMAND"),
        (["--good", "0000000"], 3, "the scaffold has no generation 0000000: "),
    ],
)
def test_a_wrong_bisect_is_one_line(
    livecoder: Livecoder, learnt: Learnt, words: list[str], code: int, said: str
) -> None:
    done = livecoder("scaffold", "bisect", *words)
    (line,) = done.err.splitlines()
    assert (done.code, done.out) == (code, "") and said in line


def test_an_end_that_does_not_lead_to_the_other_is_told(livecoder: Livecoder, learnt: Learnt) -> None:
    first = learnt.commit("tools/count-lines", COUNT)
    last = learnt.commit("tools/count-lines", None)
    done = livecoder("scaffold", "bisect", "--run", "true", "--good", last, "--bad", first)
    assert (done.code, done.err) == (
        2,
        f"livecoder: {last} does not lead to {first}: `livecoder scaffold log` shows the way\n",
    )
