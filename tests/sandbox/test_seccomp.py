"""The system call filter, instruction by instruction, for processors that the tests do not run on as well."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livecoder.sandbox.seccomp import MACHINES, NEWEST, REFUSED, means, program

ALLOW, EPERM, ENOSYS, KILL = "allow", "EPERM", "ENOSYS", "kill"
ANSWERS = {0x7FFF0000: ALLOW, 0x00050001: EPERM, 0x00050026: ENOSYS, 0x80000000: KILL}
HEADERS = {"x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "aarch64": "/usr/include/asm-generic/unistd.h"}
both = pytest.mark.parametrize("machine", MACHINES)


def answer(machine: str, number: int, *arguments: int, audit: int | None = None) -> str:
    """What the kernel's packet filter would answer: its few instructions, as its documentation has them."""
    code = program(machine) or b""
    data = struct.pack("<IIQ6Q", number, audit or MACHINES[machine].audit, 0, *arguments, *[0] * (6 - len(arguments)))
    loaded, position = 0, 0
    while True:
        operation, if_true, if_false, constant = struct.unpack_from("<HBBI", code, 8 * position)
        position += 1
        match operation:
            case 0x20:
                loaded = struct.unpack_from("<I", data, constant)[0]
            case 0x15 | 0x35 | 0x45:
                holds = {0x15: loaded == constant, 0x35: loaded >= constant, 0x45: loaded & constant != 0}[operation]
                position += if_true if holds else if_false
            case 0x06:
                return ANSWERS[constant]
            case _:
                raise AssertionError(f"unknown instruction {operation:#x}")


@both
def test_calls_of_no_use_but_to_attacks_are_refused(machine: str) -> None:
    calls = MACHINES[machine].calls
    there = [name for name in REFUSED.split() if name in calls]
    assert {answer(machine, calls[name]) for name in there} == {EPERM}
    assert set(REFUSED.split()) - set(there) <= {"ioperm", "iopl"}  # which only x86 has


DECISIONS: list[tuple[str, tuple[int, ...], str]] = [
    ("clone3", (), ENOSYS),
    ("clone", (0x01200011,), ALLOW),  # fork
    ("clone", (0x003D0F00,), ALLOW),  # a thread
    ("clone", (0x10000011,), EPERM),
    ("clone", (0x00020000,), EPERM),
    ("clone", (0x80,), ALLOW),  # a signal number, no time name space
    ("unshare", (0x400,), ALLOW),
    ("unshare", (0x40000000,), EPERM),
    ("unshare", (0x80,), EPERM),
    ("socket", (1, 1), ALLOW),
    ("socket", (2, 1), ALLOW),
    ("socket", (10, 2), ALLOW),
    ("socket", (16, 3, 0), ALLOW),
    ("socket", (16, 3, 4), ALLOW),
    ("socket", (16, 3, 9), EPERM),
    ("socket", (17, 3), EPERM),
    ("socket", (40, 1), EPERM),
    ("socket", (38, 5), EPERM),
    ("socket", ((1 << 32) | 40, 1), EPERM),  # the kernel looks at the lower half only
    ("socketpair", (1,), ALLOW),
    ("socketpair", (30,), EPERM),
    ("ioctl", (0, 0x5413), ALLOW),
    ("ioctl", (0, 0x5412), EPERM),
    ("ioctl", (0, 0x541C), EPERM),
    ("ioctl", (0, (1 << 32) | 0x5412), EPERM),
    ("fchmod", (3, 0o755), ALLOW),
    ("fchmod", (3, 0o2775), ALLOW),
    ("fchmod", (3, 0o4755), EPERM),
    ("fchmodat", (3, 0, 0o4755), EPERM),
    ("fchmodat2", (3, 0, 0o6755), EPERM),
    ("ptrace", (16, 5), ALLOW),
    ("ptrace", (16, 1), EPERM),
    ("process_vm_writev", (1,), EPERM),
    ("process_vm_readv", (7,), ALLOW),
]


@both
@pytest.mark.parametrize(("name", "arguments", "expected"), DECISIONS)
def test_arguments_decide(machine: str, name: str, arguments: tuple[int, ...], expected: str) -> None:
    assert answer(machine, MACHINES[machine].calls[name], *arguments) == expected


@both
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(number=st.integers(0, NEWEST), arguments=st.lists(st.integers(0, 2**64 - 1), min_size=6, max_size=6))
def test_every_other_call_is_allowed(machine: str, number: int, arguments: list[int]) -> None:
    if number not in MACHINES[machine].calls.values():
        assert answer(machine, number, *arguments) == ALLOW


@both
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(number=st.integers(NEWEST + 1, 2**32 - 1))
def test_what_is_newer_than_the_table_does_not_exist_and_neither_does_x32(machine: str, number: int) -> None:
    assert answer(machine, number) == ENOSYS


@both
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(number=st.integers(0, 2**32 - 1), audit=st.integers(0, 2**32 - 1))
def test_calls_of_another_processor_end_the_program(machine: str, number: int, audit: int) -> None:
    if audit and audit != MACHINES[machine].audit:
        assert answer(machine, number, audit=audit) == KILL


@both
def test_the_numbers_are_the_kernels(machine: str) -> None:
    header = Path(HEADERS[machine])
    if not header.exists():
        pytest.skip(f"{header} is not installed")
    known = dict(re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)", header.read_text()))
    ours = MACHINES[machine].calls
    assert {name: int(known[name]) for name in ours if name in known} == {n: v for n, v in ours.items() if n in known}
    assert len(ours.keys() & known.keys()) > 40


def test_a_processor_that_is_not_known_is_said_to_have_no_filter() -> None:
    assert program("riscv64") is None
    assert means("riscv64") == "no filter of system calls: riscv64 is not known"
