"""Throw-away scripts become candidates: found where they run, recognised when they come back, asked about once."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab import Lab, inline, of, say

from livecoder.events import Harvested, Nudged
from livecoder.evolution.harvest import Earlier, Harvest, Recurring
from livecoder.evolution.miner import Mined, called, counted, worthwhile
from livecoder.evolution.shape import sketch
from livecoder.evolution.toolwatch import ToolWatch
from livecoder.model import Message, Observation, User
from livecoder.rooms import runner

EDIT = """from pathlib import Path
path = Path("{file}")
text = path.read_text()
assert "{old}" in text
path.write_text(text.replace("{old}", "{new}"))
"""
LIST = (
    "import os\nfor name in sorted(os.listdir('.')):\n    if name.endswith('.txt'):\n        print(name, len(name))\n"
)
FIRST = EDIT.format(file="a.txt", old="one", new="uno")
SECOND = EDIT.format(file="b.txt", old="three", new="tre")


def harvest(mode: str = "both") -> Harvest:
    return Harvest(mode, lambda scripts, shapes: f"keep one of {len(scripts) + len(shapes)}?")


def told(messages: tuple[Message, ...]) -> str:
    return "\n".join(m.text for m in messages if isinstance(m, Observation | User))


def played(lab: Lab, *commands: str, watcher: Harvest | None = None) -> list[Harvested]:
    events, _ = lab.play([*map(say, commands), "done", "none"], watcher or harvest())
    return of(Harvested, events)


def test_a_program_on_stdin_is_a_candidate_with_its_exit_code(lab: Lab) -> None:
    (found,) = played(lab, inline(FIRST))
    assert (found.step, found.language, found.lines, found.exit_code) == (1, "Python", 5, 0)
    assert found.source == FIRST
    assert (lab.root / "a.txt").read_text() == "uno\ntwo\n"


@pytest.mark.parametrize(
    ("command", "language"),
    [
        (f"python3 -c '{LIST.replace(chr(39), chr(34))}'", "Python"),
        (f"python3 <<'EOF' > /tmp/list.txt\n{LIST}EOF", "Python"),
        (f"cat > /tmp/list.py <<'EOF'\n{LIST}EOF\npython3 /tmp/list.py", "Python"),
        (f"cat <<'EOF' > /tmp/list.py\n{LIST}EOF\ntimeout 9 python3 -B /tmp/list.py", "Python"),
        ("cat > /tmp/go.sh <<'EOF'\nset -e\nfor f in *.txt\ndo wc -l $f\ndone\nEOF\nbash /tmp/go.sh", "bash"),
        ("cat > /tmp/go.sh <<'EOF'\nset -e\nfor f in *.txt\ndo wc -l $f\ndone\nEOF\nsource /tmp/go.sh", "bash"),
        (
            "cat > /tmp/go <<'EOF'\n#!/bin/sh\nset -e\nfor f in *\ndo wc $f\ndone\nEOF\nchmod +x /tmp/go; sh /tmp/go",
            "bash",
        ),
    ],
)
def test_every_way_to_run_a_throw_away_script_is_seen_once(lab: Lab, command: str, language: str) -> None:
    (found,) = played(lab, command)
    assert (found.language, found.exit_code) == (language, 0)


def test_a_script_in_tmp_is_found_when_it_is_run_in_a_later_step(lab: Lab) -> None:
    write, look, go = f"cat > /tmp/e.py <<'EOF'\n{FIRST}EOF", "cat /tmp/e.py; chmod +x /tmp/e.py", "python3 /tmp/e.py"
    (found,) = played(lab, write, look, go)
    assert (found.step, found.source) == (3, FIRST)


@pytest.mark.parametrize(
    "command",
    [
        "python3 -c 'print(1)'",
        inline("a = 1\n\nb = 2\n\nprint(a + b)\n"),
        "cat > notes.txt <<'EOF'\n1\n2\n3\n4\n5\nEOF",
        f"cat > script.py <<'EOF'\n{LIST}EOF\npython3 script.py",
        "cat <<'EOF' | wc -l\n1\n2\n3\n4\n5\nEOF",
        "echo 'import sys; print(len(sys.stdin.read()))' > r.py; python3 r.py <<'EOF'\n1\n2\n3\n4\n5\nEOF",
    ],
    ids=["one line", "three lines", "a file", "a script in the repository", "data in a pipe", "data for a script"],
)
def test_what_is_short_or_no_throw_away_script_is_none(lab: Lab, command: str) -> None:
    assert played(lab, command) == []


def test_one_that_comes_back_in_the_task_is_said_with_its_observation(lab: Lab) -> None:
    events, model = lab.play([say(inline(FIRST)), say(inline(SECOND)), "done", "none"], harvest())
    first, second = of(Harvested, events)
    assert (first.similar_to, second.similar_to) == ((), ("step 1",))
    assert "the shape of the one in step 1" in told(model.asked[2])
    assert "the shape" not in told(model.asked[1])


def test_one_that_comes_back_from_an_earlier_session_is_recognised(lab: Lab) -> None:
    watcher = harvest()
    watcher.earlier = [Earlier("an earlier task (s0, step 4)", sketch(SECOND)), Earlier("another", sketch(LIST))]
    (found,) = played(lab, inline(FIRST), watcher=watcher)
    assert found.similar_to == ("an earlier task (s0, step 4)",)


def test_an_exact_edit_as_in_an_earlier_task_needs_no_word_since_the_catalogue_has_it(lab: Lab) -> None:
    edit = "import re\nt = open('a.txt').read()\nassert t.count('x') == 0\nprint(t.replace('x', 'y'))\n"
    watcher = harvest()
    watcher.earlier = [Earlier("an earlier task (s0, step 4)", sketch(edit))]
    events, model = lab.play([say(inline(edit)), "done"], watcher)
    assert of(Harvested, events)[0].similar_to and "the shape" not in told(model.asked[1])


def test_useful_scripts_are_asked_about_once_at_the_end_and_aside(lab: Lab) -> None:
    events, model = lab.play([say(inline(FIRST)), say(inline(SECOND)), "done", "none"], harvest())
    (question,) = of(Nudged, events)
    assert (question.pattern, question.steps, question.text) == ("harvest", (2,), "keep one of 1?")
    system, asked = model.asked[3]
    assert system is model.asked[0][0]
    assert told((asked,)) == "keep one of 1?"


def test_a_script_that_did_not_come_back_is_not_asked_about(lab: Lab) -> None:
    events, _ = lab.play([say(inline(FIRST)), say(inline(LIST)), "done"], harvest())
    assert of(Nudged, events) == []


def test_declined_once_it_is_not_asked_again_in_the_session(lab: Lab) -> None:
    watcher = harvest()
    lab.play([say(inline(FIRST)), say(inline(SECOND)), "done", "none"], watcher)
    events, _ = lab.play([say(inline(FIRST)), "done"], watcher)
    assert of(Nudged, events) == []


def test_a_lone_edit_or_scripts_that_failed_are_not_asked_about(lab: Lab) -> None:
    assert of(Nudged, lab.play([say(inline(FIRST)), "done"], harvest())[0]) == []
    failing = [say(inline(FIRST + "raise SystemExit(3)\n")), say(inline(LIST + "raise SystemExit(4)\n")), "done"]
    assert of(Nudged, lab.play(failing, harvest())[0]) == []


@pytest.mark.parametrize(
    ("mode", "candidates", "hint", "question"),
    [("both", 2, True, True), ("recurrence", 2, True, True), ("end", 2, False, True), ("never", 0, False, False)],
)
def test_the_knob_says_when_the_model_is_asked(
    lab: Lab, mode: str, candidates: int, hint: bool, question: bool
) -> None:
    events, model = lab.play([say(inline(FIRST)), say(inline(SECOND)), "done", "none"], harvest(mode))
    assert len(of(Harvested, events)) == candidates
    assert ("has the shape of" in told(model.asked[2])) == hint
    assert bool(of(Nudged, events)) == question


def test_a_model_whose_tools_break_twice_is_left_in_peace(lab: Lab) -> None:
    with lab.rooms.look_only(lab.checkout) as look:
        watch = ToolWatch(lab.checkout, runner(look), lab.tree)
        watcher = Harvest(
            "both", lambda scripts, shapes: "keep one?", encouraged=watch.encouraged, tools_made=lambda: len(watch.made)
        )
        broken = ["echo nonsense > $SCAFFOLD/tools/one", "echo nonsense > $SCAFFOLD/tools/two"]
        events, model = lab.play([say(*broken), say(inline(FIRST)), say(inline(SECOND)), "done"], watch, watcher)
    assert not watch.encouraged()
    assert len(of(Harvested, events)) == 2
    assert of(Nudged, events) == [] and "the shape of" not in told(model.asked[-1])


def test_who_made_a_tool_is_not_asked_for_one(lab: Lab) -> None:
    watcher = Harvest("both", lambda scripts, shapes: "keep one?", tools_made=lambda: 1)
    assert of(Nudged, lab.play([say(inline(FIRST)), say(inline(LIST)), "done"], watcher)[0]) == []


def test_a_huge_script_is_kept_in_part(lab: Lab, tmp_path: Path) -> None:
    (found,) = played(lab, inline("x = 1\n" * 4000))
    assert len(found.source) == 8192 and found.lines == 4000


PROCEDURE = "sort {} | uniq -c > /tmp/out"


def mined(uses: int) -> dict[str, Mined]:
    """What earlier tasks leave of this procedure, run on two files by turns."""
    calls = [called(PROCEDURE.format("ab"[number % 2] + ".txt"), 0) for number in range(uses)]
    return worthwhile(counted({}, [call for call in calls if call]))


def test_a_procedure_that_recurs_from_task_to_task_is_named_in_the_question(lab: Lab) -> None:
    asked: list[Recurring] = []

    def question(scripts: object, shapes: list[Recurring]) -> str:
        asked.extend(shapes)
        return "keep it?"

    watcher = Harvest("both", question, recurring=mined(8))
    commands = [PROCEDURE.format("a.txt"), "ls", PROCEDURE.format("b.txt")]
    events, model = lab.play([*map(say, commands), "done", "none"], watcher)
    (nudged,) = of(Nudged, events)
    assert (nudged.pattern, nudged.steps, nudged.text) == ("harvest", (1, 3), "keep it?")
    assert asked == [Recurring("sort <path> ; uniq -c > <path>", 8, 2, (1, 3))]
    assert told(model.asked[4]).endswith("keep it?")


def test_what_does_not_recur_did_not_run_here_or_failed_is_not_asked_about(lab: Lab) -> None:
    def nudged(command: str, uses: int) -> list[Nudged]:
        watcher = Harvest("both", lambda scripts, shapes: "keep it?", recurring=mined(uses))
        return of(Nudged, lab.play([say(command), "done"], watcher)[0])

    assert nudged(PROCEDURE.format("a.txt"), 5) == []
    assert nudged("sort a.txt | uniq", 8) == []
    assert nudged(PROCEDURE.format("none.txt") + "; false", 8) == []


def test_at_most_two_procedures_are_named(lab: Lab) -> None:
    shapes = {f"{name} <path> ; wc -l": Mined(9, 9, frozenset("ab")) for name in ("sort", "uniq", "nl")}
    asked: list[int] = []
    watcher = Harvest("both", lambda _, shapes: str(asked.append(len(shapes))), recurring=shapes)
    lab.play([say("sort a.txt | wc -l", "uniq a.txt | wc -l", "nl a.txt | wc -l"), "done", "none"], watcher)
    assert asked == [2]
