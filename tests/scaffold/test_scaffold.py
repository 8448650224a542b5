"""Loading a checkout: a broken file never stops the agent, and the problem is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from livecoder.scaffold.knobs import Knobs
from livecoder.scaffold.scaffold import Scaffold
from livecoder.scaffold.seed import seed_dir
from livecoder.scaffold.store import Store

SEED_PROMPT = (seed_dir() / "prompts" / "system.md").read_text()


@pytest.fixture
def checkout(store: Store, tmp_path: Path) -> Path:
    store.checkout("p", tmp_path / "session")
    return tmp_path / "session"


def test_the_seed_is_bash_alone(checkout: Path) -> None:
    scaffold = Scaffold.load(checkout, "abc1234")
    assert (scaffold.generation, scaffold.knobs, scaffold.tools, scaffold.lessons) == ("abc1234", Knobs(), (), ())
    assert scaffold.prompts["system"] == SEED_PROMPT
    assert scaffold.seeded == frozenset(scaffold.prompts) and scaffold.problems == ()


def test_what_the_agent_wrote_is_loaded(checkout: Path) -> None:
    (checkout / "scaffold.toml").write_text("repeat_threshold = 4\n")
    (checkout / "prompts" / "system.md").write_text("Be brief.\n")
    (checkout / "tools" / "greet").write_text("#!/bin/bash\n# Say hello.\n")
    (checkout / "lessons" / "tidy.toml").write_text('text = "Tidy up."\n')
    scaffold = Scaffold.load(checkout)
    assert scaffold.knobs.repeat_threshold == 4
    assert scaffold.prompts["system"] == "Be brief.\n" and "system" not in scaffold.seeded
    assert [tool.summary for tool in scaffold.tools] == ["Say hello."]
    assert [lesson.text for lesson in scaffold.lessons] == ["Tidy up."]
    assert scaffold.problems == ()


@pytest.mark.parametrize("content", [b"x = [", b"network = true", b"\xff", b"#" * 70_000, None])
def test_broken_knobs_are_the_seeds(checkout: Path, content: bytes | None) -> None:
    (checkout / "scaffold.toml").unlink()
    if content is not None:
        (checkout / "scaffold.toml").write_bytes(content)
    scaffold = Scaffold.load(checkout)
    assert scaffold.knobs == Knobs()
    assert len(scaffold.problems) == 1 and "scaffold.toml" in scaffold.problems[0]


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff", b"x" * 70_000, "a\u202eb".encode(), b"\x1b[2J", None])
def test_a_broken_prompt_is_the_seeds(checkout: Path, content: bytes | None) -> None:
    (checkout / "prompts" / "system.md").unlink()
    if content is not None:
        (checkout / "prompts" / "system.md").write_bytes(content)
    scaffold = Scaffold.load(checkout)
    assert scaffold.prompts["system"] == SEED_PROMPT and "system" in scaffold.seeded
    assert len(scaffold.problems) == 1 and "prompts/system.md" in scaffold.problems[0]


def test_a_wrecked_checkout_is_the_seed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "system.md").write_text("a key")
    wreck = tmp_path / "wreck"
    wreck.mkdir()
    for name in ("prompts", "tools", "lessons", "scaffold.toml"):
        (wreck / name).symlink_to(secret)
    scaffold = Scaffold.load(wreck)
    assert scaffold.prompts["system"] == SEED_PROMPT
    assert (scaffold.knobs, scaffold.tools, scaffold.lessons) == (Knobs(), (), ())
    assert len(scaffold.problems) >= 4
    assert "a key" not in "".join(scaffold.problems)


def test_a_prompt_of_ones_own_is_kept_and_a_stray_file_is_told(checkout: Path) -> None:
    (checkout / "prompts" / "mine.md").write_text("Mine.\n")
    (checkout / "prompts" / "notes.txt").write_text("stray\n")
    scaffold = Scaffold.load(checkout)
    assert scaffold.prompts["mine"] == "Mine.\n"
    assert len(scaffold.problems) == 1 and "notes.txt" in scaffold.problems[0]
