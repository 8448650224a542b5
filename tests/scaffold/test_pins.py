"""Pins: what the user wants as it is stays so, whoever commits; a pin is no part of the scaffold."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.errors import ScaffoldError
from livecoder.scaffold.changes import FileChange
from livecoder.scaffold.parts import Part, candidates, parse
from livecoder.scaffold.pins import MAX_PINS, Pinned, pin, pinned, unpin
from livecoder.scaffold.store import Store
from tests.scaffold.conftest import NOON

GREET = FileChange("tools/greet", b"#!/bin/bash\necho hello\n", executable=True)
WORSE = FileChange("tools/greet", b"#!/bin/bash\necho worse\n", executable=True)
TIDY = FileChange("lessons/tidy.toml", b'text = "Tidy up."\n')
TOOL = Part("tools/greet")
FILES = ["tools/greet", "lessons/greet.toml", "hooks/greet", "prompts/greet.md"]


def put(store: Store, *changes: FileChange, project: str = "p") -> str:
    return store.commit(project, store.head(project), changes, "tool(greet): says hello", {}, NOON).after


def test_no_commit_changes_or_retires_what_is_pinned(store: Store, data: Path) -> None:
    head = put(store, GREET)
    assert pin(data, "p", TOOL)
    for change in (WORSE, FileChange("tools/greet", None), FileChange("tools/greet", GREET.content)):
        with pytest.raises(Pinned) as refused:
            put(store, TIDY, change)
        assert (str(refused.value), refused.value.parts) == ("pinned by the user: greet", (TOOL,))
        assert refused.value.remedy == "`livecoder scaffold pin --remove greet`"
    assert store.head("p") == head
    assert put(store, TIDY) != head


def test_a_rollback_does_not_change_it_either(store: Store, data: Path) -> None:
    before = store.head("p")
    put(store, GREET)
    pin(data, "p", TOOL)
    for target in ("greet", before):
        with pytest.raises(Pinned):
            store.rollback("p", target)


def test_what_is_not_there_can_be_kept_away(store: Store, data: Path) -> None:
    put(store, GREET)
    store.rollback("p", "greet")
    pin(data, "p", TOOL)
    with pytest.raises(Pinned):
        put(store, GREET)


def test_a_pin_holds_in_its_project_until_it_is_removed(store: Store, data: Path) -> None:
    put(store, GREET)
    put(store, GREET, project="q")
    pin(data, "p", TOOL)
    put(store, WORSE, project="q")
    assert (unpin(data, "p", TOOL), unpin(data, "p", TOOL)) == (True, False)
    put(store, WORSE)


def test_a_pinned_knob_leaves_the_others_free(store: Store, data: Path) -> None:
    put(store, FileChange("scaffold.toml", b"output_chars = 5000\nrepeat_threshold = 3\n"))
    pin(data, "p", Part("scaffold.toml", "output_chars"))
    put(store, FileChange("scaffold.toml", b"# said otherwise\noutput_chars = 5000\nrepeat_threshold = 4\n"))
    for text in (b"output_chars = 5001\n", b"repeat_threshold = 4\n", b"[["):
        with pytest.raises(Pinned, match="output_chars"):
            put(store, FileChange("scaffold.toml", text))
    with pytest.raises(Pinned, match="output_chars"):
        put(store, FileChange("scaffold.toml", None))


def test_what_main_gets_does_not_replace_what_is_pinned(store: Store, data: Path, tmp_path: Path) -> None:
    put(store, GREET, TIDY, project="other")
    store.head("p")
    pin(data, "p", TOOL)
    store.promote("other", [TOOL, Part("lessons/tidy.toml")], NOON)
    store.checkout("p", tmp_path / "p")
    store.checkout("q", tmp_path / "q")
    assert not (tmp_path / "p/tools/greet").exists() and (tmp_path / "p/lessons/tidy.toml").exists()
    assert (tmp_path / "q/tools/greet").exists()


def test_pins_that_cannot_be_read_let_nothing_change(store: Store, data: Path) -> None:
    pin(data, "p", TOOL)
    (data / "projects/p/pins.json").write_text("{")
    with pytest.raises(ScaffoldError, match="pins of this project cannot be read"):
        put(store, GREET)


def test_pins_are_bounded(data: Path) -> None:
    for number in range(MAX_PINS):
        assert pin(data, "p", Part(f"lessons/l{number}.toml"))
    assert not pin(data, "p", Part("lessons/l0.toml"))
    with pytest.raises(ScaffoldError, match="500 pins"):
        pin(data, "p", TOOL)
    assert len(pinned(data, "p")) == MAX_PINS


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("greet", [*FILES, "prompts/system.md#greet"]),
        ("tools/greet", ["tools/greet"]),
        ("greet#rules", ["prompts/greet.md#rules"]),
        ("prompts/greet.md#rules", ["prompts/greet.md#rules"]),
        ("after_command", ["hooks/after_command", "prompts/after_command.md"]),
        ("output_chars", ["hooks/output_chars", "prompts/output_chars.md", "scaffold.toml#output_chars"]),
        ("scaffold.toml#output_chars", ["scaffold.toml#output_chars"]),
        ("scaffold.toml", ["scaffold.toml"]),
        ("git", ["lessons/git.toml", "hooks/git", "prompts/git.md", "prompts/system.md#git"]),
        ("../x", []),
        ("a b", []),
        ("#", []),
        ("", []),
    ],
)
def test_a_name_means_what_it_can_name(name: str, meant: list[str]) -> None:
    assert list(map(str, candidates(name))) == meant


def test_a_pinned_section_leaves_the_rest_of_its_prompt_free(store: Store, data: Path) -> None:
    prompt = "{{# section: work #}}\n{}\n{{# section: rules #}}\n{}\n"

    def write(work: str, rules: str) -> str:
        return put(store, FileChange("prompts/system.md", prompt.format(work, rules).encode()))

    write("Work.", "Be kind.")
    pin(data, "p", store.history("p").part("rules"))
    write("Work well.", "Be kind.")
    for work, rules in (("Work.", "Be quick."), ("Work.\n{# section: rules #}", "Be kind.")):
        with pytest.raises(Pinned, match="rules"):
            write(work, rules)


@given(st.sampled_from(["tools/greet", "lessons/a.toml", "scaffold.toml"]), st.sampled_from(["", "output_chars"]))
def test_a_part_survives_being_written_down(path: str, key: str) -> None:
    assert parse(str(Part(path, key))) == Part(path, key)
