"""What the agent changes in its own checkout is seen at its step and proposed when the round is over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lab import Lab, of, say

from livecoder.events import ScaffoldEdited
from livecoder.evolution import proposals as p
from livecoder.evolution.ownedits import EditWatch
from livecoder.scaffold.lessons import Lesson, dump
from livecoder.scaffold.seed import seed_dir

SED = "sed -i 's/^output_chars = .*/output_chars = 20000/' $SCAFFOLD/scaffold.toml"
TABLES = Lesson("tables", "The parser needs its tables.")


def edited(lab: Lab, *commands: str) -> EditWatch:
    """A round in which these commands ran, each in a turn of its own."""
    watch = EditWatch(lab.checkout)
    lab.play([*(say(command) for command in commands), "done"], watch)
    return watch


def proposed(lab: Lab, *commands: str) -> list[p.Proposal]:
    found, refused = edited(lab, *commands).proposals()
    assert refused == []
    return found


def test_each_edit_is_an_event_at_its_step(lab: Lab) -> None:
    watch = EditWatch(lab.checkout)
    events, _ = lab.play([say("ls", SED, "rm $SCAFFOLD/prompts/harvest.md"), "done"], watch)
    first, second = of(ScaffoldEdited, events)
    assert (first.path, first.step, first.removed) == ("scaffold.toml", 2, False)
    assert "output_chars = 20000" in first.source
    assert (second.path, second.step, second.removed, second.source) == ("prompts/harvest.md", 3, True, "")


def test_a_round_that_touches_nothing_proposes_nothing(lab: Lab) -> None:
    assert edited(lab, "ls", "cat $SCAFFOLD/scaffold.toml", "touch a.txt").proposals() == ([], [])
    assert edited(lab, SED, f"git -C / status; {SED.replace('20000', '10000')}").proposals() == ([], [])


def test_one_knob_is_one_proposal_with_its_usual_contract(lab: Lab) -> None:
    both = SED + "; sed -i 's/^nudges = .*/nudges = \"never\"/' $SCAFFOLD/scaffold.toml"
    first, second = proposed(lab, both)
    assert isinstance(first, p.SetKnob) and (first.name, first.value, first.origin) == ("output_chars", 20_000, "edit")
    assert (first.contract.improves, first.contract.risks) == (("cut_outputs",), ("prompt_bytes",))
    assert isinstance(second, p.SetKnob) and (second.name, second.value) == ("nudges", "never")
    assert first.contract.problem(1) == "" and first.contract.cause.endswith("itself at step 1")


def test_the_failures_before_it_are_what_led_to_it(lab: Lab) -> None:
    (knob,) = proposed(lab, "false", "true", "exit 3", SED)
    assert knob.contract.evidence == (1, 3, 4) and knob.contract.problem(2) == ""
    (alone,) = proposed(lab, "true", SED.replace("20000", "30000"))
    assert alone.contract.problem(2).startswith("it cites 1 step")


def test_only_the_section_that_changed(lab: Lab) -> None:
    (edit,) = proposed(lab, "sed -i 's/^- Git works/- Git always works/' $SCAFFOLD/prompts/system.md")
    assert isinstance(edit, p.EditSection) and (edit.prompt, edit.section) == ("system", "rules")
    assert "- Git always works" in edit.text and "section:" not in edit.text
    (whole,) = proposed(lab, "echo 'And be quick.' >> $SCAFFOLD/prompts/harvest.md")
    assert isinstance(whole, p.EditSection) and (whole.prompt, whole.section) == ("harvest", "all")


def test_a_lesson_is_added_revised_and_retired(lab: Lab) -> None:
    (lab.checkout / "lessons" / "tables.toml").write_text(dump(TABLES))
    (lab.checkout / "lessons" / "old.toml").write_text(dump(Lesson("old", "Nobody needs this.")))
    new = dump(Lesson("sums", "Sums are rounded once.")).replace("'", "'\\''")
    better = dump(replace(TABLES, text="Run make tables first."))
    revise = f"cat > $SCAFFOLD/lessons/tables.toml <<'E'\n{better}E"
    found = proposed(lab, f"printf '%s' '{new}' > $SCAFFOLD/lessons/sums.toml", revise, "rm $SCAFFOLD/lessons/old.toml")
    kinds = {type(one): one for one in found}
    assert {one.name for one in found} == {"sums", "tables", "old"}
    added, revised = kinds[p.AddLesson], kinds[p.ReviseLesson]
    assert isinstance(added, p.AddLesson) and added.lesson.text == "Sums are rounded once."
    assert isinstance(revised, p.ReviseLesson) and revised.lesson.text == "Run make tables first."
    assert isinstance(kinds[p.RetireLesson], p.RetireLesson)


def test_a_hook_is_a_proposal_too(lab: Lab) -> None:
    make = "printf '#!/bin/sh\\necho {}\\n' > $SCAFFOLD/hooks/round_start; chmod +x $SCAFFOLD/hooks/round_start"
    (hook,) = proposed(lab, make)
    assert isinstance(hook, p.KeepHook) and hook.content == b"#!/bin/sh\necho {}\n"


@pytest.mark.parametrize(
    ("command", "target", "why"),
    [
        ("echo 'network = true' >> $SCAFFOLD/scaffold.toml", "scaffold.toml", "network (line"),
        ("echo '[[' > $SCAFFOLD/scaffold.toml", "scaffold.toml", "not valid TOML"),
        ("rm $SCAFFOLD/prompts/system.md", "prompts/system.md", "neither added nor taken away"),
        ("echo x > $SCAFFOLD/prompts/mine.md", "prompts/mine.md", "neither added nor taken away"),
        ("echo x > $SCAFFOLD/prompts/system.md", "prompts/system.md", "its sections must stay work, rules"),
        ("echo x > $SCAFFOLD/lessons/X.toml", "lessons/X.toml", "cannot be part of a scaffold"),
        ("echo x > $SCAFFOLD/lessons/x.toml", "lessons/x.toml", "not valid TOML"),
        ("ln -s /etc/passwd $SCAFFOLD/hooks/round_start", "hooks/round_start", "cannot be read"),
        ("head -c 99999 /dev/zero > $SCAFFOLD/hooks/round_start", "hooks/round_start", "cannot be read"),
    ],
)
def test_what_can_be_no_proposal_is_told_with_its_reason(lab: Lab, command: str, target: str, why: str) -> None:
    found, ((_, told, reason),) = edited(lab, command).proposals()
    assert found == [] and told == target and why in reason


@pytest.mark.parametrize("name", ["config.toml", "policy.toml", ".git/config", "engine/gate.py"])
def test_what_is_no_part_of_a_scaffold_is_never_read(lab: Lab, name: str) -> None:
    make = f"mkdir -p $(dirname $SCAFFOLD/{name}); echo 'sandbox = \"none\"' > $SCAFFOLD/{name}"
    assert edited(lab, make).proposals() == ([], [])


def test_an_edit_is_proposed_once_for_each_of_its_forms(lab: Lab) -> None:
    watch = edited(lab, SED)
    assert len(watch.proposals()[0]) == 1 and watch.proposals() == ([], [])
    lab.play([say(SED.replace("20000", "15000")), "done"], watch)
    ((knob,), _) = watch.proposals()
    assert isinstance(knob, p.SetKnob) and knob.value == 15_000


def test_what_the_engine_wrote_is_no_edit(lab: Lab) -> None:
    watch = EditWatch(lab.checkout)
    text = (seed_dir() / "scaffold.toml").read_bytes().replace(b"output_chars = 10000", b"output_chars = 5000")
    (lab.checkout / "scaffold.toml").write_bytes(text)
    watch.taken_over("scaffold.toml", text)
    events, _ = lab.play([say("ls"), "done"], watch)
    assert of(ScaffoldEdited, events) == [] and watch.proposals() == ([], [])


def test_folders_turned_into_links_break_nothing(lab: Lab) -> None:
    watch = edited(lab, "cd $SCAFFOLD && rm -rf lessons && ln -s / lessons && rm -rf hooks && mkfifo hooks", "ls")
    assert watch.proposals() == ([], [])
