"""The system call filter of a sandbox, as a program for the kernel's packet filter (BPF). No process, no file.

Linux 5.11 and newer remember which calls the program always allows, so that it costs them nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_ALLOW = 0x7FFF0000
_KILL_PROCESS = 0x80000000
_EPERM, _ENOSYS = 0x00050001, 0x00050026
"""SECCOMP_RET_ERRNO with the error."""

_LOAD, _RETURN = 0x20, 0x06
_IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT = 0x15, 0x35, 0x45
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16
"""Where `struct seccomp_data` has the call's number, the machine and the arguments, of 64 bits each."""

NAMESPACES = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
NEWTIME = 0x80  # a signal number to clone, so that only unshare can ask for it
UNIX, INET, INET6, NETLINK = 1, 2, 10, 16
ROUTE, SOCK_DIAG = 0, 4
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
SETUID = 0o4000

NEWEST = 469
"""The newest call that was looked at (Linux 6.18). Newer ones do not exist: programs know what to do then."""

REFUSED = """
    acct add_key bpf clock_settime delete_module finit_module fsconfig fsmount fsopen fspick init_module
    io_uring_enter io_uring_register io_uring_setup ioperm iopl kexec_file_load kexec_load keyctl lookup_dcookie
    mount mount_setattr move_mount nfsservctl open_by_handle_at open_tree open_tree_attr perf_event_open
    pidfd_getfd pivot_root quotactl quotactl_fd reboot request_key setns settimeofday swapoff swapon syslog
    umount2 userfaultfd vhangup
"""

TRACED_ARGUMENT = {"ptrace": 1, "process_vm_readv": 0, "process_vm_writev": 0}
"""A debugger is at home in a sandbox. Only its process 1 is out of bounds, which hands on each command's exit code."""

MODE_ARGUMENT = {"chmod": 1, "fchmod": 1, "fchmodat": 2, "fchmodat2": 2}
"""As open drops the bit with the first byte that is written, these are the ways to a set-user-id program."""

Instruction = tuple[int, int, int, int]
"""Code, how many instructions to skip if true, and if not, and the constant."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A processor's own numbers."""

    audit: int
    calls: Mapping[str, int]


def _numbers(table: str) -> dict[str, int]:
    words = table.split()
    return {name: int(number) for name, number in zip(words[::2], words[1::2], strict=True)}


_SINCE_424 = """
    io_uring_setup 425  io_uring_enter 426  io_uring_register 427  open_tree 428  move_mount 429  fsopen 430
    fsconfig 431  fsmount 432  fspick 433  clone3 435  pidfd_getfd 438  mount_setattr 442  quotactl_fd 443
    fchmodat2 452  open_tree_attr 467
"""
"""From there on all processors have the same."""
MACHINES = {
    "x86_64": Machine(
        0xC000003E,
        _numbers(
            f"""{_SINCE_424}
            ioctl 16  socket 41  socketpair 53  clone 56  chmod 90  fchmod 91  ptrace 101  syslog 103  vhangup 153
            pivot_root 155  acct 163  settimeofday 164  mount 165  umount2 166  swapon 167  swapoff 168  reboot 169
            iopl 172  ioperm 173  init_module 175  delete_module 176  quotactl 179  nfsservctl 180  lookup_dcookie 212
            clock_settime 227  kexec_load 246  add_key 248  request_key 249  keyctl 250  fchmodat 268  unshare 272
            perf_event_open 298  open_by_handle_at 304  setns 308  process_vm_readv 310  process_vm_writev 311
            finit_module 313  kexec_file_load 320  bpf 321  userfaultfd 323
            """
        ),
    ),
    "aarch64": Machine(
        0xC00000B7,
        _numbers(
            f"""{_SINCE_424}
            lookup_dcookie 18  ioctl 29  umount2 39  mount 40  pivot_root 41  nfsservctl 42  fchmod 52  fchmodat 53
            vhangup 58  quotactl 60  acct 89  unshare 97  kexec_load 104  init_module 105  delete_module 106
            clock_settime 112  syslog 116  ptrace 117  reboot 142  settimeofday 170  socket 198  socketpair 199
            add_key 217  request_key 218  keyctl 219  clone 220  swapon 224  swapoff 225  perf_event_open 241
            open_by_handle_at 265  setns 268  process_vm_readv 270  process_vm_writev 271  finit_module 273  bpf 280
            userfaultfd 282  kexec_file_load 294
            """
        ),
    ),
}


def program(machine: str) -> bytes | None:
    """The filter for a processor as the kernel calls it (`uname -m`); None where its numbers are not known."""
    known = MACHINES.get(machine)
    return b"".join(struct.pack("<HBBI", *each) for each in instructions(known)) if known else None


def means(machine: str) -> str:
    return "a filter of system calls" if machine in MACHINES else f"no filter of system calls: {machine} is not known"


def instructions(machine: Machine) -> list[Instruction]:
    """Each part decides about its own calls and hands all others on to the next."""
    found = [(_LOAD, 0, 0, _MACHINE), (_IF_EQUAL, 1, 0, machine.audit), (_RETURN, 0, 0, _KILL_PROCESS)]
    found += [(_LOAD, 0, 0, _NUMBER), (_IF_AT_LEAST, 0, 1, NEWEST + 1), (_RETURN, 0, 0, _ENOSYS)]  # and all of x32
    for name in REFUSED.split():
        if name in machine.calls:
            found += _on(machine, name, [(_RETURN, 0, 0, _EPERM)])
    found += _on(machine, "clone3", [(_RETURN, 0, 0, _ENOSYS)])  # its flags lie in memory; the C library takes clone
    found += _on(machine, "clone", _no_bit(0, NAMESPACES))
    found += _on(machine, "unshare", _no_bit(0, NAMESPACES | NEWTIME))
    found += _on(machine, "ioctl", _none_of(1, (TIOCSTI, TIOCLINUX)))
    found += _on(machine, "socketpair", _only(0, (UNIX,)))
    found += _on(machine, "socket", [*_only(0, (UNIX, INET, INET6), but=NETLINK), *_only(2, (ROUTE, SOCK_DIAG))])
    for name, argument in TRACED_ARGUMENT.items():
        found += _on(machine, name, _none_of(argument, (1,)))
    for name, argument in MODE_ARGUMENT.items():
        if name in machine.calls:
            found += _on(machine, name, _no_bit(argument, SETUID))
    return [*found, (_RETURN, 0, 0, _ALLOW)]


def _on(machine: Machine, name: str, then: list[Instruction]) -> list[Instruction]:
    """For this call alone: `then`, which ends in a decision. The number is loaded before and for the next part."""
    return [(_IF_EQUAL, 0, len(then), machine.calls[name]), *then]


def _argument(number: int) -> Instruction:
    """The lower half, which is all that the kernel looks at where the argument is an int."""
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * number)


def _no_bit(argument: int, bits: int) -> list[Instruction]:
    return [_argument(argument), (_IF_ANY_BIT, 0, 1, bits), (_RETURN, 0, 0, _EPERM), (_RETURN, 0, 0, _ALLOW)]


def _none_of(argument: int, values: Iterable[int]) -> list[Instruction]:
    refused = [part for value in values for part in ((_IF_EQUAL, 0, 1, value), (_RETURN, 0, 0, _EPERM))]
    return [_argument(argument), *refused, (_RETURN, 0, 0, _ALLOW)]


def _only(argument: int, values: Iterable[int], but: int | None = None) -> list[Instruction]:
    """About the value `but` the next instructions decide."""
    allowed = [part for value in values for part in ((_IF_EQUAL, 0, 1, value), (_RETURN, 0, 0, _ALLOW))]
    left = [] if but is None else [(_IF_EQUAL, 1, 0, but)]
    return [_argument(argument), *allowed, *left, (_RETURN, 0, 0, _EPERM)]
