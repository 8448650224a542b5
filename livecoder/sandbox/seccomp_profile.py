"""The filter of `seccomp` in the words that docker takes: the same table, written as a profile in JSON.

What docker's own library does not know by name, it lets through.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from livecoder.sandbox import seccomp

Condition: TypeAlias = dict[str, Any]

_EPERM, _ENOSYS = 1, 38
_INT = 0xFFFFFFFF
"""The kernel looks at the lower half of an argument that is an int; the filter compares all of it."""
_ARCHITECTURES = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}


def profile(machine: str) -> str | None:
    """For a processor as the kernel calls it (`uname -m`); None where its numbers are not known."""
    if machine not in seccomp.MACHINES:
        return None
    document = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": [_ARCHITECTURES[machine]],
        "syscalls": list(_rules()),
    }
    return json.dumps(document)


def _rules() -> Iterator[dict[str, Any]]:
    yield _refused(seccomp.REFUSED.split())
    yield _refused(["clone3"], error=_ENOSYS)
    for name, bits in (("clone", seccomp.NAMESPACES), ("unshare", seccomp.NAMESPACES | seccomp.NEWTIME)):
        yield from (_refused([name], _with_bits(0, bit)) for bit in _single(bits))
    yield from (_refused(["ioctl"], _is(1, request)) for request in (seccomp.TIOCSTI, seccomp.TIOCLINUX))
    yield from (_refused(["socketpair"], each) for each in _none_of(0, (seccomp.UNIX,)))
    families = (seccomp.UNIX, seccomp.INET, seccomp.INET6, seccomp.NETLINK)
    yield from (_refused(["socket"], each) for each in _none_of(0, families))
    for each in _none_of(2, (seccomp.ROUTE, seccomp.SOCK_DIAG)):
        yield _refused(["socket"], _is(0, seccomp.NETLINK), each)
    for name, argument in seccomp.TRACED_ARGUMENT.items():
        yield _refused([name], _is(argument, 1))
    for name, argument in seccomp.MODE_ARGUMENT.items():
        yield _refused([name], _with_bits(argument, seccomp.SETUID))


def _refused(names: Sequence[str], *conditions: Condition, error: int = _EPERM) -> dict[str, Any]:
    """When all conditions hold."""
    return {"names": list(names), "action": "SCMP_ACT_ERRNO", "errnoRet": error, "args": list(conditions)}


def _is(argument: int, value: int) -> Condition:
    return {"index": argument, "op": "SCMP_CMP_MASKED_EQ", "value": _INT, "valueTwo": value}


def _with_bits(argument: int, bits: int) -> Condition:
    return {"index": argument, "op": "SCMP_CMP_MASKED_EQ", "value": bits, "valueTwo": bits}


def _none_of(argument: int, allowed: Iterable[int]) -> Iterator[Condition]:
    """One condition for each value that is not allowed; a rule may not compare an argument twice."""
    kept = set(allowed)
    most = max(kept) + 1
    yield from (_is(argument, value) for value in range(most) if value not in kept)
    yield {"index": argument, "op": "SCMP_CMP_GE", "value": most, "valueTwo": 0}


def _single(bits: int) -> Iterator[int]:
    return (1 << number for number in range(bits.bit_length()) if bits >> number & 1)
