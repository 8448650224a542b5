"""What the agent may turn, how far, and what it is told when it tries more."""

from __future__ import annotations

import re
import tomllib
from dataclasses import asdict, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder import config
from livecoder.errors import ScaffoldError
from livecoder.scaffold.knobs import Knobs, Value, described, load_knobs, turned, with_knob
from livecoder.scaffold.seed import seed_dir

RIGHTS = {"sandbox", "network", "approvals", "models", "keys", "budgets", "verify", "trust", "permission_mode"}


def test_the_seed_sets_and_explains_every_knob_with_its_default() -> None:
    text = (seed_dir() / "scaffold.toml").read_text()
    assert tomllib.loads(text) == asdict(Knobs())
    assert load_knobs(text) == Knobs()
    for field in fields(Knobs):
        assert re.search(rf"^# .+\n{field.name} = ", text, re.MULTILINE)


def test_an_empty_file_is_all_defaults_and_one_line_sets_one_knob() -> None:
    assert load_knobs("") == Knobs()
    assert load_knobs(b'nudges = "never"\n') == Knobs(nudges="never")


def test_no_knob_is_a_key_of_the_users() -> None:
    policy = {part for key in config.KEYS for part in (key, *key.split("."))} | RIGHTS
    assert not policy & {field.name for field in fields(Knobs)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("network = true", "network (line 1): no such knob"),
        ('approval = "never"', "approval (line 1): no such knob"),
        ("# first\n\n[sandbox]\nbackend = 'none'", "sandbox (line 3): no such knob"),
        ("output_chars = 1000000000", "output_chars (line 1)"),
        ("\noutput_chars = 1999", "output_chars (line 2)"),
        ('output_chars = "10000"', "output_chars (line 1)"),
        ("output_chars = 10000.5", "output_chars (line 1)"),
        ("repeat_threshold = true", "repeat_threshold (line 1)"),
        ('nudges = "always"', "nudges (line 1)"),
        ("output_chars = 3000\noutput_chars = 3000", "line 2"),
        ("output_chars = ", "line 1"),
        ("\ufeffoutput_chars = 3000", "line 1"),
        ("output_chars = " + "9" * 900, "output_chars (line 1)"),
        ("output_chars = " + "9" * 5000, "line 1 is longer than 1000 bytes"),
        ("x = " + "[\n" * 30_000, "nested too deeply"),
        ("\nx" + ".x" * 20_000 + " = 1", "line 2 is longer than 1000 bytes"),
        ("x" + ".x" * 490 + " = 1", "x (line 1): no such knob"),
        ("output_chars" + ".x" * 490 + " = 1", "recursion"),
        ("# x\n" * 20_000, "larger than 64 KiB"),
        (b"output_chars = 3000\n# \xff", "not UTF-8 (line 2)"),
        ("# \udcff", "not UTF-8 (line 1)"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str | bytes, told: str) -> None:
    with pytest.raises(ScaffoldError) as error:
        load_knobs(text)
    assert told in str(error.value)
    assert error.value.remedy and len(error.value.line()) < 700


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200)))
def test_any_document_is_knobs_or_a_scaffold_error(text: str | bytes) -> None:
    try:
        knobs = load_knobs(text)
    except ScaffoldError:
        return
    assert 2_000 <= knobs.output_chars <= 30_000


@given(st.integers())
def test_no_number_beyond_its_bounds_gets_in(number: int) -> None:
    try:
        assert load_knobs(f"command_timeout_seconds = {number}").command_timeout_seconds == number
        assert 10 <= number <= 600
    except ScaffoldError:
        assert not 10 <= number <= 600


# ---- one knob, set by a proposal

SEED = (seed_dir() / "scaffold.toml").read_text()


def test_one_knob_is_set_where_it_stands_and_the_comments_stay() -> None:
    assert with_knob(SEED, "output_chars", 20_000) == SEED.replace("output_chars = 10000", "output_chars = 20000")
    assert with_knob("", "nudges", "never") == '\n\nnudges = "never"\n'


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("network", 1, "there is no knob 'network'"),
        ("approval", "never", "there is no knob"),
        ("output_chars\nnetwork", 1, "there is no knob"),
        ("output_chars", 1_000_000_000, "output_chars (line"),
        ("output_chars", "20000", "output_chars (line"),
        ("output_chars", True, "output_chars (line"),
        ("nudges", 'never"\nnetwork = "all', "nudges (line"),
    ],
)
def test_what_is_no_knob_or_out_of_bounds_is_refused(name: str, value: Value, why: str) -> None:
    with pytest.raises(ScaffoldError) as error:
        with_knob(SEED, name, value)
    assert why in str(error.value)


@given(st.text(), st.integers() | st.text())
def test_whatever_is_set_no_other_knob_moves(name: str, value: Value) -> None:
    try:
        after = load_knobs(with_knob(SEED, name, value))
    except ScaffoldError:
        return
    assert after == replace(Knobs(), **{name: value}) and set(turned(Knobs(), after)) <= {name}


def test_knobs_are_described_with_their_bounds() -> None:
    told = described(Knobs(output_chars=5_000))
    assert "output_chars = 5000 (2000 to 30000)" in told and 'nudges = "evidence" (evidence, every_step, never)' in told
    assert len(told) == len(fields(Knobs))
