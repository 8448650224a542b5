"""The filter as docker takes it decides as the kernel's own does, on every processor that it is known for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_seccomp import ALLOW, DECISIONS, ENOSYS, EPERM, answer, both

from livecoder.sandbox.seccomp import MACHINES, REFUSED
from livecoder.sandbox.seccomp_profile import profile

ERRORS = {1: EPERM, 38: ENOSYS}


def decided(machine: str, name: str, *arguments: int) -> str:
    """As docker's documentation has it: the first rule all of whose conditions hold, else the default."""
    document = json.loads(profile(machine) or "")
    given = [*arguments, *[0] * (6 - len(arguments))]
    for rule in document["syscalls"]:
        if name in rule["names"] and all(holds(condition, given) for condition in rule["args"]):
            return ERRORS[rule["errnoRet"]]
    assert document["defaultAction"] == "SCMP_ACT_ALLOW"
    return ALLOW


def holds(condition: dict[str, Any], arguments: list[int]) -> bool:
    value = arguments[int(condition["index"])]
    match condition["op"]:
        case "SCMP_CMP_MASKED_EQ":
            return value & condition["value"] == condition["valueTwo"]
        case "SCMP_CMP_GE":
            return value >= condition["value"]
        case _:
            raise AssertionError(condition)


@both
@pytest.mark.parametrize(("name", "arguments", "expected"), DECISIONS)
def test_arguments_decide_as_in_the_kernels(machine: str, name: str, arguments: tuple[int, ...], expected: str) -> None:
    assert decided(machine, name, *arguments) == expected


NUMBERS = st.integers(0, 50) | st.integers(0, 2**32 - 1) | st.sampled_from([0x5412, 0o4755, 0x10000000])


@both
@given(name=st.sampled_from(sorted(MACHINES["x86_64"].calls)), arguments=st.lists(NUMBERS, min_size=6, max_size=6))
def test_any_call_is_decided_as_in_the_kernels(machine: str, name: str, arguments: list[int]) -> None:
    if name in MACHINES[machine].calls:
        assert decided(machine, name, *arguments) == answer(machine, MACHINES[machine].calls[name], *arguments)


@both
@given(
    name=st.sampled_from(sorted(MACHINES["x86_64"].calls)),
    arguments=st.lists(st.integers(0, 2**64 - 1), min_size=6, max_size=6),
)
def test_no_upper_half_of_an_argument_gets_past_it(machine: str, name: str, arguments: list[int]) -> None:
    if name in MACHINES[machine].calls and answer(machine, MACHINES[machine].calls[name], *arguments) != ALLOW:
        assert decided(machine, name, *arguments) != ALLOW


@both
def test_no_argument_is_compared_twice_in_a_rule(machine: str) -> None:
    """What compares one twice is taken for several rules, of which one is enough."""
    for rule in json.loads(profile(machine) or "")["syscalls"]:
        indices = [condition["index"] for condition in rule["args"]]
        assert len(indices) == len(set(indices))


@both
def test_calls_of_no_use_but_to_attacks_are_refused_by_name(machine: str) -> None:
    assert {decided(machine, name) for name in REFUSED.split()} == {EPERM}


def test_a_processor_that_is_not_known_has_none() -> None:
    assert profile("riscv64") is None
