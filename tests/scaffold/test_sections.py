"""A prompt in sections: marks that render as nothing, one section rewritten, and the rest as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.errors import ScaffoldError
from livecoder.prompt import SAMPLES, render
from livecoder.scaffold.sections import MAX_CHARS, marked, sections, variables, with_section
from livecoder.scaffold.seed import seed_dir

PROMPT = "{# section: work #}\nDo {{ it }}.\n\n{# section: rules #}\n- One.\n- Two.\n"
LINES = st.lists(st.text("ab \\-{}%", max_size=12), max_size=4).map("\n".join)


def test_a_section_reaches_to_the_next_mark() -> None:
    assert sections(PROMPT) == {"work": "Do {{ it }}.\n\n", "rules": "- One.\n- Two.\n"}


def test_what_stands_before_the_first_mark_belongs_to_none_and_stays() -> None:
    prompt = "Hello.\n" + PROMPT
    assert list(sections(prompt)) == ["work", "rules"]
    assert with_section(prompt, "work", "Do it.") == prompt.replace("Do {{ it }}.", "Do it.")


def test_a_prompt_without_marks_is_one_section() -> None:
    assert sections("- One.\n") == {"all": "- One.\n"}
    assert with_section("- One.\n", "all", "- Two.\n") == "- Two.\n"


@given(LINES)
def test_only_the_section_that_is_meant_changes(text: str) -> None:
    changed = sections(with_section(PROMPT, "rules", text))
    assert changed["work"] == sections(PROMPT)["work"]
    assert changed["rules"].strip("\n") == text.strip("\n") or not text.strip("\n")


@pytest.mark.parametrize("name", ["", "rule", "all", "rules #}\nx{# section: y", "\x1b[31m"])
def test_an_unknown_section_is_named_with_those_there_are(name: str) -> None:
    with pytest.raises(ScaffoldError, match="there is no section") as error:
        with_section(PROMPT, name, "x")
    assert error.value.remedy == "it has work, rules" and "\x1b" not in str(error.value)


def test_the_seed_has_sections_of_a_size_that_a_proposal_may_have() -> None:
    seed = (seed_dir() / "prompts" / "system.md").read_text()
    assert list(sections(seed)) == ["work", "rules", "tools", "lessons"]
    assert all(len(text) < MAX_CHARS for text in sections(seed).values())
    for name, text in sections(seed).items():
        assert with_section(seed, name, text) == seed
    for sample in SAMPLES["system"]:
        assert "section" not in render(seed, sample, seed=True)


def test_the_names_that_a_section_is_given() -> None:
    text = "{% if a and not b.c %}{{ d|join(', ') }}{% for e in f %}{{ e.g }}{% endfor %}{% endif %} plain {{ 'h' }}"
    assert variables(text) >= {"a", "b", "d", "f"} and not variables(text) & {"e", "g", "h", "plain", "if", "for"}


@pytest.mark.parametrize(("text", "yes"), [("{# section: x #}", True), ("{#- x #}", True), ("{{ x }} #}", False)])
def test_a_mark_inside_a_section_is_seen(text: str, yes: bool) -> None:
    assert marked(text) is yes
