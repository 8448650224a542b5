"""The agent makes a tool by writing a file: what the engine sees of it, says about it, and records of its use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import COUNT, Lab, of, say

from livecoder.events import ToolBroken, ToolCreated, ToolRevised, ToolUsed
from livecoder.evolution.toolwatch import ToolWatch
from livecoder.model import Observation
from livecoder.rooms import runner

WRITE = f"cat > $SCAFFOLD/tools/count-lines <<'TOOL'\n{COUNT}TOOL"


@pytest.fixture
def watch(lab: Lab) -> Iterator[ToolWatch]:
    with lab.rooms.look_only(lab.checkout) as look:
        yield ToolWatch(lab.checkout, runner(look), lab.tree, lab.sandbox.room.pins)


def observed(lab: Lab, watch: ToolWatch, *commands: str) -> str:
    """What the model is told after the last of `commands`."""
    _, model = lab.play([*map(say, commands), "done"], watch)
    last = model.asked[-1][-1]
    assert isinstance(last, Observation)
    return last.text


def test_a_written_tool_is_a_command_at_once_and_the_model_hears_it(lab: Lab, watch: ToolWatch) -> None:
    events, model = lab.play([say(WRITE), say("count-lines a.txt"), "done"], watch)
    assert of(ToolCreated, events) == [ToolCreated("count-lines", "Count the lines of files.", 4, 1)]
    said = model.asked[1][-1]
    assert isinstance(said, Observation)
    assert "tool count-lines is a command now" in said.text and "made executable" in said.text
    assert "kept for later tasks once a call of it has worked" in said.text
    (use,) = of(ToolUsed, events)
    assert (use.name, use.step, use.arguments, use.exit_code, use.cwd) == (
        "count-lines",
        2,
        ("a.txt",),
        0,
        str(lab.root),
    )
    assert use.replayable and list(watch.made) == ["count-lines"]


def test_of_a_tool_with_two_forms_the_model_hears_that_each_must_have_worked(lab: Lab, watch: ToolWatch) -> None:
    two = WRITE.replace('usage: count-lines FILE..."', 'usage: count-lines FILE..."; echo "       count-lines --all"')
    assert "(kept for later tasks once a call of it in each form of its --help has worked)" in observed(lab, watch, two)


def test_a_call_in_the_command_that_writes_the_tool_counts_too(lab: Lab, watch: ToolWatch) -> None:
    events, _ = lab.play([say(f"{WRITE}\nchmod +x $SCAFFOLD/tools/count-lines\ncount-lines b.txt"), "done"], watch)
    assert [(use.arguments, use.exit_code) for use in of(ToolUsed, events)] == [(("b.txt",), 0)]


def test_a_call_that_fails_is_recorded_as_it_ended(lab: Lab, watch: ToolWatch) -> None:
    events, _ = lab.play([say(WRITE), say("count-lines nowhere"), "done"], watch)
    assert [use.exit_code for use in of(ToolUsed, events)] == [1]


def test_what_a_tool_reads_from_a_heredoc_is_kept(lab: Lab, watch: ToolWatch) -> None:
    events, _ = lab.play([say(WRITE), say("count-lines - <<'EOF'\none\ntwo\nEOF"), "done"], watch)
    (use,) = of(ToolUsed, events)
    assert (use.stdin, use.replayable) == ("one\ntwo\n", True)


def test_what_a_tool_reads_from_a_pipe_is_unknown(lab: Lab, watch: ToolWatch) -> None:
    events, _ = lab.play([say(WRITE), say("cat a.txt | count-lines -"), "done"], watch)
    (use,) = of(ToolUsed, events)
    assert (use.stdin, use.replayable) == ("", False)


def test_a_revision_is_told_apart_from_a_new_tool(lab: Lab, watch: ToolWatch) -> None:
    change = "sed -i 's/^wc -l/wc -l --/' $SCAFFOLD/tools/count-lines"
    events, _ = lab.play([say(WRITE), say("count-lines a.txt"), say(change), "done"], watch)
    assert of(ToolRevised, events) == [ToolRevised("count-lines", "Count the lines of files.", 4, 3)]


@pytest.mark.parametrize(
    ("name", "body", "why"),
    [
        ("count-lines", "#!/bin/bash\nexit 3\n", "ended with exit code 3"),
        ("count-lines", "#!/bin/bash\nif\n", "syntax is wrong"),
        ("count-lines", "echo hello\n", "must name the interpreter"),
        ("git", COUNT, "name of a command"),
        ("Bad_Name", COUNT, "lower-case letters"),
    ],
)
def test_what_is_no_usable_tool_is_said_with_the_reason(
    lab: Lab, watch: ToolWatch, name: str, body: str, why: str
) -> None:
    text = observed(lab, watch, f"cat > $SCAFFOLD/tools/{name} <<'TOOL'\n{body}TOOL")
    assert f"tool {name} is not usable: " in text and why in text
    assert watch.made == {}


def test_two_broken_in_a_row_end_the_encouragement_and_a_good_one_brings_it_back(lab: Lab, watch: ToolWatch) -> None:
    events, _ = lab.play([say("echo x > $SCAFFOLD/tools/one", "echo x > $SCAFFOLD/tools/two"), "done"], watch)
    assert len(of(ToolBroken, events)) == 2
    assert not watch.encouraged()
    lab.play([say(WRITE), "done"], watch)
    assert watch.encouraged()


def test_one_broken_and_repaired_is_no_reason_to_give_up(lab: Lab, watch: ToolWatch) -> None:
    lab.play(
        [say("echo x > $SCAFFOLD/tools/count-lines"), say(WRITE), say("echo x > $SCAFFOLD/tools/a"), "done"], watch
    )
    assert watch.encouraged() and list(watch.made) == ["count-lines"]


def test_a_tool_that_is_removed_is_no_longer_made(lab: Lab, watch: ToolWatch) -> None:
    lab.play([say(WRITE), say("rm $SCAFFOLD/tools/count-lines"), "done"], watch)
    assert watch.made == {}


def test_a_tool_turned_into_a_link_out_of_the_scaffold_is_no_longer_made(
    lab: Lab, watch: ToolWatch, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("#!/bin/sh\necho token\n")
    text = observed(lab, watch, WRITE, f"ln -sf {secret} $SCAFFOLD/tools/count-lines")
    assert "not usable" in text
    assert watch.made == {}


def test_the_tools_of_earlier_tasks_are_no_news_but_their_use_is(lab: Lab) -> None:
    lab.write("count-lines", COUNT)
    with lab.rooms.look_only(lab.checkout) as look:
        events, _ = lab.play([say("count-lines a.txt"), "done"], ToolWatch(lab.checkout, runner(look), lab.tree))
    assert of(ToolCreated, events) == [] and len(of(ToolUsed, events)) == 1


# ---- what somebody else changed


def test_a_tool_changed_from_outside_is_refused_told_once_and_is_nobodys_revision(lab: Lab, watch: ToolWatch) -> None:
    lab.play([say(f"{WRITE}; chmod +x $SCAFFOLD/tools/count-lines"), say("count-lines a.txt"), "done"], watch)
    (lab.checkout / "tools/count-lines").write_text(COUNT.replace("wc -l", "rm -f"))
    events, model = lab.play([say("count-lines a.txt", "count-lines a.txt"), "done"], watch)
    (broken,) = of(ToolBroken, events)
    assert "no command of this session wrote them" in broken.reason and of(ToolUsed, events) == []
    first, second = (m.text for m in model.asked[-1] if isinstance(m, Observation))
    assert "livecoder: count-lines is not run" in first and "[exit 126]" in first and "[tool count-lines" in first
    assert "livecoder: count-lines is not run" in second and "[tool count-lines" not in second
    assert not watch.made and (lab.root / "a.txt").exists()


def test_a_refused_tool_that_the_session_writes_anew_is_its_own_again(lab: Lab, watch: ToolWatch) -> None:
    lab.play([say(f"{WRITE}; chmod +x $SCAFFOLD/tools/count-lines"), "done"], watch)
    (lab.checkout / "tools/count-lines").write_text(COUNT.replace("wc -l", "rm -f"))
    rewritten = WRITE.replace("wc -l", "wc -c -l")
    events, _ = lab.play([say("true"), say(rewritten), say("count-lines a.txt"), "done"], watch)
    assert [use.exit_code for use in of(ToolUsed, events)] == [0]
    assert [event.name for event in of(ToolRevised, events)] == ["count-lines"] and list(watch.made) == ["count-lines"]
